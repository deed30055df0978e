"""The yardstick: the same each time, prices a column, and finds one that tells too much."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.core.brief import Task
from artificer.measure.probe import Folds, effect, probe, readings, single_feature_score, single_feature_scores


def _folds(n: int) -> Folds:
    place = np.arange(n) % 3
    return [(np.flatnonzero(place != one), np.flatnonzero(place == one)) for one in range(3)]


def _rows(task: Task, n: int = 600) -> tuple[np.ndarray, np.ndarray, int]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    X[::7, 1] = np.nan
    signal = X[:, 0] + 0.5 * rng.normal(size=n)
    if task == "regression":
        return X, signal.astype(np.float64), 0
    k = 2 if task == "binary" else 3
    return X, np.searchsorted(np.quantile(signal, np.arange(1, k) / k), signal).astype(np.float64), k


METRIC_OF: dict[Task, str] = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


@pytest.mark.parametrize("task", list(METRIC_OF))
def test_leaving_out_the_telling_column_costs_and_a_useless_one_does_not(task: Task) -> None:
    X, y, k = _rows(task)
    whole, without, useless = (
        probe(X[:, columns], y, task, k, _folds(600), metric=METRIC_OF[task]) for columns in ([0, 1, 2], [1, 2], [0, 1])
    )
    assert effect(whole, without).high < 0
    assert effect(without, whole).is_gain
    assert abs(effect(whole, useless).value) < 0.2 * abs(effect(whole, without).value)


def test_the_same_seed_predicts_the_same_for_every_row_once() -> None:
    X, y, k = _rows("binary")
    first, second = (probe(X, y, "binary", k, _folds(600), metric="roc_auc") for _ in range(2))
    assert np.array_equal(first.prediction, second.prediction)
    assert np.array_equal(np.sort(first.rows), np.arange(600))
    assert np.array_equal(first.y, y[first.rows])
    assert first.score == second.score


def test_codes_are_read_as_categories() -> None:
    rng = np.random.default_rng(1)
    code = rng.integers(0, 40, 1500)
    y = (rng.random(40) < 0.5)[code].astype(np.float64)
    found = probe(code[:, None].astype(np.float32), y, "binary", 2, _folds(1500), metric="roc_auc", categorical=(0,))
    assert found.score.value > 0.99


def test_probes_of_other_rows_are_not_compared() -> None:
    X, y, k = _rows("binary")
    first = probe(X, y, "binary", k, _folds(600), metric="roc_auc")
    second = probe(X, y, "binary", k, _folds(600)[:2], metric="roc_auc")
    with pytest.raises(AssertionError, match="same rows"):
        effect(first, second)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_one_feature_that_tells_all_scores_near_one_and_noise_near_none(task: Task) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=2000)
    y = (np.abs(x) > 1).astype(float) if task == "binary" else x**2  # not monotone: ranks alone would miss it
    gaps = np.where(rng.random(2000) < 0.1, np.nan, x)
    assert single_feature_score(x, y, is_code=False) > 0.85
    assert 0.6 < single_feature_score(gaps, y, is_code=False) < single_feature_score(x, y, is_code=False)
    assert single_feature_score(rng.normal(size=2000), y, is_code=False) < 0.1


def test_a_long_tail_does_not_hide_how_well_the_rest_is_told() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=600)
    y = np.exp(4 * (x + rng.normal(0, 0.1, 600)))
    assert single_feature_score(x, y, is_code=False) > 0.9
    assert single_feature_score(rng.normal(size=600), y, is_code=False) < 0.1


def test_a_name_for_every_row_does_not_tell() -> None:
    y = np.random.default_rng(3).integers(0, 2, 2000).astype(float)
    assert single_feature_score(np.arange(2000), y, is_code=True) == 0


def test_a_constant_target_is_not_told() -> None:
    assert single_feature_score(np.arange(50.0), np.ones(50), is_code=False) == 0
    assert single_feature_score(np.full(50, np.nan), np.arange(50.0), is_code=False) < 0.1


def test_a_feature_tells_of_each_target_what_it_tells_of_that_one_alone() -> None:
    rng = np.random.default_rng(5)
    x, values = rng.normal(size=300), rng.lognormal(size=300)
    classes = [(rng.random(300) < x.clip(0, 1)) * 1.0, (rng.random(300) < 0.2) * 1.0]
    for is_code, of in ((False, x), (True, rng.integers(0, 9, 300))):
        together = single_feature_scores(of, [*classes, *readings(values)], is_code=is_code)
        assert together[:2] == [single_feature_score(of, y, is_code=is_code) for y in classes]
        assert max(together[2:]) == single_feature_score(of, values, is_code=is_code)
