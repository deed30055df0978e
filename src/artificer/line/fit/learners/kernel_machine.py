"""A kernel machine that learns which features matter: for small data, where it differs most from trees.

The recursive feature machine of Radhakrishnan, Beaglehole, Pandit and Belkin (2024, Science 383) in the manner of xRFM
(Beaglehole, Holzmüller, Radhakrishnan and Belkin 2025, arXiv 2508.10053), with a diagonal matrix: ridge regression in a
Laplace-like kernel, then every feature scaled by a root of the mean square of the slope in it, and again. The errors of
leaving one row out, or one group of rows, are known in closed form; they choose the ridge, the bandwidth and the round, and
make scores into probabilities (after Platt 1999), so no rows need to be watched.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from scipy.linalg import blas, lapack, solve
from scipy.optimize import minimize

from artificer.core.clock import Clock
from artificer.core.protocols import Fitted, Fold, Settings
from artificer_runtime.members.kernel import Kernel, facing, nearness, placed, squares
from artificer_runtime.members.links import Link, linked

LINKS: dict[str, Link] = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}
RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
FIRST_RIDGE = 3
BANDWIDTHS = (1.0, 3.0)  # times the median distance
# Rounds after those that choose the bandwidth: a feature is scaled by this power of its mean squared slope, beside the
# largest; none falls below the least scale.
ROOTS = (0.25, 0.5)
LEAST_SCALE = 1e-3
NEVER = -20.0  # log odds of a class that no training row has
STRENGTH = 1e-3  # penalty on the classes' offsets


@dataclass(frozen=True)
class KernelMachine:
    """Settings: `power` (1.2), `rows` (2000), `searched` (1000), and `ridge`, `bandwidth`, which are searched without them.

    Of more rows than `rows` a sample, stratified by class, is kept; of more than `searched`, features and ridge are learned
    on a part. `rounds` fixes after how many solutions the search ends, whatever the clock says. What cannot be interrupted
    is bounded by these caps: on 2,000 rows of 60 features a fit takes about 3.5 s, cut as early as can be 1.5 s.
    """

    API: ClassVar[int] = 1
    name: str = "kernel"
    version: int = 3

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Search, then solve for all kept rows at what was found."""
        data = _Data.of(fold, int(settings.get("rows", 2000)))
        power = float(settings.get("power", 1.2))
        part = data.part(int(settings.get("searched", 1000)), fold.seed)
        search = _Search(part, settings, power)
        cut = search.run(clock)
        found = search.best
        solved = _Problem(data, found.scale, power).solved(found.ridge)
        slope, offsets = data.calibrated(solved.left_out)
        coefficients, intercept = data.outputs(solved.coefficients, slope, offsets)
        member = Kernel(
            data.features,
            data.center,
            found.scale,
            solved.placed.astype(np.float32),
            coefficients,
            intercept,
            power,
            LINKS[fold.task],
            *data.bounds,
        )
        native = _native(member, fold.checked)
        facts = {"rounds": float(search.done), "ridge": found.ridge, "bandwidth": found.bandwidth}
        return Fitted(member, np.empty(0), 0, cut, native, facts)


