"""Tables that are filled again and again: rows of a known key are replaced, others added, none doubled or lost.

A table is a file (Parquet, CSV, JSON lines, Arrow), or stands in an SQLite file or a PostgreSQL database. Filling it with
the same rows again changes nothing; who is killed has changed all of it, or nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from artificer.core.errors import BriefError, DataError
from artificer.data.keys import key_texts
from artificer.data.moments import as_moments

SUFFIXES = (".parquet", ".csv", ".jsonl", ".ndjson", ".arrow", ".feather", ".ipc")
SQLITE = (".sqlite", ".sqlite3", ".db")
HELD = {"text": "texts", "number": "numbers", "truth": "truth values", "time": "dates or times"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands.

    Attributes
    ----------
    shown : str
        For a person; never with a password.
    file : Path or None
        The table's file, or the SQLite database's.
    table : str
        Its name in a database; "" where it is a file.
    url : str
        Of a PostgreSQL database.
    """

    shown: str
    file: Path | None = None
    table: str = ""
    url: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """What tells it from other tables, from whichever folder it was named."""
        return self.shown if self.file is None else f"{self.file}#{self.table}"


@dataclass(frozen=True, slots=True)
class Filling:
    """Rows to fill a table with.

    Attributes
    ----------
    frame : DataFrame
    key : tuple of str
        Columns that identify a row: no row lacks one, and no two share all.
    stamp : str
        The column that says when a row last changed; a row that differs in nothing else stays as it is.
    group : str
        The column of rows that belong together, "" for none: those of one group that the table has and this filling
        lacks are counted.
    optional : tuple of str
        Columns that a table may lack, since a brief may come to ask for them later: it is given them, without values in the
        rows that it has.
    """

    frame: pl.DataFrame
    key: tuple[str, ...]
    stamp: str
    group: str = ""
    optional: tuple[str, ...] = ()

    @property
    def compared(self) -> list[str]:
        """Columns whose values make a row another one."""
        return [name for name in self.frame.columns if name not in (*self.key, self.stamp)]

    def lacking(self, columns: Collection[str]) -> list[str]:
        """Optional columns that a table of these does not have."""
        return [name for name in self.frame.columns if name in self.optional and name not in columns]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a filling did: rows that the table did not have, had otherwise, and had alike.

    Attributes
    ----------
    n_beside : int
        Rows of the filling's groups that stand in the table and were not in the filling.
    """

    n_new: int
    n_changed: int
    n_same: int
    n_beside: int = 0


def fill(filling: Filling, place: Place) -> Filled:
    """Fill a table; it is made when absent.

    Raises
    ------
    DataError
        When the table is of another shape, or cannot be reached, read or written.
    """
    if place.table:
        filling = replace(filling, frame=_signed(filling.frame))
    if place.url:
        from artificer.data.fill_postgres import fill_postgres

        return fill_postgres(filling, place)
    if place.table:
        from artificer.data.fill_sqlite import fill_sqlite

        return fill_sqlite(filling, place)
    from artificer.data.fill_file import fill_file

    return fill_file(filling, place)


def place_of(written: str, folder: Path, url_env: str = "") -> Place:
    """Find out where a table is to stand.

    Parameters
    ----------
    written : str
        ``calls.parquet``, ``calls.sqlite#table``, ``sqlite:///calls.db#table``; with `url_env` a table's name.
    folder : Path
        Where a relative path starts.
    url_env : str
        Name of the environment variable that holds a database's URL.

    Raises
    ------
    DataError
        When the suffix is none that is known, or the folder is absent.
    BriefError
        When the variable is not set or holds no such URL, or no table is named.
    """
    if url_env:
        return _in_database(written, folder, url_env)
    path, _, table = written.removeprefix("sqlite:///").partition("#")
    if "://" in path:
        raise BriefError(
            "the table is named by a URL, which may hold a password; put it into an environment variable and name that "
            "variable: [output] url_env, or --out-env, with the table's name as [output] table, or --out"
        )
    file = folder / path
    if written.startswith("sqlite:///") or file.suffix.lower() in SQLITE:
        return _in_sqlite(file, table)
    if file.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"'{file.name}' has no suffix that is known: name a file .parquet, .csv, .jsonl or .arrow, or a table of a "
            "database, such as calls.sqlite#calls"
        )
    return Place(str(written), _beside(file))


def _in_database(table: str, folder: Path, url_env: str) -> Place:
    url = os.environ.get(url_env, "")
    if not url:
        raise BriefError(f"the environment variable '{url_env}' is not set; it is to hold the output database's URL")
    if url.startswith("sqlite:///"):
        return _in_sqlite(folder / url.removeprefix("sqlite:///"), table)
    if not re.match(r"postgres(ql)?(\+psycopg)?://", url):
        raise BriefError(
            f"the URL in the environment variable '{url_env}' is of no database that can be filled; it begins with "
            "postgresql:// or sqlite:///"
        )
    if not table:
        raise BriefError("no table is named; the database's table stands in [output] table, or --out")
    try:
        parts = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise BriefError(
            f"the environment variable '{url_env}' holds no URL that can be read; it looks like "
            "postgresql://user@host/database"
        ) from error
    shown = sa.URL.create("postgresql", parts.username, None, parts.host, parts.port, parts.database)
    return Place(f"{shown.render_as_string()}#{table}", table=table, url=url)


def _in_sqlite(file: Path, table: str) -> Place:
    if not table:
        raise BriefError(f"'{file.name}' is a database; name the table too: {file.name}#table")
    return Place(f"{file.name}#{table}", _beside(file), table)


def _beside(file: Path) -> Path:
    """A file whose folder exists: a link is followed, so that replacing the file leaves the link."""
    if not os.path.isdir(file.parent):  # False, not an error, where a folder may not be entered
        raise DataError(f"there is no folder '{file.parent}' to write '{file.name}' into; make it, or name another")
    if os.path.isdir(file):
        raise DataError(f"'{file}' is a folder; name a file in it")
    return file.resolve()


def _signed(frame: pl.DataFrame) -> pl.DataFrame:
    """Databases know no unsigned numbers of 64 bits: those beyond the signed ones become texts."""
    large = [name for name, kind in frame.schema.items() if kind == pl.UInt64]
    fits = {name: bool((frame[name] <= 2**63 - 1).all()) for name in large}
    return frame.with_columns(pl.col(name).cast(pl.Int64 if fits[name] else pl.String) for name in large)


def fitted(filling: Filling, shape: dict[str, pl.DataType], shown: str) -> pl.DataFrame:
    """The filling's rows in the types of the table that is there: its type rules, so that one key stays one key.

    Parameters
    ----------
    shape : dict of str to DataType
        The table's columns.

    Raises
    ------
    DataError
        When the table lacks a column, has one more, or holds values of another kind in one.
    """
    frame = filling.frame
    for name in frame.columns:
        if name not in shape:
            raise DataError(f"{_other(shown)}: it lacks the column '{name}'; {_REMEDY}")
    for name in shape:
        if name not in frame.columns:
            raise DataError(f"{_other(shown)}: it has the column '{name}', which scores do not; {_REMEDY}")
    for name in (filling.stamp, *filling.compared):
        if _kind(shape[name]) != _kind(frame.schema[name]) and frame.schema[name] != pl.Null:
            raise DataError(
                f"{_other(shown)}: its column '{name}' holds {HELD[_kind(shape[name])]}, not "
                f"{HELD[_kind(frame.schema[name])]}; {_REMEDY}"
            )
    return pl.DataFrame([_as(frame[name], kind, shown) for name, kind in shape.items()]).select(frame.columns)


_REMEDY = "name another table, or remove this one to have it made anew"


def _other(shown: str) -> str:
    return f"the table '{shown}' is of another shape"


def _as(values: pl.Series, wanted: pl.DataType, shown: str) -> pl.Series:
    """Values in another type without loss: 7 and "7" are one key, "007" and 7 are two."""
    if values.dtype == wanted:
        return values
    if {values.dtype, wanted} == {pl.String, pl.Categorical}:
        return values.cast(wanted)
    texts = key_texts(values.to_frame(), (values.name,), ())
    if wanted == pl.String:
        return texts.alias(values.name)
    try:
        if wanted.is_temporal():
            moments = as_moments(values) if values.dtype.is_temporal() else as_moments(texts)
            found = moments.cast(wanted)
        elif wanted == pl.Boolean:
            found = texts.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
        else:
            found = texts.cast(wanted, strict=True)
    except pl.exceptions.PolarsError:  # its own words hold values of the rows
        found = pl.Series([None] * len(texts), dtype=wanted)
    found = found.alias(values.name)
    back = key_texts(found.to_frame(), (values.name,), ())
    if found.null_count() > texts.null_count() or not (wanted.is_temporal() or (back == texts).all()):
        raise DataError(
            f"{_other(shown)}: its column '{values.name}' holds {HELD[_kind(wanted)]}, the rows "
            f"{HELD[_kind(values.dtype)]} that are none; {_REMEDY}"
        )
    return found


def _kind(kind: pl.DataType) -> str:
    if kind.is_numeric():
        return "number"
    if kind.is_temporal():
        return "time"
    return "truth" if kind == pl.Boolean else "text"
