"""`[data]`: where the rows are and what their columns mean."""

from __future__ import annotations

from dataclasses import dataclass, field

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Joined:
    """One more table, whose columns join the rows of the source: at most one of its rows for each of theirs.

    Attributes
    ----------
    source, url_env, query : str
        As in `Data`.
    key : tuple of str
        Columns of both tables, by which rows find each other.
    """

    __pydantic_config__ = STRICT
    source: str = ""
    url_env: str = ""
    query: str = ""
    key: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where the rows are and what their columns mean.

    Attributes
    ----------
    source : str
        A file, glob or object store's URL, relative to the brief; "" when the rows were given in Python.
    url_env : str
        Name of the environment variable that holds a database's URL, in place of `source`.
    query : str
        The rows to read from it.
    tables : dict of str to Joined
        More tables; their columns are called "table.column".
    key : tuple of str
        Columns that identify a row: never a feature, always in the output.
    time : str
        Column of the moment at which a row was known; folds and test rows follow it. "" when there is none.
    group : str
        Rows of one group stay on one side of every split.
    weight : str
        Column of non-negative row weights.
    test : str
        A file that is the sealed test set; else the last or a drawn fifth of the source is sealed.
    columns : dict of str to str
        What a column means, in the client's words.
    missing : tuple of str
        Spellings of a missing value, beside the usual ones.
    """

    __pydantic_config__ = STRICT
    source: str = ""
    url_env: str = ""
    query: str = ""
    tables: dict[str, Joined] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    time: str = ""
    group: str = ""
    weight: str = ""
    test: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
