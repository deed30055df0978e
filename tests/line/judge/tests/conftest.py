"""Real rows for the tests of models: tumours, diabetics, calls of a bank."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from examinees import Halves
from sklearn.datasets import load_breast_cancer, load_diabetes


def halves(X: Any, y: Any) -> Halves:
    """Rows to train on and rows to judge on."""
    here = np.random.default_rng(0).permutation(len(y)) % 2 == 0
    return (X[here], y[here]), (X[~here], y[~here])


@pytest.fixture(scope="session")
def tumours() -> Halves:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return halves(X.iloc[:, :10], y)


@pytest.fixture(scope="session")
def diabetics() -> Halves:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return halves(X, y)


@pytest.fixture(scope="session")
def calls() -> pd.DataFrame:
    """3,000 calls of a bank in the order of their days; 'deposit' says whether the client made one."""
    with files("artificer.case").joinpath("calls_2008.parquet").open("rb") as file:
        frame = pl.read_parquet(file)
    return frame[np.linspace(0, frame.height - 1, 3_000).astype(int)].to_pandas()
