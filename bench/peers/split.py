"""A data set → rows to train on and rows to be tested on, by the rules that the peers' earlier scores follow.

1. Rows without a target are dropped; of more than 100,000 rows `sample(100_000, random_state=0)` stays.
2. Classes: the target as text, classes of fewer than 10 rows dropped, a quarter held out, stratified. Numbers: the
   target as float, its `log1p` where the set's metric is `rmsle`, a quarter held out. Both with the seed.
3. Every other column stays as it is in the file, booleans as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

MOST_ROWS, FEWEST_OF_A_CLASS, HELD_OUT = 100_000, 10, 0.25
TARGET = "target of the fit"  # no column of a data set has this name


@dataclass(frozen=True, slots=True)
class Cut:
    """One split of one data set.

    Attributes
    ----------
    task : str
        "binary", "multiclass" or "regression".
    train, test : DataFrame
        Columns as in the file, in random order of rows.
    y, y_test : Series
        Text, or float.
    """

    task: str
    train: pd.DataFrame
    test: pd.DataFrame
    y: pd.Series
    y_test: pd.Series

    def write(self, folder: Path) -> None:
        """Write what a system may see: train.parquet with the target, and test.parquet without."""
        together = self.train.assign(**{TARGET: self.y.to_numpy()})
        together.to_parquet(folder / "train.parquet", index=False)
        self.test.to_parquet(folder / "test.parquet", index=False)

    def error(self, predicted: np.ndarray, classes: list[str]) -> float:
        """Error on the test rows: 1 − ROC AUC (the last class is the success), log loss, or RMSE.

        Parameters
        ----------
        predicted : array of float, (n_rows, n_classes) or (n_rows,)
        classes : list of str, (n_classes,)
            Which class each column of `predicted` is about; a class that is absent has probability 0.

        Raises
        ------
        ValueError
            When predictions are no finite numbers.
        """
        if not np.isfinite(predicted).all():
            raise ValueError("predictions are no finite numbers")
        if self.task == "regression":
            return float(np.sqrt(np.mean((self.y_test.to_numpy() - predicted) ** 2)))
        labels = sorted(set(self.y))
        probabilities = np.zeros((len(self.y_test), len(labels)))
        for place, name in enumerate(classes):
            probabilities[:, labels.index(name)] = predicted[:, place]
        if self.task == "binary":
            return float(1 - roc_auc_score(self.y_test == labels[-1], probabilities[:, -1]))
        probabilities /= probabilities.sum(axis=1, keepdims=True)  # float32 sums to one in 7 digits only
        return float(log_loss(self.y_test, probabilities, labels=labels))


def load(data: Path, about: Mapping[str, Any], seed: int) -> Cut:
    """Read a set of the data folder and split it."""
    return split(pd.read_parquet(data / about["files"][0]), about, seed)


def split(frame: pd.DataFrame, about: Mapping[str, Any], seed: int) -> Cut:
    """Split a frame; `about` is the set's entry in the manifest (`task`, `target`, `metric`)."""
    target = about["target"]
    frame = frame[frame[target].notna()]
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=0)
    X, y = frame.drop(columns=target), frame[target]
    X = X.assign(**{name: X[name].astype(str) for name in X if X[name].dtype == bool})
    if about["task"] == "regression":
        y = y.astype(float)
        y = np.log1p(y) if about["metric"] == "rmsle" else y
        return Cut(about["task"], *train_test_split(X, y, test_size=HELD_OUT, random_state=seed))
    y = y.astype(str)
    common = y.map(y.value_counts()) >= FEWEST_OF_A_CLASS
    X, y = X[common], y[common]
    return Cut(about["task"], *train_test_split(X, y, test_size=HELD_OUT, random_state=seed, stratify=y))
