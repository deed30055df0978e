"""Which label is handed out, where the metric reads labels: the probabilities weighed by a multiplier a class.

With two classes this is a threshold. What maximises a metric on few rows overfits them, so each half of the rows makes its
own choice, the middle of what is as good as its best; the other half measures it, and the two are averaged. Of more
classes, the multipliers begin as a power of the classes' shares, one number, and then change one class at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Decision, Fact
from artificer.line.refine.blend import PARTS, Measured, drawn, halves
from artificer.measure.compare import compare
from artificer.measure.labels import READ_LABELS
from artificer.measure.metrics import metric, score
from artificer_runtime.outcome import weighed

# Fewer rows of a class tell no threshold; of more than two classes, such a one follows the others by its share.
FEWEST_OF_A_CLASS = 10
MOST_ROWS = 10_000
# Log multipliers that are tried, for two classes and, around where it stands, for each of more; the powers of the shares.
TWO = np.linspace(-4.0, 4.0, 81)
AROUND = np.linspace(-0.8, 0.8, 9)
POWERS = np.linspace(0.0, 1.2, 13)
SWEEPS, MOST_CLASSES = 2, 10
REPLICATES = 16
# Standard errors below the best that count as as good as the best.
AS_GOOD = 1.0
DIGITS = 4


def multipliers(measured: Measured, blend: np.ndarray) -> tuple[tuple[float, ...], Decision | None]:
    """Choose each class's multiplier, none where the likeliest class does as well; and what was decided, if anything.

    Parameters
    ----------
    blend : array of float64, (n_rows, n_classes)
        Out-of-fold probabilities, as they will be handed out.
    """
    if measured.metric not in READ_LABELS or measured.task == "regression":
        return (), None
    counts = np.sort(np.bincount(measured.y.astype(np.int64), minlength=blend.shape[1]))
    if counts[-2] < FEWEST_OF_A_CLASS:
        return (), None
    part = halves(measured)
    other, found = blend.copy(), []
    for number in range(PARTS):
        here, there = np.flatnonzero(part == number), np.flatnonzero(part != number)
        found.append(_chosen(measured.take(there), blend[there]))
        other[here] = weighed(blend[here], _powers(found[-1]))
    gain = compare(measured.metric, measured.y, other, blend, measured.weight, groups=measured.group)
    chosen = _powers(np.mean(found, axis=0))
    kept = gain.value > 0
    told = f"{gain.value:+.4f} {measured.metric} ({gain.low:+.4f} to {gain.high:+.4f}, {gain.level:.0%})"
    because = f"chosen on one half of the rows and measured on the other, {_named(chosen)} gains {told}"
    choice, rest = (_named(chosen), "the likeliest class") if kept else ("the likeliest class", _named(chosen))
    facts = tuple(Fact(f"class {place}", value, "multiplier") for place, value in enumerate(chosen)) if kept else ()
    decision = Decision("refine", "Which class is the label?", choice, because, (rest,), facts)
    return chosen if kept else (), decision


def _named(chosen: tuple[float, ...]) -> str:
    if len(chosen) > 2:
        return f"the largest of the probabilities times {', '.join(f'{one:.2f}' for one in chosen)}"
    return f"success from a probability of {chosen[0] / (chosen[0] + chosen[1]):.3f}"


def _powers(logarithms: np.ndarray) -> tuple[float, ...]:
    """Multipliers whose geometric mean is 1."""
    return tuple(round(float(one), DIGITS) for one in np.exp(logarithms - logarithms.mean()))


def _chosen(measured: Measured, blend: np.ndarray) -> np.ndarray:
    """Log multipliers: float64 (n_classes,)."""
    measured, sampled = drawn(measured, {"": blend}, MOST_ROWS)
    y, weight = measured.y.astype(np.int64), measured.weight
    logs = np.log(np.maximum(sampled[""], np.finfo(np.float64).tiny))
    n_classes = logs.shape[1]
    if n_classes == 2:
        counts = _swept(y, logs, 1, np.zeros(2), TWO, weight)
        return np.array([0.0, _middle(measured.metric, counts, TWO)])
    found = _of_shares(measured, logs)
    known = np.flatnonzero(np.bincount(y, minlength=n_classes) >= FEWEST_OF_A_CLASS)
    for _ in range(SWEEPS if n_classes <= MOST_CLASSES else 0):
        for one in known.tolist():
            counts = _swept(y, logs, one, found, found[one] + AROUND, weight)
            found[one] += _middle(measured.metric, counts, AROUND)
    return found


def _of_shares(measured: Measured, logs: np.ndarray) -> np.ndarray:
    """The power of the classes' shares that serves best."""
    shares = np.bincount(measured.y.astype(np.int64), measured.weight, logs.shape[1])
    rarity = -np.log(np.maximum(shares, 1e-12) / shares.sum())
    scores = [_score(measured, logs + power * rarity) for power in POWERS]
    return np.asarray(POWERS[int(np.argmax(scores))] * rarity)


