"""What would turn one decision: how far its score lies from where it turns, and the smallest change of one column that does.

Values that are tried occurred in training: the levels of a category, edges and ends of a number's bins in the package; of a
number, what lies between the last value that does not turn the decision and the first that does is tried more finely. Only
columns of `[features] changeable` are changed, one at a time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from artificer.core.figures import figure
from artificer.core.life import Reference
from artificer.core.predictions import Predicted
from artificer.core.store import decode
from artificer.data.batches import Batch
from artificer.data.keys import key_texts
from artificer.data.readers import read as read_rows
from artificer.line.ship.decisions import Rule
from artificer.line.ship.predicted import batches_of
from artificer.line.ship.reasons import UNCOUNTED, explained, shown_of
from artificer.line.ship.scorer import Scorer, scorer_of
from artificer_runtime.contributions import counted
from artificer_runtime.package import read
from artificer_runtime.schema import GROUPS, Column, canonical_text

FINER, ROUNDS = 16, 3
DIGITS = (2, 3, 4)  # of a change: what a person types in must turn the decision
NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Turn:
    """One value in place of another that alone turns the decision.

    Attributes
    ----------
    now, then : str, float, bool or None
    score : float
        After the change.
    distance : float
        Of a number, as a share of its range in training; 1 of anything else.
    """

    column: str
    now: str | float | bool | None
    then: str | float | bool
    score: float
    distance: float


@dataclass(frozen=True, slots=True)
class Turning:
    """What was found of one row.

    Attributes
    ----------
    rows : str
        Where the row was looked for.
    untold : str
        Why nothing can be told; "" where something was found out.
    tried : tuple of str
        Columns that were changed.
    turns : tuple of Turn
        The smallest change of each column that turns the decision, the smallest of all first.
    reasons : str
        What moved the score most, where the ledger kept none.
    """

    rows: str
    untold: str = ""
    tried: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    reasons: str = ""


def turning(one: Predicted, brief: Path, rows: str = "", workspace: Path | None = None) -> Turning:
    """Look a row up, and for what would turn its decision.

    Parameters
    ----------
    rows : str
        Where it stands; default: the brief's ``[track] new``.

    Raises
    ------
    ArtificerError
        When the brief, its package or the rows cannot be read.
    """
    scorer = scorer_of(brief, one.version, workspace)
    rule = Rule(scorer.brief, scorer.schema)
    where, row = _looked_up(scorer, rule, one, rows)
    if not where:
        return Turning("", "the brief does not say where rows come in; name them with --rows")
    if row is None:
        return Turning(where, _absent(one, where))
    score = _scores(scorer, row)[0]
    if one.score is None or abs(score - one.score) > NEAR * max(1.0, abs(one.score)):
        return Turning(where, f"its row in {where} is another by now, and would score {score:.3g}")
    reasons = "" if one.reasons else _reasons(scorer, row)
    if not rule.decides:
        return Turning(where, "[decision] is empty in the brief, so nothing hangs on it", reasons=reasons)
    if not scorer.brief.features.changeable:
        return Turning(where, "[features] changeable names no column that one can change", reasons=reasons)
    turns = _turns(one, rule, row)
    if turns is None:
        listed = not one.source and scorer.brief.decision.capacity is not None
        why = "a server answered it, and keeps no score that turns it" if listed else "no score turns the decision"
        return Turning(where, why, reasons=reasons)
    tried = [column for column in scorer.predictor.schema.columns if column.name in scorer.brief.features.changeable]
    found = [turn for column in tried for turn in _smallest(_Row(scorer, rule, row, turns), column)]
    return Turning(
        where,
        tried=tuple(column.name for column in tried),
        turns=tuple(sorted(found, key=lambda turn: turn.distance)),
        reasons=reasons,
    )


def _looked_up(scorer: Scorer, rule: Rule, one: Predicted, rows: str) -> tuple[str, pl.DataFrame | None]:
    """Where a row was looked for, "" where nothing says, and the row, if it is there."""
    if one.row and not rows:
        return "the ledger", _held(scorer, one.row)
    track = scorer.brief.track
    if not (rows or track.new or track.url_env):
        return "", None
    return rows or track.new or "the database of [track]", _found(scorer, rule, rows or None, one.key)


def _held(scorer: Scorer, row: str) -> pl.DataFrame:
    """The row that a server kept; a field that it was not sent counts as missing."""
    held = {column.name: None for column in scorer.predictor.schema.columns} | json.loads(row)
    return read_rows(pl.DataFrame([held], infer_schema_length=None)).frame


def _turns(one: Predicted, rule: Rule, row: pl.DataFrame) -> float | None:
    """The score at which the decision turns; of a server's answer, which keeps none, by the brief as it stands."""
    if one.turns is not None or one.source:
        return one.turns
    turns = float(rule.alone(row, np.array([one.score], np.float64))[1][0])
    return turns if np.isfinite(turns) else None


def _absent(one: Predicted, where: str) -> str:
    """Why a row cannot be looked at again: a server's need never have stood where rows come in."""
    if one.source:
        return f"it is not in {where}"
    return f"a server answered it, and kept no row, as it does with --log-rows; it is not in {where} either"


def _found(scorer: Scorer, rule: Rule, rows: str | None, key: str) -> pl.DataFrame | None:
    """The row of a key, with the first that has it where several do."""
    batches, _ = batches_of(scorer, rule, rows)
    for batch in batches():
        places = np.flatnonzero((_keys(batch, scorer.brief.data.key) == key).fill_null(False).to_numpy())
        if len(places):
            return batch.frame.slice(int(places[0]), 1)
    return None


