"""Separated values (CSV): which encoding, separator and decimal sign a file has, and its rows, none of them lost."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from artificer.core.errors import DataError
from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.data.headless import headless
from artificer.data.whole import rounded
from artificer.data.zones import mixed_zones
from artificer_runtime.values import MISSING

SEPARATORS = ",;\t|"
ENCODINGS = {"UTF-16": "utf-16", "Windows-1252": "cp1252", "Latin-1": "latin-1"}
LOOKED_AT = 200_000  # bytes
CONTROL = frozenset(range(32)) - {9, 10, 12, 13, 26, 27}
LONG = 64_000_000  # bytes, from which a file is read in batches
BLOCK = 16_000_000  # bytes; a value longer than this cannot be read
WHOLE_OR_COMMA = r"^\s*[+-]?(\d{1,3}(\.\d{3})+,\d+|\d+(,\d+)?)\s*$"
POINT_ALONE = r"^[^,]*\d\.\d[^,]*$"
TOLD = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # Excel's first line
# Codes such as 007, and whole numbers that 64 bits may not hold.
LOSES_AS_NUMBER = r"^[+-]?(0\d|\d{19,}$)"


def read_separated(data: bytes, name: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Read CSV bytes.

    A column has a number type only when every value can be read so without loss: "007" stays a text.

    Raises
    ------
    DataError
        When the bytes are no text, rows have different numbers of fields, a quote is never closed, or two columns have
        one name.
    """
    data, findings = _in_utf8(data, name)
    separator = _separator(data)
    texts = _texts(data, separator, _header(data, separator, name), name)
    commas = [one.name for one in texts if separator != "," and _has_decimal_commas(one)]
    frame = pl.DataFrame([_typed(_with_points(one) if one.name in commas else one) for one in texts])
    if commas:
        findings.append(_decimal_finding(name, commas))
    findings += [found for found in (headless(frame, name),) if found is not None]
    findings += [found for one in frame if one.dtype == pl.String for found in mixed_zones(one)]
    return frame, tuple(findings)


def width_of(head: bytes) -> int:
    """How many columns the first line of a CSV file names, from its first bytes; 0 where that cannot be told."""
    utf16 = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    head = head.decode("utf-16", "ignore").encode() if utf16 else head.removeprefix(b"\xef\xbb\xbf")
    try:
        return len(_first_row(head, _separator(head)))
    except csv.Error:
        return 0


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written.

    Attributes
    ----------
    encoding : str
        As Python calls it; "utf-8-sig" reads UTF-8 with or without a mark at its start.
    commas : tuple of str
        Columns that write decimals with a comma.
    """

    encoding: str = "utf-8-sig"
    separator: str = ","
    commas: tuple[str, ...] = ()


def dialect_of(data: bytes, name: str) -> Dialect:
    """Tell how CSV bytes are written.

    Raises
    ------
    DataError
        As for `read_separated`; and where it begins with a line that tells its separator, which no other reader knows.
    """
    inside, findings = _in_utf8(data, name)
    told = [str(fact.value) for finding in findings for fact in finding.facts]
    separator = _separator(inside)
    if _before(inside)[1]:
        raise DataError(
            f"'{name}' begins with a line sep={separator}, which only Excel and Artificer read; take it out"
        )
    texts = _texts(inside, separator, _header(inside, separator, name), name) if separator != "," else []
    commas = tuple(one.name for one in texts if _has_decimal_commas(one))
    return Dialect(ENCODINGS[told[0]] if told else "utf-8-sig", separator, commas)


def is_long_separated(path: Path) -> bool:
    """Whether a file is CSV, and too long to be held: above 64 MB, of text in UTF-8 and no JSON."""
    if not path.is_file() or path.stat().st_size < LONG:
        return False
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begins not in (b"[", b"{") and not CONTROL.intersection(head) and _is_utf8(head)


def separated_batches(path: Path) -> Iterator[pl.DataFrame]:
    """Rows of a long CSV file, some tens of megabytes at a time: all values as texts, stripped of decimal commas.

    Raises
    ------
    DataError
        As for `read_separated`; and where a byte further on is not UTF-8.
    """
    with path.open("rb") as file:
        head = file.read(8 * LOOKED_AT).removeprefix(b"\xef\xbb\xbf")
    separator = _separator(head)
    names, ragged = _header(head, separator, path.name), list[arrow_csv.InvalidRow]()
    options = _options(names, separator, ragged, before=_before(head)[0])
    whole, commas = set(names if separator != "," else ()), set[str]()
    try:
        with arrow_csv.open_csv(path, **options) as reader:
            for batch in reader:
                frame = pl.DataFrame([pl.Series(one, batch.column(one)) for one in names])
                # A column of whole numbers so far may come to decimals; one of words stays as it is.
                whole = {name for name in whole - commas if _are_whole_or_commas(frame[name])}
                commas |= {name for name in whole if _holds_commas(frame[name])}
                yield frame.with_columns(_with_points(frame[name]) for name in sorted(commas))
    except pa.ArrowInvalid as error:
        raise DataError(
            f"'{path.name}' cannot be read as CSV ({error}); check quotes and separators, and that it is in UTF-8"
        ) from error
    if ragged:
        raise DataError(_ragged(ragged, path.name, _before(head)[0] + 1))


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts of a CSV file, each column with the type that all its values have."""
    return pl.DataFrame([_typed(column) for column in frame])


