"""Little's test keeps its level where gaps fall by chance, and speaks where they hang on another number."""

from __future__ import annotations

import numpy as np

from artificer.measure.at_random import little


def drawn(seed: int, n: int = 400) -> tuple[np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    X = rng.multivariate_normal(np.zeros(3), [[1, 0.6, 0.3], [0.6, 1, 0.5], [0.3, 0.5, 1]], n)
    X[:, 2] = np.exp(2 * X[:, 2])  # a heavy tail
    return X, rng


def by_chance(seed: int) -> np.ndarray:
    X, rng = drawn(seed)
    X[rng.random(X.shape) < [0.0, 0.2, 0.3]] = np.nan
    return X


def test_gaps_by_chance_are_called_otherwise_as_often_as_its_level_says() -> None:
    p = []
    for seed in range(150):
        found = little(by_chance(seed))
        assert found is not None
        p.append(found.p)
    share = np.mean(np.array(p) < 0.05)
    assert share <= 0.10
    assert 0.4 < np.mean(p) < 0.6


def test_gaps_that_hang_on_a_known_number_are_seen() -> None:
    n_seen = 0
    for seed in range(20):
        X, rng = drawn(seed)
        X[rng.random(len(X)) < 1 / (1 + np.exp(1 - X[:, 0])), 2] = np.nan
        found = little(X)
        n_seen += found is not None and found.p < 0.01
    assert n_seen >= 19


def test_the_degrees_of_freedom_are_those_of_the_patterns() -> None:
    X, _ = drawn(0)
    X[:100, 1], X[100:250, 2] = np.nan, np.nan
    found = little(X)
    assert found is not None
    assert (found.freedom, found.n_patterns, found.n_rows) == (3 + 2 + 2 - 3, 3, 400)


def test_without_two_patterns_there_is_nothing_to_compare() -> None:
    X, _ = drawn(0)
    assert little(X) is None
    X[:5, 1] = np.nan
    assert little(X) is None  # five rows are too few
    assert little(np.full((50, 2), np.nan)) is None


def test_a_column_that_others_give_is_borne() -> None:
    X = by_chance(3)
    X = np.column_stack([X, X[:, 0] * 2])
    found = little(X)
    assert found is not None
    assert np.isfinite(found.statistic)
    assert 0 <= found.p <= 1
