"""Plain data, of any length, in one pass: what its columns are, its profile, and how many rows are copies.

Parquet, Arrow and long CSV files are read batch by batch, many files one after the other; all else is held file by file.
Kinds are told from a first look (rows from eight places of Parquet files, else the first rows) and settled by the profile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from artificer.core.errors import DataError, NoRowsError, closest
from artificer.core.records import Finding
from artificer.core.tasks import ahead, keep_freed
from artificer.data.batches import files_of, form_of, streamed
from artificer.data.kinds import FEWEST_FOR_IDENTIFIER, infer_schema
from artificer.data.missing import without_missing
from artificer.data.nested import left_out, of_all
from artificer.data.parts import LOOKED_AT, ROWS_AT_ONCE, Part, held, spread, stored
from artificer.data.readers import Loaded, read
from artificer.data.scan import ColumnProfile, Profile, edges_of, scan_part
from artificer.data.separated import is_long_separated, separated_batches, typed
from artificer.data.sketches import Copies
from artificer.data.spelled import SHOWN, shown
from artificer.data.table import normal_column, stacked
from artificer_runtime.schema import Column, Kind, Schema

# HyperLogLog errs by 1.6%; below this share of different values, what looked like names of rows is none.
FEWEST_DISTINCT = 0.9
TABLES = (".parquet", ".csv", ".gz", ".arrow", ".jsonl", ".xlsx")
MOST_TIMES = 3  # that a column which begins late has all rows read again


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over plain data told.

    Attributes
    ----------
    schema : Schema
        Kinds, ranges and levels over all rows.
    copies, twins, most_copied : int
        Rows that repeat an earlier one in every column, rows with a twin, and how often the commonest row occurs.
    counted : bool
        Whether copies are counted; else they are estimated.
    n_stray : dict of str to int
        Cells, by column, that are not of their column's kind; read as missing.
    stray_words : dict of str to tuple of str
        Some of them, as they were met, three at most.
    findings : tuple of Finding
        What was noticed when reading.
    """

    schema: Schema
    profile: Profile
    copies: int
    twins: int
    most_copied: int
    counted: bool
    n_stray: dict[str, int]
    stray_words: dict[str, tuple[str, ...]]
    findings: tuple[Finding, ...] = ()


def survey(source: Any, *, folder: Path | None = None, missing: Sequence[str] = ()) -> Survey:
    """Look once at all rows.

    Parameters
    ----------
    source : str, Path or frame
        As for `artificer.data.readers.read`; or a folder whose files are parts of one table.
    folder : Path, optional
        Where a relative path starts.
    missing : sequence of str
        Spellings of a missing value, beside the usual ones.

    Raises
    ------
    DataError
        When it cannot be read, or parts have different columns.
    """
    keep_freed()
    found: Survey | _Later = _Later()
    while isinstance(found, _Later):
        found = _looked(source, folder or Path.cwd(), missing, found)
    return found


@dataclass(frozen=True, slots=True)
class _Later:
    """What later parts told that must be known of the first, so that all are read once more.

    Attributes
    ----------
    nested : frozenset of str
        Columns that hold lists, or the like.
    rows : DataFrame or None
        Some with values in columns of texts that are empty in the first rows.
    times : int
        How often such rows were met.
    """

    nested: frozenset[str] = frozenset()
    rows: pl.DataFrame | None = None
    times: int = 0

    def beside(self, sample: pl.DataFrame) -> pl.DataFrame:
        """The rows that kinds are told from."""
        sample = sample.drop(self.nested, strict=False)
        return sample if self.rows is None else stacked(sample, self.rows)

    def told_by(self, part: Part, names: Sequence[str], empty: Sequence[str]) -> _Later | None:
        """All that is known with one more part; None where it tells nothing new."""
        nested = self.nested | (left_out(part.findings).keys() & set(names))
        filled = [name for name in empty if name in part.columns and any(cells.count() for cells in part.cells(name))]
        if nested == self.nested and (not filled or self.times == MOST_TIMES):
            return None
        rows = None
        if filled:
            rows = part.frame().filter(pl.any_horizontal(pl.col(filled).is_not_null())).head(LOOKED_AT)
        if rows is not None and set(rows.dtypes) == {pl.String}:
            rows = typed(rows)  # a long CSV file comes as texts
        both = rows if self.rows is None else self.rows if rows is None else stacked(self.rows, rows)
        return _Later(nested, both, self.times + bool(filled))


def _looked(source: Any, folder: Path, missing: Sequence[str], later: _Later) -> Survey | _Later:
    """Look at all rows, or up to a part that tells what must be known of the first."""
    first, parts, whole = _opened(source, folder)
    sample, whole = later.beside(first), whole and later.rows is None
    names, looked = sample.columns, _open(infer_schema(sample, missing=missing))
    empty = [name for name, kind in sample.schema.items() if kind == pl.String and not sample[name].count()]
    n_stray, words = Counter[str](), dict[str, dict[str, None]]()

    def normal(cells: pl.Series, column: Column) -> pl.Series:
        canonical = normal_column(cells, column, looked.missing)
        if column.kind in ("number", "time") and cells.dtype == pl.String:
            known = without_missing(cells, looked.missing)
            if n := known.count() - canonical.count():
                n_stray[column.name] += n
                met = known.filter(canonical.is_null() & known.is_not_null()).unique(maintain_order=True).head(SHOWN)
                words.setdefault(column.name, {}).update(dict.fromkeys(map(shown, met.to_list())))
        return canonical

    edges = None if whole else edges_of(sample, looked, normal)
    del first, sample
    n_stray.clear()
    words.clear()
    total, copies, findings, nested = None, Copies(), dict[Finding, None](), {*later.nested}
    for part in ahead(parts):
        if (more := later.told_by(part, names, empty)) is not None:
            return more
        nested |= left_out(part.findings).keys()
        part = part.without(nested)
        _same(part, names)
        findings |= dict.fromkeys(of_all(one, later.nested) for one in part.findings)
        profile, hashes = scan_part(part, looked, edges, normal=normal, rows=True)
        copies.add(hashes)
        edges = edges or [column.edges for column in profile.columns]
        total = profile if total is None else total + profile
    assert total is not None, "a reader gives rows or raises"
    schema = _settled(looked, total)
    kinds = {column.name: column.kind for column in schema.columns}
    columns = tuple(replace(column, kind=kinds[column.name]) for column in total.columns)
    profile, met = Profile(total.n_rows, columns), {name: tuple(held)[:SHOWN] for name, held in words.items()}
    return Survey(schema, profile, *copies.counted(), not copies.halvings, dict(+n_stray), met, tuple(findings))