def _is_utf8(head: bytes) -> bool:
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _in_utf8(data: bytes, name: str) -> tuple[bytes, list[Finding]]:
    if data[:3] == b"\xef\xbb\xbf":
        return data[3:], []
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16").encode(), [_encoding_finding(name, "UTF-16")]
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if sum(byte in CONTROL for byte in data[:LOOKED_AT]) > 0:
            raise DataError(
                f"'{name}' is no table that can be read: it holds bytes that are no text (the first at {error.start}); "
                "bring CSV, Parquet, JSON lines or Arrow"
            ) from error
        return _in_western(data, name)
    if b"\x00" in data[:LOOKED_AT]:
        raise DataError(
            f"'{name}' is no table that can be read: it holds zero bytes; bring CSV, Parquet, JSON lines or Arrow"
        )
    return data, []


def _in_western(data: bytes, name: str) -> tuple[bytes, list[Finding]]:
    try:
        return data.decode("cp1252").encode(), [_encoding_finding(name, "Windows-1252")]
    except UnicodeDecodeError:  # five bytes mean nothing in Windows-1252; in Latin-1 every byte means something
        return data.decode("latin-1").encode(), [_encoding_finding(name, "Latin-1")]


def _encoding_finding(name: str, encoding: str) -> Finding:
    return Finding(
        "encoding",
        "note",
        name,
        f"'{name}' is not in UTF-8; it was read as {encoding}",
        "check letters with accents in the report; save the file in UTF-8 to be sure",
        (Fact("encoding", encoding),),
    )


def _before(data: bytes) -> tuple[int, str]:
    """How many lines stand before the names, blank ones and Excel's ``sep=;``, and the separator that this one tells."""
    n, told = 0, ""
    for line in _lines(data[:LOOKED_AT].decode("utf-8", "ignore")):
        bare = line.removesuffix("\n")
        found = None if told else TOLD.fullmatch(bare)
        if bare and found is None:
            break
        n, told = n + 1, found[1] if found else told
    return n, told


def _first_row(data: bytes, separator: str) -> list[str]:
    """The fields of the line of names; none where there is no line."""
    text = _lines(data[: 8 * LOOKED_AT].decode("utf-8", "ignore"))
    for _ in range(_before(data)[0]):
        text.readline()
    return next(csv.reader(text, delimiter=separator), [])


def _separator(data: bytes) -> str:
    if told := _before(data)[1]:
        return told
    text = data[:LOOKED_AT].decode("utf-8", "ignore")
    whole = text if len(data) <= LOOKED_AT else text[: max(text.rfind("\n"), text.rfind("\r")) + 1]

    def evenness(separator: str) -> tuple[float, int]:
        try:
            widths = [
                len(row)
                for _, row in zip(range(200), csv.reader(_lines(whole), delimiter=separator), strict=False)
                if row
            ]
        except csv.Error:
            return 0.0, 0
        width, n_rows = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (n_rows / max(len(widths), 1) if width > 1 else 0.0), width

    best = max(SEPARATORS, key=evenness)
    return best if evenness(best)[0] > 0 else ","


def _header(data: bytes, separator: str, name: str) -> list[str]:
    try:
        names = [one.strip() for one in _first_row(data, separator)]
    except csv.Error as error:
        raise DataError(f"the first line of '{name}' cannot be read as CSV ({error}); check its quotes") from error
    twins = [one for one, count in Counter(names).items() if count > 1 and one]
    if twins:
        bare = " (if the first line is a row of values, put a line of names before it)" if _is_value(twins[0]) else ""
        raise DataError(f"'{name}' has two columns named '{twins[0]}'; rename or drop one of them{bare}")
    filled = [one or f"unnamed_{place + 1}" for place, one in enumerate(names)]
    refuse_names(filled, f"'{name}'")
    return filled


def _lines(text: str) -> io.StringIO:
    """Lines that end in LF, CR LF, or CR alone, as old spreadsheets write them."""
    return io.StringIO(text, newline=None)


def _is_value(name: str) -> bool:
    return name[:1].isdigit() or name[:1] in "+-."


def refuse_names(names: Sequence[str], where: str) -> None:
    """Refuse names that polars reads as patterns for several columns (``*`` and ``^…$``), and columns without one.

    Raises
    ------
    DataError
        When there is such a column.
    """
    for place, name in enumerate(names):
        if not name:
            raise DataError(f"column {place + 1} in {where} has no name; give it one")
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            raise DataError(f"column '{name}' in {where} is named like a pattern for several columns; rename it")


