"""From the blend of members to what is handed out: surer or less sure probabilities, labels, and intervals of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities to the power of 1 / temperature, summing to 1 again: float64 (n_rows, n_classes).

    Above 1 they are less sure, below 1 surer (Guo, Pleiss, Sun and Weinberger 2017, ICML). The order of the classes in a
    row stays, and the order of the rows where there are two classes.
    """
    if temperature == 1.0:
        return probabilities
    powers = (probabilities / probabilities.max(axis=1, keepdims=True)) ** (1.0 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def weighed(probabilities: np.ndarray, multipliers: tuple[float, ...]) -> np.ndarray:
    """What the label is the largest of: probabilities times each class's multiplier, summing to 1 again."""
    if not multipliers:
        return probabilities
    values = probabilities * np.array(multipliers)
    return np.asarray(values / values.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Residuals:
    """How far values lie from predictions: what intervals are made of.

    Attributes
    ----------
    knots, scales : tuple of float
        Typical absolute residual at a prediction, drawn straight between the knots and level beyond them.
    shares, quantiles : tuple of float
        Share of the residuals, each divided by its scale, that lie below a quantile; rising, from 0 to 1 exclusive.
    n : int
        How many independent rows they rest on: a tail thinner than 1 / (n + 1) has no end.
    floor : float or None
        What no interval reaches below, unless its prediction does: 0 where no value of training is below it.
    """

    knots: tuple[float, ...]
    scales: tuple[float, ...]
    shares: tuple[float, ...]
    quantiles: tuple[float, ...]
    n: int
    floor: float | None = None

    def scale(self, prediction: np.ndarray) -> np.ndarray:
        """Typical absolute residual of each prediction: float64 (n_rows,)."""
        return np.asarray(np.interp(prediction, self.knots, self.scales))

    def interval(self, prediction: np.ndarray, level: float) -> np.ndarray:
        """Ends that hold the value with a chance of `level`, half of the rest beyond each: float64 (n_rows, 2)."""
        tail = (1.0 - level) / 2.0
        ends = np.interp([tail, 1.0 - tail], self.shares, self.quantiles)
        if tail * (self.n + 1) < 1.0 - 1e-9:
            ends = np.array([-np.inf, np.inf])
        found = prediction[:, None] + self.scale(prediction)[:, None] * ends
        if self.floor is None:
            return np.asarray(found)
        return np.asarray(np.maximum(found, np.minimum(prediction, self.floor)[:, None]))


def plain(residuals: Residuals | None) -> dict[str, Any] | None:
    """Residuals as JSON holds them."""
    return asdict(residuals) if residuals is not None else None


def residuals_of(written: Mapping[str, Any] | None) -> Residuals | None:
    """Residuals from what JSON held."""
    if written is None:
        return None
    knots, scales, shares, quantiles = (
        tuple(map(float, written[name])) for name in ("knots", "scales", "shares", "quantiles")
    )
    floor = written.get("floor")  # packages of before have none
    return Residuals(knots, scales, shares, quantiles, int(written["n"]), None if floor is None else float(floor))
