"""Champion against challenger: what is compared, what follows, and who may do it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.brief import Accept, Authority, Brief, Capacity, Data, DecisionPart, RunPart, Target, Value
from artificer.core.errors import BriefError, DataError
from artificer.core.life import Reference
from artificer.core.records import Estimate
from artificer.core.stages import Contract
from artificer.line.update import Version, compared, frozen, meet, newest
from artificer.measure.correct import spent
from artificer_runtime.schema import Schema

# Two learners are enough where the portfolio is not what is tested.
TWO = RunPart(learners=("lightgbm", "linear"))

BRIEF = Brief(run=TWO, target=Target(column="won", positive="yes"), authority=Authority(promote="act"))
REFERENCE = Reference("roc_auc", Estimate(0.7, 0.6, 0.8, "DeLong", 900), 0.2, 900, (), 0.0)


class Reads:
    """A model that predicts what a column says."""

    def __init__(self, column: str, classes: tuple[str, ...] = ("no", "yes")) -> None:
        self.column = column
        self.contents = SimpleNamespace(classes=classes, multipliers=())
        self.schema = SimpleNamespace(encode=lambda frame: frame, columns=(), missing=())

    def raw(self, frame: pl.DataFrame) -> np.ndarray:
        p = frame[self.column].to_numpy()
        if not self.contents.classes:
            return p[:, None]
        rest = np.repeat(((1 - p) / (len(self.contents.classes) - 1))[:, None], len(self.contents.classes) - 1, axis=1)
        return np.concatenate([rest, p[:, None]], axis=1)


def version(
    column: str, classes: tuple[str, ...] = ("no", "yes"), metric: str = "roc_auc", positive: str = "yes"
) -> Any:
    card = {"score": {"metric": metric}, "positive": positive}
    return Version(Path(f"packages/{column}"), Reads(column, classes), card, REFERENCE, BRIEF, Contract(Schema(())))  # type: ignore[arg-type]


def rows(n: int = 2000, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = rng.random(n) < 1 / (1 + np.exp(-2 * x))
    good = 1 / (1 + np.exp(-2 * x))
    return pl.DataFrame(
        {"good": good, "poor": np.clip(good + rng.normal(0, 0.5, n), 0.01, 0.99), "won": np.where(y, "yes", "no")}
    )


def test_a_challenger_that_is_shown_to_be_better_is_promoted() -> None:
    frame = rows()
    found = compared(BRIEF, version("poor"), version("good"), meet(frame, BRIEF, version("poor")))
    assert found.choice == "promote"
    assert found.gain.is_gain
    assert found.gain.value == pytest.approx(found.challenger_score.value - found.champion_score.value)
    assert 0 < found.flipped < 1
    assert found.n_rows == 2000
    assert "(better with a chance of over 99.9%)" in found.decisions[0].because


def test_one_that_is_worse_or_alike_is_not() -> None:
    met = meet(rows(), BRIEF, version("good"))
    worse = compared(BRIEF, version("good"), version("poor"), met)
    assert worse.choice == "keep"
    assert "shown to be worse" in worse.decisions[0].because
    alike = compared(BRIEF, version("good"), version("good"), met)
    assert alike.choice == "keep"
    assert alike.flipped == 0


def test_every_challenger_that_met_on_the_same_rows_widens_the_interval() -> None:
    met = meet(rows(), BRIEF, version("poor"))
    one, five = (compared(BRIEF, version("poor"), version("good"), met, n_looks=n) for n in (1, 5))
    assert five.gain.level == pytest.approx(spent(0.95, 5))
    assert five.gain.high - five.gain.low > one.gain.high - one.gain.low


@pytest.mark.parametrize(
    ("authority", "because"),
    [
        (Authority(promote="ask"), "leaves the promotion to a person"),
        (Authority(promote="alert"), "leaves the promotion to a person"),
        (Authority(promote="act", max_flipped=0.01), "max_flipped allows 1%"),
        (Authority(promote="act", freeze=("2000-01-01/2100-01-01",)), "freeze 2000-01-01/2100-01-01"),
    ],
)
def test_what_the_brief_leaves_to_a_person_waits_for_one(authority: Authority, because: str) -> None:
    brief = replace(BRIEF, authority=authority)
    found = compared(brief, version("poor"), version("good"), meet(rows(), brief, version("poor")))
    assert found.choice == "ask"
    assert because in found.decisions[0].because


class TestANewClass:
    """Of three classes that the champion knows, and a fourth that the challenger has learned since."""

    OURS, THEIRS = ("a", "c", "d"), ("a", "b", "c", "d")

    def met(self, quality: float) -> Any:
        rng = np.random.default_rng(0)
        y = rng.choice(["a", "b", "c", "d"], 1000)
        frame = pl.DataFrame(
            {"old": np.where(y == "d", 0.5, 0.25), "new": np.where(y == "d", quality, 1 - quality), "won": y}
        )
        brief = replace(BRIEF, target=Target(column="won"))
        ours, theirs = version("old", self.OURS, "log_loss", ""), version("new", self.THEIRS, "log_loss", "")
        return compared(brief, ours, theirs, meet(frame, brief, ours)), frame

    def test_a_challenger_that_tells_the_others_better_is_promoted(self) -> None:
        found, frame = self.met(0.97)
        assert found.choice == "promote"
        assert found.n_rows == (frame["won"] != "b").sum()
        assert found.gain.value == pytest.approx(found.champion_score.value - found.challenger_score.value)

    def test_one_that_does_not_is_kept_from_service(self) -> None:
        assert self.met(0.5)[0].choice == "keep"

    def test_labels_are_compared_by_name_and_not_by_their_place(self) -> None:
        found, _ = self.met(0.97)
        assert found.flipped == 0  # "d" is the third class of one and the fourth of the other

    def test_a_version_that_forgot_a_class_decides_nothing(self) -> None:
        brief = replace(BRIEF, target=Target(column="won"))
        frame = pl.DataFrame({"x": [0.5] * 9, "won": ["a", "c", "d"] * 3})
        known = version("x", self.THEIRS, "log_loss", "")
        found = compared(brief, known, version("x", self.OURS, "log_loss", ""), meet(frame, brief, known))
        assert (found.choice, found.decisions[0].because) == ("keep", "the versions know different classes")


def test_versions_of_other_classes_and_rows_without_labels_decide_nothing() -> None:
    met = meet(rows(), BRIEF, version("good"))
    other = compared(BRIEF, version("good"), version("poor", ("maybe", "no", "yes")), met)
    assert (other.choice, other.decisions[0].because) == ("keep", "the versions know different classes")
    assert other.flips == ""  # nothing was compared, so pages name no share
    bare = meet(rows().drop("won"), BRIEF, version("good"))
    assert bare.n_rows == 0
    assert compared(BRIEF, version("good"), version("poor"), bare).choice == "keep"


def test_success_may_be_the_class_that_sorts_first() -> None:
    turned = rows().with_columns(
        pl.when(pl.col("won") == "yes").then(pl.lit("gone")).otherwise(pl.lit("stays")).alias("won")
    )
    brief = replace(BRIEF, target=Target(column="won", positive="gone"))
    first = version("poor", ("gone", "stays"), positive="gone")
    met = meet(turned, brief, first)
    assert met.y.mean() == pytest.approx((turned["won"] == "gone").mean())
    assert met.predicted(first)[:, 1] == pytest.approx(1 - turned["poor"].to_numpy())


def test_an_error_is_compared_so_that_lower_is_better() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=800)
    frame = pl.DataFrame({"near": y + rng.normal(0, 0.1, 800), "far": y + rng.normal(0, 1, 800), "won": y})
    brief = replace(BRIEF, target=Target(column="won"))
    met = meet(frame, brief, version("far", (), "rmse", ""))
    found = compared(brief, version("far", (), "rmse", ""), version("near", (), "rmse", ""), met)
    assert found.choice == "promote"
    assert found.gain.value > 0


class TestMeeting:
    def test_rows_of_a_class_that_no_model_knows_are_told_and_left_out(self) -> None:
        frame = rows(100).with_columns(
            pl.when(pl.int_range(100) < 3).then(pl.lit("perhaps")).otherwise("won").alias("won")
        )
        met = meet(frame, BRIEF, version("good"))
        assert met.n_rows == 97
        assert met.findings[0].code == "new_class"
        assert "perhaps" in met.findings[0].says
        assert met.places.tolist() == list(range(3, 100))

    def test_rows_younger_than_the_horizon_have_no_label_yet(self) -> None:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        frame = rows(10).with_columns(pl.Series("day", [start + timedelta(days=one) for one in range(10)]))
        brief = replace(BRIEF, target=Target(column="won", positive="yes", horizon="3d"), data=Data(time="day"))
        assert meet(frame, brief, version("good")).places.tolist() == [0, 1, 2, 3, 4, 5, 6]

    def test_a_column_with_a_role_must_be_there(self) -> None:
        brief = replace(BRIEF, data=Data(time="day"))
        with pytest.raises(DataError, match="lack 'day'"):
            meet(rows(10), brief, version("good"))


class TestNewest:
    def test_rows_of_one_moment_stay_together(self) -> None:
        time = np.array([1.0, 1, 2, 2, 2, 2])
        assert newest(time, 6).tolist() == [False, False, True, True, True, True]

    def test_without_a_time_the_order_counts(self) -> None:
        assert newest(None, 6).tolist() == [False] * 4 + [True] * 2

    @given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(float("nan"))), min_size=1, max_size=50))
    def test_nothing_that_is_kept_is_older_than_what_is_not(self, moments: list[float]) -> None:
        time = np.array(moments)
        mask = newest(time, len(time))
        known = ~np.isnan(time)
        if known.any() and (~mask & known).any():
            assert mask.any()
            assert time[mask & known].min() > time[~mask & known].max()


class TestFlips:
    def share(self, decision: DecisionPart) -> float:
        brief = replace(BRIEF, decision=decision)
        met = meet(rows(), brief, version("poor"))
        return compared(brief, version("poor"), version("good"), met).flipped

    def test_a_list_changes_by_those_who_leave_it_and_those_who_come(self) -> None:
        frame = pl.DataFrame({"a": [0.9, 0.8, 0.1, 0.2], "b": [0.9, 0.1, 0.8, 0.2], "won": ["yes", "no", "no", "yes"]})
        brief = replace(BRIEF, decision=DecisionPart(capacity=Capacity(top=2)))
        found = compared(brief, version("a"), version("b"), meet(frame, brief, version("a")))
        assert found.flipped == 0.5

    def test_thresholds_and_values_decide_row_by_row(self) -> None:
        frame = rows()
        changed = ((frame["poor"] >= 0.7) != (frame["good"] >= 0.7)).mean()
        assert self.share(DecisionPart(threshold=0.7)) == pytest.approx(changed)
        assert self.share(DecisionPart(value=Value(acted=-7, success=10))) == pytest.approx(changed, abs=0.01)

    def test_no_decision_in_the_brief_counts_changed_classes(self) -> None:
        frame = rows()
        changed = ((frame["poor"] >= 0.5) != (frame["good"] >= 0.5)).mean()
        assert self.share(DecisionPart()) == pytest.approx(changed)

    @pytest.mark.parametrize(
        ("decision", "share", "what"),
        [
            (DecisionPart(), 0.25, "of the predictions move by more than the champion's median error"),
            (DecisionPart(threshold=2.5), 0.5, "of the decisions change"),
        ],
    )
    def test_of_numbers_a_threshold_decides_and_without_one_how_far_they_move(
        self, decision: DecisionPart, share: float, what: str
    ) -> None:
        frame = pl.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.1, 2.6, 2.4, 9.0], "won": [2.0, 3.0, 4.0, 5.0]})
        brief = replace(BRIEF, decision=decision, target=Target(column="won"))
        one, other = (version(name, (), "rmse", "") for name in ("a", "b"))
        found = compared(brief, one, other, meet(frame, brief, one))
        assert (found.flipped, found.flips) == (share, what)


class TestFreeze:
    def test_days_inside_a_stretch_are_frozen_to_its_last(self) -> None:
        stretch = ("2008-12-15/2009-01-06",)
        assert frozen(stretch, date(2009, 1, 6)) == stretch[0]
        assert frozen(stretch, date(2009, 1, 7)) == ""

    @pytest.mark.parametrize("wrong", ["Christmas", "2008-12-15", "2008-12-15/", "2008-13-01/2009-01-01"])
    def test_what_is_no_stretch_is_named(self, wrong: str) -> None:
        with pytest.raises(BriefError, match="freeze"):
            frozen((wrong,))


def test_a_metric_of_the_brief_is_not_read_here_but_from_the_card() -> None:
    brief = replace(BRIEF, accept={"log_loss": Accept(at_most=1.0)})
    met = meet(rows(), brief, version("poor"))
    assert compared(brief, version("poor", metric="brier"), version("good"), met).metric == "brier"
