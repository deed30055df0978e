"""A script's text, from what was gathered."""

from __future__ import annotations

import base64
import pprint
import sys
import textwrap
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import artificer
from artificer.line.fit.course import SMALLEST
from artificer.line.ship.script.gathered import Gathered, Trained
from artificer.line.ship.script.learners import CODE, GROUPED, IMPORTS, LINKED, LINKS
from artificer.line.ship.script.steps import call_of, code_of, imports_of
from artificer_runtime.recipe import Block
from artificer_runtime.schema import GROUPS, Schema
from artificer_runtime.values import ISO, MISSING, SIGNED, SIGNS, missing_numbers

HEAD = '''"""Trains the model '{name}' again, and predicts: {libraries} and polars, nothing else.

Written by Artificer {version} from the run {run_id}; it imports nothing of it.{differs}

    python {script}                    trains on {source}
    python {script} ROWS OUT.csv       and predicts the rows of a .csv or .parquet file
"""
'''
IMPORTED = (
    "import base64",
    "import io",
    "import re",
    "import sys",
    "import zlib",
    "from datetime import datetime, timezone",
    "from pathlib import Path",
    "import numpy as np",
    "import polars as pl",
)
IMPORTED_AS = {"sklearn": "scikit-learn"}
READ = r'''
def read(path):
    """A table of a .parquet file, or of a .csv file that is written as the one that was trained on."""
    if str(path).endswith(".parquet"):
        return pl.read_parquet(path)
    held = io.BytesIO(Path(path).read_bytes().decode(ENCODING).encode())
    table = pl.read_csv(held, separator=SEPARATOR, infer_schema_length=0)
    names = [name.strip() or f"unnamed_{place + 1}" for place, name in enumerate(table.columns)]
    return pl.DataFrame([typed(column.rename(name)) for column, name in zip(table, names)])


def typed(text):
    """Numbers or truth values where all values of a column are such; codes such as 007 stay texts."""
    if text.name in COMMAS:
        plain = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        text = plain.zip_with(text.str.contains(r"^\s*[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+\s*$").fill_null(False), text)
    bare = text.str.strip_chars()
    if not bare.str.contains(r"^[+-]?(0\d|\d{19,}$)").any():
        for kind in (pl.Int64, pl.Float64):
            numbers = bare.cast(kind, strict=False)
            if numbers.null_count() == bare.null_count() < len(bare):
                return numbers
    truths = bare.str.to_lowercase() == "true"
    return truths if bare.drop_nulls().str.to_lowercase().is_in(["true", "false"]).all() else text


def said(value):
    """A value as a level spells it; "" where it is missing."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return "" if text.lower() in MISSING else text


def number(column):
    """float64, NaN where missing; what lies beyond single precision, or the bounds of the column, is read as the nearer end."""
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        if column.name in FORMS:
            plain = column.str.replace_all(SIGNS, "")
            column = plain.zip_with(column.str.contains(SIGNED[FORMS[column.name]]).fill_null(False), column)
    values = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().copy()
    values[np.isin(values, [*MISSING_NUMBERS, *GAPS.get(column.name, [])])] = np.nan
    largest = float(np.finfo(np.float32).max)
    return np.clip(np.clip(values, -largest, largest), *WITHIN.get(column.name, (-largest, largest)))


def code(column):
    """1 + the place of the level; 0 where missing, -1 where training had no such level."""
    lookup = {level: 1 + place for place, level in enumerate(LEVELS[column.name])}
    lookup |= {other: lookup[level] for other, level in SPELLINGS.get(column.name, {}).items()}
    if column.name in BOOLEANS:
        lookup |= {other: lookup[level] for other, level in {"0": "false", "1": "true"}.items() if level in lookup}
    texts = [said(value) for value in column.to_list()]
    if column.name in BOOLEANS:
        texts = [text.lower() for text in texts]
    return np.array([lookup.get(text, -1) if text else 0 for text in texts], np.int64)


def moment(column):
    """Seconds since 1970 in UTC, NaN where missing."""
    return np.array([seconds(value, FORMS.get(column.name)) for value in column.to_list()], np.float64)


def seconds(value, form):
    if isinstance(value, str):
        text = said(value)
        try:
            iso = not form or re.match(ISO, text)
            value = (datetime.fromisoformat(text) if iso else datetime.strptime(text, form)) if text else None
        except ValueError:
            value = None
    if value is None:
        return float("nan")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()


def text(column):
    """Texts, "" where missing."""
    return np.array([said(value) for value in column.to_list()], object)


def features(table, known, y=None, weight=None, group=None):
    """Blocks of features by name: float32, rows by features. With y, steps learn from these rows, into `known`."""

    def columns(kind, names):
        of = {"numbers": number, "codes": code, "times": moment, "texts": text}[kind]
        return np.stack([of(table[name]) for name in names], axis=1)

    return {
'''
END = """
def tempered(probabilities):
    powers = (probabilities / probabilities.max(axis=1, keepdims=True)) ** (1 / TEMPERATURE)
    return powers / powers.sum(axis=1, keepdims=True)


def logit(raw):
    positive = 1 / (1 + np.exp(-raw[:, :1]))
    return np.concatenate([1 - positive, positive], axis=1)


def softmax(raw):
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def main():
    if len(sys.argv) not in (1, 3):
        print(f"usage: python {Path(__file__).name} [ROWS OUT.csv]: trains, and predicts ROWS", file=sys.stderr)
        sys.exit(2)
    source = Path(__file__).parent / SOURCE if not Path(SOURCE).is_absolute() else Path(SOURCE)
    models = train(read(source))
    print("trained")
    if len(sys.argv) == 3:
        told = predict(models, read(sys.argv[1]))
        names = [f"probability {one}" for one in CLASSES] or [f"predicted {TARGET}"]
        written = pl.DataFrame({name: told[:, place] for place, name in enumerate(names)})
        if CLASSES:
            weighed = told * np.array(MULTIPLIERS) if MULTIPLIERS else told
            labels = [CLASSES[place] for place in weighed.argmax(axis=1)]
            written = written.with_columns(pl.Series(f"predicted {TARGET}", labels))
        written.write_csv(sys.argv[2])


if __name__ == "__main__":
    main()
"""


