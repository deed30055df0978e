"""Rows in batches, so that a long table is never held whole: Parquet and Arrow files are read piece by piece."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from pyarrow import parquet

from artificer.core.errors import DataError, reason
from artificer.core.records import Finding
from artificer.data.readers import Loaded, read_part

ROWS_AT_ONCE = 1 << 17
STARTS = {b"PAR1": "Parquet", b"ARRO": "Arrow"}
CHANGED = (
    "the rows changed while they were read, so nothing was done with them; make the same call again when they are whole"
)

State = tuple[int, int, int]  # of a file: its number, bytes, and the moment it was last written


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows that follow each other in one source.

    Attributes
    ----------
    source : str
        Its name, as in a row's id.
    start : int
        Position of the first row in it, counted from 0.
    findings : tuple of Finding
        What was noticed when reading it.
    """

    frame: pl.DataFrame
    source: str
    start: int
    findings: tuple[Finding, ...] = ()


def sliced(loaded: Loaded) -> Iterator[Batch]:
    """Batches of rows that are held already."""
    offset = 0
    for name, n_rows in loaded.parts:
        for start in range(0, n_rows, ROWS_AT_ONCE):
            n = min(ROWS_AT_ONCE, n_rows - start)
            yield Batch(loaded.frame.slice(offset + start, n), name, start)
        offset += n_rows


def streamed(
    source: str | Path, folder: Path, wanted: Collection[str] | None = None, seen: dict[Path, State] | None = None
) -> Iterator[Batch] | None:
    """Batches of Parquet and Arrow files, read as they are asked for; None where the source is anything else.

    None too where a file holds what only polars reads, integers of 128 bits.

    Parameters
    ----------
    source : str or Path
        A file or a glob.
    folder : Path
        Where a relative path starts.
    wanted : collection of str, optional
        Columns that are needed: no other is read, unless one of them is absent. None: all.
    seen : dict, optional
        Each file's state by the first reading, written here; the same dict given to a second reading holds it to that.

    Raises
    ------
    DataError
        When a file is damaged, changes meanwhile, or a column of it holds what no model reads.
    """
    found = files_of(source, folder)
    if not found or not all(one.is_file() and form_of(one) for one in found):
        return None
    held = {} if seen is None else seen
    return (batch for one in found for batch in _batches(one, wanted, held))


def files_of(source: str | Path, folder: Path) -> list[Path]:
    """The file that is meant, or all of a glob in the order of their names; none where there is none."""
    path = folder / source
    return [path] if path.is_file() else sorted(Path(one) for one in glob.glob(str(path), recursive=True))


def refuse_changed(path: Path, seen: dict[Path, State]) -> None:
    """Refuse a file that is not as it was seen: rows of before and after must not meet, as keys may be alike and values not.

    Raises
    ------
    DataError
        When it changed.
    """
    now = path.stat()
    state = (now.st_ino, now.st_size, now.st_mtime_ns)
    if seen.setdefault(path, state) != state:
        raise DataError(CHANGED)


def form_of(path: Path) -> str:
    """What a file is that is read piece by piece, Parquet or Arrow; "" where it is anything else."""
    form = STARTS.get(_start(path), "")
    look = parquet.read_schema if form == "Parquet" else pa.ipc.open_file
    try:
        with path.open("rb") as file:
            _ = look(file) if form else None
    except pa.ArrowNotImplementedError:
        return ""
    except (pa.ArrowException, OSError):  # damaged, which is told when it is read
        pass
    return form


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise DataError(f"'{path.name}' cannot be read: {error}; check the file and its permissions") from error


def _batches(path: Path, wanted: Collection[str] | None, seen: dict[Path, State]) -> Iterator[Batch]:
    form, start = STARTS[_start(path)], 0
    try:
        refuse_changed(path, seen)
        for table in (_of_parquet if form == "Parquet" else _of_arrow)(path, wanted):
            for one in range(0, table.num_rows, ROWS_AT_ONCE):
                part = read_part(table.slice(one, ROWS_AT_ONCE), path.name)
                yield Batch(part.frame, path.name, start, part.findings)
                start += part.frame.height
        refuse_changed(path, seen)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"'{path.name}' is a damaged {form} file ({reason(error)}); make or copy it again") from error


def _of_parquet(path: Path, wanted: Collection[str] | None) -> Iterator[Any]:
    # Not mapped: pages of a mapped file count as memory of this process.
    with parquet.ParquetFile(path) as file:
        names = _needed(file.schema_arrow.names, wanted)
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=names):
            yield pa.Table.from_batches([batch])


def _of_arrow(path: Path, wanted: Collection[str] | None) -> Iterator[Any]:
    with pa.memory_map(str(path)) as held, pa.ipc.open_file(held) as file:
        names = _needed(file.schema.names, wanted) or file.schema.names
        for place in range(file.num_record_batches):
            yield pa.Table.from_batches([file.get_batch(place)]).select(names)


def _needed(names: list[str], wanted: Collection[str] | None) -> list[str] | None:
    """The wanted columns; all of them where one is absent, so that an error can name the closest."""
    return [name for name in names if name in wanted] if wanted is not None and set(wanted) <= set(names) else None
