"""Every metric agrees with scikit-learn on random weighted rows, ties included, and says what it cannot score."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from artificer.core.errors import BriefError
from artificer.measure.metrics import METRICS, default_metric, metric, names, score

PEERS: dict[str, Callable[..., Any]] = {
    "roc_auc": lambda y, p, w: peer.roc_auc_score(y, p[:, 1], sample_weight=w),
    "average_precision": lambda y, p, w: peer.average_precision_score(y, p[:, 1], sample_weight=w),
    "log_loss": lambda y, p, w: peer.log_loss(y, p, sample_weight=w, labels=np.arange(p.shape[1])),
    "accuracy": lambda y, p, w: peer.accuracy_score(y, p.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: peer.balanced_accuracy_score(y, p.argmax(1), sample_weight=w),
    "f1": lambda y, p, w: peer.f1_score(y, p.argmax(1), sample_weight=w, zero_division=0),
    "f1_macro": lambda y, p, w: peer.f1_score(y, p.argmax(1), sample_weight=w, average="macro", zero_division=0),
    "f1_weighted": lambda y, p, w: peer.f1_score(y, p.argmax(1), sample_weight=w, average="weighted", zero_division=0),
    "mcc": lambda y, p, w: peer.matthews_corrcoef(y, p.argmax(1), sample_weight=w),
    "kappa": lambda y, p, w: peer.cohen_kappa_score(y, p.argmax(1), sample_weight=w),
    "rmse": lambda y, p, w: peer.root_mean_squared_error(y, p, sample_weight=w),
    "mae": lambda y, p, w: peer.mean_absolute_error(y, p, sample_weight=w),
    "r2": lambda y, p, w: peer.r2_score(y, p, sample_weight=w),
    "rmsle": lambda y, p, w: peer.root_mean_squared_log_error(y, p, sample_weight=w),
    "mape": lambda y, p, w: peer.mean_absolute_percentage_error(y, p, sample_weight=w),
    "poisson_deviance": lambda y, p, w: peer.mean_poisson_deviance(y, p, sample_weight=w),
    "tweedie_deviance": lambda y, p, w: peer.mean_tweedie_deviance(y, p, sample_weight=w, power=1.5),
    "tweedie_deviance:1.2": lambda y, p, w: peer.mean_tweedie_deviance(y, p, sample_weight=w, power=1.2),
    "quantile_loss:0.9": lambda y, p, w: peer.mean_pinball_loss(y, p, sample_weight=w, alpha=0.9),
    "quantile_loss:0.05": lambda y, p, w: peer.mean_pinball_loss(y, p, sample_weight=w, alpha=0.05),
}
OF_CLASSES = [name for name in PEERS if "multiclass" in metric(name).tasks]
OF_TWO = [name for name in PEERS if "binary" in metric(name).tasks]
OF_NUMBERS = [name for name in PEERS if metric(name).tasks == ("regression",)]
# One metric of every family, and every metric without parameters.
SOME = [*METRICS, "quantile_loss:0.9", "tweedie_deviance:1.2", "precision_at:3", "precision_at:0.2", "value:-1,4"]
SOME += ["value:-1,4,3", "top_k_accuracy:2"]
ROWS = st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 60))


def _classes(seed: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(k), rng.integers(0, k, n - k)]).astype(np.float64)
    p = rng.integers(1, 6, (n, k)).astype(np.float64)  # few values, so that scores tie
    return y, p / p.sum(axis=1, keepdims=True), rng.integers(1, 5, n) / 2


@pytest.mark.parametrize("name", OF_TWO)
@given(rows=ROWS)
@settings(max_examples=25, deadline=None)
def test_of_two_classes_agree_with_scikit_learn(name: str, rows: tuple[int, int]) -> None:
    y, p, weight = _classes(*rows, 2)
    assert score(name, y, p, weight) == pytest.approx(PEERS[name](y, p, weight), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", OF_CLASSES)
@given(rows=ROWS)
@settings(max_examples=25, deadline=None)
def test_of_four_classes_agree_with_scikit_learn(name: str, rows: tuple[int, int]) -> None:
    y, p, weight = _classes(*rows, 4)
    assert score(name, y, p, weight) == pytest.approx(PEERS[name](y, p, weight), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", OF_NUMBERS)
@given(rows=ROWS)
@settings(max_examples=25, deadline=None)
def test_of_numbers_agree_with_scikit_learn(name: str, rows: tuple[int, int]) -> None:
    rng = np.random.default_rng(rows[0])
    y, p = rng.gamma(2.0, size=(2, rows[1]))
    y[::5] = 0.0
    weight = rng.integers(1, 5, rows[1]) / 2
    assert score(name, y, p[:, None], weight) == pytest.approx(PEERS[name](y, p, weight), rel=1e-9, abs=1e-9)


def test_brier_is_that_of_scikit_learn_for_two_classes_and_sums_over_more() -> None:
    y, p, weight = _classes(3, 50, 2)
    assert score("brier", y, p, weight) == pytest.approx(peer.brier_score_loss(y, p[:, 1], sample_weight=weight))
    y, p, _ = _classes(3, 50, 4)
    assert score("brier", y, p) == pytest.approx(((p - np.eye(4)[y.astype(int)]) ** 2).sum(axis=1).mean())


@given(rows=ROWS)
@settings(max_examples=25, deadline=None)
def test_a_weight_is_as_many_copies_of_its_row(rows: tuple[int, int]) -> None:
    rng = np.random.default_rng(rows[0])
    copies = rng.integers(1, 4, rows[1])
    y, p, _ = _classes(*rows, 2)
    numbers = rng.normal(size=(2, rows[1])) ** 2
    for name, found in ((name, metric(name)) for name in SOME):
        truth, prediction = (numbers[0], numbers[1]) if found.tasks == ("regression",) else (y, p)
        repeated = score(name, np.repeat(truth, copies), np.repeat(prediction, copies, axis=0))
        assert score(name, truth, prediction, copies.astype(np.float64)) == pytest.approx(repeated, rel=1e-9, abs=1e-9)


def test_median_of_absolute_errors_is_the_median() -> None:
    y, p = np.random.default_rng(0).normal(size=(2, 11))
    assert score("median_absolute_error", y, p) == pytest.approx(np.median(np.abs(y - p)))
    assert score("median_absolute_error", y[:10], p[:10]) == pytest.approx(np.median(np.abs(y - p)[:10]))


def test_perfect_predictions_score_best() -> None:
    y = np.array([0.0, 1.0, 1.0, 0.0])
    for name, found in METRICS.items():
        prediction = y if found.tasks == ("regression",) else np.stack([1 - y, y], axis=1)
        assert score(name, y, prediction) == pytest.approx(found.best)


@pytest.mark.parametrize("name", SOME)
def test_no_rows_have_no_score(name: str) -> None:
    wide = metric(name).tasks != ("regression",)
    assert math.isnan(score(name, np.empty(0), np.empty((0, 2) if wide else 0)))


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_ranks_without_a_success_have_no_score(name: str) -> None:
    assert math.isnan(score(name, np.zeros(5), np.full((5, 2), 0.5)))


def test_a_constant_target_has_no_share_explained() -> None:
    assert math.isnan(score("r2", np.ones(5), np.zeros(5)))


def test_an_unknown_metric_is_refused_with_its_closest_name() -> None:
    with pytest.raises(BriefError, match="no metric 'roc_acu'; closest metric: 'roc_auc'"):
        metric("roc_acu")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("neg_mean_absolute_error", "mae"), ("root_mean_squared_error", "rmse"), ("neg_log_loss", "log_loss")],
)
def test_names_that_other_libraries_have_are_answered_with_ours(theirs: str, ours: str) -> None:
    with pytest.raises(BriefError, match=f"no metric '{theirs}'; closest metric: '{ours}'"):
        metric(theirs)


@given(rows=ROWS, top=st.integers(1, 70), cost=st.integers(1, 9), gain=st.integers(10, 90))
@settings(max_examples=25, deadline=None)
def test_a_list_holds_the_rows_of_highest_probability(rows: tuple[int, int], top: int, cost: int, gain: int) -> None:
    rng = np.random.default_rng(rows[0])
    y, success = (rng.random(rows[1]) < 0.5).astype(float), rng.permutation(rows[1]) / rows[1]
    p = np.stack([1 - success, success], axis=1)
    listed = np.argsort(-success)[:top]
    assert score(f"precision_at:{top}", y, p) == pytest.approx(y[listed].mean())
    worth = (gain * y[listed] - cost).sum() / rows[1]
    assert score(f"value:{-cost},{gain},{top}", y, p) == pytest.approx(worth)
    acts = success * gain > cost
    assert score(f"value:{-cost},{gain}", y, p) == pytest.approx((acts * (gain * y - cost)).mean())


def test_rows_tied_at_the_end_of_a_list_are_on_it_by_lot() -> None:
    y, success = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.4, 0.4, 0.4])
    assert score("precision_at:2", y, np.stack([1 - success, success], axis=1)) == pytest.approx((1 + 1 / 3) / 2)
    assert score("precision_at:0.5", y, np.stack([1 - success, success], axis=1)) == pytest.approx((1 + 1 / 3) / 2)


@given(rows=ROWS, k=st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_the_right_class_among_the_likeliest_is_scikit_learns_where_none_are_level(
    rows: tuple[int, int], k: int
) -> None:
    y, p, weight = _classes(*rows, 6)
    p = p + np.random.default_rng(0).permutation(p.size).reshape(p.shape) / 1e6
    wanted = peer.top_k_accuracy_score(y, p, k=k, sample_weight=weight)
    assert score(f"top_k_accuracy:{k}", y, p, weight) == pytest.approx(wanted)


def test_classes_of_one_chance_share_the_places_among_the_likeliest() -> None:
    level = np.array([[0.4, 0.2, 0.2, 0.2]])
    assert score("top_k_accuracy:2", np.array([1.0]), level) == pytest.approx(1 / 3)
    assert score("top_k_accuracy:3", np.array([3.0]), level) == pytest.approx(2 / 3)
    assert score("top_k_accuracy:2", np.array([0.0]), level) == 1.0


def test_a_deviance_knows_no_negative_target_and_minds_a_prediction_of_nothing() -> None:
    for name in ("poisson_deviance", "tweedie_deviance:1.7"):
        assert math.isnan(score(name, np.array([-1.0, 2.0]), np.ones(2)))
        assert score(name, np.zeros(2), np.zeros(2)) == 0.0
        assert score(name, np.ones(2), np.array([1.0, -1.0])) > 30


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("quantile_loss", "a level between 0 and 1, such as 'quantile_loss:0.9'"),
        ("quantile_loss:1", "a level between 0 and 1"),
        ("quantile_loss:high", "a level between 0 and 1"),
        ("quantile_loss:0.1,0.2", "a level between 0 and 1"),
        ("tweedie_deviance:2", "a power between 1 and 2"),
        ("precision_at:0", "how many rows are listed"),
        ("precision_at:2.5", "how many rows are listed"),
        ("top_k_accuracy:1", "from 2 up"),
        ("top_k_accuracy:2.5", "from 2 up"),
        ("value:-6", "what acting on a row costs"),
        ("value:6,80", "what acting on a row costs"),
        ("value:-6,5", "what acting on a row costs"),
        ("value:-6,nan", "what acting on a row costs"),
        ("roc_auc:3", "takes no parameters"),
        ("quantile_los:0.9", "closest metric: 'quantile_loss'"),
    ],
)
def test_parameters_that_a_metric_does_not_take_are_refused(name: str, says: str) -> None:
    with pytest.raises(BriefError, match=says):
        metric(name)


def test_a_metric_is_called_alike_however_its_parameters_are_written() -> None:
    assert metric("quantile_loss:0.90").name == "quantile_loss:0.9"
    assert metric("value:-6.0, 80,500").name == "value:-6,80,500"
    assert {"quantile_loss:0.9", "rmse"} < set(names("regression"))
    assert "roc_auc" not in names("regression")


def test_each_task_has_a_default_metric_of_its_own() -> None:
    for task in ("binary", "multiclass", "regression"):
        assert task in METRICS[default_metric(task)].tasks


def test_without_weight_there_is_no_median_and_no_deviance_is_below_nothing() -> None:
    y = np.array([1.0, 2.0])
    assert np.isnan(score("median_absolute_error", y, y + 1, np.zeros(2)))
    for name in ("poisson_deviance", "tweedie_deviance:1.5"):
        assert score(name, 1e-20 * y, 2e-21 * y) >= 0
