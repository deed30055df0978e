"""Label errors by confident learning: labels that a model which did not see them denies with confidence.

Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels", Journal of Artificial
Intelligence Research 70 (arXiv 1911.00068).
"""

from __future__ import annotations

import numpy as np


def confident_joint(y: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Estimate how many rows of each given class (first axis) are of each class in truth (second axis).

    Parameters
    ----------
    y : array of int64, (n_rows,)
        Given class.
    probability : array of float64, (n_rows, n_classes)
        By a model that did not learn from the row.

    Returns
    -------
    array of float64, (n_classes, n_classes)
        Scaled so that each row's sum is how often the class was given.
    """
    n_classes = probability.shape[1]
    counts = np.bincount(y, minlength=n_classes)
    # A class's own mean probability where it was given: the least that counts as confidence in it.
    own = np.bincount(y, weights=probability[np.arange(len(y)), y], minlength=n_classes)
    threshold = np.where(counts > 0, own / np.maximum(counts, 1), np.inf)
    confident = np.where(probability >= threshold, probability, -1.0)
    truth = confident.argmax(axis=1)
    sure = confident.max(axis=1) >= 0
    joint = np.bincount(y[sure] * n_classes + truth[sure], minlength=n_classes**2).reshape(n_classes, -1)
    joint = joint + np.diag((joint.sum(axis=1) == 0).astype(np.int64))
    return np.asarray(joint * (counts / joint.sum(axis=1))[:, None])


def confident_suspects(y: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Rows whose label is likely wrong, as positions, the least likely label first: pruning by noise rate.

    Parameters
    ----------
    y, probability : as for `confident_joint`
    """
    joint = np.rint(confident_joint(y, probability)).astype(np.int64)
    own = probability[np.arange(len(y)), y]
    margin = probability - own[:, None]
    chosen = np.zeros(len(y), bool)
    for given, truth in zip(*np.nonzero(joint), strict=True):
        if given != truth:
            rows = np.flatnonzero(y == given)
            denied = rows[np.argsort(-margin[rows, truth], kind="stable")[: joint[given, truth]]]
            chosen[denied[probability[denied].argmax(axis=1) != given]] = True
    places = np.flatnonzero(chosen)
    return np.asarray(places[np.argsort(own[places], kind="stable")])
