"""How far the cells of a workbook reach, before it is read: calamine makes room for all between the first and the last.

Two cells in far corners of a sheet are 5 KB, and 17 thousand million cells once read. What a sheet says of its own size is
not looked at, here or by calamine: its cells are.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from xml.parsers import expat

PIECE = 1 << 20  # bytes that are unpacked at a time
# The place of a row ("7") or a cell ("B7"), a row, and a cell: in XML as it stands in the file, whatever surrounds them.
_PLACES = re.compile(
    rb"""(?<![\w:.\-])r\s*=\s*["']\s*([A-Za-z]*)([0-9]+)|<(?:[\w.\-]+:)?(row)(?=[\s/>])|<(?:[\w.\-]+:)?(c)(?=[\s/>])"""
)
_PLACED, _COLUMN, _ROW = b'c r="', re.compile(rb'c r="([A-Za-z]+)'), re.compile(rb'c r="[A-Za-z]+([0-9]+)')
_CELLS = [before + b"c" + after for before in (b"<", b":") for after in (b" ", b">", b"/", b"\t", b"\n", b"\r")]


def cells_of(archive: zipfile.ZipFile, most: int) -> int:
    """Cells of the largest sheet of a workbook (.xlsx, .ods), those between others counted; above `most`, at least so many.

    A sheet may lie under any name, so that each file is looked at. Binary sheets (.xlsb) are not.

    Raises
    ------
    zipfile.BadZipFile, zlib.error, expat.ExpatError, NotImplementedError
        When it is damaged, or packed in a way that is not read.
    """
    found = 0
    for file in archive.infolist():
        if found <= most and not file.is_dir():
            found = max(found, _of_sheet(archive, file, most))
            if file.filename == "content.xml":
                found = max(found, _of_open_document(archive, file, most))
    return found


def _of_sheet(archive: zipfile.ZipFile, file: zipfile.ZipInfo, most: int) -> int:
    """Cells of one sheet of Excel."""
    n_rows = n_columns = 0
    for piece in _pieces(archive, file):
        if sum(map(piece.count, _CELLS)) != piece.count(_PLACED):
            return _followed(archive, file, most)
        # As nearly all programs write it: each cell begins with its place.
        n_columns = max(n_columns, 0, *map(_number, {*_COLUMN.findall(piece)}))
        n_rows = max(n_rows, 0, *map(_short, {*_ROW.findall(piece)}))
    return n_rows * n_columns


def _followed(archive: zipfile.ZipFile, file: zipfile.ZipInfo, most: int) -> int:
    """As `_of_sheet`, where a row or a cell may name no place, and follows the one before."""
    row = column = n_rows = n_columns = 0
    for piece in _pieces(archive, file):
        for letters, digits, is_row, is_cell in _PLACES.findall(piece):
            if is_row:
                row, column = row + 1, 0
                continue
            if is_cell:
                column += 1
            elif letters:
                row, column = _short(digits), _number(letters)
            else:
                row = _short(digits)
                continue
            n_rows, n_columns = max(n_rows, row), max(n_columns, column)
        if n_rows * n_columns > most:
            break
    return n_rows * n_columns


def _pieces(archive: zipfile.ZipFile, file: zipfile.ZipInfo) -> Iterator[bytes]:
    """A file in pieces that end where a tag begins."""
    rest = bytearray()
    with archive.open(file) as opened:
        while piece := opened.read(PIECE):
            cut = piece.rfind(b"<")
            if cut < 0:
                rest += piece
                continue
            yield bytes(rest + piece[:cut])
            rest = bytearray(piece[cut:])
    yield bytes(rest)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters[:8].upper():
        number = 26 * number + letter - 64
    return number


def _short(digits: bytes) -> int:
    return int(digits[:12])


class _Tables:
    """Counts the cells of an OpenDocument's tables as its tags come; trailing rows and cells that hold nothing are none."""

    def __init__(self) -> None:
        self.found = 0
        self._rows = self._columns = self._n_rows = self._n_columns = 0
        self._repeated = self._width = 0

    def begin(self, tag: str, about: dict[str, str]) -> None:
        """Hear of a tag that begins."""
        name = tag.rpartition(":")[2]
        if name == "table":
            self._rows = self._n_rows = self._n_columns = 0
        elif name == "table-row":
            self._repeated, self._columns, self._width = _repeated(about, "number-rows-repeated"), 0, 0
        elif name in ("table-cell", "covered-table-cell"):
            self._columns += _repeated(about, "number-columns-repeated")
            if any(one.rpartition(":")[2] in ("value-type", "formula") for one in about):
                self._width = self._columns
        elif self._columns:  # whatever stands in a cell
            self._width = self._columns

    def end(self, tag: str) -> None:
        """Hear of a tag that ends."""
        if tag.rpartition(":")[2] != "table-row":
            return
        self._rows += self._repeated
        if self._width:
            self._n_rows, self._n_columns = self._rows, max(self._n_columns, self._width)
            self.found = max(self.found, self._n_rows * self._n_columns)
        self._columns = 0


def _of_open_document(archive: zipfile.ZipFile, file: zipfile.ZipInfo, most: int) -> int:
    tables, reader = _Tables(), expat.ParserCreate()
    reader.StartElementHandler, reader.EndElementHandler = tables.begin, tables.end
    with archive.open(file) as opened:
        while tables.found <= most and (piece := opened.read(PIECE)):
            reader.Parse(piece)
    return tables.found


def _repeated(about: dict[str, str], name: str) -> int:
    told = next((value for one, value in about.items() if one.rpartition(":")[2] == name), "1")
    return int(told[:12]) if told.isdecimal() else 1
