"""How far the cells of a workbook reach, however they are written."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from artificer.core.errors import DataError
from artificer.data import workbooks
from artificer.data.extents import cells_of
from artificer.data.readers import read

MOST = 10**9


def sheet_of(rows: str, name: str = "xl/worksheets/sheet1.xml") -> zipfile.ZipFile:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(name, rows)
    return zipfile.ZipFile(file)


@pytest.mark.parametrize(
    ("rows", "n_cells"),
    [
        ('<row r="1"><c r="A1"/><c r="B1"/></row><row r="3"><c r="B3"/></row>', 6),
        ('<row r="1"><c t="n" r="A1"/><c t="n" r="XFD1048576"/></row>', 1_048_576 * 16_384),
        ("<x:row><x:c/><x:c/></x:row><x:row/><x:row><x:c/></x:row>", 6),
        ('<row r="1048576"><c/><c/></row>', 2 * 1_048_576),
        ('<row r="5"><c r="A5"/><c><v>1</v></c><c s=">" r = \'D5\'/></row>', 20),
        ('<dimension ref="A1:XFD1048576"/><row r="1"><c r="A1"><v>1</v></c></row>', 1),
        ("no sheet", 0),
    ],
)
def test_cells_are_counted_wherever_their_places_stand(rows: str, n_cells: int) -> None:
    assert cells_of(sheet_of(rows), 10**12) == n_cells
    assert cells_of(sheet_of(rows, "elsewhere"), 10**12) == n_cells


def test_a_sheet_in_many_pieces_is_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artificer.data.extents.PIECE", 7)
    assert cells_of(sheet_of('<row r="1"><c r="A1"/><c r="AB1"/></row>'), MOST) == 28
    assert cells_of(sheet_of("<row><c/></row><row><c/><c/><c/></row>"), MOST) == 6


def test_empty_rows_and_cells_that_fill_an_open_document_are_none() -> None:
    cell = '<t:table-cell o:value-type="float"/>'
    rows = (
        f'<a xmlns:t="t" xmlns:o="o"><t:table><t:table-row t:number-rows-repeated="3">{cell}'
        '<t:table-cell t:number-columns-repeated="9"><p>a</p></t:table-cell>'
        '<t:table-cell t:number-columns-repeated="16384"/></t:table-row>'
        '<t:table-row t:number-rows-repeated="1048576"><t:table-cell/></t:table-row></t:table></a>'
    )
    assert cells_of(sheet_of(rows, "content.xml"), MOST) == 30
    far = rows.replace("</t:table>", f"<t:table-row>{cell}</t:table-row></t:table>")
    assert cells_of(sheet_of(far, "content.xml"), MOST) == 10 * (3 + 1_048_576 + 1)


def test_a_workbook_whose_cells_lie_too_far_apart_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with xlsxwriter.Workbook(tmp_path / "rows.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "age")
        sheet.write(1_048_575, 16_383, 1)
    with pytest.raises(DataError, match=r"a sheet of 'rows.xlsx' reaches over 17,179,869,184 cells"):
        read(tmp_path / "rows.xlsx")
    pl.DataFrame({"a": [1, 2], "b": [3, 4]}).write_excel(tmp_path / "small.xlsx")
    monkeypatch.setattr(workbooks, "MOST_CELLS", 6)
    assert read(tmp_path / "small.xlsx").frame.height == 2
    monkeypatch.setattr(workbooks, "MOST_CELLS", 5)
    with pytest.raises(DataError, match="more than 5"):
        read(tmp_path / "small.xlsx")
