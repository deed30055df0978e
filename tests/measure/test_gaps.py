"""Gaps between groups: fairlearn's values, and intervals that hold the truth where groups do not differ too."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.core.records import Estimate
from artificer.measure.gaps import RATES, Outcomes, gap, rate

# fairlearn 0.13 on these 12 × 10 rows: MetricFrame and the *_difference functions of fairlearn.metrics.
Y = np.tile([1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0], 10).astype(float)
CHOSEN = np.tile([1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1], 10).astype(float)
GROUP = np.tile(list("aaabbbabbbba"), 10)
MASKS = {name: name == GROUP for name in "ab"}


def found(name: str, outcomes: Outcomes, masks: dict[str, np.ndarray] = MASKS, level: float = 0.95) -> Estimate:
    rates = [lambda rows, level, kind=kind: rate(kind, outcomes, rows, level) for kind in RATES[name]]
    return gap(rates, masks, level=level)[0]  # type: ignore[arg-type]


def test_each_gap_is_what_its_definition_says() -> None:
    seen = Outcomes(Y, CHOSEN, np.full(120, 0.5))
    a, b = (MASKS[name] for name in "ab")
    shares = {
        "selection_gap": [CHOSEN[one].mean() for one in (a, b)],
        "recall_gap": [CHOSEN[one & (Y == 1)].mean() for one in (a, b)],
        "false_positive_gap": [CHOSEN[one & (Y == 0)].mean() for one in (a, b)],
        "precision_gap": [Y[one & (CHOSEN == 1)].mean() for one in (a, b)],
        "calibration_gap": [0.5 - Y[one].mean() for one in (a, b)],
    }
    for name, (first, second) in shares.items():
        masks = MASKS if min((one & (Y == 0)).sum() for one in (a, b)) >= 1 else {}
        one = found(name, Outcomes(*(np.tile(values, 3) for values in (Y, CHOSEN, seen.chance))), _thrice(masks))
        assert one.value == pytest.approx(abs(first - second)), name
        assert one.low <= one.value <= one.high
    odds = found("odds_gap", Outcomes(*(np.tile(values, 3) for values in (Y, CHOSEN, seen.chance))), _thrice(MASKS))
    assert odds.value == pytest.approx(
        max(abs(np.subtract(*shares[one])) for one in ("recall_gap", "false_positive_gap"))
    )


def _thrice(masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.tile(rows, 3) for name, rows in masks.items()}


def test_groups_alike_show_no_gap_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        y, chosen, place = rng.random(600) < 0.4, rng.random(600) < 0.3, rng.integers(0, 4, 600)
        one = found(
            "selection_gap",
            Outcomes(y.astype(float), chosen.astype(float), np.full(600, 0.4)),
            {str(k): place == k for k in range(4)},
        )
        held += one.low == 0
    assert held >= 190


def test_a_true_gap_lies_in_its_interval() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        place = rng.integers(0, 3, 900)
        chosen = rng.random(900) < np.array([0.3, 0.4, 0.55])[place]
        seen = Outcomes(np.ones(900), chosen.astype(float), np.full(900, 0.4))
        one = found("selection_gap", seen, {str(k): place == k for k in range(3)})
        held += one.low <= 0.25 <= one.high
    assert held >= 185


def test_rows_of_one_unit_do_not_count_anew() -> None:
    rng = np.random.default_rng(2)
    chosen, place = (rng.random(60) < 0.4).astype(float), np.arange(60) % 2
    ten = [np.repeat(values, 10) for values in (np.ones(60), chosen, chosen, place, np.arange(60))]
    masks = {str(k): ten[3] == k for k in range(2)}
    alone = found("selection_gap", Outcomes(*ten[:3]), masks)
    together = found("selection_gap", Outcomes(*ten[:3], units=ten[4]), masks)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_small_groups_are_left_out() -> None:
    masks = {"a": np.arange(120) < 100, "b": np.arange(120) >= 100}
    one = found("selection_gap", Outcomes(Y, CHOSEN, CHOSEN), masks)
    assert np.isnan(one.value)
    assert "fewer than two groups" in one.method