def _keys(batch: Batch, key: tuple[str, ...]) -> pl.Series:
    if key:
        return key_texts(batch.frame, key, ())
    return pl.Series([f"{batch.source}:{batch.start + place}" for place in range(batch.frame.height)], dtype=pl.String)


def _scores(scorer: Scorer, rows: pl.DataFrame) -> np.ndarray:
    full = scorer.predictor.predict_full(rows)
    if full.probabilities is None:
        return np.asarray(full.values, np.float64)
    best = full.probabilities.max(axis=1) if scorer.positive < 0 else full.probabilities[:, scorer.positive]
    return np.asarray(best, np.float64)


def _reasons(scorer: Scorer, row: pl.DataFrame) -> str:
    if scorer.brief.decision.reasons.count and not counted(scorer.predictor.contents):
        return f"not known, as the package cannot tell: {UNCOUNTED}"
    shown = shown_of(scorer)
    if not shown.count:
        return ""
    (text,) = explained(scorer, row, shown)
    return text


@dataclass(frozen=True)
class _Row:
    """A row, and whether it acts when a value of it is another."""

    scorer: Scorer
    rule: Rule
    row: pl.DataFrame
    turns: float

    def tried(self, column: str, values: list[float] | list[str] | list[bool]) -> tuple[np.ndarray, np.ndarray]:
        """Whether each value in a column's place lets the row act, and its score then."""
        rows = self.row[[0] * len(values)].with_columns(pl.Series(column, values))
        score = _scores(self.scorer, rows)
        if self.rule.brief.decision.capacity is not None:
            return np.asarray(score >= self.turns), score
        return self.rule.acts(rows, score), score


def _smallest(row: _Row, column: Column) -> Iterator[Turn]:
    """The smallest change of one column that turns the decision, if there is one."""
    now = row.row[column.name][0]
    if GROUPS.get(column.kind) == "codes":
        values = [level for level in column.levels if level != _plain(now)]
        acts, score = row.tried(column.name, [_plain(now), *values])
        for place in np.flatnonzero(acts[1:] != acts[0])[:1].tolist():
            yield Turn(column.name, _plain(now), values[place], float(score[1 + place]), 1.0)
    elif column.kind == "number" and isinstance(now, int | float) and now == now:
        turns = [turn for step in (-1, 1) for turn in _towards(row, column, float(now), step)]
        yield from sorted(turns, key=lambda turn: turn.distance)[:1]


def _plain(value: object) -> str:
    return "" if value is None or value != value else canonical_text(value)


def _towards(row: _Row, column: Column, now: float, step: int) -> Iterator[Turn]:
    """The nearest number below (step -1) or above that turns the decision, if there is one."""
    whole = "int" in column.dtype.lower()
    values = [now, *(one for one in _ladder(row.scorer, column)[::step] if (one - now) * step > 0)]
    last = then = now
    for _ in range(1 + ROUNDS):
        acts, score = row.tried(column.name, values)
        turned = np.flatnonzero(acts != acts[0])
        if not len(turned):
            return
        first = int(turned[0])
        last, then, after = values[first - 1] if first > 1 else last, values[first], float(score[first])
        between = np.linspace(last, then, FINER + 1)[1:]
        values = [now, *dict.fromkeys(np.round(between).tolist() if whole else between.tolist())]
    if not whole:
        then, after = _rounder(row, column, (now, then), after)
    width = (column.high or 0.0) - (column.low or 0.0)
    yield Turn(column.name, now, then, after, abs(then - now) / width if width > 0 else 1.0)


def _rounder(row: _Row, column: Column, move: tuple[float, float], score: float) -> tuple[float, float]:
    """A number of few digits that turns the decision too, next beyond the one that was found, and its score."""
    now, then = move
    ends = [end for end in (column.low, column.high) if end is not None]
    beyond = math.ceil if then > now else math.floor
    places = [digits - math.floor(math.log10(abs(then - now))) for digits in DIGITS]
    tried = [round(beyond(then * 10.0**place) / 10.0**place, max(place, 0)) for place in places]
    tried = [one for one in tried if not ends or min(ends) <= one <= max(ends)]
    acts, scores = row.tried(column.name, [now, *tried])
    turned = np.flatnonzero(acts != acts[0])
    return (tried[turned[0] - 1], float(scores[turned[0]])) if len(turned) else (then, score)


def _ladder(scorer: Scorer, column: Column) -> list[float]:
    """Values of a number that occurred in training, rising: edges of its bins, and its ends."""
    held = read(scorer.package)[2].get("reference.json")
    edges: tuple[float, ...] = ()
    if held is not None:
        reference = decode(held, Reference)
        edges = next((one.edges for one in reference.columns if one.name == column.name), ())
    ends = [end for end in (column.low, column.high) if end is not None]
    low, high = (min(ends), max(ends)) if ends else (-np.inf, np.inf)
    return sorted({*(edge for edge in edges if low <= edge <= high), *ends})


def told(found: Turning) -> Iterator[str]:
    """What was found, in sentences."""
    if found.untold:
        yield f"what would turn it is not known: {found.untold}"
        return
    if not found.turns:
        yield f"no change of {', '.join(found.tried)} alone would turn it"
        return
    texts = [
        f"{turn.column} {_shown(turn.now)} → {_typed(turn.then)} (score {figure(turn.score)})" for turn in found.turns
    ]
    yield f"one change alone would turn it: {', or '.join(texts)}"


def _shown(value: str | float | bool | None) -> str:
    return figure(value) if isinstance(value, float) else str(value) or "missing"


def _typed(value: str | float | bool) -> str:
    """With all of its digits, as it shall turn the decision where it is typed in."""
    return f"{value:,.12g}".replace("-", "−") if isinstance(value, float) else str(value) or "missing"
