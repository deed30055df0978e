"""Invariances: what must not change a prediction: the order of rows and columns, company, spelling, a protected value.

Tests of behaviour without labels (Ribeiro et al. 2020, "Beyond accuracy: behavioral testing of NLP models with
CheckList", ACL), for tables: any model that predicts can be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.records import Fact, Finding, Severity
from artificer.data.kinds import infer_schema
from artificer.line.judge.examined import Examined, examination
from artificer.measure.means import wilson

ROWS, ALONE = 1_000, 20
TOLERANCE = 1e-6  # of the predictions' spread: float32 sums differ by less
TOLERATED = 0.05  # share of decisions that may hang on a protected value


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that must not matter.

    Attributes
    ----------
    what : str
        In words, for "the prediction changes with …".
    frame : DataFrame
        The rows, changed.
    back : array of int64, (n_rows,)
        Where each row stands in it.
    """

    what: str
    severity: Severity
    fix: str
    frame: pl.DataFrame
    back: np.ndarray


@examination("invariance", "predict")
def invariance(seen: Examined) -> Iterator[Finding]:
    """Predict at most 1,000 rows as they are, and changed in what must not matter."""
    assert seen.predict is not None
    rng = np.random.default_rng(0)
    frame = seen.rows.frame[np.sort(rng.permutation(len(seen.rows))[:ROWS])]
    base = seen.predict(frame)
    harmless = []
    for change in _changes(frame):
        moved = _moved(base, seen.predict(change.frame)[change.back])
        if moved.any():
            yield _finding(change, moved)
        else:
            harmless.append(change.what)
    n_alone = min(ALONE, len(frame))
    alone = np.concatenate([seen.predict(frame[place : place + 1]) for place in range(n_alone)])
    moved = _moved(base[:n_alone], alone)
    if moved.any():
        fix = "let no step learn from the rows that it is asked to predict"
        yield _finding(Change("the rows that are predicted beside it", "blocker", fix, frame, np.empty(0)), moved)
    else:
        harmless.append("the rows beside it")
    yield from _swaps(seen, frame, base, rng)
    if harmless:
        facts = (Fact("rows", float(len(frame)), "rows tried"),)
        says = f"the prediction does not change with {', '.join(harmless)}"
        yield Finding("invariance", "note", "model", says, "nothing to do", facts)


def _changes(frame: pl.DataFrame) -> Iterator[Change]:
    n = len(frame)
    same = np.arange(n)
    by_name = "read columns by name, not by place"
    yield Change("the order of rows", "blocker", "let no step learn from the rows' order", frame.reverse(), same[::-1])
    yield Change("the order of columns", "blocker", by_name, frame.select(frame.columns[::-1]), same)
    texts = [name for name in frame.columns if frame[name].dtype == pl.String]
    free = [column.name for column in infer_schema(frame.select(texts)).columns if column.kind == "text"]
    words = [name for name in texts if name not in free]
    spelled = "bring texts into one spelling before the model learns and before it predicts"
    told = f"nothing to do where capitals say something, as they do of a mail; else {spelled}"
    padded = (pl.lit(" ") + pl.col(texts) + pl.lit(" ")).name.keep()
    spellings: tuple[tuple[str, Severity, str, list[str], pl.Expr], ...] = (
        ("the case of texts", "warning", spelled, words, pl.col(words).str.to_uppercase()),
        ("the case of free texts", "note", told, free, pl.col(free).str.to_uppercase()),
        ("spaces around texts", "warning", spelled, texts, padded),
    )
    for what, severity, fix, names, spelling in spellings:
        other = frame.with_columns(spelling) if names else frame
        if names and not other.equals(frame):
            yield Change(what, severity, fix, other, same)


def _swaps(seen: Examined, frame: pl.DataFrame, base: np.ndarray, rng: np.random.Generator) -> Iterator[Finding]:
    """Give each row another row's protected value, all else as it is."""
    assert seen.predict is not None
    for column in seen.protected:
        if column not in frame.columns:
            continue
        other = seen.predict(frame.with_columns(frame[column][rng.permutation(len(frame))].alias(column)))
        differ = seen.labels(base) != seen.labels(other) if seen.classes else _moved(base, other, 0.1)
        share = wilson(float(differ.sum()), len(frame), level=seen.level)
        facts = (Fact("changed", share.value, f"share of decisions, {share.low:.1%} to {share.high:.1%}"),)
        if share.low > TOLERATED:
            says = f"with another value of '{column}' alone, {share.value:.0%} of the decisions would be others"
            fix = "exclude it under [features] exclude, or state why it may decide"
            yield Finding("invariance", "warning", column, says, fix, facts)
        else:
            says = f"with another value of '{column}' alone, {share.value:.1%} of the decisions would be others"
            yield Finding("invariance", "note", column, says, "nothing to do", facts)


def _moved(base: np.ndarray, other: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
    least = tolerance * max(float(np.std(base)), 1e-12)
    return np.asarray(np.abs(base - other).max(axis=1) > least)


def _finding(change: Change, moved: np.ndarray) -> Finding:
    says = f"the prediction changes with {change.what}, on {moved.mean():.0%} of the rows"
    facts = (Fact("changed", float(moved.mean()), f"share of {len(moved):,} rows"),)
    return Finding("invariance", change.severity, change.what, says, change.fix, facts)
