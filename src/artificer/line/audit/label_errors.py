"""Label errors: rows whose label a model that did not learn from them denies with confidence."""

from __future__ import annotations

import numpy as np

from artificer.line.audit.price import matrix
from artificer.line.audit.seen import Seen
from artificer.measure.noise import confident_suspects
from artificer_runtime.schema import GROUPS

N_FOLDS = 5
SETTINGS = {"num_leaves": 15, "learning_rate": 0.1, "max_bin": 63, "verbose": -1, "num_threads": 1}
TREES = 60


def suspects(seen: Seen) -> np.ndarray:
    """Find rows whose label is likely wrong.

    Returns
    -------
    array of int64, (n_suspects,)
        Places among `seen.rows`, the most suspicious first; empty where nothing can be told.
    """
    return confident_suspects(seen.rows.y.astype(np.int64), _out_of_fold(seen))


def _out_of_fold(seen: Seen) -> np.ndarray:
    import lightgbm

    y, names = seen.rows.y, seen.prices.strongest
    X = matrix(seen.rows.frame, seen.asked.schema, names)
    kinds = {column.name: column.kind for column in seen.asked.schema.columns}
    codes = [place for place, name in enumerate(names) if GROUPS[kinds[name]] == "codes"]
    n_classes = len(seen.asked.classes)
    told = SETTINGS | {"objective": "multiclass", "num_class": n_classes, "seed": 1, "deterministic": True}
    fold = np.random.default_rng(0).permutation(len(y)) % N_FOLDS
    probability = np.empty((len(y), n_classes))
    for one in range(N_FOLDS):
        there = fold != one
        data = lightgbm.Dataset(X[there], y[there], categorical_feature=codes, params={"verbose": -1, "max_bin": 63})
        probability[~there] = lightgbm.train(told, data, TREES).predict(X[~there], num_threads=1)
    return probability
