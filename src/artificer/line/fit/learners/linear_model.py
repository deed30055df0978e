"""Logistic and ridge regression on scaled, hinged and one-hot features: the reference that boosters must beat.

The strength of the penalty is chosen on the validation rows of each fold; a refit is told it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy import linalg, sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from artificer.core.clock import Clock
from artificer.core.protocols import Fitted, Fold, Settings
from artificer.line.fit.losses import row_losses
from artificer_runtime.members.linear import Linear
from artificer_runtime.members.links import Link, linked

# From strong penalties, which are quick, to weak ones; the search ends where the validation loss rises.
C_GRID = (0.003, 0.03, 0.3, 3.0, 30.0)
ALPHA_GRID = (1000.0, 100.0, 10.0, 1.0, 0.1)
LINKS: dict[str, Link] = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}
ROUNDS, ITERATIONS = 6, 25
MOSTLY_ZERO = 0.8
WIDE = 16.5  # scaled features and hinges stay within 16
SAMPLED = 2000  # rows that tell whether most cells are zero
NEVER = -20.0  # log odds of a class that no training row has
CHECKED_ROWS = 2000
# Cells that are not zero, times outputs, of one pass: about 0.1 s on one core.
MOST_WORK, FEWEST_ROWS = 3e7, 10_000


@dataclass(frozen=True)
class LinearModel:
    """Settings: `C` (classes) or `alpha` (numbers) fix the penalty; without them it is searched.

    `rounds` fixes after how many times 25 iterations the solver ends at the latest, whatever the clock says.
    """

    API: ClassVar[int] = 1
    name: str = "linear"
    version: int = 3

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Fit at the best penalty on the validation rows; the clock is looked at every 25 iterations."""
        checked = fold.X[:CHECKED_ROWS]
        fold = _thinned(fold)
        frame = _Frame.of(fold.X)
        X = frame.prepared(fold.X)
        rounds: dict[float, int] = {}
        if fold.task == "regression":
            name, grid = "alpha", ALPHA_GRID
            fit: Callable[[float], tuple[np.ndarray, np.ndarray]] = _Ridge(X, fold).fit
        else:
            logistic = _Logistic(X, fold, clock, int(settings.get("rounds", 0)))
            name, grid, fit, rounds = "C", C_GRID, logistic.fit, logistic.rounds
        chosen = (float(settings[name]),) if name in settings else grid
        best, value, cut = self._search(fold, frame, chosen, fit, clock)
        member = frame.member(*best, LINKS[fold.task])
        native = _native(best, frame.prepared(checked), LINKS[fold.task])
        facts = {name: value} | ({"rounds": float(rounds[value])} if rounds else {})
        return Fitted(member, np.empty(0), 0, cut, native, facts)

    def _search(
        self,
        fold: Fold,
        frame: _Frame,
        grid: tuple[float, ...],
        fit: Callable[[float], tuple[np.ndarray, np.ndarray]],
        clock: Clock,
    ) -> tuple[tuple[np.ndarray, np.ndarray], float, bool]:
        best, at, lowest = None, grid[0], np.inf
        for place, value in enumerate(grid):
            found = fit(value)
            loss = 0.0
            if fold.X_valid is not None and fold.y_valid is not None:
                prediction = frame.member(*found, LINKS[fold.task]).predict(fold.X_valid)
                loss = float(np.average(row_losses(fold.task, fold.y_valid, prediction), weights=fold.weight_valid))
            if best is not None and not loss < lowest:
                break
            best, at, lowest = found, value, loss
            if clock.expired and place + 1 < len(grid):
                return best, at, True
        assert best is not None
        return best, at, False


