"""Data and a target → a first brief, commented, that runs as it stands; what data cannot tell is asked in its comments."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from artificer.core.brief import Target
from artificer.core.errors import DataError, closest
from artificer.data.kinds import ID_NAME, infer_schema
from artificer.data.missing import spellings
from artificer.data.moments import as_time
from artificer.data.nested import left_out
from artificer.data.persons import looked_at, personal_form
from artificer.data.readers import read
from artificer.line.ask.labels import Labels, affirmed, as_labels, numeric, read_labels
from artificer_runtime.schema import Schema

# Words by which people say that a value is missing; they are only offered, since "none" may be an answer.
DOUBTFUL = ("unknown", "none", "missing", "not available", "-", "--", "-1", "9999")
UNREAD = {"identifier": "identifies rows", "constant": "never varies"}  # kinds of columns that no model reads, and why
FEWEST_MOMENTS = 20
MOST_GROUPS = 0.9  # of the rows
BORN = re.compile(r"(?i)birth|born|(^|[^a-z])dob([^a-z]|$)")
# What laws against discrimination name, as columns are called in English; offered, never assumed.
PEOPLE = re.compile(r"(?i)(^|[^a-z])(age|sex|gender|race|ethnic\w*|religion|nationality|disab\w*|marital\w*)([^a-z]|$)")


@dataclass(frozen=True, slots=True)
class Draft:
    """A brief's text, and what comes with it.

    Attributes
    ----------
    guesses : tuple of str
        Questions about what the draft states by a rule of thumb.
    lacks : str
        Why it does not run as it stands; "" where it does.
    """

    text: str
    guesses: tuple[str, ...]
    lacks: str


def draft_brief(data: Path, target: str, *, folder: Path) -> str:
    """Draft a brief: the text alone of `drafted`."""
    return drafted(data, target, folder=folder).text


def drafted(data: Path, target: str, *, folder: Path) -> Draft:
    """Draft a brief.

    Parameters
    ----------
    data : Path
        A file, or files by a glob.
    target : str
        Column to predict.
    folder : Path
        Where the brief will stand: its source is written relative to it.

    Raises
    ------
    DataError
        When the data cannot be read, lacks the target, or holds nothing to learn.
    """
    loaded = read(data)
    frame = loaded.frame
    if target in (nested := left_out(loaded.findings)):
        raise DataError(f"this cannot be predicted: {nested[target]}; make plain columns of it")
    if target not in frame.columns:
        raise DataError(f"the data lacks the column '{target}'{closest(target, frame.columns)}")
    known = frame.filter(_known(frame[target]))
    if known.height == 0:
        raise DataError(f"the target '{target}' is missing in all {frame.height} rows; there is nothing to learn from")
    known = known.with_columns(as_labels(known[target], Target(column=target)))
    labels = read_labels(known[target], Target(column=target))
    schema = infer_schema(frame)
    source, lacks, personal = os.path.relpath(data, folder), _lacks(schema, target), _personal(frame, schema, target)
    text = "\n".join(
        [
            f"# Drafted from the data: {f'it does not run yet, as {lacks}' if lacks else 'it runs as it stands'}. "
            "Lines that start with '#' are questions and suggestions.",
            "brief = 1",
            f"name = {quoted(Path(source).stem)}",
            'purpose = ""   # what is decided with the prediction? It goes on the model card',
            "",
            *_data(frame, schema, source, target, personal),
            "",
            *_target(labels, target),
            "",
            *_features(frame.columns, target),
            "",
            *_decision(labels),
            "",
            *_accept(labels, known[target]),
            "",
            *_legal(personal),
            "[run]",
            "limit_s = 60   # seconds from the start of the command to package and verdict",
            "",
        ]
    )
    return Draft(text, _guesses(labels, known[target]), lacks)


def _lacks(schema: Schema, target: str) -> str:
    """Why nothing can be predicted from these columns; "" where something can."""
    others = [column for column in schema.columns if column.name != target]
    if any(column.kind not in UNREAD for column in others):
        return ""
    why = ", ".join(f"'{column.name}' {UNREAD[column.kind]}" for column in others[:5])
    left = f"of the other columns, {why}" if others else f"there is none beside '{target}'"
    return f"no column is left to predict '{target}' from ({left}): bring more columns"


def _guesses(labels: Labels, known: pl.Series) -> tuple[str, ...]:
    return (*_spelled_alike(labels.classes, known.name), *_success(labels, known))


def _spelled_alike(classes: tuple[str, ...], name: str) -> Iterator[str]:
    """Ask whether classes are one that differ by capitals or spaces alone; nothing mends labels by itself."""
    first: dict[str, str] = {}
    alike = [(first.setdefault(" ".join(one.casefold().split()), one), one) for one in classes]
    if pairs := [pair for pair in alike if pair[0] != pair[1]]:
        (one, other), more = pairs[0], f" (and {len(pairs) - 1} more)" if len(pairs) > 1 else ""
        yield (
            f"Are {one!r} and {other!r}{more} different classes of '{name}'? Each spelling is learned as a class of its own: "
            "have one spelling used at the source."
        )


def _success(labels: Labels, known: pl.Series) -> tuple[str, ...]:
    if labels.task != "binary" or affirmed(labels.classes) is not None:
        return ()
    name, success = known.name, labels.classes[labels.positive]
    share = float((numeric(known, labels.classes) == labels.positive).mean())
    return (
        f"Which class of '{name}' counts as success? [target] positive says {success!r}, with {share:.0%} of the rows: "
        "a guess, as the rarer class is usually the one that is looked for.",
    )


def quoted(text: str) -> str:
    """A text as TOML writes it.

    >>> quoted('say "yes"')
    '"say \\\\"yes\\\\""'
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _known(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        return column.is_not_null() & column.is_not_nan().fill_null(False)
    if column.dtype == pl.String:
        return ~column.str.strip_chars().str.to_lowercase().is_in(spellings(())).fill_null(True)
    return column.is_not_null()


def _personal(frame: pl.DataFrame, schema: Schema, target: str) -> dict[str, str]:
    """Columns whose values have a form of personal data, and which."""
    named = [one.name for one in schema.columns if one.kind not in ("time", "boolean", "constant")]
    found = {name: personal_form(looked_at(frame[name])) for name in named if name != target}
    return {name: one[0] for name, one in found.items() if one is not None}


def _data(frame: pl.DataFrame, schema: Schema, source: str, target: str, personal: dict[str, str]) -> list[str]:
    names = [column.name for column in schema.columns if column.kind == "identifier" and column.name != target]
    keys = [name for name in names if name not in personal]
    if keys and frame.select(keys).is_duplicated().any():  # audit would warn of such a key
        keys = []
    about = "which columns identify a row? They are never used to predict, and stand beside each prediction"
    lines = ["[data]", f"source = {quoted(source)}", f"key = {_listed(keys)}   # {about}", _time(frame, schema, target)]
    groups = [name for name in frame.columns if name not in (target, *keys) and _repeats(frame[name])]
    groups += [name for name in names if name not in keys and frame[name].drop_nulls().is_duplicated().any()]
    group = quoted(groups[0]) if groups else "…"
    about = "do several rows belong to one person or thing? Then they stay on one side of every split"
    lines.append(f"# group = {group}   # {about}")
    doubtful = _doubtful(frame, target)
    if doubtful:
        lines.append(f"# missing = {_listed(doubtful)}   # do these stand for a missing value?")
    return lines


def _listed(names: list[str]) -> str:
    return f"[{', '.join(map(quoted, names))}]"


def _time(frame: pl.DataFrame, schema: Schema, target: str) -> str:
    """Sure only of a column of moments, without gaps, that is no date of birth; a rising number is suggested."""
    moments = [column.name for column in schema.columns if column.kind == "time" and column.name != target]
    moments = [name for name in moments if not BORN.search(name)]
    for name in moments:
        if _orders(frame[name]):
            return f"time = {quoted(name)}   # when was a row known? Test rows are the latest fifth"
    steps = [column.name for column in schema.columns if column.kind == "identifier" and _rises(frame[column.name])]
    maybe = [*moments, *(name for name in steps if name != target)]
    if maybe:
        return f"# time = {quoted(maybe[0])}   # when was a row known? Then test rows are the latest fifth"
    return "# time = …   # a column of moments, if rows come in time: then test rows are the latest fifth"


def _orders(column: pl.Series) -> bool:
    moments = as_time(column)
    return not bool((moments != moments).any()) and column.n_unique() >= FEWEST_MOMENTS


def _rises(column: pl.Series) -> bool:
    return column.dtype.is_numeric() and column.null_count() == 0 and column.is_sorted()


def _repeats(column: pl.Series) -> bool:
    """Whether a column is called an identifier and still names more than one row, of many."""
    n_distinct = column.n_unique()
    return bool(ID_NAME.search(column.name)) and FEWEST_MOMENTS <= n_distinct <= MOST_GROUPS * len(column)


def _doubtful(frame: pl.DataFrame, target: str) -> list[str]:
    found: dict[str, None] = {}
    for name in frame.columns:
        if frame.schema[name] == pl.String and name != target:
            values = frame[name].str.strip_chars().unique().drop_nulls()
            for value in values.filter(values.str.to_lowercase().is_in(DOUBTFUL)).sort().to_list():
                found[value] = None
    return list(found)


def _target(labels: Labels, target: str) -> list[str]:
    lines = ["[target]", f"column = {quoted(target)}"]
    if labels.task == "binary":
        lines.append(f"positive = {quoted(labels.classes[labels.positive])}   # the class that counts as success")
    elif labels.task == "multiclass":
        lines.append(f'kind = "class"   # {len(labels.classes)} classes; "number" if their distance means something')
    else:
        lines.append('kind = "number"')
    return [
        *lines,
        '# horizon = "30d"   # when is the label known? Rows younger than that have none yet; needs [data] time',
        "# known_after = […]   # which columns do not exist yet when the prediction is needed?",
    ]


def _features(columns: list[str], target: str) -> list[str]:
    people = [name for name in columns if PEOPLE.search(name) and name != target]
    return [
        "[features]",
        "# exclude = […]   # columns that must not be used",
        f"# protected = {_listed(people) if people else '[…]'}   # who may be treated worse? They get a test of their own",
        '# effect = { … = "increasing" }   # what must hold whatever the data say',
    ]


def _legal(personal: dict[str, str]) -> list[str]:
    if not personal:
        return []
    held = ", ".join(dict.fromkeys(personal.values()))
    about = f"do these hold {held}? Then they are no features, and their values leave in no package or report"
    return ["# [legal]", f"# personal = {_listed(list(personal))}   # {about}", ""]


def _decision(labels: Labels) -> list[str]:
    lines = ["# [decision]   # what is done with the prediction?"]
    if labels.task == "binary":
        lines += [
            '# capacity = { top = 500, every = "7d" }   # how many rows can be acted on, in which time?',
            '# value = { currency = "EUR", acted = -6, success = 80 }   # what does acting cost, what does success bring?',
        ]
    elif labels.task == "multiclass":
        lines.append(
            '# review = { when = ["score < 0.5"], to = "person" }   # which rows are too unsure to go by themselves?'
        )
    return lines


def _accept(labels: Labels, known: pl.Series) -> list[str]:
    """Examples that need no training: what the data's own shares say is little."""
    commonest = max(known.alias("class").value_counts()["count"].to_list()) / len(known)
    example = {
        "binary": "roc_auc = { at_least = 0.70 }   # 0.5 is guessing",
        "multiclass": f"accuracy = {{ at_least = {commonest + (1 - commonest) / 4:.2f} }}   "
        f"# the commonest class alone has {commonest:.2f}",
        "regression": "r2 = { at_least = 0.50 }   # 0 is saying the mean each time",
    }[labels.task]
    return [
        "# [accept]   # what is good enough? Each line ends met, not shown, or unmet",
        f"# {example}",
        '# latency_ms = { p99_at_most = 20, where = "package" }',
    ]
