"""Rows to score → what is known of each: key, score, flags, period; predicted batch by batch, so that no more is held."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.errors import BriefError, DataError, NoRowsError
from artificer.core.figures import counted
from artificer.core.records import Finding
from artificer.data.batches import Batch, State, sliced, streamed
from artificer.data.keys import key_texts
from artificer.data.readers import Loaded, read
from artificer.data.sources import incoming, rows_of
from artificer.line.ask.decision import conditions
from artificer.line.ask.review import Condition
from artificer.line.ship.admitting import admitted, refuse_unknown
from artificer.line.ship.decisions import Rule
from artificer.line.ship.reviewing import met
from artificer.line.ship.scorer import Scorer
from artificer_runtime import RowsError

FLAGS = ("unseen", "outside", "clipped")
FLAG_TEXTS = tuple(" ".join(name for bit, name in enumerate(FLAGS) if code >> bit & 1) for code in range(8))


@dataclass(frozen=True, slots=True)
class Predicted:
    """What is known of all rows.

    Attributes
    ----------
    keys : DataFrame
        The key's columns as they were read; without a key the row's place, as "row".
    key : Series of String, (n_rows,)
        The key as one text.
    score : array of float64, (n_rows,)
        Probability of success, of the likeliest class where there are more than two, or the predicted value.
    classes : array or None, (n_rows,)
        The likeliest class, where there are more than two.
    ends : array of float64 or None, (n_rows, 2)
        Of numbers, low and high end that hold nine values in ten; NaN where the package tells none.
    flags : Series of Categorical, (n_rows,)
        What was odd about a row: "", or words of "unseen outside clipped".
    met : array of int32, (n_rows,)
        Conditions of `[decision] review` that it meets, one bit each.
    period : array of int64, (n_rows,)
    acts : array of bool, (n_rows,)
    turns : array of float64, (n_rows,)
        See `artificer.line.ship.decisions.Rule.alone`.
    """

    keys: pl.DataFrame
    key: pl.Series
    score: np.ndarray
    classes: np.ndarray | None
    ends: np.ndarray | None
    flags: pl.Series
    met: np.ndarray
    period: np.ndarray
    acts: np.ndarray
    turns: np.ndarray


Batches = Callable[[], Iterator[Batch]]


def batches_of(scorer: Scorer, rule: Rule, rows: Any) -> tuple[Batches, tuple[Finding, ...]]:
    """The rows to score, as they were named: what gives batches of them each time it is called, and what was noticed.

    Parameters
    ----------
    rows : path, glob, frame or None
        None for what the brief says comes in.

    Raises
    ------
    BriefError
        When none are named.
    DataError
        When they cannot be read.
    """
    brief, folder = scorer.brief, scorer.folder or Path.cwd()
    if rows is not None and not isinstance(rows, str | Path):
        return _held(lambda: read(rows))
    if rows is not None:
        source = _absolute(str(rows))
    elif scorer.folder is not None and (brief.track.new or brief.track.url_env):
        source = brief.track.new
    else:
        raise BriefError('no rows are named to score; add [track] new = "new.parquet" to the brief, or give --rows')
    wanted = {column.name for column in scorer.predictor.schema.columns} | {*brief.data.key} | rule.columns
    if source and not brief.data.tables and streamed(source, folder, wanted) is not None:
        seen: dict[Path, State] = {}
        return lambda: streamed(source, folder, wanted, seen) or iter(()), ()
    if rows is not None:
        return _held(lambda: rows_of(source, brief, folder))
    unlabelled = replace(brief, track=replace(brief.track, labels=""))
    return _held(lambda: incoming(unlabelled, folder))


def _held(loaded: Callable[[], Loaded | None]) -> tuple[Batches, tuple[Finding, ...]]:
    try:
        found = loaded()
    except NoRowsError:
        found = None
    return (lambda: sliced(found), found.findings) if found is not None else (lambda: iter(()), ())


def _absolute(rows: str) -> str:
    """Rows that were named by hand: they lie where one is, and the brief's other tables beside the brief."""
    return rows if "://" in rows else str(Path.cwd() / rows)


