"""score: a served package and rows → a table in which each key stands once, and a ledger that agrees with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import artificer
from artificer.core.errors import ArtificerError, BriefError, DataError, WorkspaceError
from artificer.data import batches
from artificer_runtime import RowsError

Rows = Callable[..., pl.DataFrame]
WEEKLY = '\n[decision]\ncapacity = { top = 2, every = "7d" }\n'
TIMED = 'key = ["id"]\ntime = "day"'


def logistic(x: Any) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.asarray(x, np.float32).astype(np.float64))))


def scored(client: Any, rows: Any, out: str = "out.parquet", **options: Any) -> tuple[Any, pl.DataFrame]:
    done = artificer.score(client.brief, rows, client.folder / out, **options)
    return done, pl.read_parquet(client.folder / out)


class TestTheTable:
    def test_holds_key_score_decision_flags_version_and_moment(self, client: Any, rows: Rows) -> None:
        done, table = scored(client, rows())
        assert table.columns == ["id", "score", "decision", "flags", "version", "scored_at"]
        assert table["id"].to_list() == list(range(1, 21))
        np.testing.assert_allclose(table["score"], logistic(rows()["x"]), rtol=1e-6)
        assert table["decision"].null_count() == 20
        assert table["version"].unique().to_list() == ["v1"]
        at = datetime.fromisoformat(table["scored_at"][0])
        assert at.tzinfo == UTC
        assert (done.version, done.n_rows, done.n_new, done.n_chosen) == ("v1", 20, 20, 0)

    def test_flags_what_training_did_not_have(self, client: Any, rows: Rows) -> None:
        odd = rows(4).with_columns(x=pl.Series([0.0, 9.0, 0.0, 1e40]), shop=pl.Series(["a", "a", "c", "c"]))
        _, table = scored(client, odd)
        assert table["flags"].to_list() == ["", "outside", "unseen", "unseen outside clipped"]

    def test_scores_the_class_that_counts_as_success(self, client: Any, rows: Rows) -> None:
        client.ship("v2", positive="no").serve("v2")
        _, table = scored(client, rows())
        np.testing.assert_allclose(table["score"], 1 - logistic(rows()["x"]), rtol=1e-6)

    def test_of_a_number_holds_the_value(self, client: Any, rows: Rows) -> None:
        client.ship("number", "regression", slope=10.0).serve("number")
        _, table = scored(client, rows())
        np.testing.assert_allclose(table["score"], 10 * rows()["x"].to_numpy(), rtol=1e-5)

    def test_of_a_number_holds_the_ends_of_its_interval_and_a_table_of_before_is_given_them(
        self, client: Any, rows: Rows
    ) -> None:
        client.ship("number", "regression", spread=2.0).serve("number")
        _, table = scored(client, rows())
        np.testing.assert_allclose(table["low"], table["score"] - 2)
        np.testing.assert_allclose(table["high"], table["score"] + 2)
        table.drop("low", "high").write_parquet(client.folder / "before.parquet")
        done, given = scored(client, rows(), "before.parquet")
        assert done.n_changed == 20
        assert given["low"].equals(table["low"])
        client.ship("bare", "regression").serve("bare")
        _, bare = scored(client, rows(), "bare.parquet")
        assert bare["low"].null_count() == bare["high"].null_count() == 20

    def test_of_more_classes_holds_the_likeliest_and_its_probability(self, client: Any, rows: Rows) -> None:
        client.ship("three", "multiclass", slope=4.0).serve("three")
        _, table = scored(client, rows())
        assert table.columns[:3] == ["id", "predicted", "score"]
        best = np.where(rows()["x"] > 0, "blue", "red")
        clear = (rows()["x"].abs() > 0.2).to_numpy()
        assert (table["predicted"].to_numpy()[clear] == best[clear]).all()
        assert table["score"].is_between(1 / 3, 1).all()

    def test_the_ledger_holds_which_class_was_said(self, client: Any, rows: Rows) -> None:
        client.ask(more='\n[decision]\nreview = { when = ["score > 0"] }\n').ship("three", "multiclass").serve("three")
        _, table = scored(client, rows())
        said = dict(zip(table["id"].cast(pl.String).to_list(), table["predicted"].to_list(), strict=True))
        assert len({*said.values()}) > 1
        book = client.ledger
        assert {key: book.predictions.of(key)[0].said for key in said} == said
        assert {one.key: one.said for one in book.reviews("calls").reviews()} == said
        book.labels.keep("calls", [(key, "blue") for key in said])
        told = book.answers.outcomes("calls", "three", 100)
        assert sorted(one for _, one, _ in told) == sorted(said.values())

    def test_without_a_key_names_rows_by_their_place(self, client: Any, rows: Rows) -> None:
        client.ask(data="")
        path = client.rows(rows(3))
        _, table = scored(client, path)
        assert table.columns[0] == "row"
        assert table["row"].to_list() == ["new.parquet:0", "new.parquet:1", "new.parquet:2"]

    def test_keeps_a_key_that_is_called_like_a_column_of_its_own(self, client: Any, rows: Rows) -> None:
        client.ask(data='key = ["Score"]')
        _, table = scored(client, rows().rename({"id": "Score"}))
        assert table.columns[:2] == ["Score", "score_"]

    @pytest.mark.parametrize("name", ["new.parquet", "new.csv"])
    def test_is_the_same_from_a_file_as_from_a_frame(self, client: Any, rows: Rows, name: str) -> None:
        _, table = scored(client, rows())
        done, again = scored(client, client.rows(rows(), name))
        assert (done.n_same, done.n_changed) == (20, 0)
        assert again.equals(table)

    def test_is_the_same_in_whatever_batches_rows_come(
        self, client: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.ask(TIMED, WEEKLY)
        path = client.rows(rows(50))
        _, table = scored(client, path)
        monkeypatch.setattr(batches, "ROWS_AT_ONCE", 7)
        for given in (path, rows(50)):
            done, _ = scored(client, given)
            assert (done.n_same, done.n_changed, done.n_new) == (50, 0, 0)
        assert table.height == 50

    def test_takes_many_files_by_a_glob(self, client: Any, rows: Rows) -> None:
        client.rows(rows(30)[:10], "new_1.parquet")
        client.rows(rows(30)[10:], "new_2.parquet")
        done, _ = scored(client, client.folder / "new_*.parquet")
        assert done.n_new == 30


class TestDecisions:
    def test_the_best_of_each_week_act_whatever_else_is_in_the_table(self, client: Any, rows: Rows) -> None:
        client.ask(TIMED, WEEKLY)
        done, table = scored(client, rows(40))
        assert table.columns[3] == "period"
        assert set(table["period"]) == {"2009-01-05", "2009-01-12", "2009-01-19"}
        for (period,), week in table.group_by("period"):
            best = week.sort("score", descending=True)["id"][:2].to_list()
            assert sorted(week.filter(pl.col("decision") == "act")["id"]) == sorted(best), period
        assert done.n_chosen == 6
        late = rows(40).filter(pl.col("day") >= datetime(2009, 1, 12).date())
        done, _ = scored(client, late)
        assert (done.n_same, done.n_changed, done.findings) == (late.height, 0, ())

    def test_rows_of_one_score_are_chosen_in_the_order_of_their_keys(self, client: Any, rows: Rows) -> None:
        client.ask(more="\n[decision]\ncapacity = { top = 3 }\n")
        same = rows(9).with_columns(x=pl.lit(0.5))
        _, table = scored(client, same.reverse())
        assert sorted(table.filter(pl.col("decision") == "act")["id"]) == [1, 2, 3]

    def test_a_list_of_part_of_a_periods_rows_is_told(self, client: Any, rows: Rows) -> None:
        client.ask(TIMED, WEEKLY)
        scored(client, rows(40))
        done, table = scored(client, rows(40)[:20])
        (finding,) = done.findings
        assert finding.code == "partial_list"
        assert "20 rows of the same periods" in finding.says
        assert table.height == 40

    def test_rows_without_a_moment_are_on_no_list(self, client: Any, rows: Rows) -> None:
        client.ask(TIMED, WEEKLY)
        lost = rows(10).with_columns(day=pl.when(pl.col("id") > 1).then("day"), x=pl.col("x") + (pl.col("id") == 1) * 9)
        done, table = scored(client, lost)
        assert table.row(by_predicate=pl.col("id") == 1, named=True)["decision"] == "leave"
        assert table["period"].null_count() == 1
        assert [finding.code for finding in done.findings] == ["no_moment"]

    def test_a_threshold_acts_on_those_that_reach_it(self, client: Any, rows: Rows) -> None:
        client.ask(more="\n[decision]\nthreshold = 0.5\n")
        _, table = scored(client, rows(3).with_columns(x=pl.Series([-1.0, 0.0, 1.0])))
        assert table["decision"].to_list() == ["leave", "act", "act"]

    def test_a_value_alone_acts_where_it_pays(self, client: Any, rows: Rows) -> None:
        client.ask(more='\n[decision]\nvalue = { acted = "-2 * cost", success = 10 }\n')
        _, table = scored(client, rows(50))
        pays = (-2 * rows(50)["cost"] + 10 * pl.Series(logistic(rows(50)["x"]))) > 0
        assert (table["decision"] == "act").to_list() == pays.to_list()
        assert 0 < pays.sum() < 50

    def test_a_capacity_with_a_value_lists_the_best_scores(self, client: Any, rows: Rows) -> None:
        client.ask(more="\n[decision]\ncapacity = { top = 4 }\nvalue = { acted = -6, success = 1 }\n")
        assert scored(client, rows())[0].n_chosen == 4

    def test_more_classes_have_no_list_and_that_is_said_before_anything_is_written(
        self, client: Any, rows: Rows
    ) -> None:
        client.ask(more="\n[decision]\ncapacity = { top = 4 }\n").ship("three", "multiclass").serve("three")
        with pytest.raises(BriefError, match="capacity needs two classes"):
            scored(client, rows())
        assert not (client.folder / "out.parquet").exists()


class TestTheSameCallAgain:
    def test_changes_neither_table_nor_ledger(self, client: Any, rows: Rows) -> None:
        first, table = scored(client, rows())
        before = (client.folder / "out.parquet").stat().st_mtime_ns
        done, again = scored(client, rows())
        assert (done.scoring, done.n_new, done.n_changed, done.n_same) == (first.scoring, 0, 0, 20)
        assert again.equals(table)
        assert (client.folder / "out.parquet").stat().st_mtime_ns == before
        assert len(client.ledger.predictions.of("7")) == 1

    def test_by_another_version_replaces_the_rows(self, client: Any, rows: Rows) -> None:
        scored(client, rows())
        client.ship("v2", slope=-1.0).serve("v2")
        done, table = scored(client, rows())
        assert (done.version, done.n_changed, done.n_new) == ("v2", 20, 0)
        assert table.height == 20
        assert [one.version for one in client.ledger.predictions.of("7")] == ["v2", "v1"]

    def test_completes_the_ledger_that_a_killed_call_did_not_reach(
        self, client: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from artificer.core.predictions import Predictions

        def killed(*_: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Predictions, "keep", killed)
            with pytest.raises(KeyboardInterrupt):
                scored(client, rows())
        assert client.ledger.predictions.of("7") == []
        done, table = scored(client, rows())
        assert done.n_same == 20
        (told,) = client.ledger.predictions.of("7")
        assert told.score == table.row(by_predicate=pl.col("id") == 7, named=True)["score"]


class TestTheLedger:
    def test_tells_what_the_table_holds(self, client: Any, rows: Rows) -> None:
        client.ask(TIMED, WEEKLY)
        _, table = scored(client, rows())
        for row in table.iter_rows(named=True):
            (told,) = client.ledger.predictions.of(str(row["id"]))
            assert (told.score, told.decision, told.flags) == (row["score"], row["decision"], row["flags"])
            assert (told.name, told.version) == ("calls", "v1")

    def test_of_a_package_is_that_of_its_workspace(self, client: Any, rows: Rows) -> None:
        done = artificer.score(client.package("v1"), rows(), client.folder / "out.csv")
        assert done.version == "v1"
        assert client.ledger.predictions.of("7")

    def test_is_none_where_the_package_lies_elsewhere(self, client: Any, rows: Rows, tmp_path: Path) -> None:
        from artificer_runtime.package import zipped

        zipped(client.package("v1"), tmp_path / "v1.zip")
        done = artificer.score(tmp_path / "v1.zip", rows(), tmp_path / "out.csv")
        assert done.n_new == 20
        assert len(done.version) == 12
        assert not client.ledger.predictions.of("7")


class TestWhatTheBriefSays:
    def test_rows_come_from_track_and_go_to_output(self, client: Any, rows: Rows) -> None:
        client.ask(more='\n[track]\nnew = "new_*.parquet"\n[output]\ntable = "list.csv"\n')
        client.rows(rows(), "new_1.parquet")
        assert artificer.score(client.brief).n_new == 20
        assert pl.read_csv(client.folder / "list.csv").height == 20

    def test_a_database_is_named_by_an_environment_variable(
        self, client: Any, rows: Rows, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.ask(more='\n[output]\ntable = "list"\nurl_env = "OUT"\n')
        monkeypatch.setenv("OUT", postgres)
        assert artificer.score(client.brief, rows()).n_new == 20
        done = artificer.score(client.brief, rows())
        assert (done.n_same, done.n_new) == (20, 0)

    def test_nothing_came_in_yet(self, client: Any, rows: Rows) -> None:
        client.ask(more='\n[track]\nnew = "new_*.parquet"\n[output]\ntable = "list.csv"\n')
        client.rows(rows(0), "new_1.parquet")
        done = artificer.score(client.brief)
        assert (done.n_rows, [finding.code for finding in done.findings]) == (0, ["no_rows"])
        assert "see that 'new_*.parquet' names them" in done.findings[0].fix
        assert not (client.folder / "list.csv").exists()

    @pytest.mark.parametrize("name", ["none.parquet", "none.csv"])
    def test_a_table_without_rows_is_no_error(self, client: Any, rows: Rows, name: str) -> None:
        done = artificer.score(client.brief, client.rows(rows(0), name), client.folder / "out.csv")
        assert [finding.code for finding in done.findings] == ["no_rows"]


class TestRefused:
    def refused(self, client: Any, rows: Any, error: type[Exception], says: str, out: Any = "out.csv") -> None:
        out = out if out is None else client.folder / out
        with pytest.raises(error, match=says):
            artificer.score(client.brief, rows, out)
        assert not (client.folder / "out.csv").exists()
        assert not client.ledger.predictions.of("1")

    def test_a_brief_that_never_ran(self, tmp_path: Path) -> None:
        (tmp_path / "brief.toml").write_text('name = "other"\n[target]\ncolumn = "won"\n', encoding="utf-8")
        with pytest.raises(WorkspaceError, match=r"nothing is served yet for 'other'; `artificer run"):
            artificer.score(tmp_path / "brief.toml", {"x": [1.0]}, tmp_path / "out.csv")
        assert not (tmp_path / "artificer-work").exists()

    def test_a_version_that_is_absent(self, client: Any, rows: Rows) -> None:
        with pytest.raises(WorkspaceError, match=r"no package 'v11' of 'calls'.*closest version: 'v1'"):
            artificer.score(client.brief, rows(), client.folder / "out.csv", version="v11")

    def test_no_rows_and_no_table(self, client: Any, rows: Rows) -> None:
        self.refused(client, None, BriefError, r"\[track\] new")
        self.refused(client, rows(), BriefError, r"\[output\] table", out=None)

    def test_a_key_that_is_absent(self, client: Any, rows: Rows) -> None:
        self.refused(client, rows().rename({"id": "Id"}), DataError, r"'id' of \[data\] key is absent.*'Id'")

    def test_a_key_that_is_missing_in_rows(self, client: Any, rows: Rows) -> None:
        holed = rows().with_columns(id=pl.when(pl.col("id") != 4).then("id"))
        self.refused(client, holed, DataError, r"key \(id\) is missing in 1 row, the first of them row 3")
        blank = rows().with_columns(id=pl.when(pl.col("id") == 4).then(pl.lit(" ")).otherwise(pl.lit("a")))
        self.refused(client, blank, DataError, r"missing in 1 row, ")

    def test_keys_that_two_rows_share(self, client: Any, rows: Rows) -> None:
        doubled = pl.concat([rows(), rows()[:2]])
        self.refused(client, doubled, DataError, r"2 rows have one that an earlier row has; row 0")

    def test_a_column_that_the_model_reads_and_the_rows_lack(self, client: Any, rows: Rows) -> None:
        self.refused(client, rows().rename({"shop": "Shop"}), RowsError, r"'shop' is absent.*'Shop'")
        self.refused(client, client.rows(rows().rename({"shop": "Shop"})), RowsError, r"'shop' is absent.*'Shop'")

    def test_a_value_that_is_of_another_kind_says_in_which_row(
        self, client: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batches, "ROWS_AT_ONCE", 7)
        texts = rows().with_columns(x=pl.when(pl.col("id") == 9).then(pl.lit("?!")).otherwise(pl.col("x").cast(str)))
        self.refused(client, texts, RowsError, r"'frame': .*row 8 holds a text")

    def test_a_capacity_with_a_period_and_rows_without_the_time(self, client: Any, rows: Rows) -> None:
        client.ask(TIMED, WEEKLY)
        self.refused(client, rows().drop("day"), DataError, r"'day', the \[data\] time, is absent")

    def test_a_capacity_with_a_period_and_a_brief_without_a_time(self, client: Any, rows: Rows) -> None:
        client.ask(more=WEEKLY)
        self.refused(client, rows(), BriefError, r"every needs \[data\] time")

    def test_a_value_over_a_column_that_is_absent(self, client: Any, rows: Rows) -> None:
        client.ask(more='\n[decision]\nvalue = { acted = "-costs", success = 10 }\n')
        self.refused(client, rows(), BriefError, r"'costs', which the data lacks; closest name here: 'cost'")
        client.ask(more='\n[decision]\nvalue = { acted = "-cost", success = 10 }\n')
        self.refused(client, rows().drop("cost"), DataError, r"'cost', which \[decision.value.acted\] reads, is absent")

    def test_a_capacity_beside_a_threshold(self, client: Any, rows: Rows) -> None:
        client.ask(more="\n[decision]\nthreshold = 0.5\ncapacity = { top = 2 }\n")
        self.refused(client, rows(), BriefError, "both capacity and threshold")

    def test_no_such_rows_and_no_table(self, client: Any) -> None:
        self.refused(client, client.folder / "nev.parquet", DataError, "no file")
        (client.folder / "bad.parquet").write_bytes(b"PAR1 and then nothing that is one PAR1")
        self.refused(client, client.folder / "bad.parquet", DataError, "'bad.parquet' is a damaged Parquet file")

    def test_a_package_that_is_none_or_is_asked_for_a_version(self, client: Any, rows: Rows, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="manifest|package"):
            artificer.score(tmp_path / "artificer-work", rows(), tmp_path / "out.csv")
        with pytest.raises(ArtificerError, match="one version already"):
            artificer.score(client.package("v1"), rows(), tmp_path / "out.csv", version="v2")

    def test_a_damaged_package(self, client: Any, rows: Rows) -> None:
        (client.package("v1") / "schema.json").write_text(json.dumps({}), encoding="utf-8")
        with pytest.raises(Exception, match=r"schema\.json"):
            artificer.score(client.brief, rows(), client.folder / "out.csv")


def test_a_version_that_predicts_another_column_answers_no_brief_of_its_name(client: Any, rows: Rows) -> None:
    other = client.folder / "other.toml"
    other.write_text(client.brief.read_text().replace('column = "won"', 'column = "lost"'))
    with pytest.raises(
        WorkspaceError, match="predicts 'won', and the brief asks for 'lost': give each brief .* a name"
    ):
        artificer.score(other, rows(), client.folder / "out.parquet")
