"""Logistic and ridge regression."""

from __future__ import annotations

IMPORTS: tuple[str, ...] = ("from scipy import linalg, optimize, sparse, special",)
CODE = '''
def linear_fits(X, y, weight, penalties, best, n_rounds, rows, seed):
    """Features of a wide range are put on one scale first; penalties are tried in turn, each from where the last one ended."""
    if len(X) > rows:
        drawn = np.sort(np.random.default_rng(seed).choice(len(X), rows, replace=False))
        drawn = np.union1d(drawn, np.unique(y, return_index=True)[1])  # no class is lost
        X, y, weight = X[drawn], y[drawn], None if weight is None else weight[drawn]
    weight = np.ones(len(y)) if weight is None else weight
    center, scale = np.zeros(X.shape[1]), np.ones(X.shape[1])
    for at in np.flatnonzero(np.nanmax(np.abs(X), axis=0, initial=0.0) > 16.5):
        values = X[:, at][~np.isnan(X[:, at])].astype(np.float64)
        center[at], scale[at] = np.float32(values.mean()), values.std() or 1.0
    ready = linear_ready(X, center, scale)
    if not CLASSES:
        return (*ridge(ready, y, weight, best), center, scale)
    n_out = 1 if len(CLASSES) == 2 else len(CLASSES)
    hit = (y[:, None] == np.arange(len(CLASSES))[-n_out:]).astype(np.float64)
    found = np.zeros((X.shape[1] + 1) * n_out)
    for place, penalty in enumerate(penalties):
        given = (ready, hit, weight / weight.sum(), 1 / (penalty * weight.sum()))
        rounds = n_rounds if place + 1 == len(penalties) and n_rounds else 150
        options = {"maxiter": rounds, "maxcor": 20, "gtol": 1e-5, "ftol": 1e-7}
        found = optimize.minimize(log_loss, found, given, jac=True, method="L-BFGS-B", options=options).x
        if penalty == best:
            coefficients, intercept = found.reshape(n_out, -1)[:, :-1], found.reshape(n_out, -1)[:, -1]
    return coefficients, intercept, center, scale


def linear_ready(X, center, scale):
    """Features as they are fitted: sparse where most are zero."""
    ready, wide = X.copy(), np.flatnonzero((center != 0) | (scale != 1))
    ready[:, wide] = (X[:, wide].astype(np.float64) - center[wide]) / scale[wide]
    ready = np.nan_to_num(ready, nan=0.0)
    return (sparse.csr_array(ready) if (ready[:2000] == 0).mean() > 0.8 else ready).astype(np.float64)


def log_loss(at, X, hit, share, strength):
    """The penalised log loss of logistic regression, and its slopes."""
    parts = at.reshape(hit.shape[1], -1)
    coefficients, raw = parts[:, :-1], X @ parts[:, :-1].T + parts[:, -1]
    if hit.shape[1] == 1:
        likely, losses = special.expit(raw), np.logaddexp(0.0, raw) - hit * raw
    else:
        likely = special.softmax(raw, axis=1)
        losses = special.logsumexp(raw, axis=1, keepdims=True) - (hit * raw).sum(axis=1, keepdims=True)
    back = share[:, None] * (likely - hit)
    slopes = np.concatenate([(X.T @ back).T + strength * coefficients, back.sum(axis=0)[:, None]], axis=1)
    return share @ losses[:, 0] + 0.5 * strength * (coefficients**2).sum(), slopes.ravel()


def ridge(X, y, weight, penalty):
    """Ridge regression, by equations of the features, or of the rows where these are fewer."""
    mean, middle, total = np.asarray(weight @ X).ravel() / weight.sum(), weight @ y / weight.sum(), weight.sum()
    if X.shape[1] <= min(2500, len(y)):
        weighted = X.multiply(weight[:, None]).tocsr() if sparse.issparse(X) else X * weight[:, None]
        gram = dense(weighted.T @ X) - total * np.outer(mean, mean)
        moment = X.T @ (weight * (y - middle)) - mean * (weight * (y - middle)).sum()
        found = linalg.solve(gram + penalty * np.eye(len(gram)), moment, assume_a="pos")
    else:
        root, along = np.sqrt(weight), X @ mean
        gram = (dense(X @ X.T) - along[:, None] - along[None, :] + mean @ mean) * np.outer(root, root)
        solved = linalg.solve(gram + penalty * np.eye(len(gram)), root * (y - middle), assume_a="pos") * root
        found = X.T @ solved - mean * solved.sum()
    return found[None, :], np.array([middle - mean @ found])


def dense(product):
    return product.toarray() if sparse.issparse(product) else product


def linear_predicts(fitted, X):
    coefficients, intercept, center, scale = fitted
    return linear_ready(X, center, scale) @ coefficients.T + intercept
'''
