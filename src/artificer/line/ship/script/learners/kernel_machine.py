"""Ridge regression in a kernel."""

from __future__ import annotations

IMPORTS: tuple[str, ...] = ("from scipy import linalg, optimize",)
CODE = '''
def kernel_fits(X, y, weight, used, center, scale, ridge, power, rows, seed, group=None):
    """Ridge regression in a kernel; the scale of each feature, and the ridge, the run found."""
    weight = np.ones(len(y)) if weight is None else weight
    kept = np.flatnonzero(weight > 0)
    kept = kept[kernel_sample(y[kept], rows, seed)]
    y, weight = y[kept], np.maximum(weight[kept], 1e-12)
    placed, weight = kernel_placed(X[kept][:, used], center, scale), weight / weight.mean()
    middle, spread = 0.0, 1.0
    if CLASSES:
        targets = (y[:, None] == np.arange(len(CLASSES))).astype(np.float64)
    else:
        middle = np.average(y, weights=weight)
        spread = np.sqrt(np.average((y - middle) ** 2, weights=weight)) or 1.0
        targets = ((y - middle) / spread)[:, None]
    mean = np.average(targets, axis=0, weights=weight)
    inverse = linalg.inv(kernel_near(placed, placed, power) + np.diag(ridge / weight))
    coefficients = inverse @ (targets - mean)
    slope, offsets = spread, np.array([middle])
    if CLASSES:
        left_out = targets - lacking(inverse, coefficients, None if group is None else group[kept])
        slope, offsets = calibrated(left_out, targets, weight / weight.sum())
    coefficients, intercept = slope * coefficients, slope * mean + offsets
    if len(CLASSES) == 2:
        coefficients, intercept = coefficients[:, 1:] - coefficients[:, :1], intercept[1:] - intercept[:1]
    bounds = (-np.inf, np.inf) if CLASSES else (y.min(), y.max())
    return placed, coefficients, intercept, used, center, scale, power, bounds


def lacking(inverse, coefficients, group):
    """What each row lacks to its target where the rows of other groups alone speak."""
    alone = coefficients / np.diag(inverse)[:, None]
    for one in [] if group is None or len(np.unique(group)) < 2 else np.unique(group):
        here = np.flatnonzero(group == one)
        if len(here) > 1:
            alone[here] = linalg.solve(inverse[np.ix_(here, here)], coefficients[here], assume_a="pos")
    return alone


def kernel_sample(y, rows, seed):
    """Places of at most about so many rows, each class in its share and none lost."""
    if len(y) <= rows:
        return np.arange(len(y))
    order = np.random.default_rng(seed).permutation(len(y))
    if not CLASSES:
        return np.sort(order[:rows])
    order = order[np.argsort(y[order], kind="stable")]
    places = np.floor(np.arange(rows) * len(y) / rows).astype(np.int64)
    return np.sort(order[np.union1d(places, np.unique(y[order], return_index=True)[1])])


def kernel_placed(X, center, scale):
    scaled = (X.astype(np.float64) - np.array(center, np.float32)) * np.array(scale, np.float32)
    return np.clip(np.nan_to_num(scaled, nan=0.0), -32, 32)


def kernel_near(rows, others, power):
    squares = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * rows @ others.T
    return np.exp(-(np.maximum(squares, 0.0) ** (power / 2)))


def calibrated(scores, targets, share):
    """Slope and offset of each class that make scores into log odds."""

    def loss(free):
        raw = free[0] * scores + free[1:]
        raw -= raw.max(axis=1, keepdims=True)
        total = np.log(np.exp(raw).sum(axis=1))
        wrong = (np.exp(raw - total[:, None]) - targets) * share[:, None]
        slopes = np.concatenate([[(wrong * scores).sum()], wrong.sum(axis=0) + 2e-3 * free[1:]])
        return share @ (total - (raw * targets).sum(axis=1)) + 1e-3 * (free[1:] @ free[1:]), slopes

    start, limits = np.array([4.0, *np.zeros(scores.shape[1])]), [(0.0, None)] + [(None, None)] * scores.shape[1]
    free = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits).x
    return free[0], free[1:]


def kernel_predicts(fitted, X):
    placed, coefficients, intercept, used, center, scale, power, bounds = fitted
    parts = [X[at : at + 1000] for at in range(0, len(X), 1000)]
    near = [kernel_near(kernel_placed(part[:, used], center, scale), placed, power) for part in parts]
    return np.clip(np.concatenate([one @ coefficients for one in near]) + intercept, *bounds)
'''
