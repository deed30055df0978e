"""Linear discriminant analysis with a shrunken covariance (Friedman 1989, JASA 84): one solution, however many classes.

It takes rows of a class for a normal cloud, and all clouds for equally shaped: another bias than logistic regression's. How
far the covariance is drawn to a ball, and how sure its scores may be, is found on rows left out in turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import linalg
from scipy.optimize import minimize_scalar

from artificer.core.clock import Clock
from artificer.core.errors import FaultError
from artificer.core.protocols import Fitted, Fold, Settings
from artificer_runtime.members.linear import Linear
from artificer_runtime.members.links import Link, linked
from artificer_runtime.parts import dealt

LINKS: dict[str, Link] = {"binary": "logit", "multiclass": "softmax"}
SHRINKAGES = (0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
PARTS = 4  # that rows are left out in
# Sharpness: scores are multiplied by it before they become probabilities; log of its bounds.
FLATTEST, SHARPEST = -4.0, 0.7
NEVER = -20.0  # log odds of a class that no training row has


@dataclass(frozen=True)
class Discriminant:
    """Settings: `rows` (30,000; of more, a sample is drawn), and `rounds`, which fixes how many of four parts are left out.

    `shrinkage` and `sharpness` fix what is searched without them. Without a gap, a fit of n rows and d features takes five
    times n d² multiplications and a decomposition of d³; the clock is looked at after each part.
    """

    API: ClassVar[int] = 1
    name: str = "discriminant"
    version: int = 3

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Find shrinkage and sharpness on the parts that the clock allows, then solve for all rows.

        Raises
        ------
        FaultError
            When numbers are to be predicted.
        """
        if fold.task == "regression":
            raise FaultError("discriminant analysis tells classes apart; a plan gave it a number to predict")
        checked = fold.checked
        fold = _thinned(fold, int(settings.get("rows", 30_000)))
        frame = _Frame.of(fold.X)
        X, weight = frame.prepared(fold.X), np.ones(len(fold.y)) if fold.weight is None else fold.weight
        clouds = _Clouds(X, fold.y.astype(np.int64), weight, fold.n_classes)
        part = dealt(PARTS, len(fold.y), np.random.default_rng(fold.seed), strata=fold.y, group=fold.group)
        shrinkage, sharpness, rounds, cut = _searched(clouds, part, settings, clock)
        coefficients, intercept = clouds.decomposed().rule(shrinkage)
        coefficients, intercept = _collapsed(sharpness * coefficients, _calmed(sharpness, intercept), fold.n_classes)
        link = LINKS[fold.task]
        native = linked(frame.prepared(checked) @ coefficients.T + intercept, link)
        facts = {"rounds": float(rounds), "shrinkage": shrinkage, "sharpness": sharpness}
        return Fitted(frame.member(coefficients, intercept, link), np.empty(0), 0, cut, native, facts)


def _thinned(fold: Fold, most: int) -> Fold:
    if len(fold.X) <= most:
        return fold
    rows = np.sort(np.random.default_rng(fold.seed).choice(len(fold.X), most, replace=False))
    rows = np.union1d(rows, np.unique(fold.y, return_index=True)[1])  # no class is lost
    weight, group = (None if one is None else one[rows] for one in (fold.weight, fold.group))
    return replace(fold, X=fold.X[rows], y=fold.y[rows], weight=weight, group=group)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Means and deviations of the features; gaps are read as means, and what does not vary as 0."""

    center: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray) -> _Frame:
        gaps = np.isnan(X)
        known = np.maximum((~gaps).sum(axis=0), 1)
        full = np.where(gaps, 0, X.astype(np.float64))
        largest = np.maximum(np.abs(full).max(axis=0, initial=0.0), 1e-300)
        center = ((full / largest).sum(axis=0) / known * largest).astype(np.float32).astype(np.float64)
        apart = np.where(gaps, 0, (full - center) / largest)
        deviation = np.sqrt((apart**2).sum(axis=0) / known)
        return cls(center, np.where(deviation > 1e-6, 1 / np.maximum(deviation * largest, 1e-300), 0.0))

    def prepared(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(np.nan_to_num((X.astype(np.float64) - self.center) * self.scale, nan=0.0))

    def member(self, coefficients: np.ndarray, intercept: np.ndarray, link: Link) -> Linear:
        own = coefficients * self.scale
        shift = np.array([np.add.reduce(row * self.center) for row in own])
        center = self.center.astype(np.float32)
        return Linear(own, intercept - shift, center, link, typical=center)


@dataclass(frozen=True, slots=True)
class _Clouds:
    """Rows of every class."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    n_classes: int

    def without(self, left_out: np.ndarray) -> _Clouds:
        return _Clouds(self.X[~left_out], self.y[~left_out], self.weight[~left_out], self.n_classes)

    def decomposed(self) -> _Decomposed:
        belongs = (self.y[:, None] == np.arange(self.n_classes)) * self.weight[:, None]
        total = belongs.sum(axis=0)
        means = belongs.T @ self.X / np.maximum(total, 1e-300)[:, None]
        apart = (self.X - means[self.y]) * np.sqrt(self.weight)[:, None]
        spread = apart.T @ apart / max(total.sum(), 1e-300)
        values, axes = linalg.eigh(spread) if len(spread) else (np.zeros(0), np.zeros((0, 0)))
        return _Decomposed(means, total / max(total.sum(), 1e-300), np.maximum(values, 0), axes)


