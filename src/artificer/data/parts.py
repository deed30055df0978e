"""Parts of a table whose columns are read one by one, as they are asked for: of a long Parquet file few are held at once."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import parquet

from artificer.core.errors import DataError, reason
from artificer.core.records import Finding
from artificer.data.batches import State, refuse_changed
from artificer.data.columns import each
from artificer.data.readers import read_column, read_header
from artificer.data.table import stacked

ROWS_AT_ONCE = 1 << 17
ROWS_IN_PART = 1 << 20  # of a Parquet file: 8 bytes are held for each
LOOKED_AT = 1 << 16  # rows that kinds and edges are told from
# Rows from so many places of a long file fix the edges: a file in order of time has other values at its end.
PLACES = 8


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a table that follow each other.

    Attributes
    ----------
    source : str
        Name of the file they are of.
    columns : tuple of str
    height : int
        Number of rows.
    cells : callable
        From a column's name to its cells, batch by batch; no other column is read.
    findings : tuple of Finding
        What was noticed when reading.
    """

    source: str
    columns: tuple[str, ...]
    height: int
    cells: Callable[[str], Iterator[pl.Series]]
    findings: tuple[Finding, ...] = ()

    def frame(self) -> pl.DataFrame:
        """All of it."""
        return pl.DataFrame([pl.concat(self.cells(name)) for name in self.columns])

    def without(self, names: Collection[str]) -> Part:
        """The rows without some columns."""
        return replace(self, columns=tuple(name for name in self.columns if name not in names))


def held(
    rows: pl.DataFrame, source: str = "", findings: tuple[Finding, ...] = (), at_once: float = ROWS_AT_ONCE
) -> Part:
    """Rows that are held already, in even batches of at most so many rows; none are a batch too."""
    n = math.ceil(rows.height / max(math.ceil(rows.height / at_once), 1)) or 1

    def cells(column: str) -> Iterator[pl.Series]:
        return (rows[column].slice(start, n) for start in range(0, max(rows.height, 1), n))

    return Part(source, tuple(rows.columns), rows.height, cells, findings)


def stored(path: Path) -> Iterator[Part]:
    """The rows of a Parquet file, about a million at a time.

    Raises
    ------
    DataError
        When the file is damaged, two columns have one name, or all hold lists; as cells are read, when it changed too.
    """
    file = _opened(path)
    starts = np.cumsum([0, *file.heights]) // ROWS_IN_PART
    for _, found in groupby(range(len(file.heights)), starts.__getitem__):
        groups = [group for group in found if file.heights[group]]
        if groups:
            height = sum(file.heights[group] for group in groups)
            yield Part(path.name, file.columns, height, partial(file.cells, groups, ROWS_AT_ONCE), file.findings)


def spread(paths: Sequence[Path]) -> pl.DataFrame | None:
    """Rows from eight places of Parquet files, 65,536 in all; None where there are none.

    Raises
    ------
    DataError
        As `stored`.
    """
    files = [_opened(path) for path in paths]
    groups = [(file, group) for file in files for group, height in enumerate(file.heights) if height]
    places = np.unique(np.linspace(0, len(groups) - 1, PLACES).astype(int)).tolist() if groups else []
    samples = []
    for file, group in (groups[place] for place in places):
        first = partial(_first, file, group, LOOKED_AT // len(places))
        samples.append(pl.DataFrame(each(first, file.columns, file.heights[group])))
    return stacked(*samples) if samples else None


@dataclass(frozen=True, slots=True)
class _File:
    """A Parquet file, which each thread opens for itself."""

    path: Path
    metadata: Any
    columns: tuple[str, ...]
    findings: tuple[Finding, ...]
    seen: dict[Path, State]
    own: threading.local = field(default_factory=threading.local)

    @property
    def heights(self) -> list[int]:
        return [self.metadata.row_group(group).num_rows for group in range(self.metadata.num_row_groups)]

    def cells(self, groups: Sequence[int], at_once: int, column: str) -> Iterator[pl.Series]:
        with _told(self.path):
            refuse_changed(self.path, self.seen)
            if not hasattr(self.own, "file"):
                self.own.file = parquet.ParquetFile(self.path, metadata=self.metadata)
            # A name that begins others, as "a" does "a.b", gives them too.
            for batch in self.own.file.iter_batches(at_once, row_groups=groups, columns=[column], use_threads=False):
                yield read_column(batch, column)
            refuse_changed(self.path, self.seen)


def _opened(path: Path) -> _File:
    seen: dict[Path, State] = {}
    with _told(path), parquet.ParquetFile(path) as file:
        refuse_changed(path, seen)
        columns, findings = read_header(file.schema_arrow, path.name)
        return _File(path, file.metadata, columns, findings, seen)


def _first(file: _File, group: int, n: int, column: str) -> pl.Series:
    return next(file.cells([group], n, column))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"'{path.name}' is a damaged Parquet file ({reason(error)}); make or copy it again") from error
