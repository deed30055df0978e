"""cleanlab as its documentation uses it, in its own environment: rows.parquet → positions of doubted labels.

Out-of-fold probabilities of `HistGradientBoostingClassifier` with its defaults (five stratified folds, texts as categories),
and `find_label_issues` with its defaults. `python cleanlab_worker.py FOLDER TARGET` writes found.npy into the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

MOST_LEVELS = 250  # the learner takes 255 categories


def main(folder: Path, target: str) -> None:
    """Find them."""
    rows = pd.read_parquet(folder / "rows.parquet")
    labels = pd.factorize(rows.pop(target), sort=True)[0]
    X = pd.DataFrame({name: _readable(rows[name]) for name in rows.columns})
    told = cross_val_predict(
        HistGradientBoostingClassifier(random_state=0),
        X,
        labels,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    found = find_label_issues(labels, told, return_indices_ranked_by="self_confidence", n_jobs=1)
    np.save(folder / "found.npy", found)


def _readable(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("int64")
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.astype("float64")
    codes = column.astype(str).astype("category")
    return codes if len(codes.cat.categories) <= MOST_LEVELS else codes.cat.codes


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
