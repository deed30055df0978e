"""The judged rows in bins: what later rows are compared with, without any of the rows themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from artificer.core.life import Bins, Reference
from artificer.core.run import Run
from artificer.core.stages import Asked, Model, Verdict
from artificer.line.judge import judged_rows
from artificer.line.ship.stretches import stretches
from artificer.measure.influence import influence, tracked_metric
from artificer.measure.intervals import within
from artificer.measure.metrics import metric, score
from artificer_runtime import Predictor
from artificer_runtime.schema import GROUPS, Column, Encoded, Schema

MOST_BINS, FEWEST_ROWS = 32, 10


def reference(run: Run, asked: Asked, model: Model, verdict: Verdict) -> Reference:
    """Put the rows that the verdict rests on into bins, each with what its rows add to the score."""
    judged = judged_rows(run, asked, model, sealed=verdict.on == "sealed rows")
    name = tracked_metric(verdict.metric, asked.task)
    rows, y, prediction, predictor = judged.rows, judged.y, judged.prediction, judged.predictor
    _, place = stretches(rows.time, np.ones(len(y), bool))
    found = within(name, y, prediction, place, rows.weight, groups=rows.group)
    constant = np.bincount(y.astype(np.int64), minlength=prediction.shape[1]) / len(y) if asked.classes else y.mean()
    plain = score(name, y, np.tile(constant, (len(y), 1)))
    phi = influence(name, y, prediction)
    encoded = predictor.schema.encode(rows.frame)
    columns = [_binned(one, column_values(predictor.schema, encoded, one), phi) for one in watched(predictor, run)]
    return Reference(
        metric=name,
        score=found,
        skill=max(0.0, metric(name).sign * (found.value - plain)),
        n_rows=len(y),
        columns=(_numeric("", "number", stated(prediction), phi), *columns),
        last_time=float(np.nanmax(rows.time)) if rows.time is not None and len(rows.time) else math.nan,
        success=math.nan if asked.task == "multiclass" else float(y.mean()),
        rows_per_day=_per_day(rows.time),
    )


def watched(predictor: Predictor, run: Run) -> Iterator[Column]:
    """Columns whose distribution is compared: all that the model reads but the time of the rows themselves."""
    for column in predictor.schema.columns:
        if column.kind in GROUPS and column.name != run.brief.data.time:
            yield column


def column_values(schema: Schema, encoded: Encoded, column: Column) -> np.ndarray:
    """One column as numbers with NaN for missing, or as codes: 0 missing, -1 unseen; of texts, their lengths."""
    group = GROUPS[column.kind]
    values: np.ndarray = getattr(encoded, group)[:, schema.positions(group, [column.name])[0]]
    if group == "texts":
        lengths = np.array([len(text) for text in values], float)
        return np.where(lengths > 0, lengths, np.nan)
    return values


def stated(prediction: np.ndarray) -> np.ndarray:
    """What the model says of each row, as one number: of two classes the success, of more the surest, else the value."""
    return prediction[:, -1] if prediction.shape[1] <= 2 else prediction.max(axis=1)


def _per_day(time: np.ndarray | None) -> float:
    if time is None or np.isnan(time).all():
        return math.nan
    days = np.floor(time[~np.isnan(time)] / 86_400)
    return float(len(days) / (np.ptp(days) + 1))


def _binned(column: Column, values: np.ndarray, phi: np.ndarray) -> Bins:
    if GROUPS[column.kind] != "codes":
        return _numeric(column.name, column.kind, values, phi)
    sizes = np.bincount(np.maximum(values, 0), minlength=len(column.levels) + 1)[1:]
    common = [place for place in np.argsort(-sizes, kind="stable")[: MOST_BINS - 1] if sizes[place] >= FEWEST_ROWS]
    rest = int(sizes.sum() - sizes[common].sum()) + int((values < 0).sum())
    while common and 0 < rest < FEWEST_ROWS:
        rest += int(sizes[common.pop()])
    levels = tuple(column.levels[place] for place in common)
    return _summed(Bins(column.name, column.kind, (), levels, (), (), ()), column, values, phi)


def _numeric(name: str, kind: str, values: np.ndarray, phi: np.ndarray) -> Bins:
    known = np.sort(values[~np.isnan(values)])
    n_bins = int(min(MOST_BINS, len(known) // FEWEST_ROWS))
    edges: list[float] = []
    last = 0
    for number in range(1, n_bins):
        # An edge lies between two different values, so that it is nobody's own.
        place = int(np.searchsorted(known, known[number * len(known) // n_bins], side="left"))
        if place - last >= FEWEST_ROWS and len(known) - place >= FEWEST_ROWS:
            edges.append(float((known[place - 1] + known[place]) / 2))
            last = place
    return _summed(Bins(name, kind, tuple(edges), (), (), (), ()), None, values, phi)


def _summed(bins: Bins, column: Column | None, values: np.ndarray, phi: np.ndarray) -> Bins:
    place = places(bins, column, values)
    place = np.where(place < 0, n_places(bins) - 1, place)  # levels unseen in training are among the others here
    n = n_places(bins)
    sums = [np.bincount(place, weights=weight, minlength=n) for weight in (np.ones(len(phi)), phi, phi**2)]
    return Bins(bins.name, bins.kind, bins.edges, bins.levels, *(tuple(one.tolist()) for one in sums))


def n_places(bins: Bins) -> int:
    """Number of bins, the one of missing values among them."""
    return len(bins.edges) + 2 if not bins.levels else len(bins.levels) + 2


def places(bins: Bins, column: Column | None, values: np.ndarray) -> np.ndarray:
    """Bin of each value, 0 where it is missing, -1 for a level that training lacked: int64 (n_rows,).

    Parameters
    ----------
    column : Column or None
        Of the model's schema, for categories: it says which code a level has.
    """
    if column is not None and GROUPS[column.kind] == "codes":
        by_code = np.full(len(column.levels) + 1, len(bins.levels) + 1)
        by_code[0] = 0
        order = {level: number for number, level in enumerate(bins.levels, start=1)}
        for code, level in enumerate(column.levels, start=1):
            by_code[code] = order.get(level, len(bins.levels) + 1)
        return np.asarray(np.where(values < 0, -1, by_code[np.maximum(values, 0)]))
    inside = np.searchsorted(np.array(bins.edges), values, side="right") + 1
    return np.asarray(np.where(np.isnan(values), 0, inside))
