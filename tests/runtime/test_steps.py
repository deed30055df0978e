"""Steps: each row by itself, the same after saving, no target of its own row in what it trains on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from artificer_runtime import PackageError, steps
from artificer_runtime.steps import BUILTIN, Task

rng = np.random.default_rng(0)
N = 120
VALUES: dict[str, np.ndarray] = {
    "numbers": np.where(rng.random((N, 3)) < 0.1, np.nan, rng.normal(size=(N, 3)) * [1, 1000, 1e-3]),
    "codes": rng.integers(-1, 9, (N, 2)).astype(np.int32),
    "times": np.where(rng.random((N, 2)) < 0.1, np.nan, rng.uniform(-1e9, 2e9, (N, 2))),
    "texts": np.array(
        [[" ".join(rng.choice(["red", "green", "blue", "of", "x1"], rng.integers(0, 6)))] for _ in range(N)], object
    ),
}
VALUES["mixed"] = np.concatenate([VALUES["numbers"], VALUES["codes"]], axis=1)
Y = rng.integers(0, 2, N).astype(np.float64)


@pytest.mark.parametrize("name", BUILTIN)
class TestEachStep:
    def test_gives_float32_with_a_name_for_each_feature(self, name: str) -> None:
        step = steps.load(f"{name}@1")
        values = VALUES[step.READS]
        state, block = steps.fit_apply(step, values, Y, Task(2), {})
        assert block.dtype == np.float32
        columns = tuple(f"c{k}" for k in range(values.shape[1]))
        assert len(step.names(state, columns)) == block.shape[1] == step.apply(state, values).shape[1]
        assert len(set(step.names(state, columns))) == block.shape[1]

    def test_makes_each_row_by_itself(self, name: str) -> None:
        step = steps.load(f"{name}@1")
        values = VALUES[step.READS]
        state = step.fit(values, Y, Task(2), {})
        whole = step.apply(state, values)
        for size in (1, 7):
            parts = [step.apply(state, values[start : start + size]) for start in range(0, N, size)]
            np.testing.assert_array_equal(np.concatenate(parts), whole)

    def test_survives_one_row_no_columns_and_gaps_alone(self, name: str) -> None:
        step = steps.load(f"{name}@1")
        values = VALUES[step.READS]
        nothing: Any = {"numbers": np.nan, "codes": 0, "times": np.nan, "texts": "", "mixed": 0}[step.READS]
        for few in (values[:1], values[:5, :0], np.full_like(values[:6], nothing)):
            state, block = steps.fit_apply(step, few, Y[: len(few)], Task(2), {})
            assert step.apply(state, few).shape == block.shape
            assert len(step.apply(state, few[:0])) == 0


def test_an_unknown_step_or_version_is_refused_by_name() -> None:
    for name in ("hashes@1", "numbers@2"):
        with pytest.raises(PackageError, match=name):
            steps.load(name)


@pytest.mark.parametrize("n_classes", [0, 2, 4])
def test_target_means_of_training_rows_never_see_their_own_label(n_classes: int) -> None:
    step = steps.load("target_mean@1")
    codes = np.arange(N, dtype=np.int32)[:, None]  # each row a level of its own: its mean would be its label
    y = rng.integers(0, max(n_classes, 2), N).astype(np.float64)
    _, block = steps.fit_apply(step, codes, y, Task(n_classes), {"strength": 0.5})
    shown = (y[:, None] == np.arange(block.shape[1])).astype(float) if n_classes > 2 else y[:, None]
    assert abs(np.corrcoef(block[:, 0], shown[:, 0])[0, 1]) < 0.35 if block[:, 0].std() > 0 else True


def test_target_means_of_unseen_codes_are_the_overall_mean() -> None:
    step = steps.load("target_mean@1")
    state = step.fit(VALUES["codes"], Y, Task(2), {})
    np.testing.assert_allclose(step.apply(state, np.array([[-1, 99]], np.int32)), Y.mean(), rtol=1e-6)


def test_parts_of_a_date() -> None:
    step = steps.load("dates@1")
    moment = np.array([[np.datetime64("2024-02-29T13:45").astype("datetime64[s]").astype(float)]])
    state = step.fit(moment, Y[:1], Task(2), {})
    found = dict(zip(step.names(state, ("d",)), step.apply(state, moment)[0], strict=True))
    assert found["d year"] == 2024
    assert (found["d month"], found["d day"], found["d weekday"]) == (2, 29, 3)
    assert found["d day of year"] == 60
    assert (found["d hour"], found["d minute of day"]) == (13, 825)
    without = step.fit(moment, Y[:1], Task(2), {"trend": False})
    assert "d year" not in step.names(without, ("d",))


def test_words_weigh_more_when_they_are_rarer() -> None:
    step = steps.load("words@1")
    texts = np.array([["common rare"], ["common rare"], *[["common word"]] * 8], object)
    state = step.fit(texts, Y[:10], Task(2), {})
    found = dict(zip(step.names(state, ("t",)), step.apply(state, texts)[0], strict=True))
    assert found["t: rare"] > found["t: common"] > 0
    np.testing.assert_allclose((step.apply(state, texts) ** 2).sum(axis=1), 1, rtol=1e-6)
