"""Classes: recall, precision and confusions are those that the labels make, and lost classes are warned of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from artificer.core.brief import Accept
from artificer.core.records import Finding
from artificer.core.stages import OfClass
from artificer.line.judge.classes import classes, of_classes
from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.lines import test_lines as judged
from artificer.line.judge.seen import Champion, Seen
from artificer_runtime import Predictor

NAMES = ("billing", "delivery", "a, b", "other")


def examined(y: np.ndarray, called: np.ndarray, n: int, weight: np.ndarray | None = None) -> Examined:
    """A model that calls rows so, being sure of it."""
    frame = pl.DataFrame({"x": np.arange(len(y))})
    return Examined("multiclass", "log_loss", Rows(frame, y.astype(float), weight), np.eye(n)[called], NAMES[:n])


@given(st.integers(2, 4), st.integers(1, 60), st.integers(0, 1000), st.booleans())
def test_each_share_is_that_of_scikit_learn(n: int, n_rows: int, seed: int, weighed: bool) -> None:
    rng = np.random.default_rng(seed)
    y, called = rng.integers(0, n, n_rows), rng.integers(0, n, n_rows)
    weight = rng.uniform(0.5, 2, n_rows) if weighed else None
    told = of_classes(examined(y, called, n, weight), 0.95)
    precision, recall, _, _ = precision_recall_fscore_support(
        y, called, labels=np.arange(n), sample_weight=weight, zero_division=np.nan
    )
    assert sorted(one.name for one in told) == sorted(NAMES[:n])
    assert [one.n_rows for one in told] == sorted((one.n_rows for one in told), reverse=True)
    for one in told:
        place = NAMES.index(one.name)
        np.testing.assert_allclose(one.recall.value, recall[place])
        np.testing.assert_allclose(one.precision.value, precision[place])
        assert one.taken <= 1 - np.nan_to_num(one.recall.value) + 1e-9
        assert bool(one.taken_for) == bool(((y == place) & (called != place)).any())


def found(y: np.ndarray, called: np.ndarray, n: int = 3) -> list[Finding]:
    return list(classes(examined(y, called, n)))


def test_a_class_that_is_taken_for_another_is_warned_of_and_both_are_named() -> None:
    y = np.repeat([0, 1, 2], [200, 200, 100])
    called = np.where(np.arange(500) % 10 == 0, y, np.where(y == 2, 0, y))
    (finding,) = found(y, called)
    assert (finding.severity, finding.where) == ("warning", "a, b")
    assert "10% of the 100 rows of 'a, b' are found, and 90% called 'billing'" in finding.says


@pytest.mark.parametrize("n", [3, 4])
def test_classes_that_are_found_are_noted_and_one_without_rows_is_not_blamed(n: int) -> None:
    y = np.repeat([0, 1, 2], 100)
    (finding,) = found(y, np.where(np.arange(300) % 4 == 0, 0, y), n)
    assert finding.severity == "note"


def test_of_two_classes_it_is_a_note_for_the_client_decides_what_is_called_success() -> None:
    (finding,) = found(np.repeat([0, 1], [90, 10]), np.zeros(100, int), 2)
    assert finding.severity == "note"
    assert "0% of the 10 rows of 'delivery' are found, and 100% called 'billing'" in finding.says


def test_a_name_that_is_never_given_has_no_precision() -> None:
    told: dict[str, OfClass] = {
        one.name: one for one in of_classes(examined(np.repeat([0, 1], 50), np.zeros(100, int), 2), 0.95)
    }
    assert np.isnan(told["delivery"].precision.value)
    assert (told["delivery"].recall.value, told["delivery"].taken_for) == (0.0, "billing")


def test_a_number_has_no_classes() -> None:
    seen = Examined(
        "regression", "rmse", Rows(pl.DataFrame({"x": [1.0, 2.0]}), np.array([1.5, -2.0])), np.zeros((2, 1))
    )
    assert of_classes(seen, 0.95) == ()


@pytest.mark.parametrize(("bound", "outcome"), [(0.3, "met"), (0.128, "not shown"), (0.01, "unmet")])
def test_of_several_classes_calibration_is_that_of_the_likeliest(
    make: Callable[..., Seen], bound: float, outcome: str
) -> None:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(3), 1_000)
    y = np.array([rng.choice(3, p=one) for one in chances])
    sure = chances**2 / (chances**2).sum(axis=1, keepdims=True)
    towns = np.where(np.arange(1_000) % 2 > 0, "north", "south").tolist()
    wanted = {
        "calibration": Accept(at_most=bound),
        "calibration_gap": Accept(at_most=0.5, by=("town",)),
    }
    line, gap = judged(make(y, sure, task="multiclass", accept=wanted, town=towns))
    assert line.outcome == outcome
    assert "likeliest" in line.note
    assert gap.outcome == "met"


def test_of_several_classes_labels_are_compared_by_name_where_the_version_in_service_knows_fewer(
    make: Callable[..., Seen],
) -> None:
    y = np.tile([0, 1, 2], 30)
    seen = make(y, np.eye(3)[y] * 0.7 + 0.1, task="multiclass", accept={"flips": Accept(at_most=0.05)})
    more = replace(seen.predictor.contents, classes=("blue", "cyan", "green", "red"))
    wider = replace(seen, prediction=np.insert(seen.prediction, 1, 0.0, axis=1), predictor=Predictor(more))
    (line,) = judged(replace(wider, champion=Champion("v1", seen.prediction, seen.predictor)))
    assert line.estimate is not None
    assert (line.outcome, line.estimate.value) == ("met", 0.0)
