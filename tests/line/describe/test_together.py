"""What columns are to each other: curves, pairs, gaps and what they hang on, groups that say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.core.clock import Clock
from artificer.core.stages import Description
from artificer.line.ask import begin
from artificer.line.describe import describe
from artificer.line.describe.matrix import coarse, matrix, shown

N = 1_200


def rows() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    bent, a, b, noise = rng.normal(size=(4, N))
    town = rng.choice(["north", "south", "west"], N)
    income = np.where((town == "south") & (rng.random(N) < 0.8), np.nan, rng.normal(40, 5, N).round(2))
    both = rng.random(N) < 0.1
    return {
        "bent": bent,
        "a": a,
        "a again": a + 0.05 * rng.normal(size=N),
        "a in feet": 3.28 * a + 0.05 * rng.normal(size=N),
        "b": b,
        "sum": a + b,
        "town": town,
        "income": income,
        "phone": np.where(both, np.nan, np.round(rng.normal(size=N), 3)),
        "fax": np.where(both, np.nan, np.round(rng.normal(size=N), 3)),
        "y": bent**2 + 0.4 * a + 0.6 * noise + 1.0 * both,
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Description:
    brief = Brief(target=Target(column="y"), data=Data())
    return describe(begin(brief, frame=pl.DataFrame(rows()), workspace=tmp_path_factory.mktemp("w"), limit_s=600))


def test_the_coarse_look_gives_rare_levels_of_few_rows_no_more_false_alarms_than_it_says() -> None:
    p = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rare = {f"c{j}": 1 + np.where(rng.random(40) < 0.9, 0, rng.integers(1, 8, 40)) for j in range(4)}
        p += matrix(rare | {f"x{j}": rng.normal(size=40) for j in range(2)}).p[np.triu_indices(6, 1)].tolist()
    assert np.mean(np.array(p) < 0.01) <= 0.01  # the plain chi-square: 0.07


def test_late_in_the_limit_how_columns_go_together_is_left_to_a_run_of_more_time(tmp_path: Path) -> None:
    found = []
    for at_s in (46.0, 44.0):
        run = begin(
            Brief(target=Target(column="y")), frame=pl.DataFrame(rows()), workspace=tmp_path / f"{at_s}", limit_s=100
        )
        run.clock = Clock(100.0, now=lambda at_s=at_s: at_s)
        found.append(describe(run))
    late, timely = found
    assert not late.pairs
    assert late.cut
    assert late.decisions[-1].question == "How do columns go together?"
    assert timely.pairs
    assert [one.association for one in late.columns] == [one.association for one in timely.columns]


def test_a_column_that_tells_by_a_curve_comes_first(told: Description) -> None:
    strongest = max(told.columns, key=lambda one: one.association.value if one.association else 0.0)
    assert strongest.name == "bent"
    assert strongest.association is not None
    assert "bins" in strongest.association.method


def test_pairs_have_p_values_corrected_for_all_that_were_looked_at(told: Description) -> None:
    assert {told.pairs[0].first, told.pairs[0].second} <= {"a", "a again", "a in feet"}
    assert all(0 <= pair.p_adjusted <= 1 for pair in told.pairs)
    assert told.pairs[0].p_adjusted < 1e-9


def test_columns_that_go_together_stand_beside_each_other(told: Description) -> None:
    names = told.together.names
    places = [names.index(one) for one in ("a", "a again", "a in feet")]
    assert max(places) - min(places) == 2
    strengths = np.array(told.together.strengths)
    assert np.array_equal(strengths, strengths.T)
    assert "y" in names


def test_columns_missing_together_are_a_pattern(told: Description) -> None:
    shares = {one.columns: one.share for one in told.patterns}
    assert () in shares
    together = next(one for one in shares if set(one) == {"phone", "fax"})
    assert shares[together].low < 0.1 * 0.74 < shares[together].high  # and income is there


def test_a_gap_that_tells_the_target_is_told_from_one_that_does_not(told: Description) -> None:
    gaps = {one.column: one for one in told.gaps}
    assert gaps["phone"].p_adjusted < 0.001 < gaps["income"].p_adjusted
    assert gaps["phone"].tells.low > gaps["income"].tells.value


def test_gaps_by_chance_are_not_told_to_hang_on_numbers(told: Description) -> None:
    """Those of income hang on a town, which is no number."""
    assert told.at_random is not None
    assert told.at_random.n_patterns == 4
    assert told.at_random.p > 0.001


def test_a_gap_that_hangs_on_another_column_names_it(told: Description) -> None:
    gaps = {one.column: one for one in told.gaps}
    assert gaps["income"].hangs_on == "town"
    assert gaps["income"].hanging is not None
    assert gaps["income"].hanging.low > 0.5
    assert gaps["phone"].hangs_on == ""  # the fax is missing with it, which is no reason


def test_columns_that_say_the_same_are_a_group_of_which_one_stays(told: Description) -> None:
    (group,) = told.collinearity.redundant
    assert set(group.columns) == {"a", "a again", "a in feet"}
    assert group.keep in group.columns
    assert group.strength > 0.9


def test_a_sum_of_others_is_inflated(told: Description) -> None:
    factors = dict(told.collinearity.inflation)
    assert factors["sum"] > 100 > factors["bent"]
    assert told.collinearity.condition > 30


def test_no_gaps_no_patterns(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": np.arange(300.0) % 7, "y": np.arange(300.0) % 11})
    told = describe(begin(Brief(target=Target(column="y")), frame=frame, workspace=tmp_path, limit_s=600))
    assert (told.patterns, told.gaps) == ((), ())


def test_a_coarse_look_puts_missing_values_apart() -> None:
    assert coarse(np.array([np.nan, 1.0, 2.0, 3.0])).tolist()[0] == 0
    assert coarse(np.array([0, 7, 7, 9])).tolist() == [0, 1, 1, 2]
    looked = matrix({"a": np.array([0, 1, 2] * 40), "b": np.array([0, 2, 1] * 40), "c": np.arange(120) % 4})
    assert looked.strengths[0, 1] == pytest.approx(1)
    assert shown(looked, ("a", "b")).names == ()  # two columns are no map


@pytest.mark.parametrize("step", ["days", "numbers"])
def test_columns_that_drift_through_time_are_no_signal(tmp_path: Path, step: str) -> None:
    both = np.random.default_rng(9).normal(size=(400, 2))
    for place in range(1, 400):
        both[place] += 0.95 * both[place - 1]
    steps = np.arange(400)
    when = np.datetime64("2020-01-01") + steps if step == "days" else steps.astype(float)
    frame = pl.DataFrame({"when": when, "x": both[:, 0], "y": both[:, 1]})
    found = []
    for time in ("", "when"):
        brief = Brief(target=Target(column="y"), data=Data(time=time))
        told = describe(begin(brief, frame=frame, workspace=tmp_path / f"w{time}", limit_s=600))
        x = next(one for one in told.columns if one.name == "x")
        found.append(next(float(fact.value) for fact in x.facts if fact.name == "p_adjusted"))
    assert found[0] < 0.01
    assert found[1] > 0.05
