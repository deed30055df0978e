"""Variance inflation is that of a regression on the other columns."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.measure.inflation import condition_number, variance_inflation


def _columns() -> np.ndarray:
    a, b, c, noise = np.random.default_rng(0).normal(size=(4, 400))
    return np.stack([a, 5 * (a + 0.4 * b + 0.1 * noise) + 3, b, c], axis=1)


def test_it_is_that_of_a_regression_on_the_others() -> None:
    X = _columns()
    for place, factor in enumerate(variance_inflation(X)):
        others = np.column_stack([np.ones(len(X)), np.delete(X, place, axis=1)])
        rest = X[:, place] - others @ np.linalg.lstsq(others, X[:, place], rcond=None)[0]
        assert factor == pytest.approx(1 / (rest.var() / X[:, place].var()))


def test_a_sum_of_others_is_infinite_and_strangers_are_not() -> None:
    X = np.column_stack([_columns(), _columns()[:, 0] - 2 * _columns()[:, 2]])
    factors = variance_inflation(X)
    assert np.isinf(factors[[0, 2, 4]]).all()
    assert factors[3] == pytest.approx(1, abs=0.1)
    assert condition_number(X) == np.inf


def test_the_condition_number_is_that_of_singular_values() -> None:
    X = _columns()
    values = np.linalg.svd((X - X.mean(axis=0)) / X.std(axis=0), compute_uv=False)
    assert condition_number(X) == pytest.approx(values[0] / values[-1])


def test_a_constant_and_no_column_are_harmless() -> None:
    assert variance_inflation(np.column_stack([np.ones(50), np.arange(50.0)])).tolist() == [1, 1]
    assert condition_number(np.empty((5, 0))) == 1
