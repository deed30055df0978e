"""Files and frames → one polars frame as it was read, told apart by content; nothing is dropped or changed in silence.

CSV (any usual separator, quotes, encoding and decimal sign; also gzipped), Parquet, JSON lines or an array, Arrow, sheets
of workbooks, tables of SQLite files, many files by glob, object stores, and in Python frames of polars, pandas or Arrow.
"""

from __future__ import annotations

import glob
import gzip
import io
import json
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from artificer.core.errors import DataError, NoRowsError, closest, reason
from artificer.core.records import Finding
from artificer.data.arrow import STREAM, from_arrow, read_arrow, refuse_twins, series_of
from artificer.data.nested import left_out, nested, of_all, told_left_out
from artificer.data.separated import read_separated, refuse_names
from artificer.data.spelled import concatenated, is_mixed, mixed_texts, moments_of
from artificer.data.workbooks import is_workbook, read_sheet
from artificer_runtime.values import spans_in_seconds

SQLITE = b"SQLite format 3\x00"
UTF8_MARK = b"\xef\xbb\xbf"
UNREADABLE = (pl.exceptions.PolarsError, pa.ArrowException, OSError, ValueError)
NO_TABLE = {
    b"PK\x03\x04": "a zip file",
    b"\x80\x04\x95": "a pickle",
    b"\x80\x05\x95": "a pickle",
}


