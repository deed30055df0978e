"""How each metric is computed: losses of rows, and scores of all rows together, with row weights.

Labels are class indices (of two classes, 1 is success) or values; predictions are probabilities (n_rows, n_classes) or
values (n_rows,). A score that no rows can define (one class only, for instance) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Score = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
Losses = Callable[[np.ndarray, np.ndarray], np.ndarray]

TINY = 1e-15


def log_losses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Negative logarithm of the probability of what came."""
    losses: np.ndarray = -np.log(np.clip(p[np.arange(len(y)), y.astype(np.int64)], TINY, 1.0))
    return losses


def brier_losses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Squared errors of the probability of success, or summed over more than two classes."""
    if p.shape[1] == 2:
        return np.asarray((p[:, 1] - y) ** 2)
    hit = np.arange(p.shape[1]) == y.astype(np.int64)[:, None]
    return np.asarray(((p - hit) ** 2).sum(axis=1))


def misses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """1 where the likeliest class is not the right one."""
    return np.asarray(p.argmax(axis=1) != y.astype(np.int64), np.float64)


def beyond(k: int) -> Losses:
    """1 where the right class is not among the `k` likeliest, and of classes of one chance the share that is not."""

    def losses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
        own = np.take_along_axis(p, y.astype(np.int64)[:, None], axis=1)
        above, level = (p > own).sum(axis=1), (p == own).sum(axis=1)
        return np.asarray(1.0 - np.clip((k - above) / level, 0.0, 1.0))

    return losses


def squared(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Squared errors."""
    return np.asarray((p - y) ** 2)


