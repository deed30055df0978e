"""LightGBM: one fit a seed, of the iterations that the run found."""

from __future__ import annotations

IMPORTS: tuple[str, ...] = ("import lightgbm",)
CODE = '''
def lightgbm_fits(X, y, weight, settings, n_iterations, seeds, categorical, limits):
    """One fit a seed."""
    models = []
    for seed in seeds:
        rows = lightgbm.Dataset(X, y, weight=weight, categorical_feature=categorical, params=limits, free_raw_data=False)
        model, idle = lightgbm.Booster({**settings, "seed": seed + 1}, rows), 0
        while model.current_iteration() < n_iterations and idle < 20:  # the columns drawn for a tree may hold nothing to split
            idle = idle + 1 if model.update() else 0
        models.append(model)
    return models


def lightgbm_predicts(models, X):
    raw = [model.predict(X, raw_score=True, num_threads=1) for model in models]
    return np.mean(raw, axis=0).reshape(len(X), -1)
'''
