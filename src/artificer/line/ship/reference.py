"""The judged rows in bins: what later rows are compared with, without any of the rows themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from artificer.core.brief import Task
from artificer.core.life import Bins, Reference
from artificer.core.records import Estimate
from artificer.core.run import Run
from artificer.core.stages import Asked, Model, Verdict
from artificer.data.epochs import are_dates
from artificer.line.judge import Judged, judged_rows
from artificer.line.ship.stretches import stretches
from artificer.measure.influence import influence, pairs_won, tracked_metric
from artificer.measure.intervals import estimate
from artificer.measure.means import mean_of_rows, share_of
from artificer.measure.metrics import metric
from artificer.measure.stretches import within
from artificer_runtime.outcome import weighed
from artificer_runtime.schema import GROUPS, Column, Encoded, Schema

# The prediction is told apart finely, as it stands for all columns; 16 bins of a column show where it moved, and the
# sums over pairs of its bins stay small: about 5 KB a column.
PREDICTION_BINS, MOST_BINS, FEWEST_ROWS = 32, 16, 10
NAMED = "the named class"
LARGEST = float(np.finfo(np.float32).max)


def reference(run: Run, asked: Asked, model: Model, verdict: Verdict) -> Reference:
    """Put the rows that the verdict rests on into bins, each with what its rows add to the score."""
    judged = judged_rows(run, asked, model, sealed=verdict.on == "sealed rows")
    return summed_up(judged, tracked_metric(verdict.metric, asked.task), asked.task, run.brief.data.time)


def summed_up(judged: Judged, name: str, task: Task, time: str = "") -> Reference:
    """The reference that judged rows make.

    Parameters
    ----------
    name : str
        A metric that has an influence.
    time : str
        The column of the rows' own time, which moves by itself and is not compared.
    """
    rows, y, prediction, schema = judged.rows, judged.y, judged.prediction, judged.predictor.schema
    is_class, seen = task != "regression", judged.decided(name)
    _, place = stretches(rows.time, np.ones(len(y), bool))
    found = within(name, y, seen, place, rows.weight, groups=rows.group)
    place = _defined(name, judged, place)
    constant = np.bincount(y.astype(np.int64), minlength=prediction.shape[1]) / len(y) if is_class else y.mean()
    plain = within(name, y, np.tile(constant, (len(y), 1)), place, rows.weight, groups=rows.group).value
    scored = _Scored(
        phi=influence(name, y, seen, rows.weight, place),
        y=y if task == "binary" else None,
        success=prediction[:, 1] if name == "roc_auc" else None,
        weight=rows.weight,
        place=place,
    )
    mean = share_of if is_class else mean_of_rows
    target = None if task == "multiclass" else mean(y, rows.weight, rows.group, level=0.95)
    encoded = schema.encode(rows.frame)
    columns = [_binned(one, column_values(schema, encoded, one), scored) for one in watched(schema, time)]
    if task == "multiclass":
        contents = judged.predictor.contents
        named = weighed(prediction, contents.multipliers).argmax(axis=1)
        columns.insert(0, _binned(named_class(contents.classes), named + 1, scored))
    return Reference(
        metric=name,
        score=found,
        skill=max(0.0, metric(name).sign * (found.value - plain)),
        n_rows=len(y),
        columns=(_numeric("", "number", stated(prediction), scored), *columns),
        last_time=float(np.nanmax(rows.time)) if rows.time is not None and not np.isnan(rows.time).all() else math.nan,
        success=target.value if target is not None else math.nan,
        rows_per_day=_per_day(rows.time),
        target=target,
        shares=tuple(_shares(judged)) if task == "multiclass" else (),
    )


def _shares(judged: Judged) -> Iterator[tuple[str, Estimate]]:
    """The share of each class among the judged rows, by name."""
    for place, name in enumerate(judged.predictor.contents.classes):
        there = (judged.y == place).astype(np.float64)
        yield name, share_of(there, judged.rows.weight, judged.rows.group, level=0.95)


def watched(schema: Schema, time: str) -> Iterator[Column]:
    """Columns whose distribution is compared: all that the model reads but the time of the rows themselves."""
    for column in schema.columns:
        if column.kind in GROUPS and column.name != time:
            yield column


def named_class(classes: tuple[str, ...]) -> Column:
    """Which of several classes the model names, as a column: the code of each is its place and 1."""
    return Column(NAMED, "category", levels=classes)


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
        by_code = np.full(len(column.levels) + 1, n_places(bins) - 1)
        by_code[0] = 0
        order = {level: number for number, level in enumerate(bins.levels, start=1)}
        for code, level in enumerate(column.levels, start=1):
            by_code[code] = order.get(level, n_places(bins) - 1)
        return np.asarray(np.where(values < 0, -1, by_code[np.maximum(values, 0)]))
    inside = np.searchsorted(np.array(bins.edges), values, side="right") + 1
    return np.asarray(np.where(np.isnan(values), 0, inside))


@dataclass(frozen=True)
class _Scored:
    """What the judged rows do to the score: influence, and what sums over pairs need (None where they are not)."""

    phi: np.ndarray
    y: np.ndarray | None
    success: np.ndarray | None
    weight: np.ndarray | None
    place: np.ndarray

    @property
    def rare(self) -> np.ndarray | None:
        """Rows of the rarer of two classes."""
        return None if self.y is None else self.y == float(self.y.mean() < 0.5)


def _defined(name: str, judged: Judged, place: np.ndarray) -> np.ndarray:
    """Stretches on which the score is defined, as `within` takes them; all rows are one where fewer than two are."""
    rows, kept = judged.rows, place.copy()
    for one in np.unique(place[place >= 0]):
        here = place == one
        weight = rows.weight[here] if rows.weight is not None else None
        group = rows.group[here] if rows.group is not None else None
        found = estimate(name, judged.y[here], judged.prediction[here], weight, groups=group)
        if not np.isfinite([found.value, found.low, found.high]).all():
            kept[here] = -1
    return kept if len(np.unique(kept[kept >= 0])) > 1 else np.zeros(len(place), np.int64)


def _per_day(time: np.ndarray | None) -> float:
    if time is None or not are_dates(time):
        return math.nan
    days = np.floor(time[~np.isnan(time)] / 86_400)
    return float(len(days) / (np.ptp(days) + 1))


def _binned(column: Column, values: np.ndarray, scored: _Scored) -> Bins:
    if GROUPS[column.kind] != "codes":
        ranged = column.kind == "number" and column.low is not None and column.high is not None
        beyond = (float(column.low), float(column.high)) if ranged else None  # type: ignore[arg-type]
        return _numeric(column.name, column.kind, values, scored, beyond)
    sizes = np.bincount(np.maximum(values, 0), minlength=len(column.levels) + 1)[1:]
    common = [place for place in np.argsort(-sizes, kind="stable")[: MOST_BINS - 1] if sizes[place] >= FEWEST_ROWS]
    rest = int(sizes.sum() - sizes[common].sum()) + int((values < 0).sum())
    while common and 0 < rest < FEWEST_ROWS:
        rest += int(sizes[common.pop()])
    levels = tuple(column.levels[place] for place in common)
    return _summed(Bins(column.name, column.kind, (), levels, (), (), ()), column, values, scored)


def _numeric(
    name: str, kind: str, values: np.ndarray, scored: _Scored, beyond: tuple[float, float] | None = None
) -> Bins:
    """Bins of numbers; what lies beyond the range of training has bins of its own, empty where judged rows are too few."""
    if beyond is None:
        edges = edges_of(values, MOST_BINS if name else PREDICTION_BINS, scored.rare)
        return _summed(Bins(name, kind, edges, (), (), (), ()), None, values, scored)
    ends = np.clip(beyond, -LARGEST, LARGEST).astype(np.float32)
    low, above = float(ends[0]), float(np.nextafter(ends[1], np.float32(np.inf)))
    within_range = np.where((values < low) & ((values < low).sum() < FEWEST_ROWS), low, values)
    few = (values >= above) & ((values >= above).sum() < FEWEST_ROWS)
    within_range = np.where(few, ends[1], within_range)
    inner = edges_of(
        np.where((within_range < low) | (within_range >= above), np.nan, within_range), MOST_BINS, scored.rare
    )
    return _summed(Bins(name, kind, (low, *inner, above), (), (), (), ()), None, within_range, scored)


def edges_of(values: np.ndarray, n_bins: int, rare: np.ndarray | None = None) -> tuple[float, ...]:
    """Inner edges of at most so many bins of about equally many rows, none of fewer than ten.

    A value that many rows share has a bin of its own; an edge lies between two different values, so that it is nobody's.

    Parameters
    ----------
    rare : array of bool, (n_rows,), optional
        Rows that count as much as all others together: where success is rare, bins are fine where it is.
    """
    there = ~np.isnan(values)
    order = np.argsort(values[there], kind="stable")
    known = values[there][order]
    if not len(known):
        return ()
    mass = np.full(len(known), 1 / len(known))
    if rare is not None and rare[there].any():
        mass = mass + rare[there][order] / rare[there].sum()
    filled = np.concatenate([[0.0], np.cumsum(mass)])
    quantiles = known[np.minimum(np.searchsorted(filled, np.arange(1, n_bins) / n_bins * filled[-1]), len(known) - 1)]
    cuts = {int(np.searchsorted(known, one, side=side)) for one in quantiles for side in ("left", "right")}
    places = [0]
    for cut in sorted(cuts):
        if cut - places[-1] >= FEWEST_ROWS and len(known) - cut >= FEWEST_ROWS:
            places.append(cut)
    places.append(len(known))
    while len(places) - 1 > n_bins:  # join where the joined bin is smallest
        sizes = [filled[after] - filled[before] for before, after in zip(places, places[2:], strict=False)]
        del places[1 + sizes.index(min(sizes))]
    return tuple(_between(float(known[place - 1]), float(known[place])) for place in places[1:-1])


def _between(low: float, high: float) -> float:
    middle = low + (high - low) / 2
    return middle if middle > low else high  # no number lies between neighbours


def _summed(bins: Bins, column: Column | None, values: np.ndarray, scored: _Scored) -> Bins:
    n, phi = n_places(bins), scored.phi
    place = places(bins, column, values)
    place = np.where(place < 0, n - 1, place)  # levels unseen in training are among the others here
    sums = [_sums(place, one, n) for one in (np.ones(len(phi)), phi, phi**2)]
    bins = replace(bins, counts=sums[0], influence=sums[1], squares=sums[2])
    if scored.y is None:
        return bins
    won = np.where(scored.y == 1, 1.0, 0.0)
    sums = [_sums(place, one, n) for one in (won, won * phi, won * phi**2)]
    bins = replace(bins, successes=sums[0], success_influence=sums[1], success_squares=sums[2])
    if scored.success is None:
        return bins
    both = pairs_won(scored.y, scored.success, place, n, scored.weight, scored.place)
    return replace(bins, won=_short(both[0].ravel()), pairs=_short(both[1].ravel()))


def _sums(place: np.ndarray, weight: np.ndarray, n_bins: int) -> tuple[float, ...]:
    return _short(np.bincount(place, weights=weight, minlength=n_bins))


def _short(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """Six digits, so that the file is small."""
    return tuple(float(f"{value:.6g}") for value in values)