def predicted_rows(scorer: Scorer, rule: Rule, batches: Iterator[Batch]) -> Predicted | None:
    """Predict all rows; None when there is none.

    Raises
    ------
    BriefError
        When a condition reads an interval that the package does not have.
    DataError
        When the key is absent, missing in a row, or that of two rows.
    RowsError
        When the rows lack a column that the model reads.
    """
    columns, asked = scorer.brief.data.key, conditions(scorer.brief.decision, scorer.task)
    keys: list[pl.DataFrame] = []
    arrays: list[list[np.ndarray]] = []
    parts: list[tuple[str, int]] = []
    for batch in batches:
        rows = batch.frame
        key_texts(rows.head(0), columns, ())  # an absent column is told before anything is predicted
        keys.append(rows.select(columns))
        score, predicted, ends, flags, bits = _scores(scorer, batch, asked)
        told = (bits, rule.periods(rows), *rule.alone(rows, score))
        arrays.append([score, predicted, ends, flags, *map(_brief, told)])
        parts.append((batch.source, batch.start + rows.height))
        if batch.start:  # the same source goes on
            del parts[-2]
    if not arrays:
        return None
    score, predicted, ends, flags, bits, period, acts, turns = (
        _joined(arrays, place) for place in range(len(arrays[0]))
    )
    held = _stacked(keys)
    key = key_texts(held, columns, parts)
    _refuse_unkeyed(held, key, columns)
    texts = pl.Series(FLAG_TEXTS, dtype=pl.Categorical)[flags]
    known = held if columns else key.to_frame("row")
    classes = predicted if scorer.task == "multiclass" else None
    of_numbers = ends if scorer.task == "regression" else None
    return Predicted(known, key, score, classes, of_numbers, texts, bits, period, acts, turns)


def _brief(array: np.ndarray) -> np.ndarray:
    """An array of one value without its memory: most briefs have one period, and one score where decisions turn."""
    if len(array) and np.array_equal(array, np.broadcast_to(array[:1], array.shape), equal_nan=array.dtype.kind == "f"):
        return np.broadcast_to(array[:1].copy(), array.shape)
    return array


def _joined(arrays: list[list[np.ndarray]], place: int) -> np.ndarray:
    """One array of all batches; theirs are let go of, so that none stands in memory twice."""
    parts = [one[place] for one in arrays]
    for one in arrays:
        one[place] = one[place][:0]
    firsts = _brief(np.concatenate([part[:1] for part in parts]))
    if len(firsts) and all(part.strides == (0,) for part in (firsts, *parts)):
        return np.broadcast_to(firsts[:1], (sum(map(len, parts)),))
    return np.concatenate(parts)


def _scores(scorer: Scorer, batch: Batch, asked: Sequence[Condition]) -> tuple[np.ndarray, ...]:
    """Score, predicted class, ends of intervals, flags and met conditions of a batch's rows."""
    try:
        rows = admitted(scorer, batch.frame)
        full = scorer.predictor.predict_full(rows)
    except RowsError as error:
        if error.row is None:
            raise
        raise RowsError(f"'{batch.source}': {error.at(batch.start + error.row)}") from error
    refuse_unknown(scorer, rows, full.flags["unseen"], batch.source, batch.start)
    flags = np.zeros(len(full.values), np.uint8)
    for bit, name in enumerate(FLAGS):
        flags |= full.flags[name].astype(np.uint8) << bit
    predicted, ends = np.empty(0, bool), np.empty((0, 2))
    if full.probabilities is None:
        score = np.asarray(full.values, np.float64)
        ends = full.intervals if full.intervals is not None else np.full((len(score), 2), np.nan)
    else:
        best = full.probabilities.max(axis=1) if scorer.positive < 0 else full.probabilities[:, scorer.positive]
        score = np.array(best, np.float64)  # a copy: the probabilities of all classes are let go of
        predicted = np.asarray(full.values) if scorer.positive < 0 else predicted
    return score, predicted, ends, flags, met(asked, score, full)


def _stacked(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    try:
        return pl.concat(frames, how="vertical_relaxed")
    except pl.exceptions.PolarsError:  # a key of numbers in one file and of texts in another
        texts = [
            pl.DataFrame([key_texts(frame, (name,), ()).alias(name) for name in frame.columns]) for frame in frames
        ]
        return pl.concat(texts)


def _refuse_unkeyed(keys: pl.DataFrame, key: pl.Series, columns: Sequence[str]) -> None:
    missing = key.is_null()
    for name in columns:
        if keys.schema[name] == pl.String:
            missing = missing | (keys[name].str.strip_chars() == "").fill_null(True)
    n_missing = int(missing.sum())
    if n_missing:
        first = int(missing.arg_true()[0])
        raise DataError(
            f"the key ({', '.join(columns)}) is missing in {counted(n_missing, 'row')}, the first of them row "
            f"{first:,} (counted "
            "from 0); give each row its key, or leave such rows out"
        )
    numbers = len(columns) == 1 and keys[columns[0]].dtype.is_integer()  # they are told apart in less memory
    n_doubled = key.len() - (keys[columns[0]] if numbers else key).n_unique()
    if n_doubled:
        first = int(key.is_duplicated().arg_true()[0])
        named = f"the key ({', '.join(columns)})" if columns else "the place that names a row without [data] key"
        raise DataError(
            f"{named} is not one row's alone: {counted(n_doubled, 'row has', 'rows have')} one that an earlier row "
            f"has; row {first:,} (counted "
            "from 0) is one of those that share it. Keep one row of each, or name more columns under [data] key"
        )
