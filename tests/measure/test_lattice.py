"""Groups with the largest loss: the search gives what trying every group gives, and prunes nothing that counts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from artificer.measure.lattice import KEPT, largest

N, FEWEST, ALPHA = 400, 20, 0.9


def rows(seed: int, n_conditions: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    holds = rng.random((N, n_conditions)) < rng.uniform(0.2, 0.7, n_conditions)
    losses = rng.exponential(size=N) * (
        1 + 2 * (holds[:, 0] & holds[:, 1]) + 3 * holds[:, 2] * holds[:, 3] * holds[:, 4]
    )
    return holds, losses


def every(holds: np.ndarray, losses: np.ndarray, alpha: float | None) -> dict[tuple[int, ...], float]:
    """Scores of all groups of up to three conditions, straight from the definition."""
    found = {}
    for n in (1, 2, 3):
        for places in combinations(range(holds.shape[1]), n):
            inside = holds[:, places].all(axis=1)
            if inside.sum() >= FEWEST:
                worse = losses[inside].mean() / losses.mean() - 1
                size = N / inside.sum()
                found[places] = worse / size**0.5 if alpha is None else alpha * worse - (1 - alpha) * (size - 1)
    return found


@pytest.mark.parametrize("alpha", [ALPHA, None])
@pytest.mark.parametrize("seed", range(5))
def test_it_finds_what_trying_every_group_finds(seed: int, alpha: float | None) -> None:
    holds, losses = rows(seed)
    wanted = every(holds, losses, alpha)
    found = largest(holds, losses, fewest=FEWEST, alpha=alpha)
    best = sorted((score for score in wanted.values() if score > 0), reverse=True)[:KEPT]
    assert [one.score for one in found] == pytest.approx(best)
    assert all(one.score == pytest.approx(wanted[one.conditions]) for one in found)


def test_losses_below_zero_are_shifted_and_told_as_they_are() -> None:
    holds, losses = rows(0)
    found = largest(holds, losses - 5, fewest=FEWEST, alpha=ALPHA)
    inside = holds[:, list(found[0].conditions)].all(axis=1)
    assert found[0].loss == pytest.approx((losses - 5)[inside].mean())
    assert found[0].n_rows == inside.sum()


def test_fewer_conjuncts_can_be_asked_for() -> None:
    holds, losses = rows(1)
    assert {len(one.conditions) for one in largest(holds, losses, fewest=FEWEST, conjuncts=1)} == {1}
    assert max(len(one.conditions) for one in largest(holds, losses, fewest=FEWEST, conjuncts=2)) == 2


def test_where_nothing_is_lost_or_asked_nothing_is_found() -> None:
    holds, losses = rows(2)
    assert largest(holds, np.zeros(N), fewest=FEWEST) == []
    assert largest(holds[:, :0], losses, fewest=FEWEST) == []
    assert largest(holds, losses, fewest=N) == []
