"""Tables: values in one canonical form, their fingerprint, hashes of rows, and files that hold them."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from artificer.core.errors import DataError
from artificer.core.store import write_bytes
from artificer.data.coded import dictionary
from artificer.data.columns import each, prepared
from artificer.data.hashes import FIRST, MISSING, mixed, texts_of
from artificer.data.missing import without_missing, without_missing_numbers
from artificer.data.moments import as_moments, zoneless
from artificer.data.numbers import as_numbers
from artificer.data.spelled import concatenated, spelled
from artificer.data.whole import rests
from artificer_runtime.schema import Column, Schema

# Quotes before it too, so that taking one away gives back what was written; a number or a dash alone starts nothing.
FORMULA, PLAIN = r"^'*[=+\-@\t\r]", r"^'*[+-]([0-9]+([.,][0-9]+)*)?$"


def normalise(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Give every column of the schema its canonical form.

    A number is Float64, a moment Datetime in UTC, all else String; what is missing, or cannot be read as its kind, is
    null. `schema.encode` gives the same arrays before and after.

    Raises
    ------
    DataError
        When the frame lacks a column.
    """
    known = set(frame.columns)
    lacking = [column.name for column in schema.columns if column.name not in known]
    if lacking:
        raise DataError(f"column '{lacking[0]}' is absent; the brief's data has it")
    return pl.DataFrame(
        each(lambda one: normal_column(frame[one.name], one, schema.missing), schema.columns, frame.height)
    )


def normal_column(values: pl.Series, column: Column, missing: Sequence[str]) -> pl.Series:
    """Give one column its canonical form.

    Raises
    ------
    DataError
        When moments name no time zone, and those that the schema was learned from did.
    """
    if column.kind == "number":
        if values.dtype == pl.String:
            values = as_numbers(without_missing(values, missing), column.form)
        return without_missing_numbers(values, missing)
    if column.kind == "time":
        if values.dtype == pl.String:
            values = without_missing(values, missing)
        if column.zone and zoneless(values):
            raise DataError(
                f"column '{column.name}' must hold moments that name their time zone, as training's did ({column.zone}): one "
                "without may be hours off; write 2024-01-31T08:00:00+01:00 in texts, or give the column its zone"
            )
        return as_moments(values, column.form)
    text = without_missing(spelled(values), missing)
    return text.str.to_lowercase() if column.kind == "boolean" else text


def fingerprint(frame: pl.DataFrame) -> str:
    """Hash of values, their order, and names of columns: 32 hex digits, the same whatever file they came from."""
    total = hashlib.blake2b(digest_size=16)
    parts = (part for name in frame.columns for part in (f"{name}\x00".encode(), *_canonical_bytes(frame[name])))
    for part in prepared(parts, frame.height):
        total.update(part)
    return total.hexdigest()


def _canonical_bytes(column: pl.Series) -> Iterator[bytes | memoryview]:
    kind = column.dtype
    if kind.is_numeric():
        values, known = _numbers(column)
        yield from (b"number", known.data, values.data)
        if kind.is_integer() and (beyond := rests(column)) is not None:
            yield from (b"beyond", beyond.data) if beyond.any() else ()
        return
    there = column.is_not_null().to_numpy().data
    if kind == pl.Boolean:
        yield from (b"boolean", there, column.fill_null(False).cast(pl.UInt8).to_numpy().data)
    elif kind in (pl.Date, pl.Datetime):
        yield from (b"time", there, as_moments(column).cast(pl.Int64).fill_null(0).to_numpy().data)
    else:
        texts = texts_of(column.cast(pl.String).fill_null(""))
        lengths = np.diff(texts.starts).astype(np.uint32)
        yield from (b"text", there, lengths.data, texts.data[: texts.starts[-1]].data)


