"""Contributions: exact where effects add up, within their error where columns act together, and nothing for what is unread."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import polars as pl
import pytest
from client import contents, table

from artificer.line.judge.contributions import contributions, explained, explained_by
from artificer.line.judge.examined import Examined, Rows
from artificer_runtime.predictor import Predictor

FRAME = pl.DataFrame(
    {
        "a": np.random.default_rng(0).normal(size=60),
        "b": np.random.default_rng(1).normal(size=60),
        "c": ["u", "v", "w"] * 20,
    }
)


def together(frame: pl.DataFrame) -> np.ndarray:
    a, b = frame["a"].to_numpy(), frame["b"].to_numpy()
    return np.asarray(a * b + (frame["c"] == "u").to_numpy())[:, None]


def exact(place: int) -> dict[str, float]:
    """Every order against every row."""
    names = ("a", "b", "c")
    total = dict.fromkeys(names, 0.0)
    for order in permutations(names):
        asked = FRAME
        before = together(asked)[:, 0].mean()
        for name in order:
            asked = asked.with_columns(FRAME[name][np.full(60, place)].alias(name))
            after = together(asked)[:, 0].mean()
            total[name] += (after - before) / 6
            before = after
    return total


def test_intervals_hold_the_exact_values() -> None:
    wanted = exact(3)
    held = 0
    for seed in range(20):
        found = dict(contributions(together, FRAME, 3, ("a", "b", "c"), n_orders=60, seed=seed))
        held += sum(found[name].low <= wanted[name] <= found[name].high for name in wanted)
    assert held >= 52  # of 60


def test_where_effects_add_up_each_column_gets_its_own() -> None:
    def plain(frame: pl.DataFrame) -> np.ndarray:
        return np.asarray(3 * frame["a"].to_numpy())[:, None]

    found = contributions(plain, FRAME, 0, ("a", "b", "c"), n_orders=200)
    assert found[0][0] == "a"
    assert dict(found)["b"].value == pytest.approx(0, abs=1e-12)
    assert found[0][1].low <= 3 * (FRAME["a"][0] - FRAME["a"].mean()) <= found[0][1].high


def test_the_highest_and_the_lowest_row_are_explained_without_their_values() -> None:
    seen = Examined("regression", "rmse", Rows(FRAME, np.zeros(60)), together(FRAME), predict=together)
    high, low = explained(seen, ("a", "b", "c"))
    assert (high.which, low.which) == ("highest", "lowest")
    assert high.prediction == together(FRAME).max()
    assert explained(seen, ()) == ()


def test_own_models_are_explained_as_their_packages_do() -> None:
    model, frame = Predictor(contents("binary", 2.0)), table(30)
    for classes, sign in ((model.contents.classes, 1), (model.contents.classes[::-1], -1)):
        seen = Examined("binary", "roc_auc", Rows(frame, np.zeros(30)), model.predict_proba(frame), classes)
        high, low = explained_by(model, seen)
        assert (high.which, low.which, high.scale) == ("highest", "lowest", "log-odds")
        assert high.prediction == model.predict_proba(frame)[:, 1].max()
        assert [name for name, _ in high.contributions] == ["x", "shop"]
        assert high.contributions[0][1].value == pytest.approx(sign * 2 * frame["x"].max())
        assert high.contributions[1][1].value == 0