def absolute(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Absolute errors."""
    return np.asarray(np.abs(p - y))


def squared_logs(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Squared errors of log(1 + value)."""
    return np.asarray((np.log1p(np.maximum(p, 0.0)) - np.log1p(np.maximum(y, 0.0))) ** 2)


def relative(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Absolute errors as shares of the truth."""
    return np.asarray(np.abs(p - y) / np.maximum(np.abs(y), np.finfo(np.float64).eps))


def mean_of(losses: Losses, sign: float = 1.0, base: float = 0.0, root: bool = False) -> Score:
    """The score `base` + `sign` × weighted mean loss, or its root."""

    def score(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
        if not weight.sum() > 0:
            return float("nan")
        mean = float(np.average(losses(y, p), weights=weight))
        return base + sign * (mean**0.5 if root else mean)

    return score


def roc_auc(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a success ranks above a failure, ties counting half."""
    values, place = np.unique(p[:, 1], return_inverse=True)
    up = np.bincount(place, weights=weight * (y == 1), minlength=len(values))
    down = np.bincount(place, weights=weight * (y != 1), minlength=len(values))
    pairs = up.sum() * down.sum()
    if not pairs > 0:
        return float("nan")
    below = np.cumsum(down) - down
    return float((up * (below + 0.5 * down)).sum() / pairs)


def average_precision(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Precision averaged over the recall that each threshold adds; ties are one threshold."""
    values, place = np.unique(-p[:, 1], return_inverse=True)
    hits = np.cumsum(np.bincount(place, weights=weight * (y == 1), minlength=len(values)))
    chosen = np.cumsum(np.bincount(place, weights=weight, minlength=len(values)))
    if not (len(hits) and hits[-1] > 0):
        return float("nan")
    precision = np.divide(hits, chosen, out=np.zeros_like(hits), where=chosen > 0)
    return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


def balanced_accuracy(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Recall averaged over the classes that occur."""
    hits = p.argmax(axis=1) == y
    rows = y.astype(np.int64)
    total = np.bincount(rows, weights=weight, minlength=p.shape[1])
    right = np.bincount(rows, weights=weight * hits, minlength=p.shape[1])
    return float((right[total > 0] / total[total > 0]).mean()) if (total > 0).any() else float("nan")


def f1(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """F1 of success (two classes), where the probability of success is above half."""
    return _f1(y == 1, p.argmax(axis=1) == 1, weight)


def f1_macro(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """F1 averaged over the classes that occur or are predicted."""
    predicted = p.argmax(axis=1)
    there = [one for one in range(p.shape[1]) if (y == one).any() or (predicted == one).any()]
    return float(np.mean([_f1(y == one, predicted == one, weight) for one in there]))


def _f1(truth: np.ndarray, chosen: np.ndarray, weight: np.ndarray) -> float:
    both = weight[truth & chosen].sum()
    total = weight[truth].sum() + weight[chosen].sum()
    return float(2 * both / total) if total > 0 else 0.0


def r2(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Share of the variance that is explained; below 0 where the mean would do better."""
    if not weight.sum() > 0:
        return float("nan")
    spread = float((weight * (y - np.average(y, weights=weight)) ** 2).sum())
    return 1.0 - float((weight * (p - y) ** 2).sum()) / spread if spread > 0 else float("nan")


def median_absolute_error(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Weighted median of the absolute errors."""
    if not weight.sum() > 0:
        return float("nan")
    errors = np.abs(p - y)
    order = np.argsort(errors, kind="stable")
    filled = np.cumsum(weight[order])
    low = errors[order][np.searchsorted(filled, filled[-1] / 2, side="left")]
    high = errors[order][min(np.searchsorted(filled, filled[-1] / 2, side="right"), len(errors) - 1)]
    return float((low + high) / 2)


def f1_weighted(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """F1 averaged over the classes, each counting as much as its rows."""
    predicted = p.argmax(axis=1)
    share = np.bincount(y.astype(np.int64), weights=weight, minlength=p.shape[1])
    if not share.sum() > 0:
        return float("nan")
    each = [_f1(y == one, predicted == one, weight) for one in range(p.shape[1])]
    return float(share @ np.array(each) / share.sum())


def mcc(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Correlation of classes and predicted classes (Matthews 1975; of more than two, Gorodkin 2004, Comput. Biol. Chem. 28).

    0 where one of them does not vary.
    """
    table = _confusion(y, p, weight)
    total, truth, chosen = table.sum(), table.sum(axis=1), table.sum(axis=0)
    if not total > 0:
        return float("nan")
    spread = (total**2 - truth @ truth) * (total**2 - chosen @ chosen)
    return float((np.trace(table) * total - truth @ chosen) / spread**0.5) if spread > 0 else 0.0


def kappa(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Agreement beyond chance of classes and predicted classes (Cohen 1960, Educ. Psychol. Meas. 20)."""
    table = _confusion(y, p, weight)
    total = table.sum()
    by_chance = total**2 - table.sum(axis=1) @ table.sum(axis=0)
    return float(1 - (total - np.trace(table)) * total / by_chance) if by_chance > 0 else float("nan")


def _confusion(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> np.ndarray:
    k = p.shape[1]
    place = y.astype(np.int64) * k + p.argmax(axis=1)
    return np.bincount(place, weights=weight, minlength=k * k).reshape(k, k)


def pinball(level: float) -> Losses:
    """Loss whose least mean is at a quantile (Koenker and Bassett 1978, Econometrica 46): `level` between 0 and 1."""

    def losses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(level * (y - p), (level - 1) * (y - p)))

    return losses


def deviance(power: float) -> Losses:
    """Unit deviance whose variance grows as the mean's `power`: Poisson's at 1, Tweedie's below 2 (Jorgensen 1987, JRSS B 49).

    Predictions of 0 and less are read as 1e-15, where the target is above 0; targets below 0 have no deviance, but NaN. None is
    below 0, as rounding and that least prediction would have it.
    """

    def losses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
        truth = np.where(y >= 0, y, np.nan).astype(np.float64)
        shown = np.maximum(p, 0.0).astype(np.float64)
        above = np.maximum(shown, TINY)
        if power == 1:
            logs = np.log(np.maximum(truth, TINY)) - np.log(above)
            return np.asarray(np.maximum(2 * (np.where(truth > 0, truth * logs, 0.0 * truth) - truth + shown), 0.0))
        first = truth ** (2 - power) / ((1 - power) * (2 - power)) - truth * above ** (1 - power) / (1 - power)
        return np.asarray(np.maximum(2 * (first + shown ** (2 - power) / (2 - power)), 0.0))

    return losses


@dataclass(frozen=True, slots=True)
class Listed:
    """A score of the rows of highest probability, ties as a lot would have it.

    Attributes
    ----------
    top : float
        A number of rows, or below 1 a share of them. A row of weight 2 is two rows.
    acted, success : float
        What each row of the list brings, and what it brings more if it succeeds.
    each : bool
        Whether the score is the mean over the list, in place of that over all rows.
    """

    top: float
    acted: float = 0.0
    success: float = 1.0
    each: bool = True

    def __call__(self, y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
        """The mean of what the list brings."""
        on_list = self.chance(p[:, 1], weight) * weight
        total = float(on_list.sum() if self.each else weight.sum())
        return float(on_list @ self.brought(y)) / total if total > 0 else float("nan")

    def brought(self, y: np.ndarray) -> np.ndarray:
        """What each row brings when it is listed."""
        return np.asarray(self.acted + self.success * (y == 1))

    def chance(self, success: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Chance of each row to be on the list, as rows of as many copies as their weight."""
        _, place = np.unique(-success, return_inverse=True)
        rows = np.bincount(place, weights=weight)
        taken = np.clip(self.room(weight) - (np.cumsum(rows) - rows), 0.0, rows)
        return np.asarray(np.divide(taken, rows, out=np.zeros_like(rows), where=rows > 0)[place])

    def room(self, weight: np.ndarray) -> float:
        """How many rows the list holds."""
        return self.top * float(weight.sum()) if self.top < 1 else self.top


def forgone(acted: float, success: float) -> Losses:
    """What acting where it is expected to pay loses on each row; a gain is negative."""

    def losses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
        acts = p[:, 1] * success + acted > 0
        return np.asarray(-(acts * (acted + success * (y == 1))))

    return losses
