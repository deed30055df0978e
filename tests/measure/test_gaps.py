"""Gaps between groups: fairlearn's values, and intervals that hold the truth where groups do not differ too."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.core.records import Estimate
from artificer.measure.gaps import Outcomes, gap, rate
from artificer.measure.rates import RATES

ROW = np.arange(600)
GROUP = np.array(list("abc"))[ROW * ROW % 7 % 3]
Y = (ROW * 7 % 11 < 5).astype(float)
CHOSEN = ((6 + (GROUP == "a") > ROW * 5 % 13) & ((ROW % 4 > 0) | (Y == 1))).astype(float)
MASKS = {name: name == GROUP for name in "abc"}
# By fairlearn 0.15 on these rows: demographic_parity_difference, equalized_odds_difference,
# equal_opportunity_difference, and MetricFrame.difference of its false positive rate and scikit-learn's precision.
FAIRLEARN = {
    "selection_gap": 0.0732354141166871,
    "odds_gap": 0.09757492564630521,
    "recall_gap": 0.0897435897435897,
    "false_positive_gap": 0.09757492564630521,
    "precision_gap": 0.05797101449275366,
}


def found(name: str, outcomes: Outcomes, masks: dict[str, np.ndarray] = MASKS, level: float = 0.95) -> Estimate:
    rates = [lambda rows, level, kind=kind: rate(kind, outcomes, rows, level) for kind in RATES[name]]
    return gap(rates, masks, level=level)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FAIRLEARN)
def test_gaps_are_fairlearn_s(name: str) -> None:
    one = found(name, Outcomes(Y, CHOSEN, np.full(600, 0.5)))
    assert one.value == pytest.approx(FAIRLEARN[name])
    assert one.low <= one.value <= one.high


def test_the_gap_in_calibration_is_that_of_predicted_less_actual_shares() -> None:
    chance = np.where(GROUP == "a", 0.7, 0.45)
    off = [float((chance - Y)[rows].mean()) for rows in MASKS.values()]
    assert found("calibration_gap", Outcomes(Y, CHOSEN, chance)).value == pytest.approx(max(off) - min(off))


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
    masks = {"a": ROW < 580, "b": ROW >= 580}
    one = found("selection_gap", Outcomes(Y, CHOSEN, CHOSEN), masks)
    assert np.isnan(one.value)
    assert "fewer than two groups" in one.method
