"""What may not travel is looked for in the package itself, whatever made it: a last look after the rules of `ask` and `encode`.

Where the brief declares personal data, each text of a package's schema and contract that is a value of training rows must be
held by ten of them, and no member may keep rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from artificer.core.errors import FaultError
from artificer.core.figures import counted
from artificer.core.run import Run
from artificer.core.stages import Asked, Contract
from artificer.core.store import decode
from artificer.data.table import read_table
from artificer.line.ask.personal import FEWEST_ROWS
from artificer_runtime.package import read
from artificer_runtime.schema import Column


def hold_discreet(run: Run, asked: Asked, package: Path) -> None:
    """Look through a package that was just written.

    Raises
    ------
    FaultError
        When it holds what few rows hold, a personal column's range or levels, or rows; nothing is named but the column.
    """
    if not run.brief.legal.personal:
        return
    contents, _, files = read(package)
    rows = read_table(run.path(asked.train.path))
    if keeping := [one.member.form for one in contents.members if getattr(one.member, "KEEPS_ROWS", False)]:
        _refuse(f"a member of form '{keeping[0]}' keeps training rows")
    contract = decode(files["contract.json"], Contract)
    for column in (*contents.recipe.schema.columns, *contract.schema.columns):
        if column.name in run.brief.legal.personal:
            if column.levels or column.low is not None or column.high is not None:
                _refuse(f"'{column.name}' is personal, and its values are written down")
        elif rare := sum(_n_rows(rows, column)[level] < FEWEST_ROWS for level in column.levels):
            _refuse(
                f"{counted(rare, f'level of {column.name!r} is', f'levels of {column.name!r} are')} held by fewer "
                f"than {FEWEST_ROWS} training rows"
            )


def _n_rows(rows: pl.DataFrame, column: Column) -> dict[str, int]:
    """How many training rows hold each level; the two of a boolean are nobody's."""
    if column.kind == "boolean" or column.name not in rows.columns:
        return dict.fromkeys(column.levels, FEWEST_ROWS)
    return dict.fromkeys(column.levels, 0) | dict(_counted(rows[column.name]))


def _counted(values: pl.Series) -> Iterator[tuple[str, int]]:
    counted = values.drop_nulls().cast(pl.String).alias("level").value_counts()
    yield from zip(counted["level"].to_list(), counted["count"].to_list(), strict=True)


def _refuse(what: str) -> None:
    raise FaultError(f"{what}, and the brief declares personal data; nothing is shipped. Please report this")
