"""Linear models of every loss, on scaled, hinged and one-hot features: the reference that boosters must beat.

The strength of the penalty is chosen on the validation rows of each fold; a refit is told it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy import linalg, optimize, sparse, special
from scipy.sparse import linalg as splinalg

from artificer.core.clock import Clock
from artificer.core.protocols import Fitted, Fold, Settings
from artificer.line.fit.losses import NEVER, constant, level_of, link_of, log_mean, power_of, quantile, row_losses
from artificer_runtime.members.linear import Linear
from artificer_runtime.members.links import Link, linked

# From strong penalties, which are quick, to weak ones; the search ends where the validation loss rises.
C_GRID = (0.003, 0.03, 0.3, 3.0, 30.0)
ALPHA_GRID = (1000.0, 100.0, 10.0, 1.0, 0.1)
ROUNDS, ITERATIONS = 6, 25
# A quantile's loss is rounded off this far from its bend, in mean absolute deviations of the target.
SMOOTH = 0.05
FARTHEST = 30.0  # logarithms of predictions, from where a loss goes on as a straight line
MOSTLY_ZERO = 0.8
WIDE = 16.5  # scaled features and hinges stay within 16
SAMPLED = 2000  # rows that tell whether most cells are zero
# Equations that are solved at once, in a second or less; of more, steps of conjugate gradients, at most.
MOST_SOLVED, MOST_STEPS = 2_500, 200
# Cells that are not zero, times outputs, of one pass: about 0.1 s on one core.
MOST_WORK, FEWEST_ROWS = 3e7, 10_000
CELLS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class LinearModel:
    """Settings: `C` (classes) or `alpha` (numbers) fix the penalty; without them it is searched.

    A repeated fit is told, whatever the clock says, how many penalties were tried (`tried`), and after how many iterations
    the last one's solver ended (`rounds`; of losses of numbers, times 25).
    """

    API: ClassVar[int] = 1
    name: str = "linear"
    version: int = 9

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Fit at the best penalty on the validation rows, or at the last one before the clock has run out."""
        checked = fold.checked
        fold = _thinned(fold)
        frame = _Frame.of(fold.X)
        X = frame.prepared(fold.X)
        fixed, tried, capped = int(settings.get("rounds", 0)), int(settings.get("tried", 1)), list[float]()
        link = link_of(fold.task, fold.loss)
        solver: _Ridge | _Descent | _Logistic
        if fold.task == "regression":
            name, grid = "alpha", ALPHA_GRID
            solver = _Descent(X, fold, clock, fixed, capped) if fold.loss else _Ridge(X, fold)
        else:
            name, grid, solver = "C", C_GRID, _Logistic(X, fold, clock, fixed, capped)
        chosen = grid[:tried] if tried > 1 else (float(settings[name]),) if name in settings else grid
        capped.append(chosen[-1])
        best, value, tried, cut = self._search(fold, frame, chosen, solver.fit, clock)
        member = replace(frame.member(*best, link), typical=frame.typical(X))
        native = _native(best, frame.prepared(checked), link)
        facts = {name: value, "tried": float(tried)}
        facts |= {"rounds": float(solver.rounds[chosen[tried - 1]])} if solver.rounds else {}
        return Fitted(member, np.empty(0), 0, cut or solver.stopped, native, facts)

    def _search(
        self,
        fold: Fold,
        frame: _Frame,
        grid: tuple[float, ...],
        fit: Callable[[float], tuple[np.ndarray, np.ndarray]],
        clock: Clock,
    ) -> tuple[tuple[np.ndarray, np.ndarray], float, int, bool]:
        best, at, lowest, tried = None, grid[0], np.inf, 0
        for place, value in enumerate(grid):
            found, tried = fit(value), place + 1
            loss = 0.0
            if fold.X_valid is not None and fold.y_valid is not None:
                prediction = frame.member(*found, link_of(fold.task, fold.loss)).predict(fold.X_valid)
                losses = row_losses(fold.task, fold.y_valid, prediction, fold.loss)
                loss = float(np.average(losses, weights=fold.weight_valid))
            if best is not None and not loss < lowest:
                break
            best, at, lowest = found, value, loss
            if clock.expired and place + 1 < len(grid):
                return best, at, tried, True
        assert best is not None
        return best, at, tried, False


