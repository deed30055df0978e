"""Wrong labels: those that a model which did not learn from their rows denies with confidence.

After confident learning (Northcutt, Jiang and Chuang 2021, Journal of Artificial Intelligence Research 70, arXiv
1911.00068): out-of-fold probabilities, an estimate of how often labels are wrong, and as many rows pruned as it allows.
That paper counts rows whose other class is more probable than it usually is, and so takes an outcome that chance decides
for a wrong label. Here the rate is what is left of disagreement among the rows that the model is surest of, where chance
decides least, and a row's label is judged by Bayes' rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artificer.measure.means import wilson

# Parts of the rows, the surest first, of which the one with the least disagreement gives the rate.
SUREST = (0.05, 0.1, 0.2, 0.4)
FEWEST_SURE = 100
# Of numbers: residuals in local spreads, against the ninth decile of all. In a normal distribution it is 13 standard
# deviations, in Student's t with 3 degrees of freedom 0.03% of the rows.
FAR = 8.0
USUAL = 0.9
# Rows of like predictions, whose residuals tell what spread is usual for them.
N_PARTS, FEWEST_IN_PART = 10, 50
# Mean chance of being wrong among the doubted labels: below it the outcome's own chance may be all there is. Over nine
# public tables as they are, by a careful model, it was at most 0.69; with 5% of the labels exchanged, 0.81 and more where
# a model knows the target.
LEAST_CHANCE, FEWEST_DOUBTED = 0.75, 5
# A model that denies more labels than this knows too little: a wine's grade, say, is denied in more than a third.
# Of many classes it may deny more, up to a share of what naming the commonest class would deny: on wine's grades it is 0.76.
MOST_DENIED, OF_COMMONEST = 0.25, 0.5
PLANTED = (0.02, 0.05, 0.1, 0.2)
# Rows of a class that the model must find, to deny others of it: a share of those that it does not deny, and of those that it
# does. Of made targets with 3% to 25% successes that hang on chance, 16 of 30 were said to hold wrong labels without it.
OF_OTHERS, OF_DENIED = 1 / 3, 0.1


@dataclass(frozen=True, slots=True)
class Doubted:
    """Labels that are likely wrong.

    Attributes
    ----------
    places : array of int64, (n_doubted,)
        The most doubtful first.
    chance : array of float64, (n_doubted,)
        Of each being wrong, 0 to 1, if the rate holds.
    rate : float
        Estimated share of wrong labels among all; an upper bound where chance decides even the surest rows.
    """

    places: np.ndarray
    chance: np.ndarray
    rate: float


def doubted(y: np.ndarray, prediction: np.ndarray, n_classes: int) -> Doubted:
    """Doubt labels by predictions alone, of classes or of numbers; of these, the usual spread is that of like predictions.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Class index, or value.
    prediction : array of float64, (n_rows, n_classes) or (n_rows, 1)
        By a model that did not learn from the row.
    n_classes : int
        0 of numbers.
    """
    if n_classes:
        return doubted_classes(y.astype(np.int64), prediction)
    predicted = prediction[:, 0]
    n_parts = max(1, min(N_PARTS, len(y) // FEWEST_IN_PART))
    edges = np.quantile(predicted, np.arange(1, n_parts) / n_parts)
    part, size = np.searchsorted(edges, predicted), np.abs(y - predicted)
    middle = np.array([np.median(size[part == one]) if (part == one).any() else 0.0 for one in range(n_parts)])
    least = max(float(np.quantile(size, 0.1)), 1e-12)
    return doubted_values(y, predicted, np.maximum(middle[part], least))


def distrust(y: np.ndarray, prediction: np.ndarray, found: Doubted, n_classes: int) -> str:
    """Why doubts about labels are none to act on; "" where they are.

    Parameters
    ----------
    y, prediction, n_classes : as for `doubted`
    found : Doubted
        What it gave.
    """
    if len(found.places) < FEWEST_DOUBTED:
        return "hardly a label lies far from what is predicted with confidence"
    if n_classes and float((prediction.argmax(axis=1) != y).mean()) > _most_denied(y):
        return "too many labels are denied to be trusted about some"
    if n_classes and _by_chance(y.astype(np.int64), prediction, found) > 0.5:
        return "a class is denied of which the model hardly finds a row, so that chance would deny each"
    if float(found.chance.mean()) < LEAST_CHANCE:
        return "where a label is denied, chance in the outcome explains it as well"
    return ""


def recognised(y: np.ndarray, predicted: np.ndarray, doubted: np.ndarray) -> np.ndarray:
    """Classes that the model finds so often that it can deny one: bool (n_classes,). Others are denied by chance.

    Where one row in twelve succeeds and nothing tells which, a model is as sure of failure wherever it looks, and would
    deny each success.

    Parameters
    ----------
    y, predicted : array of int64, (n_rows,)
    doubted : array of int64, (n_doubted,)
        Classes of the rows whose label is denied.
    """
    n = int(max(y.max(), predicted.max())) + 1
    found, denied = np.bincount(y, predicted == y, n), np.bincount(doubted, minlength=n)
    others = np.bincount(y, minlength=n) - denied
    return np.asarray((found >= OF_OTHERS * others) & (found >= OF_DENIED * denied))


def _by_chance(y: np.ndarray, prediction: np.ndarray, found: Doubted) -> float:
    """Share of the doubted labels whose class the model hardly finds."""
    denied = y[found.places]
    return float((~recognised(y, prediction.argmax(axis=1), denied))[denied].mean())


def told_from(y: np.ndarray, prediction: np.ndarray) -> float:
    """Smallest share of labels whose exchange for another class would be told: 2, 5, 10 or 20%; infinite where none would.

    Labels are taken for right and exchanged by chance, and the probabilities are moved as a model's are that learned from
    them; what else it would learn worse is not seen, so that a little more may be needed.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Class index.
    prediction : array of float64, (n_rows, n_classes)
    """
    n, n_classes = prediction.shape
    rng, y = np.random.default_rng(0), y.astype(np.int64)
    for share in PLANTED:
        given = np.where(rng.random(n) < share, (y + rng.integers(1, n_classes, n)) % n_classes, y)
        moved = (1 - share) * prediction + share / (n_classes - 1) * (1 - prediction)
        if not distrust(given, moved, doubted_classes(given, moved), n_classes):
            return share
    return float("inf")


def _most_denied(y: np.ndarray) -> float:
    commonest = float(np.bincount(y.astype(np.int64)).max()) / len(y)
    return max(MOST_DENIED, OF_COMMONEST * (1 - commonest))


def doubted_classes(y: np.ndarray, probability: np.ndarray) -> Doubted:
    """Doubt labels of classes; as many as make the expected F1 of finding wrong ones largest.

    Parameters
    ----------
    y : array of int64, (n_rows,)
        Given class.
    probability : array of float64, (n_rows, n_classes)
        By a model that did not learn from the row.
    """
    own = probability[np.arange(len(y)), y]
    rate = wrong_rate(y, probability)
    chance = chance_wrong(own, rate, probability.shape[1])
    order = np.lexsort((own, -chance))
    n_chosen = 1 + np.arange(len(y))
    f1 = 2 * np.cumsum(chance[order]) / (n_chosen + chance.sum())
    best = order[: int(f1.argmax()) + 1]
    best = best[probability[best].argmax(axis=1) != y[best]]
    return Doubted(best, chance[best], rate)


def wrong_rate(y: np.ndarray, probability: np.ndarray) -> float:
    """Estimate the share of wrong labels: the least share of disagreement among the surest rows, drawn to one half by 2 rows.

    Parameters
    ----------
    y, probability : as for `doubted_classes`
    """
    surest = np.argsort(-probability.max(axis=1), kind="stable")
    denied = (probability.argmax(axis=1) != y)[surest]
    sizes = {max(int(part * len(y)), min(FEWEST_SURE, len(y))) for part in SUREST}
    middles = (wilson(float(denied[:size].sum()), size) for size in sizes)
    return min((one.low + one.high) / 2 for one in middles)


def chance_wrong(own: np.ndarray, rate: float, n_classes: int) -> np.ndarray:
    """Chance that a label is wrong, by Bayes' rule, if labels are exchanged for any other class at `rate`.

    Parameters
    ----------
    own : array of float64, (n_rows,)
        Probability of the given label, by a model that learned from labels of which as many are wrong.
    """
    taken = rate / (n_classes - 1)  # how often a class is given to a row of another one
    right = np.clip((own - taken) / max(1.0 - rate - taken, 1e-9), 0.0, 1.0)
    return np.asarray(np.minimum(1.0, taken * (1.0 - right) / np.maximum(own, max(taken, 1e-12))))


def doubted_values(y: np.ndarray, predicted: np.ndarray, spread: np.ndarray) -> Doubted:
    """Doubt numbers that lie far off what is predicted, by the spread of numbers like them; of few, the surest.

    Parameters
    ----------
    y, predicted : array of float64, (n_rows,)
    spread : array of float64, (n_rows,)
        Size of the residual that is usual for such rows, above 0; like `predicted`, by a model that did not learn from
        the row.
    """
    scaled = np.abs(y - predicted) / spread
    usual = float(np.quantile(scaled, USUAL))
    far = np.flatnonzero(scaled > FAR * usual) if usual > 0 else np.empty(0, np.int64)
    order = far[np.argsort(-scaled[far], kind="stable")]
    return Doubted(order, np.ones(len(order)), len(order) / len(y))
