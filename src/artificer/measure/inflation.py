"""Collinearity: how far numbers are sums of each other."""

from __future__ import annotations

import numpy as np

# Below this share of the largest eigenvalue a direction is taken to be none: rounding in float64 leaves about 1e-15.
NO_DIRECTION = 1e-10


def variance_inflation(X: np.ndarray) -> np.ndarray:
    """Variance inflation factor of each column: 1 / (1 - R²) of its regression on the others (Marquardt 1970).

    Parameters
    ----------
    X : array of float64, (n_rows, n_columns)
        Without missing values; a constant column has factor 1.

    Returns
    -------
    array of float64, (n_columns,)
        Infinite for a column that is a sum of others.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(2, 1000))
    >>> variance_inflation(np.stack([a, b, a + b], axis=1)).tolist()
    [inf, inf, inf]
    """
    values, vectors = np.linalg.eigh(_correlations(X))
    real = values > NO_DIRECTION * values.max(initial=1.0)
    with np.errstate(divide="ignore"):
        factors = (vectors[:, real] ** 2 / values[real]).sum(axis=1)
    lost = (vectors[:, ~real] ** 2).sum(axis=1) > np.sqrt(NO_DIRECTION)
    return np.where(lost, np.inf, np.maximum(factors, 1.0))


def condition_number(X: np.ndarray) -> float:
    """Largest singular value of the standardised columns over the least; infinite where one is a sum of others."""
    values = np.linalg.eigvalsh(_correlations(X))
    if not len(values):
        return 1.0
    return float(np.sqrt(values[-1] / values[0])) if values[0] > NO_DIRECTION * values[-1] else float("inf")


def _correlations(X: np.ndarray) -> np.ndarray:
    centred = X - X.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(scale > 0, scale, 1.0)
    found = unit.T @ unit
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)
