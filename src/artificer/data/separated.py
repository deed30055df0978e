"""Separated values (CSV): which encoding, separator and decimal sign a file has, and its rows, none of them lost."""

from __future__ import annotations

import csv
import io
from collections import Counter

import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from artificer.core.errors import DataError
from artificer.core.records import Fact, Finding

SEPARATORS = ",;\t|"
LOOKED_AT = 200_000  # bytes
CONTROL = frozenset(range(32)) - {9, 10, 12, 13, 26, 27}
DECIMAL_COMMA = r"^\s*[+-]?\d+,\d+\s*$"
WHOLE = r"^\s*[+-]?\d+\s*$"
MOSTLY = 0.9


def read_separated(data: bytes, name: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Read CSV bytes.

    Raises
    ------
    DataError
        When the bytes are no text, there is no row, rows have different numbers of fields, or two columns have one name.
    """
    data, findings = _in_utf8(data, name)
    separator = _separator(data, name)
    names = _header(data, separator, name)
    table = _parse(data, separator, names, name)
    frame = _frame(table)
    commas = [one for one in frame.columns if separator != "," and _has_decimal_commas(frame[one])]
    if commas:
        frame = _frame(_parse(data, separator, names, name, decimal=","))
        findings.append(_decimal_finding(name, commas))
    return frame, tuple(findings)


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
                f"'{name}' is no table that can be read: it holds bytes that are no text (the first at {error.start}); bring "
                "CSV, Parquet, JSON lines or Arrow"
            ) from error
        return data.decode("cp1252", "replace").encode(), [_encoding_finding(name, "Windows-1252")]
    if b"\x00" in data[:LOOKED_AT]:
        raise DataError(
            f"'{name}' is no table that can be read: it holds zero bytes; bring CSV, Parquet, JSON lines or Arrow"
        )
    return data, []


def _encoding_finding(name: str, encoding: str) -> Finding:
    return Finding(
        "encoding",
        "note",
        name,
        f"'{name}' is not in UTF-8; it was read as {encoding}",
        "check letters with accents in the report; save the file in UTF-8 to be sure",
        (Fact("encoding", encoding),),
    )


def _separator(data: bytes, name: str) -> str:
    text = data[:LOOKED_AT].decode("utf-8", "ignore")
    whole = text if len(data) <= LOOKED_AT else text[: text.rfind("\n") + 1]

    def evenness(separator: str) -> tuple[float, int]:
        try:
            widths = [
                len(row)
                for _, row in zip(range(200), csv.reader(io.StringIO(whole), delimiter=separator), strict=False)
                if row
            ]
        except csv.Error:
            return 0.0, 0
        width, n_rows = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (n_rows / max(len(widths), 1) if width > 1 else 0.0), width

    best = max(SEPARATORS, key=evenness)
    return best if evenness(best)[0] > 0 else ","


def _header(data: bytes, separator: str, name: str) -> list[str]:
    text = io.StringIO(data[: 8 * LOOKED_AT].decode("utf-8", "ignore"))
    names = [one.strip() for one in next((row for row in csv.reader(text, delimiter=separator) if row), [])]
    twins = [one for one, count in Counter(names).items() if count > 1 and one]
    if twins:
        raise DataError(f"'{name}' has two columns named '{twins[0]}'; rename or drop one of them")
    return [one or f"unnamed_{place + 1}" for place, one in enumerate(names)]


def _parse(data: bytes, separator: str, names: list[str], name: str, decimal: str = ".") -> pa.Table:
    ragged: list[pa.csv.InvalidRow] = []

    def note(row: pa.csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    def parse(use_threads: bool) -> pa.Table:
        ragged.clear()
        return arrow_csv.read_csv(
            io.BytesIO(data),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=1, use_threads=use_threads),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                invalid_row_handler=note,
                ignore_empty_lines=len(names) > 1,
            ),
            convert_options=arrow_csv.ConvertOptions(
                null_values=[""],
                strings_can_be_null=True,
                decimal_point=decimal,
                true_values=["true", "True"],
                false_values=["false", "False"],
            ),
        )

    try:
        table = parse(use_threads=True)
        if ragged:
            parse(use_threads=False)  # once more in order: only then are rows numbered
    except pa.ArrowInvalid as error:
        raise DataError(f"'{name}' cannot be read as CSV ({error}); check quotes and separators") from error
    if ragged:
        raise DataError(_ragged(ragged, name))
    return table


def _ragged(rows: list[pa.csv.InvalidRow], name: str) -> str:
    first = rows[0]
    places = ", ".join(str(row.number) for row in rows[:5]) + (" and more" if len(rows) > 5 else "")
    return (
        f"'{name}' is ragged: {len(rows)} rows have another number of fields than the header ({first.expected_columns}); row "
        f"{first.number} has {first.actual_columns}. Rows: {places}. Mend them (a separator inside a value needs quotes)"
    )


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _has_decimal_commas(column: pl.Series) -> bool:
    if column.dtype != pl.String:
        return False
    known = column.drop_nulls()
    if not len(known) or not known.str.contains(DECIMAL_COMMA).any():
        return False
    like_numbers = known.str.contains(DECIMAL_COMMA) | known.str.contains(WHOLE)
    return like_numbers.sum() > MOSTLY * len(known)


def _decimal_finding(name: str, columns: list[str]) -> Finding:
    return Finding(
        "decimal_comma",
        "note",
        name,
        f"'{name}' writes decimals with a comma, for instance in '{columns[0]}'; they were read as numbers",
        "nothing to do if that is right",
        (Fact("columns", float(len(columns)), "columns"),),
    )
