"""Sheets of a workbook: Excel (.xlsx, .xls) and OpenDocument (.ods), by calamine."""

from __future__ import annotations

import io
import logging
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from xml.parsers import expat

import polars as pl

from artificer.core.errors import DataError, closest
from artificer.core.records import Fact, Finding
from artificer.data.extents import cells_of
from artificer.data.whole import EXACT

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the header of .xls
MOST_CELLS = 200_000_000  # of a sheet, those between others counted: some 6 GB once read
UNNAMED = "__UNNAMED__"  # what fastexcel calls columns without a name
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)


def is_workbook(data: bytes) -> bool:
    """Whether a file's bytes are a workbook."""
    if data[:8] == OLE:
        return True
    if data[:4] != b"PK\x03\x04" or not zipfile.is_zipfile(io.BytesIO(data)):
        return False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
    return any(name.startswith("xl/") for name in names) or {"content.xml", "mimetype"} <= set(names)


def is_binary(data: bytes) -> bool:
    """Whether a workbook is of a binary form (.xls, .xlsb), whose cells `refuse_far_cells` does not look at."""
    if data[:8] == OLE:
        return True
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return any(name.lower() == "xl/workbook.bin" for name in archive.namelist())


def read_sheet(data: bytes, name: str, sheet: str = "") -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Read one sheet; "" takes the first that holds rows, and says so where there are several.

    Excel knows no whole numbers: a column of which all are is read as such, as from any other file.

    Raises
    ------
    DataError
        When the reader is not installed, the workbook is damaged or its cells lie too far apart, the sheet is absent, or
        its first row is a title and no names.
    """
    refuse_far_cells(data, name, MOST_CELLS)
    try:
        import fastexcel
    except ModuleNotFoundError as error:
        raise DataError(
            f"'{name}' is a workbook, and reading it needs fastexcel: install Artificer with its extra 'excel', or save the "
            "sheet as CSV"
        ) from error
    logging.getLogger("fastexcel").setLevel(logging.ERROR)  # a column without a value is no news to whoever asked
    try:
        book = fastexcel.read_excel(data)
        sheets = list(book.sheet_names)
        if sheet and sheet not in sheets:
            raise DataError(f"'{name}' has no sheet '{sheet}'{closest(sheet, sheets)}; it has {', '.join(sheets)}")
        full = [one for one in sheets if book.load_sheet(one, n_rows=1).height]
        chosen = sheet or (full or sheets)[0]
        frame: pl.DataFrame = book.load_sheet(chosen, schema_sample_rows=None).to_polars()
        header = book.load_sheet(chosen, header_row=None, n_rows=1, dtypes="string").to_polars().row(0)
    except fastexcel.FastExcelError as error:
        said = (str(error).splitlines() or ["no reason given"])[0]
        raise DataError(f"'{name}' is a damaged workbook ({said}); make or save it again") from error
    where = f"'{name}#{chosen}'" if len(sheets) > 1 else f"'{name}'"
    _refuse_twins(header, where)
    frame = frame.rename(_names(frame.columns, where))
    if frame.width > 1:  # as blank lines of CSV files
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    return frame.select(map(_whole, frame)), () if sheet else _others(name, chosen, full)


def _refuse_twins(header: Sequence[str | None], where: str) -> None:
    """Refuse two columns of one name, as in CSV files: the reader would call one of them otherwise."""
    names = Counter((one or "").strip() for one in header)
    twins = [one for one, count in names.items() if one and count > 1]
    if twins:
        raise DataError(f"{where} has two columns named '{twins[0]}'; rename or drop one of them")


def _names(columns: list[str], where: str) -> dict[str, str]:
    """Names without blanks around them, and for columns without one, as in CSV files."""
    lacking = [one.startswith(UNNAMED) for one in columns]
    if len(columns) > 1 and not lacking[0] and 2 * sum(lacking) >= len(columns):
        raise DataError(
            f"the first row of {where} names {len(columns) - sum(lacking)} of {len(columns)} columns: '{columns[0]}' looks "
            "like a title; delete what stands above the names of the columns, or name them all"
        )
    return {one: f"unnamed_{place + 1}" if lacking[place] else one.strip() for place, one in enumerate(columns)}


def _whole(column: pl.Series) -> pl.Series:
    if column.dtype != pl.Float64 or not column.count():
        return column
    exact = bool(((column == column.floor()) & (column.abs() <= EXACT)).all())
    return column.cast(pl.Int64) if exact else column


def refuse_far_cells(data: bytes, name: str, most: int) -> int:
    """Refuse a workbook with a sheet of more cells than `most`, those between others counted; how many there are.

    Binary workbooks (.xls, .xlsb) are not looked at.

    Raises
    ------
    DataError
        When it has one, or is damaged.
    """
    if data[:8] == OLE:
        return 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = cells_of(archive, most)
    except UNREADABLE as error:
        raise DataError(f"'{name}' is a damaged workbook ({error}); make or save it again") from error
    if found > most:
        raise DataError(
            f"a sheet of '{name}' reaches over {found:,} cells, more than {most:,}: clear what stands far off from the rows, "
            "or save the rows as CSV or Parquet"
        )
    return found


def _others(name: str, chosen: str, full: list[str]) -> tuple[Finding, ...]:
    if len(full) < 2:
        return ()
    return (
        Finding(
            "one_sheet_of_several",
            "warning",
            name,
            f"'{name}' has {len(full)} sheets with rows, and the first, '{chosen}', is the one that is read",
            f"name the sheet that is meant: '{name}#{chosen}'",
            (Fact("sheets", float(len(full)), "sheets"),),
        ),
    )
