"""Permutation importance: more shuffles show more, and the interval holds what a column is worth."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.measure.importance import importance

N = 400


def worth(metric: str, seed: int, n_repeats: int) -> tuple[float, float]:
    """Ends of the interval of a column that is read and tells nothing."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, 2))
    raw = X[:, 0] + rng.normal(size=N)
    y = raw if metric == "rmse" else (raw > 0).astype(float)

    def says(noise: np.ndarray) -> np.ndarray:
        told = X[:, 0] + 0.3 * noise
        return told[:, None] if metric == "rmse" else np.stack([-told, told], axis=1)

    found = importance(metric, y, says(X[:, 1]), lambda order: says(X[order, 1]), rng, n_repeats=n_repeats)
    return found.low, found.high


@pytest.mark.parametrize("metric", ["rmse", "roc_auc"])
def test_the_interval_holds_nought_for_a_column_that_tells_nothing(metric: str) -> None:
    held = [low <= 0 <= high for low, high in (worth(metric, seed, 4) for seed in range(200))]
    assert 0.91 <= np.mean(held) <= 1.0


@pytest.mark.parametrize("metric", ["rmse", "roc_auc"])
def test_more_shuffles_show_more(metric: str) -> None:
    widths = {n: np.mean([np.diff(worth(metric, seed, n)) for seed in range(10)]) for n in (1, 8)}
    assert widths[8] < 0.85 * widths[1]


def test_rows_of_one_group_are_not_independent() -> None:
    """A column that tells nothing but is alike within a group: of rows alone, 0 was held in a third of the draws."""

    def held(*, grouped: bool) -> float:
        inside = 0
        for seed in range(100):
            rng, who = np.random.default_rng(seed), np.repeat(np.arange(30), 20)
            noise, y = rng.normal(size=30)[who], rng.normal(size=30)[who] + 0.2 * rng.normal(size=600)
            found = importance(
                "rmse",
                y,
                0.3 * noise[:, None],
                lambda order, noise=noise: 0.3 * noise[order][:, None],
                rng,
                n_repeats=2,
                groups=who if grouped else None,
            )
            inside += found.low <= 0 <= found.high
        return inside / 100

    assert held(grouped=False) < 0.6
    assert held(grouped=True) >= 0.88