def _thinned(fold: Fold) -> Fold:
    """Fewer rows where one step of the solver would take seconds: a linear model of many rows gains little by more."""
    most = most_rows(fold)
    if len(fold.y) <= most:
        return fold
    rows = np.sort(np.random.default_rng(fold.seed).choice(len(fold.y), most, replace=False))
    if fold.task != "regression":
        rows = np.union1d(rows, np.unique(fold.y, return_index=True)[1])  # no class is lost
    return replace(fold, X=fold.X[rows], y=fold.y[rows], weight=fold.weight[rows] if fold.weight is not None else None)


def most_rows(fold: Fold) -> int:
    """Rows that a fit reads at most."""
    if fold.task == "regression" and not fold.loss:
        return len(fold.y)
    seen: Any = fold.X[:SAMPLED]
    n_filled = seen.count_nonzero() if sparse.issparse(seen) else np.count_nonzero(seen)
    filled = n_filled / max(seen.shape[0], 1)
    return max(FEWEST_ROWS, int(MOST_WORK / max(filled * max(fold.n_classes - 1, 1), 1.0)))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What is subtracted and divided by before fitting: only features of a wide range, such as years."""

    center: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, X: Any) -> _Frame:
        n_features = X.shape[1]
        center, scale, largest = np.zeros(n_features), np.ones(n_features), np.zeros(n_features)
        for _, part in _parts(X):
            largest = np.fmax(largest, np.maximum(np.fmax.reduce(part, axis=0), -np.fmin.reduce(part, axis=0)))
        for feature in np.flatnonzero(largest > WIDE):
            column = _dense(X[:, [feature]])[:, 0]
            values = column[~np.isnan(column)].astype(np.float64)
            center[feature], scale[feature] = np.float32(values.mean()), values.std() or 1.0
        return cls(center, scale)

    def prepared(self, X: Any) -> Any:
        """Rows as they are fitted, without their zeros where most are: made part by part, as whole they come large."""
        n_zeros = sum(int((self._ready(part) == 0).sum()) for _, part in _parts(X[:SAMPLED]))
        if n_zeros > MOSTLY_ZERO * X[:SAMPLED].shape[0] * X.shape[1]:
            thin = [sparse.csr_array(self._ready(part)).astype(np.float64) for _, part in _parts(X)]
            return sparse.vstack(thin, format="csr")
        full = np.empty(X.shape)
        for rows, part in _parts(X):
            full[rows] = self._ready(part)
        return full

    def _ready(self, part: np.ndarray) -> np.ndarray:
        ready = part.copy()
        wide = np.flatnonzero((self.center != 0) | (self.scale != 1))
        ready[:, wide] = (part[:, wide].astype(np.float64) - self.center[wide]) / self.scale[wide]
        np.nan_to_num(ready, copy=False, nan=0.0)
        return ready

    def typical(self, ready: Any) -> np.ndarray:
        """Means of the features, from prepared ones."""
        return np.asarray(np.asarray(ready.mean(axis=0)).ravel() * self.scale + self.center, np.float32)

    def member(self, coefficients: np.ndarray, intercept: np.ndarray, link: Link) -> Linear:
        own = coefficients / self.scale
        shift = np.array([np.add.reduce(row * self.center) for row in own])
        return Linear(own, intercept - shift, self.center.astype(np.float32), link)


class _Logistic:
    """Logistic regression by L-BFGS (Liu and Nocedal 1989), warm from penalty to penalty, in sight of the clock."""

    def __init__(self, X: Any, fold: Fold, clock: Clock, fixed_rounds: int, capped: list[float]) -> None:
        self.X, self.fold, self.clock, self.fixed_rounds, self.capped = X, fold, clock, fixed_rounds, capped
        self.rounds: dict[float, int] = {}
        self.stopped = False  # by the clock, before it had converged
        self.seen = np.unique(fold.y.astype(np.int64))
        self.weight = np.ones(len(fold.y)) if fold.weight is None else fold.weight
        self.total = max(float(self.weight.sum()), 1e-300)
        self.n_out = 1 if len(self.seen) <= 2 else len(self.seen)
        self.hit = (fold.y[:, None] == self.seen[-self.n_out :]).astype(np.float64)
        self.own = np.searchsorted(self.seen, fold.y.astype(np.int64))[:, None]  # each row's class among those seen
        self.at = np.zeros((X.shape[1] + 1) * self.n_out)

    def fit(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        self.rounds[penalty] = 1
        if len(self.seen) == 1:
            return self._shaped(np.zeros((1, self.X.shape[1])), np.array([-NEVER]))
        most = self.fixed_rounds if self.fixed_rounds and penalty in self.capped else ROUNDS * ITERATIONS

        def looked(at: np.ndarray) -> None:
            self.at, self.rounds[penalty] = at.copy(), self.rounds[penalty] + 1
            if self.clock.expired and not self.fixed_rounds:
                self.stopped = True
                raise StopIteration

        self.rounds[penalty] = 0
        found = optimize.minimize(
            self._loss,
            self.at,
            args=(penalty,),
            jac=True,
            method="L-BFGS-B",
            callback=looked,
            options={"maxiter": most, "maxcor": 20, "gtol": 1e-5, "ftol": 1e-7},
        )
        self.at = found.x
        parts = self.at.reshape(self.n_out, -1)
        return self._shaped(parts[:, :-1], parts[:, -1])

    def _loss(self, at: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        parts = at.reshape(self.n_out, -1)
        coefficients = parts[:, :-1]
        raw = np.asarray(self.X @ coefficients.T.astype(self.X.dtype), np.float64) + parts[:, -1]
        if self.n_out == 1:
            likely = special.expit(raw)
            losses = np.logaddexp(0.0, raw) - self.hit * raw
        else:
            raw -= raw.max(axis=1, keepdims=True)
            own = np.take_along_axis(raw, self.own, axis=1)
            likely = np.exp(raw, out=raw)
            total = likely.sum(axis=1, keepdims=True)
            losses = np.log(total) - own
            likely /= total
        back = self.weight[:, None] * (likely - self.hit) / self.total
        strength = 1.0 / (penalty * self.total)
        slopes = np.asarray(self.X.T @ back.astype(self.X.dtype), np.float64).T + strength * coefficients
        value = float(self.weight @ losses[:, 0]) / self.total + 0.5 * strength * float((coefficients**2).sum())
        return value, np.concatenate([slopes, back.sum(axis=0)[:, None]], axis=1).ravel()

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
    """Ridge regression, prepared once for all penalties.

    By the normal equations, or by those of the rows where there are fewer rows than features; where there are many of
    both, by conjugate gradients (Hestenes and Stiefel 1952), warm from one penalty to the next.
    """

    def __init__(self, X: Any, fold: Fold) -> None:
        self.X = X
        self.rounds, self.stopped = dict[float, int](), False  # solved at once, whatever the clock says
        self.weight = np.ones(len(fold.y)) if fold.weight is None else fold.weight
        total = self.weight.sum()
        self.mean = np.asarray(self.weight @ X).ravel() / total
        self.y_mean = float(self.weight @ fold.y) / total
        self.y = fold.y - self.y_mean
        n_rows, n_features = X.shape
        self.how = "features" if n_features <= min(MOST_SOLVED, max(n_rows, 1)) else "rows"
        if min(n_rows, n_features) > MOST_SOLVED:
            self.how = "steps"
        self.at = np.zeros(n_features)
        if self.how == "features":
            weighted = X.multiply(self.weight[:, None]).tocsr() if sparse.issparse(X) else X * self.weight[:, None]
            self.gram = _dense(weighted.T @ X) - total * np.outer(self.mean, self.mean)
            self.moment = self._back(self.weight * self.y)
        elif self.how == "rows":
            root = np.sqrt(self.weight)
            along = np.asarray(X @ self.mean).ravel()
            near = _dense(X @ X.T) - along[:, None] - along[None, :] + self.mean @ self.mean
            self.gram, self.moment = near * np.outer(root, root), root * self.y

    def fit(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        if self.how == "steps":
            self.at = self._stepped(penalty)
        elif len(self.gram):
            solved = linalg.solve(self.gram + penalty * np.eye(len(self.gram)), self.moment, assume_a="pos")
            self.at = solved if self.how == "features" else self._back(np.sqrt(self.weight) * solved)
        return self.at[None, :], np.array([self.y_mean - float(self.mean @ self.at)])

    def _back(self, of_rows: np.ndarray) -> np.ndarray:
        """Centred features, transposed, times a number a row."""
        back: np.ndarray = np.asarray(self.X.T @ of_rows).ravel() - self.mean * of_rows.sum()
        return back

    def _stepped(self, penalty: float) -> np.ndarray:
        def times(coefficients: np.ndarray) -> np.ndarray:
            fitted = np.asarray(self.X @ coefficients).ravel() - float(self.mean @ coefficients)
            moved: np.ndarray = self._back(self.weight * fitted) + penalty * coefficients
            return moved

        n_features = self.X.shape[1]
        found, _ = splinalg.cg(
            splinalg.LinearOperator((n_features, n_features), matvec=times, dtype=np.float64),
            self._back(self.weight * self.y),
            self.at,
            rtol=1e-4,
            maxiter=MOST_STEPS,
        )
        return np.asarray(found)


def _dense(product: Any) -> np.ndarray:
    made: np.ndarray = product.toarray() if sparse.issparse(product) else np.asarray(product)
    return made


def _parts(X: Any) -> Iterator[tuple[slice, np.ndarray]]:
    """A few rows at a time, with their zeros."""
    at_once = max(1, CELLS_AT_ONCE // max(X.shape[1], 1))
    for start in range(0, X.shape[0], at_once):
        rows = slice(start, start + at_once)
        yield rows, _dense(X[rows])


class _Descent:
    """A loss without a closed form, by L-BFGS (Liu and Nocedal 1989, Math. Programming 45), warm from penalty to penalty.

    The target is scaled first, so that penalties mean the same for any unit. A quantile's loss is rounded off at its bend
    (Fernandes, Guerre and Horta 2021, J. Business & Economic Statistics 39), and the intercept then set to the quantile of
    what is left.
    """

    def __init__(self, X: Any, fold: Fold, clock: Clock, fixed_rounds: int, capped: list[float]) -> None:
        self.X, self.clock, self.fixed_rounds, self.capped = X, clock, fixed_rounds, capped
        self.level, self.power = level_of(fold.loss), power_of(fold.loss)
        self.weight = np.ones(len(fold.y)) if fold.weight is None else fold.weight
        self.total = float(self.weight.sum())
        if self.power is not None:
            self.middle, self.unit = log_mean(fold.y, fold.weight), 1.0
            self.y = fold.y / np.exp(self.middle)
        else:
            self.middle = constant(fold.loss, fold.y, fold.weight)
            self.unit = float(np.average(np.abs(fold.y - self.middle), weights=fold.weight)) or 1.0
            self.y = (fold.y - self.middle) / self.unit
        self.at = np.zeros(X.shape[1] + 1)
        self.rounds: dict[float, int] = {}
        self.stopped = False  # by the clock, before it had converged

    def fit(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        limits = {"maxiter": ITERATIONS, "maxcor": 20}
        most = self.fixed_rounds if self.fixed_rounds and penalty in self.capped else ROUNDS
        for done in range(1, most + 1):
            found = optimize.minimize(
                self._mean_loss, self.at, args=(penalty,), jac=True, method="L-BFGS-B", options=limits
            )
            self.at, self.rounds[penalty] = found.x, done
            if found.status != 1:  # 1: more iterations would help
                break
            if self.clock.expired and not self.fixed_rounds and done < most:
                self.stopped = True
                break
        coefficients, intercept = self.at[:-1], self.at[-1]
        if self.level is not None:
            intercept = quantile(self.y - self.X @ coefficients, self.level, self.weight)
        return self.unit * coefficients[None, :], np.array([self.unit * intercept + self.middle])

    def _mean_loss(self, at: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        losses, slopes = self._of_rows(self.X @ at[:-1] + at[-1])
        slopes = self.weight * slopes
        value = (self.weight @ losses + penalty * at[:-1] @ at[:-1]) / self.total
        slope = np.append(self.X.T @ slopes + 2 * penalty * at[:-1], slopes.sum()) / self.total
        return float(value), slope

    def _of_rows(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.level is not None:
            far = (self.y - raw) / SMOOTH
            return SMOOTH * (self.level * far + np.logaddexp(0.0, -far)), special.expit(-far) - self.level
        assert self.power is not None
        near = np.clip(raw, -FARTHEST, FARTHEST)
        mean, power = np.exp(near), self.power
        slope = mean ** (2 - power) - self.y * mean ** (1 - power)
        gone = self.y * (near if power == 1 else mean ** (1 - power) / (1 - power))
        return mean ** (2 - power) / (2 - power) - gone + slope * (raw - near), slope


def _native(found: tuple[np.ndarray, np.ndarray], X: Any, link: Link) -> np.ndarray:
    coefficients, intercept = found
    return linked(np.asarray(X @ coefficients.T) + intercept, link)