def written(found: Gathered, script: str = "train.py") -> str:
    """The whole script."""
    learners = list(dict.fromkeys(one.learner for one in found.members))
    needed = {name for one in found.members for name in one.blocks}
    blocks = [block for block in found.contents.recipe.recipe.blocks if block.name in needed]
    parts = [
        _head(found, learners, script),
        "\n".join(_imports(learners, blocks)),
        "\n".join(_constants(found)),
        READ.rstrip("\n"),
        *(f"        {block.name!r}: {call_of(block, found.contents.recipe.states[block.name])}," for block in blocks),
        "    }\n",
        code_of(blocks),
        *(CODE[name] for name in learners),
        _train(found),
        _predict(found),
        END,
    ]
    return "\n".join(parts)


def _head(found: Gathered, learners: list[str], script: str) -> str:
    libraries = sorted(
        {
            IMPORTED_AS.get(one, one)
            for name in learners
            for line in IMPORTS[name]
            for one in [line.split()[1].split(".")[0]]
        }
    )
    differs = textwrap.fill(f"NOT THE SAME MODEL: {found.differs}.", 110) if found.differs else ""
    head = HEAD.format(
        name=found.name or found.contents.target,
        libraries=", ".join((*libraries, "numpy")),
        version=artificer.__version__,
        run_id=found.run_id,
        differs=f"\n\n{differs}" if differs else "",
        script=script,
        source=found.source.name,
    )
    versions = ", ".join(
        f"{name} {found.versions[name]}" for name in (*libraries, "numpy", "polars") if name in found.versions
    )
    return head + f"# The same model comes of the same versions: {versions}."


def _imports(learners: list[str], blocks: list[Block]) -> Iterator[str]:
    named = {*IMPORTED, *imports_of(blocks), *(one for name in learners for one in IMPORTS[name])}
    for ours in (False, True):
        block = sorted(one for one in named if (one.split()[1].split(".")[0] not in sys.stdlib_module_names) == ours)
        yield "\n".join(sorted(block, key=lambda one: one.startswith("from "))) + "\n"


def _constants(found: Gathered) -> Iterator[str]:
    contents, schema = found.contents, found.contents.recipe.schema
    columns = [column for column in schema.columns if column.kind in GROUPS]
    yield f"SOURCE = {found.source.name!r}"
    yield f"ENCODING, SEPARATOR = {found.dialect.encoding!r}, {found.dialect.separator!r}  # of .csv files"
    yield f"COMMAS = {list(found.dialect.commas)!r}  # columns that write decimals with a comma"
    yield f"TARGET = {contents.target!r}"
    yield f"CLASSES = {list(contents.classes)!r}  # empty where a number is predicted"
    yield f"SEED = {found.seed!r}"
    yield f"TEMPERATURE, MULTIPLIERS = {contents.temperature!r}, {list(contents.multipliers)!r}"
    yield f"MISSING = {sorted(MISSING | {one.strip().lower() for one in schema.missing})!r}"
    yield f"MISSING_NUMBERS = {missing_numbers(schema.missing)!r}"
    yield from _of_columns(schema)
    yield f"BOOLEANS = {[column.name for column in columns if column.kind == 'boolean']!r}"
    yield "# Which rows of the source the model was trained on, as bits: the others were kept for tests, or have no label."
    packed = base64.b85encode(zlib.compress(np.packbits(found.rows).tobytes(), 9)).decode()
    yield f"N_ROWS = {len(found.rows)}"
    yield "TRAINED_ON = (\n" + "\n".join(f"    {one!r}" for one in textwrap.wrap(packed, 110)) + "\n)"
    yield ""


