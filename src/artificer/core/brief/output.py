"""`[output]`: where `score` writes."""

from __future__ import annotations

from dataclasses import dataclass

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where `score` writes.

    Attributes
    ----------
    table : str
        A file (.parquet, .csv, .jsonl, .arrow) relative to the brief; with `url_env`, a table of a database.
    url_env : str
        Name of the environment variable that holds the database's URL.
    """

    __pydantic_config__ = STRICT
    table: str = ""
    url_env: str = ""