@dataclass(frozen=True, slots=True)
class _Decomposed:
    """Means and shares of the classes, and the axes of the covariance that they share."""

    means: np.ndarray
    shares: np.ndarray
    values: np.ndarray
    axes: np.ndarray

    def rule(self, shrinkage: float) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (n_classes, n_features) and intercept (n_classes,) with so much of a ball in the covariance."""
        ball = float(self.values.mean()) if len(self.values) else 1.0
        shrunk = np.maximum((1 - shrinkage) * self.values + shrinkage * (ball or 1.0), 1e-12)
        coefficients = (self.means @ self.axes / shrunk) @ self.axes.T
        intercept = np.log(np.maximum(self.shares, 1e-300)) - 0.5 * (coefficients * self.means).sum(axis=1)
        return coefficients, np.where(self.shares > 0, intercept, -np.inf)


def _searched(clouds: _Clouds, part: np.ndarray, settings: Settings, clock: Clock) -> tuple[float, float, int, bool]:
    """Shrinkage and sharpness of the lowest log loss on rows left out, parts left out, and whether the clock cut it."""
    shrinkages = (float(settings["shrinkage"]),) if "shrinkage" in settings else SHRINKAGES
    if "shrinkage" in settings and "sharpness" in settings:
        return shrinkages[0], float(settings["sharpness"]), 0, False
    fixed = round(float(settings.get("rounds", 0)))
    scores: list[list[np.ndarray]] = [[] for _ in shrinkages]
    done, cut = 0, False
    while done < (fixed or PARTS):
        left_out = part == done
        made = clouds.without(left_out).decomposed()
        for one, shrinkage in zip(scores, shrinkages, strict=True):
            coefficients, intercept = made.rule(shrinkage)
            one.append(clouds.X[left_out] @ coefficients.T + np.maximum(intercept, NEVER))
        done += 1
        if clock.expired and not fixed and done < PARTS:
            cut = True
            break
    rows = np.concatenate([np.flatnonzero(part == one) for one in range(done)])
    found = [_sharpness(np.concatenate(one), clouds.y[rows], clouds.weight[rows]) for one in scores]
    best = min(range(len(found)), key=lambda one: found[one][0])
    return shrinkages[best], float(settings.get("sharpness", found[best][1])), done, cut


def _sharpness(scores: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """The lowest log loss, and the factor of the scores that gives it."""
    if not weight.any():
        weight = np.ones(len(y))

    def loss(log_sharpness: float) -> float:
        likely = linked(np.exp(log_sharpness) * scores, "softmax")[np.arange(len(y)), y]
        return float(np.average(-np.log(np.maximum(likely, 1e-15)), weights=weight))

    found = minimize_scalar(loss, bounds=(FLATTEST, SHARPEST), method="bounded", options={"xatol": 0.01})
    return float(found.fun), float(np.exp(found.x))


def _calmed(sharpness: float, intercept: np.ndarray) -> np.ndarray:
    """Intercepts, made as sharp; a class without rows stays out of reach."""
    shown = sharpness * intercept[np.isfinite(intercept)]
    return np.where(np.isfinite(intercept), sharpness * intercept, shown.min(initial=0.0) + NEVER)


def _collapsed(coefficients: np.ndarray, intercept: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Of two classes, the difference."""
    if n_classes > 2:
        return coefficients, intercept
    return coefficients[1:] - coefficients[:1], intercept[1:] - intercept[:1]
