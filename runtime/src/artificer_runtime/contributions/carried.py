"""Contributions carried from members' raw scores to the scale of the blend, so that they add up there too.

A sum of shares goes through a function f as DeepLIFT's rescale rule has it (Shrikumar, Greenside and Kundaje 2017, ICML): each share
is multiplied by (f(total) - f(base)) / (total - base). Between logarithms and numbers, which is all that happens here, that
quotient is a logarithmic mean, L(a, b) = (a - b) / (log a - log b), as in the decompositions of Ang (2005, Energy Policy
33). It is positive, so no share changes its sign on the way through a link, and where one member alone is blended, its
shares of log odds come out as they went in. Means are kept as logarithms: nothing overflows, however sure a prediction is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artificer_runtime.members.links import HIGHEST, Link

LEAST = 1e-300  # a probability; its logarithm is finite
NEAR = 1e-4  # half the distance of logarithms up to which a series is more exact


@dataclass(frozen=True, slots=True)
class Carried:
    """Shares, and what they add up to.

    Attributes
    ----------
    shares : array of float64, (n_rows, n_columns, n_out)
    base : array of float64, (n_out,)
    totals : array of float64, (n_rows, n_out)
    """

    shares: np.ndarray
    base: np.ndarray
    totals: np.ndarray

    @classmethod
    def of(cls, shares: np.ndarray, base: np.ndarray) -> Carried:
        """Shares and a base, added up."""
        return cls(shares, base, base + shares.sum(axis=1))


def as_values(raw: Carried, link: Link) -> Carried:
    """Raw scores → numbers."""
    if link == "identity":
        return raw
    totals, base = np.minimum(raw.totals, HIGHEST), np.minimum(raw.base, HIGHEST)
    return Carried(raw.shares * np.exp(log_mean(totals, base))[:, None], np.exp(base), np.exp(totals))


def as_logs(raw: Carried, link: Link, n_out: int) -> Carried:
    """Raw scores → logarithms of the probabilities of all classes."""
    if link == "identity":  # the scores are probabilities
        totals, base = np.log(np.maximum(raw.totals, LEAST)), np.log(np.maximum(raw.base, LEAST))
        return Carried(raw.shares * np.exp(-log_mean(totals, base))[:, None], base, totals)
    if raw.totals.shape[1] < n_out:  # log odds of the second class
        raw = Carried(*(np.concatenate([np.zeros_like(one), one], axis=-1) for one in (raw.shares, raw.base, raw.totals)))
    return _normalised(raw)


def blended_values(parts: Sequence[Carried], weights: Sequence[float]) -> Carried:
    """A weighted sum."""
    weighed = list(zip(parts, weights, strict=True))
    return Carried(
        np.add.reduce([one.shares * weight for one, weight in weighed]),
        np.add.reduce([one.base * weight for one, weight in weighed]),
        np.add.reduce([one.totals * weight for one, weight in weighed]),
    )


def blended_logs(parts: Sequence[Carried], weights: Sequence[float]) -> Carried:
    """Logarithms of numbers → the logarithm of their weighted sum."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.array(weights, np.float64))
    totals = _log_sum(np.stack([one.totals + log for one, log in zip(parts, logs, strict=True)], axis=-1))
    base = _log_sum(np.stack([one.base + log for one, log in zip(parts, logs, strict=True)], axis=-1))
    whole = log_mean(totals, base)
    shares = [
        one.shares * np.exp(log + log_mean(one.totals, one.base) - whole)[:, None]
        for one, log in zip(parts, logs, strict=True)
    ]
    return Carried(np.add.reduce(shares), base, totals)


def less_sure(logs: Carried, temperature: float) -> Carried:
    """Logarithms of probabilities → of tempered ones; of two classes, the log odds of the last."""
    powers = Carried(*(one / temperature for one in (logs.shares, logs.base, logs.totals)))
    if len(logs.base) != 2:
        return _normalised(powers) if temperature != 1.0 else logs
    return Carried(*(one[..., 1:] - one[..., :1] for one in (powers.shares, powers.base, powers.totals)))


def log_mean(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The logarithm of the logarithmic mean of exp(x) and exp(y).

    >>> bool(np.isclose(np.exp(log_mean(np.log(6.0), np.log(2.0))), (6 - 2) / np.log(6 / 2)))
    True
    """
    half = np.abs(x - y) / 2
    far = np.maximum(half, NEAR)
    beyond = np.where(half > NEAR, far + np.log1p(-np.exp(-2 * far)) - np.log(2 * far), half**2 / 6)
    return np.asarray((x + y) / 2 + beyond)


def _normalised(scores: Carried) -> Carried:
    """Scores → logarithms of their softmax: less the logarithm of the sum of their exponentials."""
    totals, base = _log_sum(scores.totals)[:, None], _log_sum(scores.base)
    weight = np.exp(log_mean(scores.totals, scores.base) - log_mean(totals, base))
    of_sum = (scores.shares * weight[:, None]).sum(axis=2, keepdims=True)
    return Carried(scores.shares - of_sum, scores.base - base, scores.totals - totals)


def _log_sum(logs: np.ndarray) -> np.ndarray:
    most = logs.max(axis=-1, keepdims=True)
    return np.asarray(np.log(np.exp(logs - most).sum(axis=-1)) + most[..., 0])
