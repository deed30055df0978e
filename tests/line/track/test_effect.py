"""What track says of a shift, held against worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from world import Rows, World

from artificer.core.life import Bins
from artificer.line.track.harm import effect_of
from artificer.measure.metrics import metric, score

Build = Callable[..., World]


def truth(name: str, before: Rows, after: Rows) -> float:
    """Change of the score of the right model, on rows as many as one likes."""
    found = []
    for rows in (before, after):
        frame = rows.draw(200_000, 99)
        p = 1 / (1 + np.exp(-before.base - before.slope * frame["x"].to_numpy()))
        found.append(score(name, (frame["won"] == "yes").to_numpy().astype(float), np.stack([1 - p, p], axis=1)))
    return metric(name).sign * (found[1] - found[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["roc_auc", "log_loss"])
@pytest.mark.parametrize(("base", "after"), [(0.0, (0.0, 0.7)), (0.0, (0.5, 1.0)), (-2.5, (0.5, 1.0))])
def test_intervals_hold_the_change_that_moved_inputs_make(
    made: Build, name: str, base: float, after: tuple[float, float]
) -> None:
    before = Rows(base=base)
    moved = Rows(base=base, mean=after[0], spread=after[1])
    change = truth(name, before, moved)
    held, n_worlds, n_feeds = 0, 20, 10
    for seed in range(n_worlds):
        world = made(before, n=1500, seed=seed, metric=name)
        for feed in range(n_feeds):
            found = world.track(moved.draw(800, 1000 + n_feeds * seed + feed).drop("won"))
            held += found.expected.low <= change <= found.expected.high
    assert held >= 0.88 * n_worlds * n_feeds


@pytest.mark.slow
def test_where_nothing_moved_alarms_are_rarer_than_stated(made: Build) -> None:
    n_worlds, n_feeds, alarms, columns = 20, 10, 0, 0
    for seed in range(n_worlds):
        world = made(n=1500, seed=seed)
        for feed in range(n_feeds):
            found = world.track(Rows().draw(800, 1000 + n_feeds * seed + feed))
            alarms += found.harm == "harmful"
            columns += any(shift.harm == "harmful" for shift in found.shifts)
    # One in twenty looks, on both sides, is what the brief tolerates; a loss is on one.
    assert alarms <= 0.05 * n_worlds * n_feeds
    assert columns <= 0.05 * n_worlds * n_feeds


def test_a_harmful_shift_is_found_without_labels_in_its_column(made: Build) -> None:
    found = made().track(Rows(spread=0.5).draw(3000, 1).drop("won"))
    assert found.measured is None
    assert found.harm == "harmful"
    assert found.expected.value == pytest.approx(truth("roc_auc", Rows(), Rows(spread=0.5)), abs=0.02)
    harmful = {shift.column for shift in found.shifts if shift.harm == "harmful"}
    assert harmful == {"", "x"}
    (finding,) = [one for one in found.findings if one.code == "shift"]
    assert (finding.where, finding.severity) == ("x", "warning")
    assert finding.effect is not None
    assert finding.effect.low > 0  # mended, the score is better
    assert "score worse (roc_auc worse by 0." in finding.says


def test_the_shift_of_a_column_that_tells_nothing_is_benign(made: Build) -> None:
    # Enough rows, so that a change that matters would be seen.
    found = made(n=20_000).track(Rows(shares=(0.95, 0.05)).draw(20_000, 1))
    (shop,) = [shift for shift in found.shifts if shift.column == "shop"]
    assert shop.distance == pytest.approx(0.45, abs=0.03)
    assert shop.harm == "benign"
    assert "shop = a" in shop.largest or shop.largest.startswith("a:")
    assert found.harm == "benign"
    (finding,) = [one for one in found.findings if one.code == "shift_benign"]
    assert "shop" in finding.where


def test_another_relation_is_seen_by_labels_alone(made: Build) -> None:
    rows = Rows(slope=0.2).draw(4000, 1)
    world = made()
    blind, found = world.track(rows.drop("won")), world.track(rows)
    assert abs(blind.expected.value) < 0.02
    assert blind.harm != "harmful"
    assert "labels" in blind.decisions[0].because
    assert found.harm == "harmful"
    assert found.unexplained is not None
    assert found.unexplained.high < 0
    assert {"score_fell", "relation_changed"} <= {one.code for one in found.findings}


def test_a_shift_that_explains_the_loss_leaves_nothing_unexplained(made: Build) -> None:
    found = made(n=6000).track(Rows(spread=0.6).draw(6000, 1))
    assert found.harm == "harmful"
    assert found.unexplained is not None
    assert found.unexplained.low < 0 < found.unexplained.high
    assert "relation_changed" not in {one.code for one in found.findings}


def test_levels_that_nobody_saw_make_a_shift_undecidable(made: Build) -> None:
    found = made().track(Rows(shops=("a", "z")).draw(4000, 1).drop("won"))
    (shop,) = [shift for shift in found.shifts if shift.column == "shop"]
    assert shop.harm == "undecidable"
    assert shop.effect.low < -0.1
    assert "49% of the rows have a value that training lacked" in shop.largest
    assert "shift_undecidable" in {one.code for one in found.findings}


def test_numbers_beyond_training_are_like_nothing_that_was_judged(made: Build) -> None:
    found = made().track(Rows(mean=10.0).draw(500, 1).drop("won"))
    (x,) = [shift for shift in found.shifts if shift.column == "x"]
    assert x.harm == "undecidable"
    assert x.largest == "above 4.50: 0% → 100% of the rows"


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_rows_decides_nothing(made: Build, n: int) -> None:
    found = made().track(Rows().draw(n, 3).drop("won"))
    assert all(shift.harm != "harmful" for shift in found.shifts)


def test_no_change_goes_beyond_what_a_score_can_be(made: Build) -> None:
    found = made().track(Rows(mean=4.0, spread=0.1).draw(500, 1).drop("won"))
    reference = found.reference.value
    for effect in [found.expected, *(shift.effect for shift in found.shifts)]:
        assert -reference <= effect.low <= effect.value <= effect.high <= 1 - reference


def test_numbers_are_tracked_like_classes(made: Build) -> None:
    world = made(task="regression", metric="rmse")
    wide = Rows().draw(3000, 1, "regression").with_columns((pl.col("won") * 3).alias("won"))
    same, other = world.track(Rows().draw(3000, 1, "regression")), world.track(wide)
    assert same.harm != "harmful"
    assert other.harm == "harmful"
    assert other.measured is not None
    assert other.measured.high < 0


def test_bins_without_judged_rows_widen_by_the_most_extreme_bin() -> None:
    bins = Bins("c", "category", (), ("a",), (0.0, 50.0, 50.0), (0.0, -10.0, 10.0), (0.0, 4.0, 4.0))
    none, half = (effect_of(bins, np.array([0, 50, 50]), unseen, level=0.95) for unseen in (0, 100))
    assert (half.high - half.low) - (none.high - none.low) > 2 * 0.5 * 0.2 * 0.9
    lone = replace(bins, influence=(0.0, 0.0, 0.0))
    none, half = (effect_of(lone, np.array([0, 50, 50]), unseen, level=0.95) for unseen in (0, 100))
    assert half.high - half.low > 2 * 0.5 * np.sqrt(0.08)