def _numbers(column: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Numbers as float64, 0 where missing and without its sign, and which are known."""
    values = column.cast(pl.Float64).to_numpy()
    known = ~np.isnan(values)
    return np.where(known, values, 0.0) + 0.0, known


def row_hashes(frame: pl.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Hash of each row's values in `columns`: uint64 (n_rows,).

    Equal rows have equal hashes, in every process, version and library; the chance that two of a million different rows
    share one is 3e-8. Numbers enter by their bits as float64, and by what those leave out of large integers, texts by
    BLAKE2b of each different one; mixed by splitmix64 (Steele, Lea and Flood 2014, OOPSLA).
    """
    total = np.full(frame.height, FIRST, np.uint64)
    with np.errstate(over="ignore"):
        for name in columns:
            total = mixed(total ^ _value_hashes(frame[name]))
    return total


def _value_hashes(column: pl.Series) -> np.ndarray:
    if column.dtype.is_numeric() or column.dtype in (pl.Date, pl.Datetime, pl.Boolean):
        if column.dtype in (pl.Date, pl.Datetime):
            column = as_moments(column).cast(pl.Int64)
        values, known = _numbers(column)
        hashes: np.ndarray = np.where(known, mixed(values.view(np.uint64)), MISSING)
        beyond = rests(column) if column.dtype.is_integer() else None
        return hashes if beyond is None else np.where(beyond != 0, mixed(hashes ^ beyond.view(np.uint64)), hashes)
    texts, codes = dictionary(column.cast(pl.String))
    each = b"".join(hashlib.blake2b(one.encode(), digest_size=8).digest() for one in texts.to_list())
    by_code: np.ndarray = np.append(np.frombuffer(each, "<u8"), MISSING)[codes]
    return by_code


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write an Arrow file, atomically.

    Raises
    ------
    WorkspaceError
        When it cannot be written: a full disk, no permission.
    """
    held = io.BytesIO()
    frame.write_ipc(held)
    write_bytes(path, held.getvalue())


def read_table(path: Path) -> pl.DataFrame:
    """Read an Arrow file that `write` wrote; its pages are shared between processes."""
    return pl.read_ipc(path)


def stacked(first: pl.DataFrame, *others: pl.DataFrame) -> pl.DataFrame:
    """Rows of all, with the columns of the first: what another lacks is missing, what it has besides is left out.

    A column that one holds as numbers and another as texts becomes text.
    """
    alike = (
        other.select((pl.col(name) if name in other.columns else pl.lit(None).alias(name)) for name in first.columns)
        for other in others
    )
    return concatenated([first, *alike])


def save_rows(frame: pl.DataFrame, path: Path) -> None:
    """Write rows for people and other programs, by the path's suffix: CSV, Parquet, JSON lines or Arrow.

    Raises
    ------
    DataError
        When the suffix is none of these.
    WorkspaceError
        When it cannot be written.
    """
    held = io.BytesIO()
    suffix = path.suffix.lower()
    if suffix == ".csv":
        held.write(csv_bytes(frame))
    elif suffix == ".parquet":
        frame.write_parquet(held)
    elif suffix in (".jsonl", ".ndjson"):
        frame.write_ndjson(held)
    elif suffix in (".arrow", ".feather", ".ipc"):
        frame.write_ipc(held)
    else:
        raise DataError(f"'{path.name}' has no suffix that is known: write .csv, .parquet, .jsonl or .arrow")
    write_bytes(path, held.getvalue())


def csv_bytes(frame: pl.DataFrame, *, header: bool = True) -> bytes:
    """CSV in which no text starts a formula: a spreadsheet would run ``=cmd|…`` (OWASP, "CSV injection")."""
    frame = frame.rename({name: _harmless(name) for name in frame.columns})
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = frame.with_columns(
        pl.when(_start_formulas(name)).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name) for name in texts
    )
    return safe.write_csv(include_header=header).encode()


def unquoted(frame: pl.DataFrame) -> pl.DataFrame:
    """Undo what `csv_bytes` did to texts, in a frame that was read from its CSV."""
    frame = frame.rename({name: bare(name) for name in frame.columns})
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    quoted = {name: pl.col(name).str.starts_with("'") & _start_formulas(name) for name in texts}
    return frame.with_columns(
        pl.when(test).then(pl.col(name).str.slice(1)).otherwise(pl.col(name)).alias(name)
        for name, test in quoted.items()
    )


def bare(text: str) -> str:
    """A text without the mark that keeps a spreadsheet from running it."""
    return text[1:] if text.startswith("'") and _starts_formula(text) else text


def _harmless(name: str) -> str:
    return f"'{name}" if _starts_formula(name) else name


def _start_formulas(name: str) -> pl.Expr:
    return pl.col(name).str.contains(FORMULA) & ~pl.col(name).str.contains(PLAIN)


def _starts_formula(text: str) -> bool:
    return bool(re.match(FORMULA, text)) and not re.fullmatch(PLAIN, text)
