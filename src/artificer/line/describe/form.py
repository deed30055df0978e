"""The form of a number's distribution: how skewed, with how many humps, and what makes it closest to normal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from artificer.core.records import Fact

FEWEST_VALUES = 25  # different ones: fewer are levels rather than a curve
N_POINTS = 1_000
N_GRID = 256
# A hump counts when the valley beside it is so much lower, as a share of the highest.
PROMINENCE = 0.1
# A transform is told when it takes away so much of what separates the values from normal ones.
WORTH = 0.5

TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "square root": np.sqrt,
    "logarithm": np.log,
    "logarithm of 1 + x": np.log1p,
    "cube root": np.cbrt,
}
LEAST = {"square root": 0.0, "logarithm": np.nextafter(0.0, 1.0), "logarithm of 1 + x": 0.0, "cube root": -np.inf}


def form(ordered: np.ndarray) -> tuple[Fact, ...]:
    """Tell the form of values, through at most 1,000 of them at equal distances of rank.

    Parameters
    ----------
    ordered : array of float64, (n_rows,)
        In rising order.

    Returns
    -------
    tuple of Fact
        Skewness, number of humps and the simplest transform towards normal; nothing for fewer than 25 different values.
    """
    points = ordered[np.linspace(0, len(ordered) - 1, min(N_POINTS, len(ordered))).astype(np.int64)]
    if len(np.unique(points)) < FEWEST_VALUES:
        return ()
    unit = (points - points.mean()) / np.abs(points - points.mean()).max()
    return (
        Fact("skewness", float(stats.skew(unit)), "0 for a symmetric distribution"),
        Fact("humps", float(humps(unit)), "of a smooth density"),
        Fact("closest to normal", transform(points)),
    )


def transform(ordered: np.ndarray) -> str:
    """The transform whose values lie closest to a line against normal quantiles (Filliben 1975, Technometrics 17).

    >>> transform(np.exp(np.linspace(-2, 2, 99)))
    'logarithm'
    """
    normal = stats.norm.ppf((np.arange(len(ordered)) + 0.5) / len(ordered))

    def bend(values: np.ndarray) -> float:
        return 1.0 - float(np.corrcoef(values, normal)[0, 1]) ** 2 if np.ptp(values) > 0 else 1.0

    found = {name: bend(turn(ordered)) for name, turn in TRANSFORMS.items() if ordered[0] >= LEAST[name]}
    best = min(found, key=lambda name: found[name])
    return best if found[best] < (1 - WORTH) * bend(ordered) else "as it is"


def humps(values: np.ndarray) -> int:
    """Humps of a density by a normal kernel of Silverman's (1986) width, those that stand out by a tenth of the highest."""
    low, high = np.quantile(values, (0.25, 0.75))
    spread = min(float(values.std()), float(high - low) / 1.34) or float(values.std())
    width = 0.9 * spread * len(values) ** -0.2
    ends = np.quantile(values, (0.005, 0.995))
    grid = np.linspace(ends[0] - 3 * width, ends[1] + 3 * width, N_GRID)
    density = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(axis=1)
    return _peaks(density / density.max())


def _peaks(density: np.ndarray) -> int:
    """Walk from valley to hump: one counts once it stands out from the valleys before and after it."""
    found, low, high, rising = 0, float(density[0]), 0.0, True
    for value in density:
        if rising:
            high, low = max(high, value), min(low, value)
            if high - low >= PROMINENCE and high - value >= PROMINENCE:
                found, rising, low = found + 1, False, value
        else:
            low = min(low, value)
            if value - low >= PROMINENCE:
                rising, high = True, value
    return max(found, 1)
