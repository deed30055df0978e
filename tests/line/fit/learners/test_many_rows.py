"""A linear model of many rows reads fewer of them, and loses no class."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.line.fit.learners import linear_model
from artificer.line.fit.learners.linear_model import LinearModel


def test_fewer_rows_are_read_and_the_certificate_is_of_the_rows_that_were_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linear_model, "MOST_WORK", 1.0)
    monkeypatch.setattr(linear_model, "FEWEST_ROWS", 200)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 4)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.float64)
    y[17] = 2.0  # one row of a third class
    fold = Fold(X, y, "multiclass", 3, tuple("abcd"))
    fitted = LinearModel().fit(fold, {"C": 1.0}, Clock())
    np.testing.assert_allclose(fitted.member.predict(X[: len(fitted.native)]), fitted.native, atol=1e-6)
    assert fitted.member.predict(X)[:, 2].max() > 1e-6
    assert (fitted.member.predict(X).argmax(axis=1) == y).mean() > 0.9