def _of_columns(schema: Schema) -> Iterator[str]:
    columns = [column for column in schema.columns if column.kind in GROUPS]
    yield f"LEVELS = {_pretty({one.name: list(one.levels) for one in columns if GROUPS[one.kind] == 'codes'})}"
    yield f"SPELLINGS = {_pretty({one.name: dict(one.spellings) for one in columns if one.spellings})}"
    yield f"GAPS = {_pretty({one.name: list(one.gaps) for one in columns if one.gaps})}"
    yield f"WITHIN = {_pretty({one.name: one.within for one in columns if one.within})}"
    yield f"FORMS = {_pretty({one.name: one.form for one in columns if one.form})}"
    yield f"SIGNED = {_pretty({one.form: SIGNED[one.form] for one in columns if one.form in SIGNED})}"
    yield f"SIGNS = {SIGNS!r}"
    yield f"ISO = {ISO!r}"


def _train(found: Gathered) -> str:
    lines = [
        "def train(table):",
        '    """What the steps learned, and the fitted members."""',
        "    bits = np.frombuffer(zlib.decompress(base64.b85decode(TRAINED_ON)), np.uint8)",
        "    table = table.filter(pl.Series(np.unpackbits(bits, count=N_ROWS).astype(bool)))",
        "    if CLASSES:",
        "        y = np.array([float(CLASSES.index(said(value))) for value in table[TARGET].to_list()])",
        "    else:",
        "        y = table[TARGET].cast(pl.Float64).to_numpy().astype(np.float64)",
    ]
    if found.contents.transform == "log1p":
        lines.append("    y = np.log1p(np.maximum(y, 0.0))")
    if found.weight:  # only ratios count, as in `artificer.line.fit.course.relative`
        lines.append(f"    weight = table[{found.weight!r}].cast(pl.Float64).to_numpy()")
        lines += ["    weight = weight / weight.max()", "    weight = weight / weight[weight > 0].mean()"]
    else:
        lines.append("    weight = None")
    group = f"np.unique(table[{found.group!r}].cast(pl.String).fill_null('').to_numpy(), return_inverse=True)[1]"
    lines.append(f"    group = {group}" if found.group else "    group = None")
    lines += ["    known = {}", "    blocks = features(table, known, y, weight, group)"]
    lines += _BY_SIZE if found.by_size else []
    lines.append("    return known, {")
    lines += [f"        {one.name!r}: {_fit(one)}," for one in found.members]
    return "\n".join([*lines, "    }\n"])


_BY_SIZE = [  # as in `artificer.line.fit.course.Course.weight`
    "    size = np.abs(y)",
    f"    size = np.maximum(size, np.quantile(size[size > 0], {SMALLEST}))",
    "    weight = (1 if weight is None else weight) / size",
    "    weight = weight / weight.max()",
    "    weight = weight / weight[weight > 0].mean()",
]


def _fit(one: Trained) -> str:
    X = f"np.concatenate([blocks[name] for name in {list(one.blocks)!r}], axis=1)"
    given = [X, "y", "weight", *(f"{key}={_pretty(value)}" for key, value in one.told.items())]
    given += ["group=group"] if one.learner in GROUPED else []
    told = textwrap.indent("".join(f"{line},\n" for line in given), " " * 12)
    return f"{one.learner}_fits(\n{told}        )"


def _predict(found: Gathered) -> str:
    lines = [
        "\ndef predict(models, table):",
        '    """Probabilities, in the order of CLASSES, or values: rows by outputs."""',
        "    known, members = models",
        "    blocks = features(table, known)",
        "    total = 0.0",
    ]
    for one in found.members:
        lines.append(f"    X = np.concatenate([blocks[name] for name in {list(one.blocks)!r}], axis=1)")
        told = f"{one.learner}_predicts(members[{one.name!r}], X)"
        told = told if one.learner in LINKED else LINKS[one.link] % told
        told = f"np.expm1({told})" if found.contents.transform == "log1p" else told
        lines.append(f"    total = total + {one.weight!r} * {told}")
    lines.append("    return tempered(total) if TEMPERATURE != 1.0 else total\n")
    return "\n".join(lines)


def _pretty(value: Any) -> str:
    return pprint.pformat(value, width=110, sort_dicts=False, compact=True)