def _opened(source: Any, folder: Path) -> tuple[pl.DataFrame, Iterator[Part], bool]:
    """Rows that kinds and edges are told from; all rows, part by part; and whether those are the whole first part."""
    files = _files(source, folder) if isinstance(source, str | Path) else []
    parts = chain.from_iterable(map(_parts, files)) if files else iter([_all(read(source, folder=folder))])
    first = next(parts, None)
    if first is None:
        raise NoRowsError(f"'{source}' has columns and no rows; name a file that holds rows")
    if files and all(form_of(one) == "Parquet" for one in files) and (sample := spread(files)) is not None:
        return sample, chain([first], parts), False
    sample = typed(first.frame()) if files and is_long_separated(files[0]) else first.frame()
    return sample, chain([first], parts), sample.height <= ROWS_AT_ONCE


def _files(source: str | Path, folder: Path) -> list[Path]:
    """The files that hold the rows; none where the source is no file, or a part of one."""
    path = folder / source
    if not path.is_dir():
        return [one for one in files_of(source, folder) if one.is_file()]
    found = [one for one in sorted(path.rglob("*")) if one.is_file() and not one.name.startswith((".", "_"))]
    kinds = sorted({one.suffix.lower() for one in found}, key=lambda one: (one not in TABLES, one))
    if not found:
        raise DataError(f"the folder '{source}' holds no file; name one that holds rows")
    if len(kinds) > 1:
        raise DataError(
            f"the folder '{source}' holds files of several kinds ({', '.join(one or 'no suffix' for one in kinds)}), which "
            f"are no parts of one table; name those that are meant, such as '{source}/*{kinds[0]}'"
        )
    return found


def _parts(path: Path) -> Iterator[Part]:
    if form_of(path) == "Parquet":
        yield from stored(path)
    elif (batches := streamed(path, path.parent)) is not None:
        yield from (held(batch.frame, path.name, batch.findings) for batch in batches)
    elif is_long_separated(path):
        yield from (held(frame, path.name) for frame in separated_batches(path))
    else:
        yield _all(read(path))


def _all(loaded: Loaded) -> Part:
    return held(loaded.frame, loaded.parts[0][0], loaded.findings)


def _same(part: Part, names: Sequence[str]) -> None:
    own = part.columns
    lacking, further = set(names) - set(own), set(own) - set(names)
    if lacking:
        name = next(one for one in names if one in lacking)
        raise DataError(
            f"'{part.source}' lacks the column '{name}', which other parts have{closest(name, own)}; all parts need "
            "the same columns"
        )
    if further:
        name = next(one for one in own if one in further)
        raise DataError(
            f"'{part.source}' has a column '{name}', which other parts lack; all parts need the same columns"
        )


def _open(schema: Schema) -> Schema:
    """Kinds to scan by: what never varies in a few rows may vary in all."""
    return Schema(tuple(_varying(column) for column in schema.columns), schema.missing)


def _varying(column: Column) -> Column:
    if column.kind != "constant":
        return column
    numeric = column.dtype.startswith(("Int", "UInt", "Float"))
    kind: Kind = "number" if numeric else "time" if column.dtype.startswith("Date") else "category"
    return replace(column, kind=kind)


def _settled(schema: Schema, profile: Profile) -> Schema:
    return Schema(
        tuple(_settle(column, seen) for column, seen in zip(schema.columns, profile.columns, strict=True)),
        schema.missing,
    )


def _settle(column: Column, seen: ColumnProfile) -> Column:
    n_known, n_distinct = seen.n_rows - seen.n_missing, seen.n_distinct
    if n_distinct <= 1 and (not seen.n_missing or not n_known):
        return replace(column, kind="constant", levels=(), low=None, high=None)
    if column.kind == "identifier" and n_distinct < FEWEST_DISTINCT * n_known:
        column = replace(column, kind="category")
    if column.kind in ("number", "time"):
        column = replace(column, low=seen.low, high=seen.high)
        return (
            replace(column, kind="identifier") if _counts_through(column, n_distinct, seen.n_rows, n_known) else column
        )
    if column.kind == "category":
        return replace(
            column, levels=tuple(value for value, _ in seen.heavy) if not seen.common.error else column.levels
        )
    return column


def _counts_through(column: Column, n_distinct: float, n_rows: int, n_known: int) -> bool:
    """Whole numbers that count the rows: each once, with few left out."""
    if "Int" not in column.dtype or column.low is None or column.high is None:
        return False
    each = n_known == n_rows >= FEWEST_FOR_IDENTIFIER and n_distinct > FEWEST_DISTINCT * n_rows
    return each and n_rows <= column.high - column.low + 1 <= 2 * n_rows