def _score(measured: Measured, logs: np.ndarray) -> float:
    return metric(measured.metric).sign * score(measured.metric, measured.y, logs, measured.weight)


def _swept(
    y: np.ndarray, logs: np.ndarray, one: int, found: np.ndarray, grid: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """Rows by truth and label, at each log multiplier of one class: float64 (n_grid, n_classes, n_classes)."""
    n_classes = logs.shape[1]
    others = logs + found
    others[:, one] = -np.inf
    second = others.argmax(axis=1)
    # From this log multiplier on the row's label is that class.
    turns = np.searchsorted(grid, others.max(axis=1) - logs[:, one], side="left")
    shape = (len(grid) + 1, n_classes, n_classes)
    w = np.ones(len(y)) if weight is None else weight / weight.mean()
    places = np.ravel_multi_index((turns, y, second), shape)
    by_turn = np.bincount(places, w, int(np.prod(shape))).reshape(shape)
    turned = np.cumsum(by_turn, axis=0)[:-1]
    counts = by_turn.sum(axis=0) - turned
    counts[:, :, one] += turned.sum(axis=2)
    return np.asarray(counts)


def _middle(metric: str, counts: np.ndarray, grid: np.ndarray) -> float:
    """The middle of the stretch around the best that is as good, given how the difference to it varies."""
    scores = np.array([_of_counts(metric, one) for one in counts])
    best = int(np.argmax(scores))
    draws = np.array([[_of_counts(metric, one) for one in drawn] for drawn in _resampled(counts)])
    error = (draws - draws[:, [best]]).std(axis=0)
    good = scores >= scores[best] - AS_GOOD * error
    first, last = best, best
    while first > 0 and good[first - 1]:
        first -= 1
    while last < len(grid) - 1 and good[last + 1]:
        last += 1
    return float((grid[first] + grid[last]) / 2)


def _of_counts(name: str, counts: np.ndarray) -> float:
    """A metric of labels hangs on the table of truth and label alone: each cell is a row with a weight."""
    truth, label = np.nonzero(counts)
    return metric(name).sign * score(name, truth.astype(np.float64), np.eye(len(counts))[label], counts[truth, label])


def _resampled(counts: np.ndarray) -> Iterator[np.ndarray]:
    """Tables of rows drawn again: what changes from one grid point to the next is drawn once, and added up."""
    rng = np.random.default_rng(0)
    steps = np.diff(counts, axis=0)
    for _ in range(REPLICATES):
        lost, won = rng.poisson(np.maximum(-steps, 0.0)), np.maximum(steps, 0.0)
        # A row that leaves one label joins another of the same truth.
        moved = lost.sum(axis=2, keepdims=True) * (won / np.maximum(won.sum(axis=2, keepdims=True), 1e-12))
        yield np.maximum(np.cumsum(np.concatenate([rng.poisson(counts[:1]), moved - lost]), axis=0), 0.0)
