"""Plain code of the learners: each trains on a block of features and gives a function to predict with."""

from __future__ import annotations

CODE = {
    "lightgbm": '''
def lightgbm_fits(X, y, weight, settings, n_iterations, seeds, categorical, limits):
    """One fit a seed."""
    models = []
    for seed in seeds:
        rows = lightgbm.Dataset(X, y, weight=weight, categorical_feature=categorical, params=limits, free_raw_data=False)
        models.append(lightgbm.train({**settings, "seed": seed + 1}, rows, n_iterations))
    return models


def lightgbm_predicts(models, X):
    raw = [model.predict(X, raw_score=True, num_threads=1) for model in models]
    return np.mean(raw, axis=0).reshape(len(X), -1)
''',
    "catboost": '''
def catboost_fits(X, y, weight, settings, seeds):
    """One fit a seed."""
    models = []
    for seed in seeds:
        models.append(catboost.CatBoost({**settings, "random_seed": seed}))
        models[-1].fit(catboost.Pool(X, y, weight=weight))
    return models


def catboost_predicts(models, X):
    raw = [model.predict(X, prediction_type="RawFormulaVal") for model in models]
    return np.mean(raw, axis=0).reshape(len(X), -1)
''',
    "linear": '''
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
''',
    "extra_trees": '''
def extra_trees_fits(X, y, weight, settings, seeds):
    """One fit a seed."""
    return [extra_trees_fit(X, y, weight, settings, seed) for seed in seeds]


def extra_trees_fit(X, y, weight, settings, seed):
    """Extremely randomised trees; of more than 30,000 rows a sample is drawn."""
    most = settings.get("rows", 30_000)
    if len(X) > most:
        drawn = np.sort(np.random.default_rng(seed).choice(len(X), most, replace=False))
        X, y, weight = X[drawn], y[drawn], None if weight is None else weight[drawn]
    smallest, n_trees = settings.get("min_samples_leaf", 2), round(settings.get("rounds", 20)) * 10
    most_leaves = max(2, int(8e6 / (settings.get("trees", 200) * 2 * (12 + 8 * max(len(CLASSES), 1)))))
    parameters = {
        "n_estimators": n_trees,
        "min_samples_leaf": smallest,
        "max_features": float(settings.get("max_features", 0.5)),
        "max_leaf_nodes": most_leaves if len(X) > most_leaves * smallest else None,
        "random_state": seed + 11,
    }
    model = ExtraTreesClassifier(criterion="entropy", **parameters) if CLASSES else ExtraTreesRegressor(**parameters)
    shares = np.maximum(np.bincount(y.astype(int), weight, len(CLASSES)) / len(y), 1e-9) if CLASSES else None
    with np.errstate(invalid="ignore"):
        return model.fit(X, y, sample_weight=weight), shares


def extra_trees_predicts(fits, X):
    return np.mean([extra_trees_told(*fit, X) for fit in fits], axis=0)


def extra_trees_told(model, shares, X):
    """Probabilities, each drawn a little to the classes' shares; or values."""
    with np.errstate(invalid="ignore"):
        if not CLASSES:
            return model.predict(X).reshape(-1, 1)
        full = np.zeros((len(X), len(CLASSES)))
        full[:, model.classes_.astype(int)] = model.predict_proba(X)
        return 0.995 * full + 0.005 * shares / shares.sum()
''',
    "network": '''
def network_fits(X, y, weight, settings, n_stages, seeds):
    """One network a seed, in the manner of RealMLP (arXiv 2407.04491)."""
    return [network_trained(X, y, weight, settings, n_stages, np.random.default_rng(seed + 7)) for seed in seeds]


def network_trained(X, y, weight, settings, n_stages, rng):
    center, inverse = network_scales(X)
    ready, weight = bent(X, center, inverse).astype(np.float32), np.ones(len(y)) if weight is None else weight
    middle, spread = 0.0, 1.0
    low, high = (-np.inf, np.inf) if CLASSES else (y.min(), y.max())
    if not CLASSES:
        middle = np.average(y, weights=weight)
        spread = np.sqrt(np.average((y - middle) ** 2, weights=weight)) or 1.0
    target = ((y - middle) / spread).astype(np.float32)
    waves = np.flatnonzero(inverse > 0) if (inverse > 0).sum() <= 100 else np.empty(0, int)
    first = network_begun(ready.shape[1], len(waves), y, weight, settings, rng)
    flat = np.concatenate([values.ravel() for values, _, _ in first.values()]).astype(np.float32)
    rates = np.concatenate([np.full(values.size, rate, np.float32) for values, rate, _ in first.values()])
    decays = np.concatenate([np.full(values.size, decay, np.float32) for values, _, decay in first.values()])
    mean, square, p, start = np.zeros_like(flat), np.zeros_like(flat), {}, 0
    for name, (values, _, _) in first.items():  # views: one pass over `flat` updates them all
        p[name] = flat[start : start + values.size].reshape(values.shape)
        start += values.size
    batch, dropout = int(settings.get("batch", 256)), float(settings.get("dropout", 0.15))
    fastest = float(settings.get("learning_rate", 0.04 if CLASSES else 0.2))
    total = max(4, max(1, round(settings["epochs"])) * max(1, len(y) // batch))
    order, at = rng.permutation(len(y)), 0
    for step in range(round((2**n_stages - 1) / 15 * total)):  # a cycle ends after 1, 3, 7 and 15 fifteenths
        if step and (at := at + batch) >= max(len(y) - batch + 1, 1):
            order, at = rng.permutation(len(y)), 0
        rows = order[at : at + batch]
        calm = 1.0 if step / total < 0.5 else 0.5 * (1 + np.cos(np.pi * (2 * step / total - 1)))
        slopes = network_slopes(p, ready[rows], waves, target[rows], weight[rows], dropout * calm, rng)
        gradient = np.concatenate([slopes[name].ravel() for name in p])
        rate = fastest * 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * (step + 0.5) / total)))
        mean += (1 - 0.9) * (gradient - mean)
        square += (1 - 0.95) * (gradient**2 - square)
        root = np.sqrt(square * np.float32(1 / (1 - 0.95 ** (step + 1)))) + np.float32(1e-8)
        flat *= np.float32(1) - np.float32(rate * 0.02 * calm) * decays
        flat -= np.float32(rate / (1 - 0.9 ** (step + 1))) * rates * (mean / root)
    return p, center, inverse, waves, middle, spread, low, high


def network_scales(X):
    """Median, and the inverse of the spread between quartiles; 0 for features of 0 and 1."""
    center, inverse = np.zeros(X.shape[1], np.float32), np.zeros(X.shape[1], np.float32)
    for at, column in enumerate(X.T):
        values = column[~np.isnan(column)]
        if not len(values) or ((values == 0) | (values == 1)).all():
            continue
        lower, middle, upper = np.quantile(values, [0.25, 0.5, 0.75])
        spread = upper - lower or 0.5 * (values.max() - values.min())
        center[at], inverse[at] = middle, 1 / spread if spread > 0 else 0.0
    return center, inverse


def bent(X, center, inverse):
    """Numbers on one scale, clipped smoothly to 3; gaps are read as the middle."""
    far = np.clip((X - center) * inverse, -1e6, 1e6)
    return np.nan_to_num(np.where(inverse > 0, far / np.sqrt(1 + (far / 3.0) ** 2), np.clip(X, 0, 1)), nan=0.0)


def network_begun(n_features, n_waves, y, weight, settings, rng):
    """First values of each parameter, and the factors of its rate and its decay."""
    hidden, n_layers, n_inputs = int(settings.get("hidden", 256)), int(settings.get("layers", 3)) + 1, n_features + n_waves * 3
    first = {}
    if n_waves:
        first["frequency"] = rng.normal(0, 0.1 * 2 * np.pi, (n_waves, 16)), 0.1, 0.0
        first["phase"] = rng.uniform(-np.pi, np.pi, (n_waves, 16)), 0.1, 0.0
        first["mix"] = rng.normal(0, 1 / np.sqrt(16), (n_waves, 16, 3)), 0.1, 0.0
        first["shift"] = rng.normal(0, 0.1, (n_waves, 3)), 0.1, 0.0
    first["gain"] = np.ones(n_inputs), 6.0 / np.sqrt(max(n_inputs, 1)), 0.0
    prior = np.zeros(1)
    if CLASSES:
        share = np.bincount(y.astype(int), weights=weight, minlength=len(CLASSES))
        share = np.clip(share / max(share.sum(), 1e-12), 1e-5, 1)
        prior = np.log(share) if len(CLASSES) > 2 else np.log(share[1:] / share[:1])
    widths = [n_inputs, *[hidden] * (n_layers - 1), len(prior)]
    for layer, (n_in, n_out) in enumerate(zip(widths, widths[1:])):
        last = layer + 1 == n_layers
        size = 0.0 if last else 1 / np.sqrt(max(n_in, 1))
        first[f"weight{layer}"] = rng.normal(0, 1, (n_in, n_out)) * size, 1 / np.sqrt(max(n_in, 1)), 1.0
        first[f"bias{layer}"] = prior if last else rng.normal(0, 0.3, n_out), 0.1, 0.0
    return first


def network_through(p, ready, waves, dropout=0.0, rng=None):
    """What each layer is given and makes; the last one's are raw outputs."""
    angle, inputs = np.empty(0), ready
    if len(waves):
        angle = ready.T[waves][:, :, None] * p["frequency"][:, None, :] + p["phase"][:, None, :]
        shown = np.cos(angle) @ p["mix"] + p["shift"][:, None, :]
        inputs = np.concatenate([ready, shown.transpose(1, 0, 2).reshape(len(ready), -1)], axis=1)
    given, raws, masks = [inputs * p["gain"]], [], []
    n_layers = sum(name.startswith("weight") for name in p)
    for layer in range(n_layers):
        raws.append(given[-1] @ p[f"weight{layer}"] + p[f"bias{layer}"])
        if layer + 1 < n_layers:
            out = activated(raws[-1])
            if dropout:
                masks.append((rng.random(out.shape, np.float32) >= dropout) * np.float32(1 / (1 - dropout)))
                out = out * masks[-1]
            given.append(out)
    return angle, inputs, given, raws, masks


def activated(raw):
    """Self-normalising units for classes, Mish for numbers."""
    if CLASSES:
        scale, steep = 1.0507009873554805, 1.6732632423543772
        return np.maximum(raw, 0) * scale + (np.exp(np.minimum(raw, 0)) - 1) * (scale * steep)
    grown = np.exp(np.minimum(raw, 20.0))
    twice = grown * (grown + 2)
    return raw * (twice / (twice + 2))


def activation_slope(raw):
    if CLASSES:
        scale, steep = np.float32(1.0507009873554805), np.float32(1.0507009873554805 * 1.6732632423543772)
        return np.where(raw > 0, scale, activated(raw) + steep)
    grown = np.exp(np.minimum(raw, 20.0))
    twice = grown * (grown + 2)
    soft = twice / (twice + 2)
    return (soft + raw * (grown / (1 + grown)) * (1 - soft**2)).astype(np.float32)


def network_slopes(p, ready, waves, y, weight, dropout, rng):
    """Gradients of the mean loss over a batch: through the layers, and back."""
    angle, inputs, given, raws, masks = network_through(p, ready, waves, dropout, rng)
    share = (weight / max(weight.sum(), 1e-12)).astype(np.float32)[:, None]
    if not CLASSES:
        back = 2 * share * (raws[-1] - y[:, None])
    elif len(CLASSES) == 2:
        back = share * (1 / (1 + np.exp(-np.clip(raws[-1], -30, 30))) - y[:, None])
    else:
        back = share * (softmax(raws[-1]) - (y[:, None] == np.arange(len(CLASSES))).astype(np.float32))
    slopes = {}
    for layer in range(len(raws) - 1, -1, -1):
        slopes[f"weight{layer}"], slopes[f"bias{layer}"] = given[layer].T @ back, back.sum(axis=0)
        back = back @ p[f"weight{layer}"].T
        if layer:
            back = (back * masks[layer - 1] if dropout else back) * activation_slope(raws[layer - 1])
    slopes["gain"] = (back * inputs).sum(axis=0)
    if len(waves):
        mixed = (back * p["gain"])[:, ready.shape[1] :].reshape(len(back), len(waves), 3).transpose(1, 0, 2)
        turned = -np.sin(angle) * (mixed @ p["mix"].transpose(0, 2, 1))
        slopes["shift"], slopes["mix"] = mixed.sum(axis=1), np.cos(angle).transpose(0, 2, 1) @ mixed
        slopes["phase"], slopes["frequency"] = turned.sum(axis=1), (ready.T[waves][:, None, :] @ turned)[:, 0]
    return slopes


def network_predicts(models, X):
    """Probabilities or values: the mean over the seeds."""
    told = []
    for p, center, inverse, waves, middle, spread, low, high in models:
        raw = network_through(p, bent(X, center, inverse).astype(np.float32), waves)[3][-1].astype(np.float64)
        raw = np.clip(raw * spread + middle, low, high)
        told.append(raw if not CLASSES else logit(raw) if len(CLASSES) == 2 else softmax(raw))
    return np.mean(told, axis=0)
''',
    "discriminant": '''
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
''',
    "kernel": '''
def kernel_fits(X, y, weight, used, center, scale, ridge, power, rows, seed):
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
        left_out = targets - coefficients / np.diag(inverse)[:, None]  # what the other rows say of each
        slope, offsets = calibrated(left_out, targets, weight / weight.sum())
    coefficients, intercept = slope * coefficients, slope * mean + offsets
    if len(CLASSES) == 2:
        coefficients, intercept = coefficients[:, 1:] - coefficients[:, :1], intercept[1:] - intercept[:1]
    bounds = (-np.inf, np.inf) if CLASSES else (y.min(), y.max())
    return placed, coefficients, intercept, used, center, scale, power, bounds


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
''',
}
IMPORTS = {
    "lightgbm": ("import lightgbm",),
    "catboost": ("import catboost",),
    "linear": ("from scipy import linalg, optimize, sparse, special",),
    "network": (),
    "discriminant": ("from scipy import linalg",),
    "kernel": ("from scipy import linalg, optimize",),
    "extra_trees": ("from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor",),
}
LINKED = ("extra_trees", "network")  # whose functions give probabilities
LINKS = {
    "logit": "logit(%s)",
    "softmax": "softmax(%s)",
    "identity": "%s",
    "exp": "np.exp(np.minimum(%s, 700.0))",
}
