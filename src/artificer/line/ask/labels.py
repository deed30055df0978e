"""The target column → what kind of prediction it asks for, its classes, and numbers to train on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from artificer.core.brief import Brief, Target, Task
from artificer.core.errors import BriefError, DataError, closest
from artificer.core.figures import counted
from artificer.core.records import Decision, Fact
from artificer.data.moments import as_time
from artificer.data.numbers import are_unread_numbers, as_numbers, number_form
from artificer.line.ask.durations import seconds
from artificer_runtime.schema import canonical_text

MOST_CLASSES_OF_INTEGERS = 20
MOST_CLASSES = 200
# Words of which one affirms what the other denies.
AFFIRMED = (
    (("yes", "y"), ("no", "n")),
    (("true", "t"), ("false", "f")),
    (("1",), ("0", "-1")),
    (("positive", "pos"), ("negative", "neg")),
    (("on",), ("off",)),
    (("ja",), ("nein", "nee")),
    (("oui",), ("non",)),
    (("si", "s\u00ed"), ("no",)),
)
NO_LABEL = ("", "?", "na", "n/a", "nan", "null")
ClassKind = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Labels:
    """What is predicted, read off the labelled rows.

    Attributes
    ----------
    classes : tuple of str
        In sorted order of their own type; empty in regression.
    kind : ClassKind
        The type that class labels are given back in.
    positive : int
        Index of the class that counts as success; -1 but for two classes.
    """

    task: Task
    classes: tuple[str, ...]
    kind: ClassKind
    positive: int
    decisions: tuple[Decision, ...]


def read_labels(column: pl.Series, target: Target, *, tested: bool = True) -> Labels:
    """Find out what the target asks for.

    Parameters
    ----------
    column : Series
        The target of the labelled rows, without missing values.
    tested : bool
        Whether every class must be testable, and so have two rows.

    Raises
    ------
    DataError
        When there are no labels, one class, a class with one row, too many classes, or the brief's positive class
        is absent.
    """
    if len(column) == 0:
        raise DataError(f"the target '{target.column}' has no value in any row; there is nothing to learn from")
    kind, because = _kind(column, target)
    if kind == "number":
        _check_numbers(column, target)
        return Labels("regression", (), "number", -1, (_decision("regression", because, ()),))
    classes, class_kind = _classes(column)
    _check_classes(column, classes, target, tested)
    task: Task = "binary" if len(classes) == 2 else "multiclass"
    decisions = [_decision(task, because, (Fact("classes", float(len(classes))),))]
    positive = -1
    if task == "binary":
        positive, because = _positive(column, classes, target)
        if not target.positive:
            decisions.append(
                Decision(
                    "ask",
                    f"Which class of '{target.column}' counts as success?",
                    classes[positive],
                    f"{because}; state [target] positive to choose",
                    tuple(name for name in classes if name != classes[positive]),
                )
            )
    elif target.positive:
        raise DataError(f"[target] positive is for two classes; '{target.column}' has {len(classes)}; remove it")
    return Labels(task, classes, class_kind, positive, tuple(decisions))


def has_label(frame: pl.DataFrame, brief: Brief) -> pl.Series:
    """Which rows have a label that can be trusted: truth values (n_rows,).

    A row younger than the horizon, counted from the latest moment in the frame, has none yet whatever stands there.

    Raises
    ------
    BriefError
        When the brief states a horizon and no time.
    """
    column = frame[brief.target.column]
    missing = column.is_null()
    if column.dtype.is_float():
        missing = missing | column.is_nan()
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        spellings = [*NO_LABEL, *(text.strip().lower() for text in brief.data.missing)]
        missing = missing | column.cast(pl.String).str.strip_chars().str.to_lowercase().is_in(spellings).fill_null(True)
    wait_s = seconds(brief.target.horizon, "target.horizon")
    if wait_s > 0:
        if not brief.data.time:
            raise BriefError("[target] horizon needs [data] time: without it the age of a row is unknown")
        moment = as_time(frame[brief.data.time])
        latest = float(np.nanmax(moment)) if len(moment) else 0.0
        missing = missing | pl.Series(np.nan_to_num(moment, nan=np.inf) > latest - wait_s)
    return ~missing


def as_labels(column: pl.Series, target: Target) -> pl.Series:
    """Labels as they are learned: texts as numbers where a number is what is predicted.

    A word for what is not known ("NA") makes a column of numbers in a CSV file one of texts. Of up to 20 different numbers,
    and of up to 200 whole ones, such texts may be classes; there the brief's `kind` says so.

    Parameters
    ----------
    column : Series
        The target of the labelled rows: none is missing.
    """
    if column.dtype != pl.String or target.kind == "class" or target.positive:
        return column
    known = column.str.strip_chars()
    numbers = as_numbers(known) if number_form(known) == "" else None
    if numbers is None or numbers.null_count():
        return column
    n_distinct, whole = numbers.n_unique(), bool((numbers % 1 == 0).all())
    are_classes = n_distinct <= (MOST_CLASSES if whole else MOST_CLASSES_OF_INTEGERS)
    return column if are_classes and not target.kind else numbers


def numeric(column: pl.Series, classes: tuple[str, ...]) -> np.ndarray:
    """Labels as float64: class indices, or the values of a numeric target."""
    if not classes:
        return column.cast(pl.Float64).to_numpy().astype(np.float64)
    if column.is_empty():
        return np.empty(0)
    index = {name: float(position) for position, name in enumerate(classes)}
    different = column.unique()
    places = pl.Series([index[canonical_text(value)] for value in different.to_list()], dtype=pl.Float64)
    return np.asarray(column.replace_strict(different, places).to_numpy(), np.float64)


def _kind(column: pl.Series, target: Target) -> tuple[str, str]:
    if target.kind:
        return target.kind, "the brief says so"
    if target.positive:
        return "class", "the brief names a positive class"
    if not column.dtype.is_numeric():
        return "class", "the target holds texts or truth values"
    whole = bool((column.cast(pl.Float64) % 1 == 0).all())
    n_distinct = column.n_unique()
    if whole and n_distinct <= MOST_CLASSES_OF_INTEGERS:
        return "class", f"the target holds {n_distinct} different whole numbers; state [target] kind to choose"
    return "number", f"the target holds {n_distinct} different numbers"


def _classes(column: pl.Series) -> tuple[tuple[str, ...], ClassKind]:
    values = column.unique().sort().to_list()
    names = tuple(dict.fromkeys(canonical_text(value) for value in values))
    if column.dtype == pl.Boolean:
        return names, "boolean"
    if column.dtype.is_integer():
        return names, "integer"
    if column.dtype.is_numeric():
        return names, "integer" if all(float(value).is_integer() for value in values) else "number"
    return tuple(sorted(names)), "string"


def _check_classes(column: pl.Series, classes: tuple[str, ...], target: Target, tested: bool) -> None:
    name = target.column
    if len(classes) == 1:
        raise DataError(
            f"the target '{name}' has one class, {classes[0]!r}, in every row; there is nothing to tell apart"
        )
    if len(classes) > MOST_CLASSES:
        raise DataError(
            f"the target '{name}' has {len(classes):,} classes, more than {MOST_CLASSES}; "
            + (
                _no_numbers(column)
                or 'is it an identifier? For a number to predict, state kind = "number" under [target]'
            )
        )
    counts = dict(column.alias("class").value_counts().iter_rows())
    alone = sorted(canonical_text(value) for value, count in counts.items() if count == 1)
    if alone and tested:
        raise DataError(
            f"the class {alone[0]!r} of the target '{name}' has one row, so it cannot be both learned and tested; drop "
            "the row, merge the class with another, or bring more rows of it"
            + (f" (and {counted(len(alone) - 1, 'more such class', 'more such classes')})" if len(alone) > 1 else "")
        )


def _no_numbers(column: pl.Series) -> str:
    """Why texts that a person would call numbers are none here, and what to do; "" where they are words."""
    if column.dtype != pl.String:
        return ""
    known = column.str.strip_chars()
    if are_unread_numbers(known) or number_form(known):
        return "its numbers have other signs: write 1005.5 for 1.005,5 or $ 1,005.50"
    n_words = as_numbers(known).null_count()
    if 2 * n_words > len(known):
        return ""
    words = counted(n_words, "row holds a word", "rows hold words")
    return f"{words} among numbers: correct them, or name the words for what is not known under [data] missing"


def _check_numbers(column: pl.Series, target: Target) -> None:
    if not column.dtype.is_numeric():
        raise DataError(
            f"[target] kind is \"number\" but '{target.column}' holds {column.dtype} values; "
            + (_no_numbers(column) or "mend the column or remove kind")
        )
    values = column.cast(pl.Float64)
    odd = int((~values.is_finite() | (values.abs() > 1e30)).sum())
    if odd:
        raise DataError(
            f"the target '{target.column}' is infinite or beyond 1e30 in {counted(odd, 'row')}; correct or drop those rows"
        )
    if values.n_unique() == 1:
        raise DataError(f"the target '{target.column}' is {values[0]} in every row; there is nothing to learn")


def affirmed(classes: tuple[str, ...]) -> int | None:
    """Which of two classes affirms what the other denies, as "yes" beside "no"; None where neither does."""
    words = [one.strip().lower() for one in classes]
    for yes, no in AFFIRMED:
        for place in (0, 1):
            if words[place] in yes and words[1 - place] in no:
                return place
    return None


def _positive(column: pl.Series, classes: tuple[str, ...], target: Target) -> tuple[int, str]:
    """The class that counts as success, and why."""
    if target.positive:
        if target.positive not in classes:
            raise DataError(
                f"the positive class '{target.positive}' is no value of '{target.column}'"
                f"{closest(target.positive, classes)}; it holds {', '.join(classes)}"
            )
        return classes.index(target.positive), "the brief says so"
    place = affirmed(classes)
    if place is not None:
        return place, f"'{classes[place]}' affirms what '{classes[1 - place]}' denies"
    y = numeric(column, classes)
    return (1 if y.mean() <= 0.5 else 0), "the rarer class is usually the one that is looked for"


def _decision(task: Task, because: str, facts: tuple[Fact, ...]) -> Decision:
    others = tuple(other for other in ("binary", "multiclass", "regression") if other != task)
    return Decision("ask", "What kind of prediction is asked for?", task, because, others, facts)
