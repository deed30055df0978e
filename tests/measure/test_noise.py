"""Wrong labels are told from chance, and their rate is what disagreement among the surest rows leaves."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.measure.noise import chance_wrong, distrust, doubted_classes, doubted_values, wrong_rate

N = 4000


def exchanged(y: np.ndarray, n_classes: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    wrong = rng.random(len(y)) < rate
    return np.where(wrong, (y + rng.integers(1, n_classes, len(y))) % n_classes, y), wrong


@pytest.mark.parametrize("n_classes", [2, 4])
def test_exchanged_labels_of_a_known_target_are_found_and_counted(n_classes: int) -> None:
    rng = np.random.default_rng(0)
    logits = 3.0 * rng.normal(size=(N, n_classes))
    clean = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y = (rng.random(N)[:, None] > np.cumsum(clean, axis=1)).sum(axis=1)
    given, wrong = exchanged(y, n_classes, 0.1)
    told = 0.9 * clean + 0.1 * (1 - clean) / (n_classes - 1)
    found = doubted_classes(given, told)
    assert found.rate == pytest.approx(0.1, abs=0.03)
    assert wrong[found.places].mean() > found.chance.mean() - 0.1
    assert wrong[found.places].sum() > 0.6 * wrong.sum()
    assert np.all(np.diff(found.chance) <= 0)


def test_the_rate_of_an_outcome_by_chance_is_small_where_the_surest_rows_are_sure() -> None:
    rng = np.random.default_rng(0)
    p = 1 / (1 + np.exp(-2 * rng.normal(size=N)))
    y = (rng.random(N) < p).astype(np.int64)
    told = np.stack([1 - p, p], axis=1)
    assert (told.argmax(axis=1) != y).mean() > 0.2
    assert wrong_rate(y, told) < 0.04


def test_doubts_about_a_rare_class_that_the_model_hardly_finds_are_none_to_act_on() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(2_000) < 0.08).astype(np.int64)
    p = np.clip(0.08 + 0.05 * rng.normal(size=2_000), 0.001, 0.999)
    told = np.stack([1 - p, p], axis=1)
    found = doubted_classes(y, told)
    assert len(found.places) > 50, "nothing was put to the proof"
    assert "hardly finds" in distrust(y, told, found, 2)


def test_the_chance_of_a_wrong_label_falls_with_its_probability() -> None:
    chance = chance_wrong(np.array([0.0, 0.05, 0.2, 0.9]), 0.05, 2)
    assert chance[0] == 1.0
    assert chance[1] == 1.0
    assert np.all(np.diff(chance) <= 0)
    assert chance[3] < 0.01


def test_numbers_are_doubted_only_far_beyond_the_spread_of_those_like_them() -> None:
    rng = np.random.default_rng(0)
    spread = np.linspace(0.1, 10, N)
    y = rng.normal(size=N) * spread
    y[[5, N - 5]] += 30.0  # beyond all that rows like the first do, and what rows like the last do
    found = doubted_values(y, np.zeros(N), spread)
    assert found.places.tolist() == [5]


def test_numbers_of_a_heavy_tail_are_left_alone() -> None:
    y = np.random.default_rng(0).standard_t(5, N)
    assert len(doubted_values(y, np.zeros(N), np.ones(N)).places) == 0


@pytest.mark.parametrize(("n_classes", "trusted"), [(2, False), (20, True)])
def test_of_many_classes_more_labels_may_be_denied(n_classes: int, *, trusted: bool) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, n_classes, N)
    sure = rng.random(N) < 0.75  # of the others it says nothing but a guess
    guess = np.where(sure, truth, rng.integers(0, n_classes, N))
    given, _ = exchanged(truth, n_classes, 0.2)
    told = np.full((N, n_classes), 0.1 / (n_classes - 1))
    told[np.arange(N), guess] = 0.9
    assert (guess != given).mean() > 0.25
    reason = distrust(given.astype(float), told, doubted_classes(given, told), n_classes)
    assert ("too many" not in reason) == trusted
