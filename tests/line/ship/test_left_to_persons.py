"""score leaves rows alone: the control share, and those that wait for a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

import artificer
from artificer.core.errors import BriefError
from artificer.core.review_queue import ReviewQueue

Rows = Callable[..., pl.DataFrame]
TIMED = 'key = ["id"]\ntime = "day"'
TEN = "\n[decision]\ncapacity = { top = 10 }\n"


def scored(client: Any, rows: Any, out: str = "out.parquet", **options: Any) -> tuple[Any, pl.DataFrame]:
    done = artificer.score(client.brief, rows, client.folder / out, **options)
    return done, pl.read_parquet(client.folder / out)


def ids(table: pl.DataFrame, decision: str) -> list[int]:
    return table.filter(pl.col("decision") == decision)["id"].to_list()


class TestControl:
    def test_is_that_share_of_the_rows_and_the_list_is_filled_by_the_next(self, client: Any, rows: Rows) -> None:
        client.ask(more=TEN + "control = 0.2\n")
        done, table = scored(client, rows(5000))
        control = ids(table, "control")
        assert done.n_control == len(control)
        assert abs(len(control) / 5000 - 0.2) < 3 * np.sqrt(0.2 * 0.8 / 5000)
        others = table.filter(pl.col("decision") != "control").sort("score", "id", descending=[True, False])
        assert sorted(ids(table, "act")) == sorted(others["id"][:10])
        assert table.sort("score", descending=True)["decision"][:50].is_in(["control"]).any()

    def test_hangs_on_the_key_and_the_seed_alone(self, client: Any, rows: Rows) -> None:
        client.ask(more=TEN + "control = 0.3\n")
        _, table = scored(client, rows(400))
        control = ids(table, "control")
        client.ship("v2", slope=-3.0).serve("v2")
        _, other = scored(client, rows(400, seed=5)[100:300].reverse(), "other.parquet")
        assert sorted(ids(other, "control")) == [one for one in control if 100 < one <= 300]
        client.ask(more=TEN + "control = 0.3\n[run]\nseed = 1\n")
        assert ids(scored(client, rows(400), "third.parquet")[1], "control") != control

    def test_a_larger_share_holds_the_smaller_one(self, client: Any, rows: Rows) -> None:
        client.ask(more=TEN + "control = 0.1\n")
        few = set(ids(scored(client, rows(300))[1], "control"))
        client.ask(more=TEN + "control = 0.4\n")
        assert few < set(ids(scored(client, rows(300))[1], "control"))

    def test_of_all_leaves_nobody_to_act_on(self, client: Any, rows: Rows) -> None:
        client.ask(more="\n[decision]\nthreshold = 0.0\ncontrol = 1.0\n")
        assert scored(client, rows())[1]["decision"].unique().to_list() == ["control"]

    @pytest.mark.parametrize(
        ("more", "says"),
        [
            (TEN + "control = 1.5\n", "control is 1.5; it is the share"),
            (TEN + "control = -0.1\n", "between 0 and 1"),
            ("\n[decision]\ncontrol = 0.1\n", "add capacity, threshold or value"),
        ],
    )
    def test_wrong_ones_are_refused(self, client: Any, rows: Rows, more: str, says: str) -> None:
        client.ask(more=more)
        with pytest.raises(BriefError, match=says):
            scored(client, rows())


class TestReview:
    def queue(self, client: Any) -> ReviewQueue:
        return client.ledger.reviews("calls")

    def test_rows_that_meet_a_condition_wait_and_are_on_no_list(self, client: Any, rows: Rows) -> None:
        client.ask(more=TEN + 'review = { when = ["unseen", "score > 0.8"], to = "the desk" }\n')
        odd = rows(100).with_columns(shop=pl.when(pl.col("id") == 7).then(pl.lit("c")).otherwise("shop"))
        done, table = scored(client, odd)
        high = table.filter(pl.col("score") > 0.8)["id"].to_list()
        assert sorted(ids(table, "review")) == sorted({7, *high})
        assert (done.n_review, len(ids(table, "act"))) == (len({7, *high}), 10)
        assert table.row(by_predicate=pl.col("id") == 7, named=True)["review"].startswith("unseen")
        waiting = self.queue(client).reviews()
        assert {one.key for one in waiting} == {str(one) for one in ids(table, "review")}
        (one,) = self.queue(client).reviews(key="7")
        assert (one.asked, one.state, one.because.split(";")[0]) == ("the desk", "open", "unseen")
        assert one.score == table.row(by_predicate=pl.col("id") == 7, named=True)["score"]

    def test_an_answer_stands_in_the_table_and_the_same_call_again_changes_nothing(
        self, client: Any, rows: Rows
    ) -> None:
        client.ask(more='\n[decision]\nthreshold = 0.9\nreview = { when = ["score between 0.4 and 0.6"] }\n')
        first, table = scored(client, rows(50))
        waiting = ids(table, "review")
        assert self.queue(client).answer(str(waiting[0]), "act") == 1
        self.queue(client).answer(str(waiting[1]), "leave")
        done, table = scored(client, rows(50))
        assert (done.n_changed, done.n_same, done.scoring) == (2, 48, first.scoring)
        assert table.filter(pl.col("id").is_in(waiting[:2]))["decision"].to_list() == ["act", "leave"]
        assert scored(client, rows(50))[0].n_same == 50
        assert [one.state for one in self.queue(client).reviews(key=str(waiting[0]))] == ["act"]
        (told,) = client.ledger.predictions.of(str(waiting[0]))
        assert told.decision == "review"
        self.queue(client).answer(str(waiting[0]), "open")
        assert scored(client, rows(50))[0].n_changed == 1

    def test_who_needs_no_person_any_more_leaves_the_queue_unless_answered(self, client: Any, rows: Rows) -> None:
        client.ask(more='\n[decision]\nthreshold = 0.9\nreview = { when = ["score > 0.5"] }\n')
        scored(client, rows(20))
        before = {one.key for one in self.queue(client).reviews()}
        answered = min(before)
        self.queue(client).answer(answered, "act")
        client.ship("v2", slope=-1.0).serve("v2")
        _, table = scored(client, rows(20)[:15])
        now = {one.key for one in self.queue(client).reviews(state="open")}
        later = {one for one in before if int(one) > 15}
        assert now == {str(one) for one in ids(table, "review") if one <= 15} | later
        assert [one.state for one in self.queue(client).reviews(key=answered)] == ["act"]

    def test_each_period_asks_anew(self, client: Any, rows: Rows) -> None:
        client.ask(TIMED, '\n[decision]\ncapacity = { top = 1, every = "7d" }\nreview = { when = ["score > 0.0"] }\n')
        one = rows(1)
        for day in (5, 12):
            scored(client, one.with_columns(day=pl.lit(date(2009, 1, day))))
        assert [found.period for found in self.queue(client).reviews()] == ["2009-01-05", "2009-01-12"]

    def test_control_rows_are_nobodys(self, client: Any, rows: Rows) -> None:
        client.ask(more=TEN + 'control = 0.5\nreview = { when = ["score >= 0"] }\n')
        done, table = scored(client, rows(100))
        assert (done.n_chosen, done.n_control + done.n_review) == (0, 100)
        assert table.filter(pl.col("decision") == "control")["review"].unique().to_list() == [""]

    def test_without_a_decision_only_the_reviewed_have_one(self, client: Any, rows: Rows) -> None:
        client.ask(more='\n[decision]\nreview = { when = ["score > 0.5"] }\n')
        _, table = scored(client, rows())
        assert table["decision"].null_count() == int((table["score"] <= 0.5).sum())

    def test_of_more_classes_and_of_numbers(self, client: Any, rows: Rows) -> None:
        client.ask(more='\n[decision]\nreview = { when = ["score < 0.4"] }\n').ship("three", "multiclass").serve(
            "three"
        )
        done, table = scored(client, rows())
        assert (done.findings, ids(table, "review")) == ((), table.filter(pl.col("score") < 0.4)["id"].to_list())
        client.ask(more='\n[decision]\nreview = { when = ["interval > 3"] }\n').ship("number", "regression").serve(
            "number"
        )
        with pytest.raises(BriefError, match="this package tells no intervals"):
            scored(client, rows(), "other.parquet")
