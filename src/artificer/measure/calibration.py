"""Calibration: whether probabilities are as sure as they should be, and what putting predictions right gains."""

from __future__ import annotations

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.distributions import normal_reach, t_reach
from artificer.measure.intervals import mean_of_rows, rarest, wilson

TINY = 1e-6
TENTHS = 10
FEWEST_IN_BIN = 10
MOST_STEPS, DONE = 50, 1e-9
BINS, REPLICATES = 10, 100
STEEPEST = 1e4  # where the classes are parted, the slope has no end


def came_true(y: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Success and its chance; of more than two classes, whether the likeliest one came and its chance.

    Calibration of the likeliest class is what Guo et al. (2017, "On calibration of modern neural networks", ICML) measure.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Class index; of two classes, 1 is success.
    prediction : array of float64, (n_rows, n_classes)

    Returns
    -------
    array of float64, (n_rows,)
        1 where it came.
    array of float64, (n_rows,)
        Its chance, 0 to 1.

    >>> came_true(np.array([2.0, 0.0]), np.array([[0.1, 0.2, 0.7], [0.1, 0.5, 0.4]]))[0].tolist()
    [1.0, 0.0]
    """
    if prediction.shape[1] == 2:
        return y, prediction[:, 1]
    return (prediction.argmax(axis=1) == y).astype(np.float64), prediction.max(axis=1)


def calibration_slope(
    y: np.ndarray,
    prediction: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """Slope of the outcome's log odds on the predicted ones: 1 when right, below 1 when too sure (Cox 1958, Biometrika 45).

    The interval is Student's t on robust errors (White 1982, Econometrica 50), over whole groups where there are any.

    Parameters
    ----------
    y : array, (n_rows,)
        1 is success.
    prediction : array of float64, (n_rows, 2)
    groups : array of int64, (n_rows,), optional
        Rows of one group are not independent.

    Returns
    -------
    Estimate
        NaN where one class is absent, all predictions are the same, or they part the classes.
    """
    X = _log_odds(prediction)
    w = np.ones(len(y)) if weight is None else weight
    units = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    n = int(units.max(initial=-1)) + 1
    undefined = Estimate(float("nan"), float("nan"), float("nan"), "not defined on these rows", n, level)
    if n < 3 or len(np.unique(y[w > 0])) < 2 or np.ptp(X[w > 0, 1]) < DONE:
        return undefined
    found = _fitted(X, y, w)
    if found is None:
        return undefined
    coefficients, inverse = found
    rows = X * (w * (y - _chance(X, coefficients)))[:, None]
    of_unit = np.stack([np.bincount(units, column, n) for column in rows.T], axis=1)
    covariance = inverse @ (of_unit.T @ of_unit) @ inverse * n / (n - 1)
    free = min(n, rarest(y)) - 1
    half = float(t_reach(level, max(free, 1)) * np.sqrt(covariance[1, 1]))
    slope = float(coefficients[1])
    unit = "groups" if groups is not None else "rows"
    return Estimate(slope, slope - half, slope + half, f"logistic, robust over {unit}", n, level)


def calibration_error(
    y: np.ndarray,
    chance: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """How far predicted shares lie from what came, typically: root mean square over tenths of the rows by prediction.

    Rows of the same chance stand in one bin, so that their order tells nothing.

    What luck alone adds to each square is taken off (Kumar, Liang and Ma 2019, "Verified uncertainty calibration",
    NeurIPS), so that right probabilities show about 0 on few rows too. The interval is normal on the mean square.

    Parameters
    ----------
    y : array, (n_rows,)
        1 is success.
    chance : array of float64, (n_rows,)
        Predicted probability of success.
    groups : array of int64, (n_rows,), optional
        Rows of one group are not independent.

    Returns
    -------
    Estimate
        0 to 1; NaN where fewer than two rows stand in each tenth.
    """
    if len(y) < 2 * TENTHS:
        return Estimate(float("nan"), float("nan"), float("nan"), "not defined on so few rows", len(y), level)
    w = np.ones(len(y)) if weight is None else weight
    place = _binned(chance, TENTHS)
    bins = [np.flatnonzero(place == one) for one in np.unique(place)]
    share = np.array([w[part].sum() for part in bins]) / w.sum()
    z = normal_reach(level)
    found = [_off(y, chance, w, groups, part) for part in bins]
    off, variance = (np.array(one) for one in zip(*found, strict=True))
    square = float(share @ (off**2 - variance))
    # Of a normal figure with mean m and variance v, the square has variance 4m²v + 2v².
    spread = 4 * np.maximum(off**2 - variance, 0) * variance + 2 * variance**2
    half = float(z * np.sqrt(share**2 @ spread))
    low, value, high = (float(np.sqrt(max(one, 0.0))) for one in (square - half, square, square + half))
    return Estimate(value, low, high, "root mean square over tenths, luck taken off", len(y), level)


def reliability(y: np.ndarray, chance: np.ndarray, *, level: float = 0.95) -> tuple[tuple[float, Estimate], ...]:
    """What was predicted against what came, in up to ten bins of about as many rows each (DeGroot and Fienberg 1983).

    Parameters
    ----------
    y : array, (n_rows,)
        1 where it came true.
    chance : array of float64, (n_rows,)
        Rows of the same chance stand in one bin.

    Returns
    -------
    tuple of (float, Estimate)
        Mean chance of each bin, rising, and the share that came true with Wilson's interval; empty for fewer than 20 rows.
    """
    n_bins = min(TENTHS, len(y) // FEWEST_IN_BIN)
    if n_bins < 2:
        return ()
    place = _binned(chance, n_bins)
    parts = [place == number for number in np.unique(place)]
    return tuple(
        (float(chance[part].mean()), wilson(float(y[part].sum()), int(part.sum()), level=level)) for part in parts
    )


def _binned(chance: np.ndarray, n_bins: int) -> np.ndarray:
    """Number of each row's bin, of about as many rows each: int64 (n_rows,); rows of the same chance stand in one."""
    edges = np.unique(np.sort(chance)[np.arange(1, n_bins) * len(chance) // n_bins])
    return np.searchsorted(edges, chance, side="right")


def _off(
    y: np.ndarray, chance: np.ndarray, w: np.ndarray, groups: np.ndarray | None, part: np.ndarray
) -> tuple[float, float]:
    """Mean of predicted less actual in one tenth, and its variance; 0 and 0 where it has no weight."""
    if not w[part].sum() > 0:
        return 0.0, 0.0
    share = w[part] / w[part].sum()
    off, came = float(share @ (chance[part] - y[part])), float(share @ y[part])
    if groups is None:
        # Drawn towards what was predicted, by one row: a tenth without any success varies too.
        drawn = (len(part) * came + came + off) / (len(part) + 1)
        return off, float(share @ share) * drawn * (1 - drawn)
    place = np.unique(groups[part], return_inverse=True)[1]
    sums = np.bincount(place, share * (chance[part] - y[part] - off))
    n = len(sums)
    return off, float((sums**2).sum() * n / (n - 1)) if n > 1 else 1.0


def _chance(X: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(X @ coefficients, -500, 500))))


def _fitted(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients by Newton's method, each step halved until it helps, and the inverse information; None where none."""
    coefficients, last = np.array([0.0, 1.0]), np.inf
    step = np.zeros(2)
    for _ in range(MOST_STEPS):
        loss = _loss(X, y, w, coefficients + step)
        while loss > last and np.abs(step).max() > DONE:
            step /= 2
            loss = _loss(X, y, w, coefficients + step)
        coefficients, last = coefficients + step, loss
        p = _chance(X, coefficients)
        information = (X * (w * p * (1 - p))[:, None]).T @ X
        if np.abs(coefficients).max() > STEEPEST or np.linalg.cond(information) > 1 / np.finfo(np.float64).eps:
            return None
        step = np.linalg.solve(information, X.T @ (w * (y - p)))
        if np.abs(step).max() < DONE:
            return coefficients, np.linalg.inv(information)
    return None


def _loss(X: np.ndarray, y: np.ndarray, w: np.ndarray, coefficients: np.ndarray) -> float:
    raw = X @ coefficients
    return float(w @ (np.logaddexp(0.0, raw) - y * raw))


def intercept(
    y: np.ndarray,
    prediction: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """Calibration in the large: mean outcome less mean predicted chance, 0 when right."""
    return mean_of_rows(y - prediction[:, 1], weight, groups, level=level)


def expected_error(y: np.ndarray, p: np.ndarray, *, level: float = 0.95) -> tuple[Estimate, float]:
    """Expected calibration error over ten bins of about as many rows each, and what right chances would show by luck.

    Naeini, Cooper and Hauskrecht (2015, AAAI); it never is 0, so it stands beside its mean over outcomes drawn from the
    chances themselves (Bröcker and Smith 2007, Weather and Forecasting 22).

    Parameters
    ----------
    y, p : array of float64, (n_rows,)
        1 where it came true; its chance.

    Returns
    -------
    Estimate
        Its spread is a bootstrap's.
    float
        The mean error of chances that are right.
    """
    place = _binned(p, BINS)
    rng = np.random.default_rng(0)
    value = _gaps(y - p, place)
    draws = np.empty(REPLICATES)
    for number in range(REPLICATES):
        rows = rng.integers(0, len(y), len(y))
        draws[number] = _gaps((y - p)[rows], place[rows])
    by_chance = np.mean([_gaps((rng.random(len(y)) < p) - p, place) for _ in range(REPLICATES)])
    half = float(normal_reach(level) * draws.std())
    return Estimate(value, max(0.0, value - half), value + half, "bootstrap, normal", len(y), level), float(by_chance)


def recalibrated(y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Predictions put right by what the other half of the rows shows.

    Of chances by a logistic curve, of numbers by a straight line; where a half shows nothing, as they are. The curve is
    fitted to outcomes drawn in by one row of each class (Platt 1999), so that it has an end where chances part the classes.

    Parameters
    ----------
    prediction : array of float64, (n_rows, 2) or (n_rows, 1)
    """
    w = np.ones(len(y)) if weight is None else weight
    after = prediction.copy()
    if prediction.shape[1] == 2:
        came, failed = float(w @ (y == 1)), float(w @ (y != 1))
        y = np.where(y == 1, (came + 1) / (came + 2), 1 / (failed + 2))
    half = np.random.default_rng(0).permutation(len(y)) % 2 == 0
    for here in (half, ~half):
        there = ~here
        if prediction.shape[1] == 1:
            line = _line(prediction[there, 0], y[there], w[there])
            after[here, 0] = line[0] + line[1] * prediction[here, 0]
            continue
        X = _log_odds(prediction)
        found = _fitted(X[there], y[there], w[there])
        if found is not None:
            chance = _chance(X[here], found[0])
            after[here] = np.stack([1 - chance, chance], axis=1)
    return after


def _gaps(differences: np.ndarray, place: np.ndarray) -> float:
    return float(np.abs(np.bincount(place, differences)).sum() / len(differences))


def _line(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[float, float]:
    middle, level = float(np.average(x, weights=w)), float(np.average(y, weights=w))
    spread = float(w @ (x - middle) ** 2)
    slope = float(w @ ((x - middle) * (y - level))) / spread if spread > 0 else 1.0
    return level - slope * middle, slope


def _log_odds(prediction: np.ndarray) -> np.ndarray:
    p = np.clip(prediction[:, 1], TINY, 1 - TINY)
    return np.stack([np.ones(len(p)), np.log(p / (1 - p))], axis=1)
