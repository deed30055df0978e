"""Numbers so large or small that their squares overflow or vanish."""

from __future__ import annotations

import numpy as np

# Weights whose largest lies beyond are told by the ratios that alone count: squares and sums of them overflow, or vanish.
LEAST_SCALE, MOST_SCALE = 1e-100, 1e100


def plain_weights(weight: np.ndarray) -> np.ndarray:
    """Row weights, float64 (n_rows,), as they are; where they are so large or small that sums overflow, times a power of two.

    >>> plain_weights(np.array([1.0, 2.0])), plain_weights(np.ldexp([1.0, 2.0], 900))
    (array([1., 2.]), array([0.25, 0.5 ]))
    """
    most = float(weight.max(initial=0.0))
    if most == 0 or LEAST_SCALE < most < MOST_SCALE:
        return weight
    return np.asarray(np.ldexp(weight, -int(np.frexp(most)[1])))


def length(values: np.ndarray) -> float:
    """Root of the sum of squares, of values so small or large too that their squares vanish or overflow.

    >>> length(np.array([3.0, 4.0])), length(np.ldexp([3.0, 4.0], 600)) / 2.0**600
    (5.0, 5.0)
    """
    most = float(np.abs(values).max(initial=0.0))
    return most * float(np.linalg.norm(values / most)) if 0 < most < np.inf else most
