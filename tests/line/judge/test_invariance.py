"""Invariances: each dependence that is planted is found and named, a model without them is cleared."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from artificer.core.records import Finding
from artificer.line.judge.examined import Examined, Predict, Rows
from artificer.line.judge.invariance import invariance

N = 300


def rows() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "x": rng.normal(size=N),
            "z": rng.normal(size=N),
            "town": rng.choice(["Rome", "Oslo"], N),
            "sex": rng.choice(["f", "m"], N),
        }
    )


def two(score: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-score))
    return np.stack([1 - p, p], axis=1)


def clean(frame: pl.DataFrame) -> np.ndarray:
    town = frame["town"].str.strip_chars().str.to_lowercase() == "rome"
    return two(frame["x"].to_numpy() + town.to_numpy())


def by_place(frame: pl.DataFrame) -> np.ndarray:
    return two(frame.to_series(0).cast(pl.Float64, strict=False).fill_null(0.0).to_numpy())


def by_rank(frame: pl.DataFrame) -> np.ndarray:
    return two(frame["x"].rank().to_numpy() / len(frame))


def by_order(frame: pl.DataFrame) -> np.ndarray:
    return two(frame["x"].cum_sum().to_numpy())


def by_spelling(frame: pl.DataFrame) -> np.ndarray:
    return two(frame["x"].to_numpy() + (frame["town"] == "Rome").to_numpy())


def by_sex(frame: pl.DataFrame) -> np.ndarray:
    return two(0.1 * frame["x"].to_numpy() + np.where(frame["sex"] == "f", 1.0, -1.0))


def found(predict: Predict, protected: tuple[str, ...] = ()) -> list[Finding]:
    frame = rows()
    seen = Examined(
        "binary", "log_loss", Rows(frame, np.zeros(N)), predict(frame), ("a", "b"), predict=predict, protected=protected
    )
    return list(invariance(seen))


@pytest.mark.parametrize(
    ("predict", "where", "severity"),
    [
        (by_place, "the order of columns", "blocker"),
        (by_order, "the order of rows", "blocker"),
        (by_rank, "the rows that are predicted beside it", "blocker"),
        (by_spelling, "the case of texts", "warning"),
        (by_spelling, "spaces around texts", "warning"),
    ],
)
def test_what_must_not_matter_and_does(predict: Predict, where: str, severity: str) -> None:
    wrong = {one.where: one.severity for one in found(predict) if one.severity != "note"}
    assert wrong[where] == severity


def test_capitals_of_free_texts_may_tell_something() -> None:
    def by_capitals(frame: pl.DataFrame) -> np.ndarray:
        return two(frame["note"].str.count_matches("[A-Z]").to_numpy().astype(float))

    rng = np.random.default_rng(1)
    words = np.array(["Win", "a", "PRIZE", "see", "you", "later", "at", "Home"])
    frame = rows().with_columns(note=pl.Series([" ".join(rng.choice(words, 8)) for _ in range(N)]))
    seen = Examined("binary", "log_loss", Rows(frame, np.zeros(N)), by_capitals(frame), ("a", "b"), predict=by_capitals)
    told = {one.where: one for one in invariance(seen)}
    assert told["the case of free texts"].severity == "note"
    assert "capitals" in told["the case of free texts"].fix
    assert "the case of texts" in told["model"].says  # of towns, on which it does not hang


def test_a_model_that_hangs_on_nothing_else_is_cleared() -> None:
    (one,) = found(clean)
    assert one.severity == "note"
    for what in (
        "the order of rows",
        "the order of columns",
        "the case of texts",
        "spaces around texts",
        "the rows beside it",
    ):
        assert what in one.says


def test_a_protected_value_that_decides_is_told_and_one_that_does_not_is_noted() -> None:
    told = {one.where: one for one in found(by_sex, ("sex", "absent"))}
    assert told["sex"].severity == "warning"
    assert "[features] exclude" in told["sex"].fix
    assert {one.severity for one in found(clean, ("sex",))} == {"note"}
