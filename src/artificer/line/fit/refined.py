"""Where boosting stops: by what it loses once the best temperature is put on it.

Log loss rises again when a model grows too sure, though it may still learn which rows are likelier. One number mends what is
too sure in the end (`artificer.line.refine.temperature`), so iterations are chosen by the loss that is left then (Berta,
Holzmüller, Jordan and Bach 2025, "Rethinking early stopping: refine, then calibrate", arXiv 2501.19195). A booster that is not
sure enough has not ended yet: that is not forgiven, else it would stop too early (bench/notes.md).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from artificer_runtime.members import Member
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.trees import Trees

# Out-of-fold rows from which a temperature is put on a blend, and the highest: beyond it one over-sure row decides.
FEWEST_ROWS, HIGHEST = 100, 4.0
# Iterations at which the loss is looked at, and Newton's steps to the best temperature from that of the one before.
LOOKS, STEPS = 30, 3


def refined(member: Member, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, curve: np.ndarray) -> np.ndarray:
    """Log loss after each iteration at its best temperature, 1 or above; `curve` of what does not boost classes.

    Parameters
    ----------
    X : array of float32, (n_rows, n_features)
    y : array of float64, (n_rows,)
        Class indices.
    curve : array of float64, (n_iterations,)
        Log loss as it is.

    Returns
    -------
    array of float64, (n_iterations,)
    """
    if not isinstance(member, Trees | Oblivious) or member.link not in ("logit", "softmax") or not len(curve):
        return curve
    looks = np.unique(np.linspace(0, len(curve), min(len(curve), LOOKS) + 1).round().astype(np.int64))
    raw, sureness, losses = np.zeros(1), 1.0, list[float]()
    weight = np.full(len(y), 1 / max(len(y), 1)) if weight is None else weight / weight.sum()
    classes = y.astype(np.int64)
    for start, stop in pairwise(looks.tolist()):
        raw = raw + member.added(X, start, stop).T
        found = raw if member.link == "softmax" else np.concatenate([np.zeros_like(raw), raw])
        loss, sureness = _at_best(found, classes, weight, sureness)
        losses.append(loss)
    return np.interp(np.arange(1, len(curve) + 1), looks[1:], losses)


def _at_best(raw: np.ndarray, y: np.ndarray, weight: np.ndarray, sureness: float) -> tuple[float, float]:
    """The least mean log loss of raw scores, (n_classes, n_rows), times a number, one over the temperature, and that number."""
    own = raw[y, np.arange(len(y))]
    for _ in range(STEPS):
        _, share = _softmax(sureness * raw)
        pulled = share * raw
        mean = pulled.sum(axis=0)
        slope = weight @ (mean - own)
        bend = weight @ ((pulled * raw).sum(axis=0) - mean**2)
        sureness = float(np.clip(sureness - slope / max(bend, 1e-12), 1 / HIGHEST, 1.0))
    total, _ = _softmax(sureness * raw)
    return float(weight @ (total - sureness * own)), sureness


def _softmax(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the sums of exponentials over classes, (n_rows,), and each one's share of its sum.

    Classes come first, as sums over a short last axis take several times as long.
    """
    most = raw.max(axis=0)
    powers = np.exp(raw - most)
    total = powers.sum(axis=0)
    return np.log(total) + most, powers / total
