"""A served package applied to a table: key, score, decision, flags and version of every row, each row once.

The story: find the package and its brief, predict the rows batch by batch, decide over all of them, put them into the
table, and then into the ledger. The same call again changes nothing, and completes what a killed one began.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import Brief, DecisionPart
from artificer.core.clock import Stopwatch
from artificer.core.errors import BriefError
from artificer.core.forgotten import returned
from artificer.core.life import Scored
from artificer.core.records import Fact, Finding
from artificer.core.store import digest
from artificer.data.fill import Filled, Filling, Place, fill, place_of
from artificer.data.table import fingerprint
from artificer.line.ask.requirements import check_decision
from artificer.line.ship.decisions import NO_PERIOD, Rule
from artificer.line.ship.predicted import Predicted, batches_of, predicted_rows
from artificer.line.ship.scorer import Scorer, scorer_of


def score(
    subject: str | Path,
    rows: Any = None,
    out: str | Path | None = None,
    *,
    out_env: str = "",
    version: str = "",
    workspace: str | Path | None = None,
) -> Scored:
    """Score rows into a table.

    Parameters
    ----------
    subject : path
        A brief, whose served version scores; or a package.
    rows : path, glob or frame, optional
        Default: the brief's ``[track] new``.
    out : path, optional
        A file (.parquet, .csv, .jsonl, .arrow), ``calls.sqlite#table``, or with `out_env` the name of a database's table.
        Default: the brief's ``[output]``.
    out_env : str
        Name of the environment variable that holds the database's URL.
    version : str
        Of the brief's packages, in place of the served one.
    workspace : path, optional
        Default: ``artificer-work/`` beside the brief.

    Returns
    -------
    Scored
        The table holds the key (without one: "row"), score, decision ("act", "leave" or null), period (where the
        capacity has one), flags, version and scored_at of each row.

    Raises
    ------
    ArtificerError
        When nothing is served yet, or brief, rows or table are not as they must be.
    RowsError
        When the rows lack a column that the model reads.
    """
    watch = Stopwatch()
    scorer = scorer_of(Path(subject), version, Path(workspace) if workspace is not None else None)
    place = _place(scorer, out, out_env)
    check_decision(scorer.brief, scorer.task)
    rule = Rule(_decisive(scorer), scorer.schema)
    batches, noticed = batches_of(scorer, rule, rows)
    found = predicted_rows(scorer, rule, batches)
    if found is None:
        return Scored("", scorer.version, place.shown, 0, 0, 0, 0, 0, watch.seconds, (_no_rows(),))
    acts = rule.chosen(found.score, found.key, found.period, found.acts)
    filling, decisions = _filling(scorer, rule, found, acts)
    told = pl.DataFrame({"key": found.key, "score": found.score, "decision": decisions, "flags": found.flags})
    scoring = digest(scorer.version, fingerprint(told), place.id)
    filled = fill(filling, place)
    if scorer.ledger is not None:
        rows_told = _Rows(told.with_columns(pl.col("decision").fill_null("")))
        scorer.ledger.keep_predictions(scoring, scorer.brief.name, scorer.version, place.shown, rows_told)
    findings = (*noticed, *_forgotten(scorer, found), *_findings(scorer, rule, found, filled))
    counts = (int(acts.sum()), filled.n_new, filled.n_changed, filled.n_same)
    return Scored(
        scoring, scorer.version, place.shown, len(found.score), *counts, watch.seconds, findings, rule.decides
    )


def _decisive(scorer: Scorer) -> Brief:
    """The brief, without what cannot be decided among more than two classes."""
    return replace(scorer.brief, decision=DecisionPart()) if scorer.task == "multiclass" else scorer.brief


def _place(scorer: Scorer, out: str | Path | None, out_env: str) -> Place:
    output = scorer.brief.output
    if out is not None:
        return place_of(str(out), Path.cwd(), out_env)
    if out_env or not output.table or scorer.folder is None:
        raise BriefError(
            'no table is named to write the scores to; add [output] table = "scores.parquet" to the brief, or give --out'
        )
    return place_of(output.table, scorer.folder, output.url_env)


def _filling(scorer: Scorer, rule: Rule, found: Predicted, acts: np.ndarray) -> tuple[Filling, pl.Series]:
    """The table's rows, and their decisions."""
    n_rows = len(found.score)
    chosen = pl.Series(
        "decision", np.where(acts, "act", "leave").tolist() if rule.decides else [None] * n_rows, pl.String
    )
    period = rule.starts(found.period).alias("period") if rule.every_s else None
    ours = [
        pl.Series("predicted", found.classes.tolist()) if found.classes is not None else None,
        pl.Series("score", found.score),
        chosen,
        period,
        found.flags.alias("flags"),
        pl.repeat(scorer.version, n_rows, dtype=pl.String, eager=True).alias("version"),
        pl.repeat(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", n_rows, dtype=pl.String, eager=True).alias("scored_at"),
    ]
    columns = list(found.keys.get_columns())
    taken = {column.name.lower() for column in columns}  # SQLite tells no case apart
    for column in ours:
        if column is not None:
            columns.append(column.alias(_free(column.name, taken)))
    frame = pl.DataFrame(columns)
    group = _free("period", taken) if period is not None else ""
    return Filling(frame, tuple(found.keys.columns), _free("scored_at", taken), group), chosen


def _free(name: str, taken: Collection[str]) -> str:
    """A name for a column of ours that is none of the key's: a key may be called "score"."""
    while name in taken:
        name = f"{name}_"
    return name


class _Rows(Sequence[tuple[str, float | None, str, str]]):
    """Rows of a frame, made as they are asked for: a million tuples at once would take 200 MB."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __len__(self) -> int:
        return self._frame.height

    def __getitem__(self, place: Any) -> Any:
        return self._frame.row(place)

    def __iter__(self) -> Iterator[Any]:
        return self._frame.iter_rows()


def _forgotten(scorer: Scorer, found: Predicted) -> tuple[Finding, ...]:
    """Persons among the rows who were to be forgotten."""
    if scorer.ledger is None or scorer.workspace is None:
        return ()
    return returned(scorer.ledger.forgotten, scorer.workspace, scorer.brief.name, found.key)


def _findings(scorer: Scorer, rule: Rule, found: Predicted, filled: Filled) -> Iterator[Finding]:
    n_rows, brief = len(found.score), scorer.brief
    if brief != rule.brief:
        yield Finding(
            "no_decision",
            "warning",
            "",
            "[decision] ranks rows by one score, and there are more than two classes: no decision was made",
            "remove [decision], or ask for the one class that matters: yes or no",
        )
    n_lost = int((found.period == NO_PERIOD).sum())
    if n_lost:
        yield Finding(
            "no_moment",
            "warning",
            brief.data.time,
            f"{n_lost:,} of {n_rows:,} rows have no moment in '{brief.data.time}', so they are on no list and are left",
            f"fill '{brief.data.time}' in these rows and score them again",
            (Fact("rows", float(n_lost), "rows"),),
        )
    if filled.n_beside:
        yield Finding(
            "partial_list",
            "warning",
            "",
            f"the list was made from part of its rows: the table holds {filled.n_beside:,} rows of the same periods that "
            "were not scored now, and they keep their decisions",
            "score all rows of a period in one call: its list is then made anew",
            (Fact("beside", float(filled.n_beside), "rows"),),
        )


def _no_rows() -> Finding:
    return Finding(
        "no_rows",
        "note",
        "",
        "there are no rows to score, so nothing was written",
        "nothing to do if none came in; else see where they come from",
    )