@dataclass(frozen=True, slots=True)
class _Data:
    """Kept rows, and targets: a column a class that was seen, or the number, scaled.

    Attributes
    ----------
    X : array of float32, (n_rows, n_used)
    center, deviation : array of float32, (n_used,)
    targets : array of float64, (n_rows, n_targets)
    weight : array of float64, (n_rows,)
        Mean 1.
    seen : array of int64, (n_targets,)
        Classes of the targets; empty in regression.
    group : array of int64, (n_rows,), or None
    """

    X: np.ndarray
    features: np.ndarray
    center: np.ndarray
    deviation: np.ndarray
    targets: np.ndarray
    weight: np.ndarray
    seen: np.ndarray
    n_classes: int
    group: np.ndarray | None
    middle: float = 0.0
    spread: float = 1.0

    @classmethod
    def of(cls, fold: Fold, most: int) -> _Data:
        weight = np.ones(len(fold.y)) if fold.weight is None else fold.weight
        kept = np.flatnonzero(weight > 0) if weight.any() else np.arange(len(weight))
        kept = kept[sampled(fold.y[kept], fold.n_classes, most, fold.seed)]
        X, y, weight = fold.X[kept], fold.y[kept], np.maximum(weight[kept], 1e-12)
        weight = weight / weight.mean()
        center, deviation = _moments(X)
        used = np.flatnonzero(deviation > 0).astype(np.int32)
        frame = (X[:, used], used, center[used], deviation[used])
        group = fold.group[kept] if fold.group is not None else None
        if fold.task == "regression":
            middle = float(np.average(y, weights=weight))
            spread = float(np.sqrt(np.average((y - middle) ** 2, weights=weight))) or 1.0
            return cls(
                *frame, ((y - middle) / spread)[:, None], weight, np.empty(0, np.int64), 0, group, middle, spread
            )
        seen = np.unique(y.astype(np.int64))
        return cls(*frame, (y[:, None] == seen).astype(np.float64), weight, seen, fold.n_classes, group)

    @property
    def alike(self) -> list[np.ndarray]:
        """Positions of the rows of each group that holds several; none where all rows are of one."""
        if self.group is None:
            return []
        _, place, counts = np.unique(self.group, return_inverse=True, return_counts=True)
        groups = np.split(np.argsort(place, kind="stable"), np.cumsum(counts)[:-1])
        return [rows for rows in groups if 1 < len(rows) < len(place)]

    @property
    def mean(self) -> np.ndarray:
        """Of each target."""
        return np.asarray(np.average(self.targets, axis=0, weights=self.weight))

    @property
    def bounds(self) -> tuple[float, float]:
        """Numbers are predicted within what was seen."""
        if self.n_classes:
            return -np.inf, np.inf
        values = self.targets[:, 0] * self.spread + self.middle
        return float(values.min()), float(values.max())

    def part(self, most: int, seed: int) -> _Data:
        """Fewer rows."""
        classes = self.targets.argmax(axis=1) if self.n_classes else self.targets[:, 0]
        rows = sampled(classes, self.n_classes, most, seed + 1)
        group = self.group[rows] if self.group is not None else None
        return replace(self, X=self.X[rows], targets=self.targets[rows], weight=self.weight[rows], group=group)

    def loss(self, scores: np.ndarray) -> float:
        """Mean loss of scores (n_rows, n_targets) that rows got which they did not help to train."""
        if self.n_classes:
            return self._log_loss(scores, *self.calibrated(scores))
        return float(np.average((scores - self.targets)[:, 0] ** 2, weights=self.weight))

    def calibrated(self, scores: np.ndarray) -> tuple[float, np.ndarray]:
        """Slope and offset of each class that make scores into log odds."""
        n_targets = self.targets.shape[1]
        if not self.n_classes or n_targets == 1:
            return 1.0, np.zeros(n_targets)
        share = self.weight / self.weight.sum()

        def steep(free: np.ndarray) -> tuple[float, np.ndarray]:
            raw = free[0] * scores + free[1:]
            raw -= raw.max(axis=1, keepdims=True)
            total = np.log(np.exp(raw).sum(axis=1))
            wrong = (np.exp(raw - total[:, None]) - self.targets) * share[:, None]
            loss = float(share @ (total - (raw * self.targets).sum(axis=1))) + STRENGTH * float(free[1:] @ free[1:])
            return loss, np.concatenate([[(wrong * scores).sum()], wrong.sum(axis=0) + 2 * STRENGTH * free[1:]])

        # Noise left out has scores that point away from its class, so the slope is kept from turning round.
        limits = [(0.0, None)] + [(None, None)] * n_targets
        start = np.concatenate([[4.0], np.zeros(n_targets)])
        free = minimize(steep, start, jac=True, method="L-BFGS-B", bounds=limits).x
        return float(free[0]), np.asarray(free[1:])

    def _log_loss(self, scores: np.ndarray, slope: float, offsets: np.ndarray) -> float:
        likely = linked(slope * scores + offsets, "softmax")
        return float(np.average(-np.log(np.maximum((likely * self.targets).sum(axis=1), 1e-15)), weights=self.weight))

    def outputs(self, coefficients: np.ndarray, slope: float, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (n_out, n_rows) and intercept (n_out,) of raw outputs, from those of targets (n_rows, n_targets)."""
        if not self.n_classes:
            return coefficients.T * self.spread, self.mean * self.spread + self.middle
        full, shift = np.zeros((self.n_classes, len(coefficients))), np.full(self.n_classes, NEVER)
        full[self.seen], shift[self.seen] = slope * coefficients.T, slope * self.mean + offsets
        return (full, shift) if self.n_classes > 2 else (full[1:] - full[:1], shift[1:] - shift[:1])


def sampled(y: np.ndarray, n_classes: int, most: int, seed: int) -> np.ndarray:
    """Positions of at most about `most` rows, each class in its share and none lost."""
    if len(y) <= most:
        return np.arange(len(y))
    order = np.random.default_rng(seed).permutation(len(y))
    if not n_classes:
        return np.sort(order[:most])
    order = order[np.argsort(y[order], kind="stable")]
    places = np.floor(np.arange(most) * len(y) / most).astype(np.int64)
    firsts = np.unique(y[order], return_index=True)[1]
    return np.sort(order[np.union1d(places, firsts)])


def _moments(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of what is known, in single precision; 0 where a feature does not vary."""
    gaps = np.isnan(X)
    known = np.maximum((~gaps).sum(axis=0), 1)
    full = np.where(gaps, 0, X.astype(np.float64))
    largest = np.maximum(np.abs(full).max(axis=0, initial=0.0), 1e-300)
    center = (full / largest).sum(axis=0) / known
    apart = np.where(gaps, 0, full / largest - center)
    deviation = np.sqrt((apart**2).sum(axis=0) / known)
    deviation = np.where(deviation > 1e-6, deviation * largest, 0.0)
    return (center * largest).astype(np.float32), deviation.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Solved:
    """Ridge regression in a kernel.

    Attributes
    ----------
    coefficients, left_out : array of float64, (n_rows, n_targets)
        `left_out` is what each row is predicted when the others, or those of other groups, alone train.
    """

    placed: np.ndarray
    near: np.ndarray
    coefficients: np.ndarray
    left_out: np.ndarray


class _Problem:
    """One kernel over the rows, to be solved for some ridges."""

    def __init__(self, data: _Data, scale: np.ndarray, power: float) -> None:
        self.data, self.power = data, power
        self.placed = placed(data.X, data.center, scale)
        self.near = nearness(squares(self.placed, facing(self.placed)), power)

    def solved(self, ridge: float) -> _Solved:
        data = self.data
        apart = data.targets - data.mean
        matrix = self.near.T.copy(order="F")  # symmetric; in LAPACK's order it is factored where it lies
        matrix[np.diag_indices(len(matrix))] += ridge / data.weight
        factor, _ = lapack.dpotrf(matrix, lower=1, overwrite_a=1)
        inverse, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
        assert not failed, "a kernel with a ridge is positive definite"
        coefficients = blas.dsymm(1.0, inverse, apart, lower=1)
        lacking = coefficients / inverse.diagonal()[:, None]
        for rows in data.alike:
            lacking[rows] = solve(inverse[np.ix_(rows, rows)], coefficients[rows], assume_a="pos", lower=True)
        return _Solved(self.placed, self.near, coefficients, data.targets - lacking)

    def slopes(self, solved: _Solved) -> np.ndarray:
        """Mean square of the slope in each placed feature, over rows and targets: (n_used,).

        The slope of exp(-r^p) towards z is -p r^(p-2) exp(-r^p) (x - z); a row's own is left out.
        """
        steep = squares(self.placed, facing(self.placed))
        np.power(steep, self.power / 2 - 1, out=steep, where=steep > 0)
        steep *= self.near
        found = np.zeros(self.placed.shape[1])
        for one in solved.coefficients.T:
            pull = steep * one
            slope = self.placed * pull.sum(axis=1)[:, None] - pull @ self.placed
            found += np.average(slope**2, axis=0, weights=self.data.weight)
        return found * self.power**2


@dataclass(frozen=True, slots=True)
class _Found:
    loss: float
    ridge: float
    bandwidth: float
    scale: np.ndarray
    problem: _Problem
    solved: _Solved


@dataclass
class _Search:
    """Ridge and bandwidth first, then rounds that scale the features by what they say."""

    data: _Data
    settings: Settings
    power: float
    done: int = 0
    best: _Found = field(init=False)

    def run(self, clock: Clock) -> bool:
        """Search until done or until the clock has run out; whether it was cut."""
        fixed = round(float(self.settings.get("rounds", 0)))
        bandwidths = (float(self.settings["bandwidth"]),) if "bandwidth" in self.settings else BANDWIDTHS
        weights = 1 / self.data.deviation.astype(np.float64)
        ridge: float | None = None
        for bandwidth in bandwidths:
            ridge = self._at(weights, bandwidth, ridge).ridge
            if self._over(clock, fixed):
                return not fixed
        last = self.best
        for place, root in enumerate(ROOTS):
            slopes = last.problem.slopes(last.solved) * (last.scale / weights) ** 2
            share = (slopes / max(slopes.max(initial=0.0), 1e-300)) ** root
            last = self._at(weights := np.maximum(share, LEAST_SCALE) / self.data.deviation, last.bandwidth, last.ridge)
            if place + 1 < len(ROOTS) and self._over(clock, fixed):
                return not fixed
        return False

    def _over(self, clock: Clock, fixed: int) -> bool:
        return self.done == fixed if fixed else clock.expired

    def _at(self, weights: np.ndarray, bandwidth: float, before: float | None) -> _Found:
        """Solve with features of these weights, at the ridge that is best, climbing from the one found before."""
        scale = _widened(self.data, weights, bandwidth)
        problem = _Problem(self.data, scale, self.power)
        losses: dict[int, tuple[float, _Solved]] = {}

        def loss(place: int) -> float:
            if place not in losses:
                solved = problem.solved(ridges[place])
                losses[place] = self.data.loss(solved.left_out), solved
            return losses[place][0]

        ridges = (float(self.settings["ridge"]),) if "ridge" in self.settings else RIDGES
        at = ridges.index(before) if before is not None else min(FIRST_RIDGE, len(ridges) - 1)
        while True:
            near = [place for place in (at, at + 1, at - 1) if 0 <= place < len(ridges)]
            lowest = min(near, key=loss)
            if lowest == at:
                break
            at = lowest
        found = _Found(losses[at][0], ridges[at], bandwidth, scale, problem, losses[at][1])
        self.best = found if self.done == 0 or found.loss < self.best.loss else self.best
        self.done += 1
        return found


def _widened(data: _Data, weights: np.ndarray, bandwidth: float) -> np.ndarray:
    """Weights of features as scales at which the median distance of two rows is 1 / bandwidth: float32."""
    rows = data.X[:: max(1, len(data.X) // 500)]
    apart = np.nan_to_num((rows.astype(np.float64) - data.center) * weights, nan=0.0)
    square = np.square(apart).sum(axis=1)
    all_squares = square[:, None] + square - 2 * apart @ apart.T
    median = float(np.sqrt(max(np.median(all_squares[np.triu_indices(len(rows), 1)]), 0.0))) if len(rows) > 1 else 0.0
    return np.asarray(weights / (bandwidth * (median or 1.0)), np.float32)


def _native(member: Kernel, X: np.ndarray) -> np.ndarray:
    """Predictions by plain products, as training computes them."""
    at = placed(X[:, member.features], member.center, member.scale)
    raw = nearness(squares(at, member.against), member.power) @ member.coefficients.T + member.intercept
    return linked(np.clip(raw, member.low, member.high), member.link)
