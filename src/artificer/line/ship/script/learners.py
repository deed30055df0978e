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
def linear_fits(X, y, weight, penalty):
    """Features of a wide range are put on one scale first."""
    wide = np.nanmax(np.abs(X), axis=0) > 16.5
    center = np.where(wide, np.nanmean(X, axis=0), 0.0)
    scale = np.where(wide, np.nanstd(X, axis=0), 1.0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=penalty, max_iter=2000) if CLASSES else Ridge(alpha=penalty)
    model.fit(np.nan_to_num((X - center) / scale), y, sample_weight=weight)
    return model, center, scale


def linear_predicts(fitted, X):
    model, center, scale = fitted
    ready = np.nan_to_num((X - center) / scale)
    return (model.decision_function(ready) if CLASSES else model.predict(ready)).reshape(len(X), -1)
''',
    "extra_trees": '''
def extra_trees_fits(X, y, weight, settings, seed):
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


def extra_trees_predicts(fitted, X):
    """Probabilities, each drawn a little to the classes' shares; or values."""
    model, shares = fitted
    with np.errstate(invalid="ignore"):
        if not CLASSES:
            return model.predict(X).reshape(-1, 1)
        full = np.zeros((len(X), len(CLASSES)))
        full[:, model.classes_.astype(int)] = model.predict_proba(X)
        return 0.995 * full + 0.005 * shares / shares.sum()
''',
}
IMPORTS = {
    "lightgbm": ("import lightgbm",),
    "catboost": ("import catboost",),
    "linear": ("from sklearn.linear_model import LogisticRegression, Ridge",),
    "extra_trees": ("from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor",),
}
LINKS = {
    "logit": "logit(%s)",
    "softmax": "softmax(%s)",
    "identity": "%s",
    "exp": "np.exp(np.minimum(%s, 700.0))",
}