NAMED = {  # what files of a name begin with; a text of rows is read under any name
    ".parquet": ("Parquet", (b"PAR1",)),
    ".arrow": ("Arrow", (b"ARROW1", STREAM)),
    ".feather": ("Arrow", (b"ARROW1",)),
    ".xlsx": ("Excel", (b"PK\x03\x04",)),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Rows as read.

    Attributes
    ----------
    parts : tuple of (str, int)
        Each source's name and its number of rows, in order: a row's id is its source and position.
    findings : tuple of Finding
        What was noticed when reading.
    """

    frame: pl.DataFrame
    parts: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...] = ()


def read(source: Any, *, folder: Path | None = None, late: Sequence[str] = ()) -> Loaded:
    """Read a file, all files of a glob, or a frame.

    Parameters
    ----------
    source : str, Path, or a frame of polars, pandas or Arrow, or a dict of columns
        ``book.xlsx#Sheet`` and ``data.sqlite#table`` name a part of a file, ``s3://bucket/key`` an object.
    folder : Path, optional
        Where a relative path starts.
    late : sequence of str
        Columns that some files of a glob may lack, as they are known later; they are missing there.

    Raises
    ------
    DataError
        When it is absent, empty, damaged, of no known format, ragged, has two columns of one name, or when the files of a
        glob have different columns, beside late ones; a frame with a column of lists, too, which is left out of a file.
    """
    if not isinstance(source, str | Path):
        frame = _checked(_frame(source), "the frame")
        return Loaded(frame, (("frame", frame.height),))
    text = str(source).removeprefix("sqlite:///")
    if "://" in text:
        from artificer.data.stores import fetch

        read_ones = [_read_bytes(one.data, one.name, "") for one in fetch(text)]
    else:
        paths, part = _paths(text, folder or Path.cwd())
        read_ones = [_read_file(path, part) for path in paths]
    return joined(read_ones, late)


def read_part(table: Any, name: str) -> Loaded:
    """The rows of an Arrow table that is a part of a file.

    Raises
    ------
    DataError
        As for `read`.
    """
    return _loaded(from_arrow(table), name=name)


def read_column(batch: Any, name: str) -> pl.Series:
    """A column of an Arrow batch that holds single values."""
    return _plain(from_arrow(batch.select([name]))[name])


def read_header(schema: Any, name: str) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """The columns that `read_part` gives of parts with an Arrow schema, and its findings.

    Raises
    ------
    DataError
        As for `read`.
    """
    frame, findings = _without_nested(from_arrow(pa.Table.from_batches([], schema)))
    _refuse_columns(frame, f"'{name}'")
    return tuple(frame.columns), findings


def joined(files: Sequence[Loaded], late: Sequence[str] = ()) -> Loaded:
    """The rows of files, at least one, below each other; see `read`. What holds lists in one is left out of all."""
    told = [finding for one in files for finding in one.findings]
    held = [name for name in left_out(told) if any(name in one.frame.columns for one in files)]
    frames = [one.frame.drop(held, strict=False) for one in files]
    frame = _stacked(frames, [one.parts[0][0] for one in files], late)
    findings = dict.fromkeys(of_all(finding, held) for finding in told)  # what all files have is told once
    return Loaded(frame, tuple(part for one in files for part in one.parts), tuple(findings))


def _loaded(frame: pl.DataFrame, findings: Sequence[Finding] = (), *, name: str) -> Loaded:
    """What was read from a file, without columns that hold no single values where it has others."""
    frame, told = _without_nested(frame)
    frame = _checked(frame, f"'{name}'")
    return Loaded(frame, ((name, frame.height),), (*findings, *told))


def _without_nested(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    held = nested(frame)
    if len(held) in (0, frame.width):  # or all are to be refused
        return frame, ()
    return frame.drop(held), tuple(told_left_out(column, what) for column, what in held.items())


def _paths(source: str, folder: Path) -> tuple[list[Path], str]:
    """The files that are meant, and the part of them after "#"."""
    path = folder / source
    if os.path.exists(path):  # False, not an error, where a folder may not be entered
        if path.is_dir():
            raise DataError(f"'{source}' is a folder; name a file, or files by a glob such as '{source}/*.parquet'")
        return [path], ""
    if "#" in source:
        whole, _, part = source.rpartition("#")
        return _paths(whole, folder)[0], part
    if any(sign in source for sign in "*?["):
        found = sorted(Path(one) for one in glob.glob(str(path), recursive=True) if Path(one).is_file())
        if not found:
            raise DataError(f"no file matches '{source}' in '{folder}'; check the pattern")
        return found, ""
    if path.is_symlink():
        raise DataError(
            f"'{source}' is a link to '{os.readlink(path)}', which is not there; bring that file, or mend the link"
        )
    near = ""
    if path.parent.is_dir():
        near = closest(path.name, [one.name for one in path.parent.iterdir()], "closest name there")
    raise DataError(f"there is no file '{source}' (looked in '{path.parent}'){near}")


def _read_file(path: Path, part: str) -> Loaded:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"'{path.name}' cannot be read: {error}; check the file and its permissions") from error
    if data.startswith(SQLITE):
        from artificer.data.databases import read_table_of

        return _loaded(read_table_of(path, part), name=path.name)
    return _read_bytes(data, path.name, part)


def _read_bytes(data: bytes, name: str, part: str) -> Loaded:
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        data = data.removeprefix(UTF8_MARK) if data.lstrip(UTF8_MARK)[:1] in (b"[", b"{") else data
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"'{name}' cannot be read: {error}; check the file and its permissions") from error
    if not data.strip():
        raise NoRowsError(f"'{name}' is empty; name a file that holds rows")
    if is_workbook(data):
        return _loaded(*read_sheet(data, name, part), name=name)
    if part:
        raise DataError(f"'{name}#{part}' names a part of '{name}', which is neither a workbook nor an SQLite database")
    for start, what in NO_TABLE.items():
        if data.startswith(start):
            raise DataError(f"'{name}' is {what}, which is not read; save its rows as CSV or Parquet")
    return _read_plain(data, name)


def _read_plain(data: bytes, name: str) -> Loaded:
    try:
        return _read_rows(data, name)
    except DataError as error:
        says = misnamed(name, data)
        if says:
            raise DataError(says) from error
        raise


def misnamed(name: str, data: bytes) -> str:
    """What to say of a file that cannot be read as text, and is not what its name says; "" where it is.

    >>> misnamed("rows.parquet", b"junk"), misnamed("rows.csv", b"junk")
    ("'rows.parquet' is no Parquet file; make or copy it again", '')
    """
    form, starts = NAMED.get(Path(name).suffix.lower(), ("", (b"",)))
    return "" if data.startswith(starts) else f"'{name}' is no {form} file; make or copy it again"


def _read_rows(data: bytes, name: str) -> Loaded:
    reader, form = _format(data)
    findings: tuple[Finding, ...] = ()
    try:
        if reader is None:
            frame, findings = read_separated(data, name)
        else:
            frame = reader(data)
    except UNREADABLE as error:
        raise DataError(f"'{name}' is a damaged {form} file ({reason(error)}); make or copy it again") from error
    return _loaded(frame, findings, name=name)


def _format(data: bytes) -> tuple[Callable[[bytes], pl.DataFrame] | None, str]:
    if data[:4] == b"PAR1":
        return read_arrow, "Parquet"
    if data[:6] == b"ARROW1" or data[:4] == STREAM:
        return read_arrow, "Arrow"
    start = data.lstrip()[:1]
    if start == b"[":
        return lambda held: _from_records(json.loads(held)), "JSON"
    if start == b"{":
        return _read_json_lines, "JSON lines"
    return None, "CSV"


def _read_json_lines(data: bytes) -> pl.DataFrame:
    try:
        return pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    except pl.exceptions.ComputeError:  # truth values among numbers, or lines that are none
        return _from_records([json.loads(line) for line in data.splitlines() if line.strip()])


def _from_records(records: Any) -> pl.DataFrame:
    if not all(isinstance(record, dict) for record in records):
        raise ValueError('an array of rows must hold objects, one a row: [{"age": 41}, …]')
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [record.get(name) for record in records] for name in names}
    mixed = {name: mixed_texts(values) for name, values in columns.items() if _is_mixed_plain(values)}
    plain = [{name: value for name, value in record.items() if name not in mixed} for record in records]
    frame = pl.DataFrame(plain if mixed else records, infer_schema_length=None, strict=False)
    if not mixed:
        return frame
    texts = {name: pl.Series(name, values, dtype=pl.String) for name, values in mixed.items()}
    return pl.DataFrame([texts[name] if name in texts else frame[name] for name in names])


def _frame(source: Any) -> pl.DataFrame:
    try:
        if isinstance(source, pl.DataFrame):
            return source
        if isinstance(source, pl.LazyFrame):
            return source.collect()
        if isinstance(source, pa.Table | pa.RecordBatch):
            return from_arrow(source)
        if hasattr(source, "iloc") and hasattr(source, "columns"):
            return _from_pandas(source)
        if isinstance(source, dict):
            return pl.DataFrame({name: _unmixed(values) for name, values in source.items()}, strict=False)
    except (*UNREADABLE, TypeError) as error:
        raise DataError(f"the frame cannot be read: {reason(error)}") from error
    raise DataError(
        f"rows of type {type(source).__name__} cannot be read; give a path, a frame of polars, pandas or Arrow, or a "
        "dict of columns"
    )


def _is_mixed_plain(values: Sequence[Any]) -> bool:
    return is_mixed(values) and not any(isinstance(value, list | dict) for value in values)


def _unmixed(values: Any) -> Any:
    return mixed_texts(values) if isinstance(values, list | tuple) and _is_mixed_plain(values) else values


def _from_pandas(source: Any) -> pl.DataFrame:
    names = [str(name) for name in source.columns]
    refuse_twins(names, "the frame")
    return pl.DataFrame([_from_series(name, source.iloc[:, place]) for place, name in enumerate(names)])


def _from_series(name: str, series: Any) -> pl.Series:
    dtype = getattr(getattr(series.dtype, "categories", None), "dtype", series.dtype)
    kind = type(dtype).__name__
    if kind == "PeriodDtype":
        return pl.Series(name, moments_of(series.tolist()), dtype=pl.Datetime("us"))
    if kind == "IntervalDtype":
        return pl.Series(name, mixed_texts(series.tolist()), dtype=pl.String)
    if kind == "SparseDtype":
        series = series.sparse.to_dense()
    if series.dtype.kind == "c":
        raise DataError(
            f"column '{name}' in the frame holds complex numbers, which no model reads; make columns of their parts"
        )
    if series.dtype == np.longdouble:
        series = series.astype("float64")
    try:
        return series_of(name, pa.Array.from_pandas(series))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # An object column of several types: its values as texts, so that none is lost.
        return pl.Series(name, mixed_texts(series.tolist()), dtype=pl.String)


def _checked(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    _refuse_columns(frame, where)
    if frame.height == 0:
        raise NoRowsError(f"{where} has a header and no rows; name a file that holds rows")
    return frame.select(_plain(frame[name]) for name in frame.columns)


def _refuse_columns(frame: pl.DataFrame, where: str) -> None:
    if frame.width == 0:
        raise DataError(f"{where} has no columns")
    refuse_names(frame.columns, where)
    for name, held in nested(frame).items():
        raise DataError(
            f"column '{name}' in {where} holds {held}, which no model reads; make plain columns of it or drop it"
        )


def _plain(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind in (pl.Categorical, pl.Enum, pl.Null, pl.Time):
        return column.cast(pl.String)
    if isinstance(kind, pl.BaseExtension):
        return _plain(column.ext.storage())
    if isinstance(kind, pl.Decimal):
        return column.cast(pl.Float64)
    if kind in (pl.Int128, pl.UInt128):
        return _of_64_bits(column)
    if isinstance(kind, pl.Duration):
        return pl.Series(column.name, spans_in_seconds(column.to_numpy()), nan_to_null=True)
    return column


def _of_64_bits(column: pl.Series) -> pl.Series:
    """Whole numbers that 64 bits may not hold: as texts where one is longer, as files of texts have them."""
    try:
        return column.cast(pl.Int64)
    except pl.exceptions.InvalidOperationError:
        return column.cast(pl.String)


def _stacked(frames: Sequence[pl.DataFrame], names: Sequence[str], late: Sequence[str]) -> pl.DataFrame:
    if len(frames) == 1:
        return frames[0]
    first, columns = frames[0].columns, list(dict.fromkeys(name for frame in frames for name in frame.columns))
    for frame, file in zip(frames, names, strict=True):
        for name in columns:
            if name not in late and (name in first) != (name in frame.columns):
                lacks, has = (file, names[0]) if name in first else (names[0], file)
                but = f", but for what is known later ({', '.join(late)})" if late else ""
                raise DataError(
                    f"'{lacks}' lacks the column '{name}', which '{has}' has; all files need the same columns{but}"
                )
    return concatenated([_with_all(frame, columns) for frame in frames])


def _with_all(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    return frame.select(pl.col(name) if name in frame.columns else pl.lit(None).alias(name) for name in columns)
