"""Extremely randomised trees."""

from __future__ import annotations

IMPORTS: tuple[str, ...] = (
    "from functools import partial",
    "from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor",
)
CODE = '''
def extra_trees_fits(X, y, weight, settings, seeds):
    """One fit a seed."""
    return [extra_trees_fit(X, y, weight, settings, seed) for seed in seeds]


def extra_trees_fit(X, y, weight, settings, seed):
    """Extremely randomised trees; of more than 30,000 rows a sample is drawn."""
    most = settings.get("rows", 30_000)
    if len(X) > most:
        drawn = np.sort(np.random.default_rng(seed).choice(len(X), most, replace=False))
        X, y, weight = X[drawn], y[drawn], None if weight is None else weight[drawn]
    smallest, most_leaves = settings.get("min_samples_leaf", 2), settings.get("most_leaves", len(X))
    parameters = {
        "min_samples_leaf": smallest,
        "max_features": float(settings.get("max_features", 0.5)),
        "max_leaf_nodes": most_leaves if len(X) > most_leaves * smallest else None,
    }
    kind = partial(ExtraTreesClassifier, criterion="entropy") if CLASSES else ExtraTreesRegressor
    with np.errstate(invalid="ignore"):
        models = [
            kind(**parameters, n_estimators=10, random_state=seed + 11 + number).fit(X, y, sample_weight=weight)
            for number in range(round(settings.get("rounds", 20)))
        ]
    shares = np.maximum(np.bincount(y.astype(int), weight, len(CLASSES)) / len(y), 1e-9) if CLASSES else None
    return models, shares


def extra_trees_predicts(fits, X):
    return np.mean([extra_trees_told(*fit, X) for fit in fits], axis=0)


def extra_trees_told(models, shares, X):
    """Probabilities, each drawn a little to the classes' shares; or values."""
    with np.errstate(invalid="ignore"):
        if not CLASSES:
            return np.mean([one.predict(X) for one in models], axis=0).reshape(-1, 1)
        full = np.zeros((len(X), len(CLASSES)))
        full[:, models[0].classes_.astype(int)] = np.mean([one.predict_proba(X) for one in models], axis=0)
        return 0.995 * full + 0.005 * shares / shares.sum()
'''