def _thinned(fold: Fold) -> Fold:
    """Fewer rows where one step of the solver would take seconds: a linear model of many rows gains little by more."""
    if fold.task == "regression":
        return fold
    filled = float((fold.X[:SAMPLED] != 0).mean()) * fold.X.shape[1] if len(fold.X) else 0.0
    most = max(FEWEST_ROWS, int(MOST_WORK / max(filled * max(fold.n_classes - 1, 1), 1.0)))
    if len(fold.X) <= most:
        return fold
    rows = np.sort(np.random.default_rng(fold.seed).choice(len(fold.X), most, replace=False))
    rows = np.union1d(rows, np.unique(fold.y, return_index=True)[1])  # no class is lost
    return replace(fold, X=fold.X[rows], y=fold.y[rows], weight=fold.weight[rows] if fold.weight is not None else None)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What is subtracted and divided by before fitting: only features of a wide range, such as years."""

    center: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray) -> _Frame:
        n_features = X.shape[1]
        center, scale = np.zeros(n_features), np.ones(n_features)
        largest = np.maximum(np.fmax.reduce(X, axis=0), -np.fmin.reduce(X, axis=0)) if len(X) else np.zeros(n_features)
        for feature in np.flatnonzero(largest > WIDE):
            values = X[:, feature][~np.isnan(X[:, feature])].astype(np.float64)
            center[feature], scale[feature] = np.float32(values.mean()), values.std() or 1.0
        return cls(center, scale)

    def prepared(self, X: np.ndarray) -> Any:
        ready = X.copy()
        wide = np.flatnonzero((self.center != 0) | (self.scale != 1))
        ready[:, wide] = (X[:, wide].astype(np.float64) - self.center[wide]) / self.scale[wide]
        np.nan_to_num(ready, copy=False, nan=0.0)
        if (ready[:SAMPLED] == 0).mean() > MOSTLY_ZERO:
            return sparse.csr_array(ready).astype(np.float64)
        return ready.astype(np.float64)

    def member(self, coefficients: np.ndarray, intercept: np.ndarray, link: Link) -> Linear:
        own = coefficients / self.scale
        shift = np.array([np.add.reduce(row * self.center) for row in own])
        return Linear(own, intercept - shift, self.center.astype(np.float32), link)


class _Logistic:
    """Logistic regression, warm from one penalty to the next."""

    def __init__(self, X: Any, fold: Fold, clock: Clock, fixed_rounds: int = 0) -> None:
        self.X, self.fold, self.clock, self.fixed_rounds = X, fold, clock, fixed_rounds
        self.rounds: dict[float, int] = {}
        self.seen = np.unique(fold.y.astype(np.int64))
        self.model = LogisticRegression(max_iter=ITERATIONS, warm_start=True, tol=1e-4)

    def fit(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        self.rounds[penalty] = 1
        if len(self.seen) == 1:
            return self._shaped(np.zeros((1, self.X.shape[1])), np.array([-NEVER]))
        self.model.set_params(C=penalty)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for done in range(1, (self.fixed_rounds or ROUNDS) + 1):
                self.model.fit(self.X, self.fold.y, sample_weight=self.fold.weight)
                self.rounds[penalty] = done
                if int(np.max(self.model.n_iter_)) < ITERATIONS or (self.clock.expired and not self.fixed_rounds):
                    break
        return self._shaped(self.model.coef_, self.model.intercept_)

    def _shaped(self, coef: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n_classes = self.fold.n_classes
        if n_classes == 2:
            sign = 1.0 if len(self.seen) == 2 or self.seen[0] == 1 else -1.0
            return sign * coef, sign * intercept
        if len(coef) == 1:  # two classes of many were seen: one row of log odds between them, or one class alone
            coef = np.concatenate([-coef / 2, coef / 2])[-len(self.seen) :]
            intercept = np.concatenate([-intercept / 2, intercept / 2])[-len(self.seen) :]
        full, shift = np.zeros((n_classes, coef.shape[1])), np.full(n_classes, NEVER)
        full[self.seen], shift[self.seen] = coef, intercept
        return full, shift


class _Ridge:
    """Ridge regression from the normal equations, made once for all penalties: quick for many rows and sparse words."""

    def __init__(self, X: Any, fold: Fold) -> None:
        weight = np.ones(len(fold.y)) if fold.weight is None else fold.weight
        total = weight.sum()
        self.mean = np.asarray(weight @ X).ravel() / total
        self.y_mean = float(weight @ fold.y) / total
        weighted = X.multiply(weight[:, None]).tocsr() if sparse.issparse(X) else X * weight[:, None]
        gram = weighted.T @ X
        dense = gram.toarray() if sparse.issparse(gram) else np.asarray(gram)
        self.gram = dense - total * np.outer(self.mean, self.mean)
        self.moment = np.asarray(weighted.T @ fold.y).ravel() - total * self.mean * self.y_mean

    def fit(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        ridged = self.gram + penalty * np.eye(len(self.gram))
        coefficients = linalg.solve(ridged, self.moment, assume_a="pos") if len(ridged) else self.moment
        return coefficients[None, :], np.array([self.y_mean - float(self.mean @ coefficients)])


def _native(found: tuple[np.ndarray, np.ndarray], X: Any, link: Link) -> np.ndarray:
    coefficients, intercept = found
    return linked(np.asarray(X @ coefficients.T) + intercept, link)
