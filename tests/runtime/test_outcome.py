"""From the blend to what is handed out: temperature, labels, intervals, and packages that know nothing of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer_runtime import Predictor, RowsError, load
from artificer_runtime.members.linear import Linear
from artificer_runtime.outcome import Residuals, tempered, weighed
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema

FRAME = {"x": np.random.default_rng(1).normal(size=50)}
RESIDUALS = Residuals((0.0, 10.0), (1.0, 3.0), (0.05, 0.5, 0.95), (-2.0, 0.0, 4.0), 99)


def contents(transform: str = "", classes: tuple[str, ...] = ("no", "yes")) -> Contents:
    """A model of one number."""
    schema = Schema((Column("x", "number", low=-3.0, high=3.0),))
    recipe = FittedRecipe(Recipe((Block("numbers", "numbers@1", ("x",)),)), schema, {"numbers": {}})
    member = Linear(np.ones((1, 1)), np.full(1, 0.5), np.zeros(1, np.float32), "logit" if classes else "identity")
    task = "binary" if classes else "regression"
    return Contents(task, "won", classes, "string", recipe, (Weighted(member, 1.0, ("numbers",)),), transform)


@given(st.integers(0, 2**31), st.floats(0.5, 4.0))
def test_a_temperature_keeps_the_order_of_rows_and_sums_of_one(seed: int, temperature: float) -> None:
    p = np.sort(np.random.default_rng(seed).uniform(0.001, 0.999, 50))
    found = tempered(np.stack([1 - p, p], axis=1), temperature)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert (np.diff(found[:, 1]) >= 0).all()
    sure = np.abs(found[:, 1] - 0.5) - np.abs(p - 0.5)
    assert (sure <= 1e-12).all() if temperature >= 1 else (sure >= -1e-12).all()


def test_a_temperature_of_one_changes_no_bit() -> None:
    p = np.array([[0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])
    assert tempered(p, 1.0) is p
    np.testing.assert_allclose(tempered(p, 2.0)[1], [1.0, 0.0, 0.0])
    assert weighed(p, ()) is p


def test_multipliers_choose_the_label_and_leave_the_probabilities() -> None:
    plain = Predictor(contents())
    success = plain.predict_proba(FRAME)[:, 1]
    # Success from a probability of a fifth on: 0.8 / 0.2 times as much weight.
    other = Predictor(replace(plain.contents, multipliers=(0.5, 2.0)))
    np.testing.assert_array_equal(other.predict_proba(FRAME)[:, 1], success)
    np.testing.assert_array_equal(other.predict(FRAME) == "yes", success > 0.2)
    np.testing.assert_array_equal(other.predict_full(FRAME).values, other.predict(FRAME))


def test_what_is_done_to_the_blend_is_read_back_and_is_part_of_the_hash(tmp_path: Path) -> None:
    made = contents()
    hashes = {
        write(tmp_path / name, replace(made, **changes))
        for name, changes in {
            "plain": {},
            "tempered": {"temperature": 1.25},
            "weighed": {"multipliers": (0.5, 2.0)},
        }.items()
    }
    assert len(hashes) == 3
    np.testing.assert_array_equal(
        load(tmp_path / "tempered").predict_proba(FRAME), tempered(Predictor(made).predict_proba(FRAME), 1.25)
    )
    assert load(tmp_path / "weighed").contents.multipliers == (0.5, 2.0)


def test_a_package_that_knows_nothing_of_it_is_written_and_read_as_ever(tmp_path: Path) -> None:
    write(tmp_path / "p", contents())
    manifest = json.loads((tmp_path / "p/manifest.json").read_text())
    members = json.loads((tmp_path / "p/members/members.json").read_text())
    assert manifest["version"] == 1
    assert set(members) == {"classes", "class_kind", "transform", "members"}
    found = load(tmp_path / "p").contents
    assert (found.temperature, found.multipliers, found.residuals) == (1.0, (), None)


def test_only_what_changes_a_prediction_asks_for_a_newer_runtime(tmp_path: Path) -> None:
    def version(name: str) -> int:
        return int(json.loads((tmp_path / name / "manifest.json").read_text())["version"])

    write(tmp_path / "tempered", replace(contents(), temperature=0.9))
    write(tmp_path / "numbers", replace(contents(classes=()), residuals=RESIDUALS))
    assert (version("tempered"), version("numbers")) == (2, 1)


def test_intervals_reach_as_far_as_residuals_did_at_such_a_prediction(tmp_path: Path) -> None:
    found = RESIDUALS.interval(np.array([-5.0, 5.0]), 0.9)
    np.testing.assert_allclose(found, [[-7.0, -1.0], [1.0, 13.0]])
    assert np.isinf(RESIDUALS.interval(np.array([0.0]), 0.999)).all()
    write(tmp_path / "p", replace(contents(classes=()), residuals=RESIDUALS))
    predictor = load(tmp_path / "p")
    assert predictor.contents.residuals == RESIDUALS
    ends = predictor.predict_interval(FRAME)
    assert ends.shape == (50, 2)
    np.testing.assert_array_equal(predictor.predict_full(FRAME).intervals, ends)


def test_intervals_of_logarithms_are_turned_back() -> None:
    made = contents("log1p", classes=())
    predictor = Predictor(replace(made, residuals=replace(RESIDUALS, scales=(0.1, 0.1))))
    ends = predictor.predict_interval(FRAME)
    logs = np.log1p(predictor.predict(FRAME))
    np.testing.assert_allclose(np.log1p(ends), np.stack([logs - 0.2, logs + 0.4], axis=1))
    np.testing.assert_array_equal(predictor.predict_interval(FRAME, 0.999), [[-np.inf, np.inf]] * 50)


@pytest.mark.parametrize(
    ("classes", "level", "says"),
    [
        (("no", "yes"), 0.9, "predicts classes, not a number: use predict_proba"),
        ((), 0.9, "this package holds no residuals"),
        ((), 1.0, "between 0 and 1"),
    ],
)
def test_no_interval_is_told_where_there_is_none(classes: tuple[str, ...], level: float, says: str) -> None:
    with pytest.raises(RowsError, match=says):
        Predictor(contents(classes=classes)).predict_interval(FRAME, level)
