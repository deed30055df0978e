from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from artificer.measure.compare import compare
from artificer.measure.intervals import estimate
from artificer.measure.jackknife import MANY_ROWS, N_SETS, jackknife
from artificer.measure.means import mean_of_rows
from artificer.measure.metrics import OWN, Metric, metric


def f2(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    hits, said, there = (weight * y * p).sum(), (weight * p).sum(), (weight * y).sum()
    return float(5 * hits / (said + 4 * there))


@pytest.fixture
def own() -> Iterator[list[int]]:
    """F2 and the mean absolute error as callers' functions, and how many rows each call was given."""
    calls: list[int] = []

    def counted(name: str, function: Callable[[np.ndarray, np.ndarray, np.ndarray], float]) -> Metric:
        def called(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
            calls.append(len(y))
            return function(y, p, weight)

        gain = function is f2
        return Metric(name, ("regression",), gain, float(gain), None, called)

    made = [counted("F2", f2), counted("their MAE", metric("mae").score)]
    OWN.update({one.name: one for one in made})
    yield calls
    for one in made:
        del OWN[one.name]


def _numbers(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y, error = rng.normal(size=n), rng.standard_t(4, size=n)
    return y, y + error, y + error + 0.7 * rng.normal(size=n)


def _labels(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = (rng.random(n) < 0.3).astype(float)
    told = 1.5 * y + rng.normal(size=n)
    return y, (told > 1).astype(float), (told + 0.5 * rng.normal(size=n) > 1).astype(float)


@pytest.mark.parametrize(("name", "drawn"), [("F2", _labels), ("their MAE", _numbers)])
def test_intervals_of_a_callers_function_hold_the_truth(
    own: list[int], name: str, drawn: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> None:
    y, first, second = drawn(np.random.default_rng(10**6), 400_000)
    truth, gain = estimate(name, y, first).value, compare(name, y, first, second).value
    held = []
    for seed in range(300):
        y, first, second = drawn(np.random.default_rng(seed), 300)
        one, two = estimate(name, y, first), compare(name, y, first, second)
        held.append((one.low <= truth <= one.high, two.low <= gain <= two.high))
    assert np.all(np.abs(np.mean(held, axis=0) - 0.95) <= 0.03)


def test_an_interval_takes_as_many_calls_whatever_a_call_takes(own: list[int]) -> None:
    y, first, second = _labels(np.random.default_rng(0), 300)
    found = estimate("F2", y, first)
    assert (found.method, found.n, len(own)) == ("jackknife", 300, 1 + N_SETS)
    assert compare("F2", y, first, second).method == "paired jackknife"
    assert len(own) == 1 + N_SETS + 2 * (1 + N_SETS)
    assert estimate("F2", y, first) == found


def test_of_many_rows_each_is_read_twice(own: list[int]) -> None:
    widths = []
    for seed in range(20):
        y, first, _ = _numbers(np.random.default_rng(seed), 2 * MANY_ROWS)
        own.clear()
        found, known = estimate("their MAE", y, first), estimate("mae", y, first)
        assert sum(own) == 2 * len(y)
        widths.append((found.high - found.low) / (known.high - known.low))
    assert 1.0 <= np.mean(widths) <= 1.25  # Student's t of 19 degrees of freedom


def test_rows_of_a_class_that_sets_lack_are_left_out_instead() -> None:
    y = (np.arange(2 * MANY_ROWS) < 20).astype(float)
    drawn = np.random.default_rng(0).normal(size=len(y))
    parts = jackknife(lambda rows: float(drawn[rows][y[rows] == 1].mean()) if y[rows].any() else np.nan, len(y), None)
    assert len(parts) == N_SETS


def test_groups_stay_whole_and_widen() -> None:
    group = np.repeat(np.arange(40), 8)
    values = np.random.default_rng(0).normal(size=40)[group]
    seen = []

    def scored(rows: np.ndarray) -> float:
        seen.append(np.bincount(group[rows], minlength=40))
        return float(values[rows].mean())

    parts = jackknife(scored, len(values), group)
    assert set(np.concatenate(seen)) == {0, 8}
    error = np.sqrt(N_SETS / (N_SETS - 1)) * np.linalg.norm(parts)
    by_groups = mean_of_rows(values, None, group)
    assert 2 * 2 * error == pytest.approx(by_groups.high - by_groups.low, rel=0.25)


def test_intervals_end_at_what_right_predictions_score(own: list[int]) -> None:
    y = np.tile([0.0, 1.0], 50)
    nearly = np.where(np.arange(100) == 1, 0.0, y)
    assert estimate("F2", y, nearly).high <= 1.0
    assert estimate("their MAE", y, nearly).low >= 0.0


def test_one_group_and_what_is_not_defined_without_some_rows_prove_nothing(own: list[int]) -> None:
    y, first, _ = _labels(np.random.default_rng(0), 60)
    alone = estimate("F2", y, first, groups=np.zeros(60, np.int64))
    assert (alone.low, alone.high) == (-np.inf, 1.0)
    only = np.zeros(60)
    only[7] = 1.0
    with np.errstate(invalid="ignore"):
        assert estimate("F2", only, only).low == -np.inf