def _texts(data: bytes, separator: str, names: list[str], name: str) -> list[pl.Series]:
    """All values as texts: types are told from whole columns, not from the first megabyte."""
    ragged: list[arrow_csv.InvalidRow] = []

    def parse(noted: list[arrow_csv.InvalidRow] | None) -> pa.Table:
        held = io.BytesIO(data if data.endswith(b"\n") else data + b"\n")
        return arrow_csv.read_csv(held, **_options(names, separator, noted, before=_before(data)[0]))

    try:
        try:
            table = parse(None)
        except pa.ArrowInvalid:
            table = parse(ragged)  # once more in order: only then are rows numbered
    except pa.ArrowInvalid as error:
        raise DataError(f"'{name}' cannot be read as CSV ({error}); check quotes and separators") from error
    if ragged:
        raise DataError(_ragged(ragged, name, _before(data)[0] + 1))
    texts = [pl.Series(one, table.column(one)) for one in names]
    if len(texts[-1]) and "\n" in (texts[-1][-1] or "") and not data.rstrip().endswith(b'"'):
        raise DataError(
            f"'{name}' has a quote that is never closed: its last row swallows the rest of the file; close the quote"
        )
    return texts


def _options(
    names: list[str], separator: str, ragged: list[arrow_csv.InvalidRow] | None, *, before: int = 0
) -> dict[str, Any]:
    """How pyarrow reads all values as texts from the line of names on, and notes rows with another number of fields.

    Without a list to note them in, it raises on such a row, and reads on all threads: one that still held our function
    when the interpreter ends would abort the process.
    """

    def note(row: arrow_csv.InvalidRow) -> str:
        assert ragged is not None
        ragged.append(row)
        return "skip"

    return {
        "read_options": arrow_csv.ReadOptions(
            column_names=names, skip_rows=before, skip_rows_after_names=1, use_threads=ragged is None, block_size=BLOCK
        ),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=separator,
            newlines_in_values=True,
            invalid_row_handler=None if ragged is None else note,
            ignore_empty_lines=len(names) > 1,
        ),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()), null_values=[""], strings_can_be_null=True
        ),
    }


def _ragged(rows: list[pa.csv.InvalidRow], name: str, header: int) -> str:
    first = rows[0]
    places = ", ".join(str(row.number) for row in rows[:5]) + (" and more" if len(rows) > 5 else "")
    return (
        f"'{name}' is ragged: {counted(len(rows), 'row has', 'rows have')} another number of fields than the header, which has "
        f"{first.expected_columns}; row {first.number} has {first.actual_columns}. Rows (header: row {header}): {places}. "
        "Mend them (a separator inside a value needs quotes)"
    )


def _typed(text: pl.Series) -> pl.Series:
    known = text.drop_nulls()
    if not len(known):
        return text
    bare = text.str.strip_chars()
    known = bare.drop_nulls()
    if known[:100].cast(pl.Float64, strict=False).null_count() == 0 and not known.str.contains(LOSES_AS_NUMBER).any():
        for kind in (pl.Int64, pl.Float64):
            numbers = bare.cast(kind, strict=False)
            if numbers.null_count() == bare.null_count() and (kind == pl.Int64 or not rounded(bare).any()):
                return numbers
    if known[0].lower() in ("true", "false") and known.str.to_lowercase().is_in(["true", "false"]).all():
        return bare.str.to_lowercase() == "true"
    return text


def _has_decimal_commas(text: pl.Series) -> bool:
    return _are_whole_or_commas(text) and _holds_commas(text)


def _are_whole_or_commas(text: pl.Series) -> bool:
    """Whether half of the values, but missing ones, are whole numbers or have a decimal comma, and none has a point alone.

    Whether 1.005 is about one or a thousand could not be told there; 1.005,5 can. Words stray among numbers, or say in a
    client's own spelling that one is missing; a file of few rows to predict may hold as many of them as numbers.
    """
    known, missing = text.drop_nulls(), sorted(MISSING)
    for values in (known[:1000], known):  # most columns hold others, and the first of them say so
        values = values.filter(~values.str.strip_chars().str.to_lowercase().is_in(missing))
        if 2 * values.str.contains(WHOLE_OR_COMMA).sum() < len(values) or values.str.contains(POINT_ALONE).any():
            return False
    return True


def _holds_commas(text: pl.Series) -> bool:
    return bool(_have_commas(text).any())


def _have_commas(text: pl.Series) -> pl.Series:
    return text.str.contains(WHOLE_OR_COMMA) & text.str.contains(",", literal=True)


def _with_points(text: pl.Series) -> pl.Series:
    plain = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return plain.zip_with(_have_commas(text).fill_null(False), text)


def _decimal_finding(name: str, columns: list[str]) -> Finding:
    return Finding(
        "decimal_comma",
        "note",
        name,
        f"'{name}' writes decimals with a comma, for instance in '{columns[0]}'; they were read as numbers",
        "nothing to do if that is right",
        (Fact("columns", float(len(columns)), "columns"),),
    )
