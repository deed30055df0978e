"""New rows as they come: empty, early, of the future, few, without labels, of another schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import Rows, World, judged

import artificer
from artificer.core.brief import Track
from artificer.core.errors import DataError
from artificer.core.life import Bins, Shift, Tracked
from artificer.core.records import Finding
from artificer.core.store import encode
from artificer.line import track as stage
from artificer.line.ship.reference import FEWEST_ROWS, NAMED, summed_up
from artificer.line.track import false_alarms
from artificer.line.track.meeting import Meeting
from artificer.line.track.target import levelled, target_findings
from artificer.measure.means import wilson
from artificer_runtime import PackageError, RowsError
from artificer_runtime.package import read, write

Build = Callable[..., World]
LATER = Rows(first_day=120)


def codes(found: Tracked) -> set[str]:
    return {finding.code for finding in found.findings}


def told(found: Tracked, code: str) -> str:
    (finding,) = [one for one in found.findings if one.code == code]
    return finding.says


def test_a_package_and_a_file_are_all_that_is_needed(made: Build, tmp_path: Path) -> None:
    world = made()
    path = tmp_path / "new.parquet"
    frame = LATER.draw(600, 1)
    frame.write_parquet(path)
    found = artificer.track(world.folder, path)
    assert encode(found) == encode(artificer.track(str(world.folder), frame))
    assert (found.version, found.n_rows, found.n_labelled, found.metric) == ("v1", 600, 600, "roc_auc")
    assert {shift.column for shift in found.shifts} == {"", "x", "shop"}
    assert found.measured is not None


def test_rows_without_labels_are_compared_and_said_to_lack_them(made: Build) -> None:
    found = made().track(LATER.draw(600, 1).with_columns(pl.lit(None, pl.String).alias("won")))
    assert found.n_labelled == 0
    assert found.measured is found.unexplained is None
    assert "0 of 600 new rows have labels" in told(found, "no_labels")
    assert found.periods[0].score is None


def test_few_labels_are_not_measured(made: Build) -> None:
    rows = LATER.draw(600, 1)
    few = rows.with_columns(pl.when(pl.int_range(600) < 29).then("won").alias("won"))
    found = made().track(few)
    assert (found.n_labelled, found.measured) == (29, None)


def test_an_empty_feed_is_a_finding(made: Build) -> None:
    for frame in (LATER.draw(5, 1).clear(), pl.DataFrame()):
        found = made().track(frame)
        assert (found.n_rows, found.harm, codes(found)) == (0, "undecidable", {"empty_feed"})
        assert found.expected.low == -np.inf


def test_a_feed_that_lacks_a_feature_is_refused_and_the_closest_name_given(made: Build) -> None:
    with pytest.raises(RowsError, match=r"'shop'.*'shop_'"):
        made().track(LATER.draw(50, 1).rename({"shop": "shop_"}))


def test_a_feed_that_lacks_the_time_is_refused(made: Build) -> None:
    with pytest.raises(DataError, match=r"lack 'day', which \[data\] time names"):
        made(time="day").track(LATER.draw(50, 1).rename({"day": "days"}))


def test_a_package_of_an_earlier_version_says_how_to_get_another(made: Build, tmp_path: Path) -> None:
    world = made()
    older = tmp_path / "older"
    write(older, read(world.folder)[0])
    with pytest.raises(DataError, match=r"holds no card\.json.*`artificer run BRIEF`"):
        artificer.track(older, LATER.draw(50, 1))


def test_what_is_no_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError):
        artificer.track(tmp_path / "absent", LATER.draw(50, 1))


def test_columns_of_another_kind_are_told_and_not_fatal(made: Build) -> None:
    found = made().track(LATER.draw(300, 1).with_columns(pl.lit("many").alias("cost")))
    (finding,) = [one for one in found.findings if one.code == "contract:kind"]
    assert (finding.where, finding.severity) == ("cost", "warning")


def test_labels_of_an_unknown_class_are_told_and_do_not_count(made: Build) -> None:
    rows = LATER.draw(300, 1).with_columns(
        pl.when(pl.int_range(300) < 10).then(pl.lit("maybe")).otherwise("won").alias("won")
    )
    found = made().track(rows)
    assert found.n_labelled == 290
    assert "maybe" in told(found, "new_class")


def test_labels_that_are_no_numbers_do_not_count(made: Build) -> None:
    rows = LATER.draw(300, 1, "regression").with_columns(pl.col("won").cast(pl.String))
    torn = rows.with_columns(pl.when(pl.int_range(300) < 10).then(pl.lit("lots")).otherwise("won").alias("won"))
    found = made(task="regression", metric="rmse").track(torn)
    assert found.n_labelled == 290
    assert "10 new labels" in told(found, "label_kind")


class TestTime:
    def test_rows_that_came_before_are_told(self, made: Build) -> None:
        found = made(time="day").track(Rows(first_day=60).draw(1000, 1))
        assert "earlier than the last" in told(found, "earlier_rows")
        assert "earlier_rows" not in codes(made(time="day").track(LATER.draw(1000, 1)))

    def test_more_rows_of_the_last_day_are_no_clock_that_went_back(self, made: Build) -> None:
        assert "earlier_rows" not in codes(made(time="day").track(Rows(first_day=119).draw(1000, 1)))

    def test_rows_of_the_future_are_told(self, made: Build) -> None:
        day = datetime.now(UTC).date() + timedelta(days=30)
        found = made(time="day").track(LATER.draw(100, 1).with_columns(pl.lit(day).alias("day")))
        assert "100 of 100 new rows lie in the future" in told(found, "future_rows")

    def test_fewer_rows_a_week_are_told(self, made: Build) -> None:
        assert "rows a week come in; there were 175" in told(made(time="day").track(LATER.draw(300, 1)), "fewer_rows")

    def test_each_month_is_scored_by_itself(self, made: Build) -> None:
        found = made(time="day").track(replace(LATER, n_days=100).draw(2000, 1))
        assert [period.label for period in found.periods] == [
            "2024-04-01",
            "2024-05-01",
            "2024-06-01",
            "2024-07-01",
            "2024-08-01",
        ]
        assert sum(period.n_rows for period in found.periods) == 2000
        may = found.periods[1]
        assert may.score is not None
        assert may.score.value == pytest.approx(found.reference.value, abs=0.08)
        assert 0.3 < may.success < 0.7

    def test_a_few_weeks_are_scored_by_week(self, made: Build) -> None:
        found = made(time="day").track(replace(LATER, first_day=119, n_days=21).draw(900, 1))
        assert [period.label for period in found.periods] == ["2024-04-29", "2024-05-06", "2024-05-13"]

    def test_the_time_of_rows_is_not_a_column_that_moves(self, made: Build) -> None:
        found = made(time="day").track(LATER.draw(500, 1))
        assert {shift.column for shift in found.shifts} == {"", "x", "shop"}


class TestTarget:
    def test_a_success_that_moved_unforeseen_is_a_warning_with_what_mending_it_would_gain(self, made: Build) -> None:
        found = made().track(replace(LATER, base=-1.5).draw(1500, 1))
        (finding,) = [one for one in found.findings if one.code == "target_moved"]
        assert finding.severity == "warning"
        assert "went from 49% to 2" in finding.says
        assert finding.effect is not None
        assert finding.effect.low > 0

    def test_one_that_the_model_foresaw_is_a_note(self, made: Build) -> None:
        found = made().track(replace(LATER, mean=0.5).draw(1500, 1))
        (finding,) = [one for one in found.findings if one.code == "target_moved"]
        assert finding.severity == "note"

    def test_many_new_rows_against_few_judged_ones_find_no_move_that_is_none(self, made: Build) -> None:
        moved = sum(
            "target_moved" in codes(made(n=300, seed=seed).track(LATER.draw(20_000, 50 + seed))) for seed in range(10)
        )
        assert moved <= 2

    def test_a_draw_of_groups_is_no_move(self, made: Build) -> None:
        reference = replace(made().version.reference, success=0.5, target=None, n_rows=3000)

        def moved(seed: int) -> bool:
            rng, group = np.random.default_rng(seed), np.repeat(np.arange(60), 30)
            own = 1 / (1 + np.exp(-rng.normal(size=60)))
            y = (rng.random(1800) < own[group]).astype(np.float64)
            rows = Meeting(pl.DataFrame({"x": y}), np.arange(1800), y, 2, None, None, group, 1)
            return any(target_findings(rows, np.full((1800, 2), 0.5), reference, 0.95))

        assert sum(map(moved, range(100))) <= 12  # rows taken for independent: 29

    def test_weights_count_on_either_side(self, made: Build) -> None:
        y = np.repeat([0.0, 1.0], [900, 100])
        weight = np.where(y > 0, 9.0, 1.0)  # half of the weight
        reference = replace(made().version.reference, success=0.5, target=None, n_rows=1000)
        rows = Meeting(pl.DataFrame({"x": y}), np.arange(1000), y, 2, None, weight, None, 1)
        assert not any(target_findings(rows, np.full((1000, 2), 0.5), reference, 0.95))


class TestSeveralClasses:
    """Of three classes: 60%, 30% and 10% of the judged rows."""

    NAMES, SHARES = ("billing", "delivery", "other"), (0.6, 0.3, 0.1)

    def told(self, made: Build, shares: tuple[float, ...], said: tuple[float, ...], seed: int = 0) -> list[Finding]:
        before = tuple(
            (name, wilson(2000 * share, 2000.0)) for name, share in zip(self.NAMES, self.SHARES, strict=True)
        )
        reference = replace(made().version.reference, metric="log_loss", target=None, shares=before)
        y = np.random.default_rng(seed).choice(3, 1000, p=shares).astype(np.float64)
        rows = Meeting(pl.DataFrame({"x": y}), np.arange(1000), y, 3, None, None, None, -1)
        return list(target_findings(rows, np.tile(said, (1000, 1)), reference, 0.95))

    def test_one_that_moved_unforeseen_is_a_warning_and_is_named(self, made: Build) -> None:
        (finding,) = self.told(made, (0.3, 0.3, 0.4), self.SHARES)
        assert finding.severity == "warning"
        assert "share of 'other' went from 10% to" in finding.says or "'billing' went from 60% to" in finding.says
        assert "1 more of 3 classes moved too" in finding.says
        assert finding.effect is not None
        assert finding.effect.low > 0

    def test_one_that_the_model_foresaw_is_a_note(self, made: Build) -> None:
        (finding,) = self.told(made, (0.3, 0.3, 0.4), (0.3, 0.3, 0.4))
        assert finding.severity == "note"

    def test_the_same_shares_are_no_move(self, made: Build) -> None:
        assert sum(bool(self.told(made, self.SHARES, self.SHARES, seed)) for seed in range(40)) <= 5

    def test_a_package_without_shares_says_nothing(self, made: Build) -> None:
        reference = made().version.reference
        y = np.arange(300.0) % 3
        rows = Meeting(pl.DataFrame({"x": y}), np.arange(300), y, 3, None, None, None, -1)
        assert list(target_findings(rows, np.full((300, 3), 1 / 3), reference, 0.95)) == []

    @given(st.integers(2, 6), st.integers(0, 10_000))
    @settings(max_examples=30, deadline=None)
    def test_levelled_chances_have_the_mean_that_is_asked_for(self, n_classes: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        chances, mean = rng.dirichlet(np.ones(n_classes), 50), rng.dirichlet(np.full(n_classes, 5.0))
        weight = rng.uniform(0.5, 2, 50)
        moved = levelled(chances, mean, weight)
        assert np.allclose(moved.sum(axis=1), 1)
        assert np.allclose(np.average(moved, axis=0, weights=weight), mean, atol=1e-6)


class TestWhichOfSeveralClassesIsNamed:
    def moved(self, found: Tracked) -> dict[str, Shift]:
        return {one.column: one for one in found.shifts}

    def test_a_mix_that_moves_while_the_model_is_as_sure_is_seen_without_labels(self, made: Build) -> None:
        low, high = (replace(LATER, mean=mean).draw(2000, 1, "multiclass").drop("won") for mean in (-1.0, 1.0))
        world = made(Rows(mean=-1.0), task="multiclass", metric="log_loss")
        same, other = self.moved(world.track(low)), self.moved(world.track(high))
        assert same[NAMED].distance < 0.05
        assert other[""].distance < 0.05  # nor does how sure the model is
        assert other[NAMED].distance > 0.5
        assert other[NAMED].largest.startswith(("low: ", "high: "))
        assert any(NAMED in one.where and one.code.startswith("shift") for one in world.track(high).findings)

    def test_the_class_is_that_which_ships(self, made: Build) -> None:
        world = made(task="multiclass", metric="log_loss")
        counts = dict(zip(("", *bins_named(world).levels), bins_named(world).counts, strict=False))
        assert counts["middle"] > FEWEST_ROWS
        contents = world.version.predictor.contents
        never = replace(contents, multipliers=(1.0, 1.0, 1e-9))
        rows = Rows().draw(3000, 0, "multiclass")
        write(world.folder.parent / "never", never)
        again = summed_up(judged(world.folder.parent / "never", rows, ""), "log_loss", "multiclass")
        (bins,) = [one for one in again.columns if one.name == NAMED]
        assert {*bins.levels} == {"low", "high"}

    def test_of_two_classes_and_of_packages_without_it_nothing_is_told(self, made: Build) -> None:
        assert NAMED not in self.moved(made().track(LATER.draw(300, 1)))
        world = made(task="multiclass", metric="log_loss")
        reference = world.version.reference
        older = replace(reference, columns=tuple(one for one in reference.columns if one.name != NAMED))
        world = replace(world, version=replace(world.version, reference=older))
        assert {*self.moved(world.track(LATER.draw(300, 1, "multiclass")))} == {"", "x", "shop"}


def bins_named(world: World) -> Bins:
    (found,) = [one for one in world.version.reference.columns if one.name == NAMED]
    return found


def test_many_rows_are_scored_by_a_sample_and_counted_all(made: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MOST_PREDICTED", 1000)
    rows = replace(LATER, n_days=100).draw(8000, 1)
    found = made(time="day").track(rows.with_columns(pl.when(pl.int_range(8000) < 3000).then("won").alias("won")))
    assert (found.n_rows, found.n_labelled) == (8000, 3000)
    assert sum(period.n_rows for period in found.periods) == 8000
    assert sum(period.n_labelled for period in found.periods) == 3000
    assert found.measured is not None
    (x,) = [shift for shift in found.shifts if shift.column == "x"]
    assert x.effect.n == 8000


def test_rows_that_come_in_parts_are_counted_alike(made: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    world, rows = made(), LATER.draw(700, 1)
    whole = world.track(rows)
    monkeypatch.setattr(stage, "ROWS_AT_ONCE", 100)
    assert encode(world.track(rows)) == encode(whole)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_and_columns_changes_nothing_in_shifts(made: Build, seed: int) -> None:
    world, rows = made(), LATER.draw(400, seed)
    other = rows.sample(fraction=1.0, shuffle=True, seed=seed).select(reversed(rows.columns))
    for one, two in zip(world.track(rows).shifts, world.track(other).shifts, strict=True):
        assert (one.column, one.harm) == (two.column, two.harm)
        assert one.effect.value == pytest.approx(two.effect.value, abs=1e-9)


@pytest.mark.parametrize(
    ("tracking", "share"),
    [
        (Track(every="7d", alarms_per_month=0.1), 0.1 * 7 / 30),
        (Track(every="7d"), 0.05),
        (Track(), 0.05),
        (Track(every="1d", alarms_per_month=0.5), 0.5 / 30),
    ],
)
def test_as_many_false_alarms_as_the_brief_tolerates(tracking: Track, share: float) -> None:
    assert false_alarms(tracking) == pytest.approx(share)
