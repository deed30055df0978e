"""Linear discriminant analysis."""

from __future__ import annotations

IMPORTS: tuple[str, ...] = ("from scipy import linalg",)
CODE = '''
def discriminant_fits(X, y, weight, shrinkage, sharpness, rows, seed):
    """Linear discriminant analysis; how far its covariance is drawn to a ball, and how sure it is, the run found."""
    if len(X) > rows:
        drawn = np.sort(np.random.default_rng(seed).choice(len(X), rows, replace=False))
        drawn = np.union1d(drawn, np.unique(y, return_index=True)[1])  # no class is lost
        X, y, weight = X[drawn], y[drawn], None if weight is None else weight[drawn]
    weight, gaps = np.ones(len(y)) if weight is None else weight, np.isnan(X)
    known, full = np.maximum((~gaps).sum(axis=0), 1), np.where(gaps, 0, X.astype(np.float64))
    largest = np.maximum(np.abs(full).max(axis=0, initial=0.0), 1e-300)
    center = ((full / largest).sum(axis=0) / known * largest).astype(np.float32).astype(np.float64)
    deviation = np.sqrt((np.where(gaps, 0, (full - center) / largest) ** 2).sum(axis=0) / known)
    scale = np.where(deviation > 1e-6, 1 / np.maximum(deviation * largest, 1e-300), 0.0)
    ready = np.nan_to_num((X.astype(np.float64) - center) * scale, nan=0.0)
    belongs = (y[:, None] == np.arange(len(CLASSES))) * weight[:, None]
    total = belongs.sum(axis=0)
    means = belongs.T @ ready / np.maximum(total, 1e-300)[:, None]
    apart = (ready - means[y.astype(int)]) * np.sqrt(weight)[:, None]
    values, axes = linalg.eigh(apart.T @ apart / total.sum())
    values = np.maximum(values, 0)
    shrunk = np.maximum((1 - shrinkage) * values + shrinkage * (values.mean() or 1.0), 1e-12)
    coefficients = (means @ axes / shrunk) @ axes.T
    intercept = np.log(total / total.sum()) - 0.5 * (coefficients * means).sum(axis=1)
    coefficients, intercept = sharpness * coefficients, sharpness * intercept
    if len(CLASSES) == 2:
        coefficients, intercept = coefficients[1:] - coefficients[:1], intercept[1:] - intercept[:1]
    return coefficients, intercept, center, scale


def discriminant_predicts(fitted, X):
    coefficients, intercept, center, scale = fitted
    return np.nan_to_num((X.astype(np.float64) - center) * scale, nan=0.0) @ coefficients.T + intercept
'''
