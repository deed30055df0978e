"""A served package applied to a table: key, score, decision, reasons, flags and version of every row, each row once.

The story: find the package and its brief, predict the rows batch by batch, decide over all of them, put them into the
table, and then into the ledger. The same call again changes nothing, and completes what a killed one began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from artificer.core.brief import Brief
from artificer.core.clock import Stopwatch
from artificer.core.errors import BriefError
from artificer.core.figures import counted
from artificer.core.forgotten import returned
from artificer.core.life import Scored
from artificer.core.predictions import Row
from artificer.core.records import Fact, Finding
from artificer.core.review_queue import ReviewQueue
from artificer.core.store import digest, encode
from artificer.data.batches import ROWS_AT_ONCE
from artificer.data.fill import Filled, Place, fill, place_of
from artificer.data.table import fingerprint
from artificer.line.ask.decision import check_decision
from artificer.line.ship.decided import ACT, CONTROL, REVIEW, Decided, decided, words
from artificer.line.ship.decisions import NO_PERIOD, Rule
from artificer.line.ship.filling import ENDS, ends_of, filling
from artificer.line.ship.predicted import Predicted, batches_of, predicted_rows
from artificer.line.ship.reasons import shown_of
from artificer.line.ship.scorer import Scorer, scorer_of
from artificer_runtime.schema import canonical_text


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
        The table holds the key (without one: "row"), score, low and high (of numbers: nine values in ten lie between them),
        decision ("act", "leave", "control", "review" or null), period (where the capacity has one), reasons and review (where
        the brief asks for them), flags, version and scored_at of each row.

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
    shown_of(scorer)  # a wrong name is told before anything is predicted
    rule = Rule(scorer.brief, scorer.schema)
    batches, noticed = batches_of(scorer, rule, rows)
    found = predicted_rows(scorer, rule, batches())
    if found is None:
        return Scored("", scorer.version, place.shown, 0, 0, 0, 0, 0, watch.seconds, (_no_rows(scorer.brief, rows),))
    said = decided(scorer, rule, found, batches)
    asked = scorer.brief.decision.review.when
    queue = scorer.ledger.reviews(scorer.brief.name) if scorer.ledger and asked else None
    code = said.answered(found.key, queue.answers() if queue else {})
    filled = fill(filling(scorer, rule, found, said, words(code)), place)
    scoring = _kept(scorer, found, said, place, queue)
    findings = (*noticed, *_forgotten(scorer, found), *_findings(scorer, rule, found, filled))
    n_chosen, n_control, n_review = (int((code == one).sum()) for one in (ACT, CONTROL, REVIEW))
    return Scored(
        scoring=scoring,
        version=scorer.version,
        table=place.shown,
        n_rows=len(found.score),
        n_chosen=n_chosen,
        n_new=filled.n_new,
        n_changed=filled.n_changed,
        n_same=filled.n_same,
        seconds=watch.seconds,
        findings=findings,
        decided=rule.decides,
        n_control=n_control,
        n_review=n_review,
    )


def _kept(scorer: Scorer, found: Predicted, said: Decided, place: Place, queue: ReviewQueue | None) -> str:
    """Keep the predictions and who waits for a person in the ledger; the scoring's id."""
    told = pl.DataFrame({"key": found.key, "score": found.score, "decision": words(said.code), "flags": found.flags})
    rule = encode(scorer.brief.decision).decode()
    scoring = digest(scorer.version, fingerprint(told), place.id, rule)
    if scorer.ledger is None:
        return scoring
    ends = ends_of(found.ends) or (pl.lit(None, pl.Float64).alias(name) for name in ENDS)
    turns = pl.Series("turns", said.turns, nan_to_null=True)
    rows = _Rows(told.with_columns(said.reasons, turns, *ends, _classes(found).alias("said")))
    scorer.ledger.predictions.keep(scoring, scorer.brief.name, scorer.version, place.shown, rows, rule)
    if queue is not None:
        _queue(queue, scoring, found, said, scorer.brief.decision.review.to)
    return scoring


def _classes(found: Predicted) -> pl.Series:
    """The class that was said of each row, as labels are kept: Series of String (n_rows,); "" but of more than two classes."""
    if found.classes is None:
        return pl.repeat("", len(found.score), dtype=pl.String, eager=True)
    said = pl.Series(found.classes.tolist())
    different = said.unique()
    return said.replace_strict(different, [canonical_text(one) for one in different.to_list()], return_dtype=pl.String)


def _queue(queue: ReviewQueue, scoring: str, found: Predicted, said: Decided, asked: str) -> None:
    """Bring the review queue up to date: rows that were scored now and need no person any more leave it."""
    now = said.reviewed(found.key)
    before = pl.DataFrame(queue.waiting(), schema={"key": pl.String, "period": pl.String}, orient="row")
    scored = pl.DataFrame({"key": found.key, "period": said.starts.cast(pl.String).fill_null("")})
    queue.withdraw({*before.join(scored, on=["key", "period"], how="semi").rows()} - {*now})
    because = said.because.filter(pl.Series(said.review))
    queue.enter(((*one, text, scoring) for one, text in zip(now, because, strict=True)), asked)


def _place(scorer: Scorer, out: str | Path | None, out_env: str) -> Place:
    output = scorer.brief.output
    if out is not None:
        return place_of(str(out), Path.cwd(), out_env)
    if out_env or not output.table or scorer.folder is None:
        raise BriefError(
            'no table is named to write the scores to; add [output] table = "scores.parquet" to the brief, or give --out'
        )
    return place_of(output.table, scorer.folder, output.url_env)


class _Rows(Sequence[Row]):
    """Rows of a frame in the order of their keys, made as they are asked for: all tuples at once would take 200 MB a million.

    In that order the ledger's indexes grow at one end.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._order = frame["key"].arg_sort()

    def __len__(self) -> int:
        return self._frame.height

    def __getitem__(self, place: Any) -> Any:
        return self._part(place, 1).row(0)

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), ROWS_AT_ONCE):
            yield from self._part(start, ROWS_AT_ONCE).iter_rows()

    def _part(self, start: int, n_rows: int) -> pl.DataFrame:
        part = self._frame[self._order[start : start + n_rows]]
        return part.with_columns(pl.col("decision", "flags").cast(pl.String).fill_null(""))


def _forgotten(scorer: Scorer, found: Predicted) -> tuple[Finding, ...]:
    """Persons among the rows who were to be forgotten."""
    if scorer.ledger is None or scorer.workspace is None:
        return ()
    return returned(scorer.ledger.forgotten, scorer.workspace, scorer.brief.name, found.key)


def _findings(scorer: Scorer, rule: Rule, found: Predicted, filled: Filled) -> Iterator[Finding]:
    n_rows, brief = len(found.score), scorer.brief
    n_lost = int((found.period == NO_PERIOD).sum())
    if n_lost:
        yield Finding(
            "no_moment",
            "warning",
            brief.data.time,
            f"{counted(n_lost, f'of {n_rows:,} rows has', f'of {n_rows:,} rows have')} no moment in '{brief.data.time}': "
            "without one a row is on no list",
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


def _no_rows(brief: Brief, rows: Any) -> Finding:
    named = brief.track.new if rows is None else rows if isinstance(rows, str | Path) else ""
    see = f"see that '{named}' names them" if named else "see where they come from"
    return Finding(
        "no_rows",
        "note",
        "",
        "there are no rows to score, so nothing was written",
        f"nothing to do if none came in; else {see}",
    )
