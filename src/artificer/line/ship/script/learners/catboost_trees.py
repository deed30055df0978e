"""CatBoost: one fit a seed."""

from __future__ import annotations

IMPORTS: tuple[str, ...] = ("import catboost",)
CODE = '''
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
'''
