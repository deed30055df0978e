"""Watching: when a look is due, what it finds, what follows, and that nothing is done twice or halfway."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from command import artificer as command
from command import document, refused
from watch.shop import DAYS, feed, rows, shop

import artificer
from artificer import watch
from artificer.core.errors import ArtificerError, BriefError, WorkspaceError
from artificer.core.ledger import Ledger
from artificer.line.ask import read_brief
from artificer.line.ship.versions import Versions

pytestmark = pytest.mark.slow

SAME, TURNED = 2.0, -2.0


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a first version, to be copied."""
    brief = shop(tmp_path_factory.mktemp("shop"))
    artificer.run(brief)
    return brief.parent


def client(trained: Path, folder: Path, **options: Any) -> Path:
    """The client's folder with the first version in it."""
    import shutil

    shutil.copytree(trained, folder)
    return shop(folder, **options)


def ledger_of(brief: Path) -> Ledger:
    return Ledger(brief.parent / "artificer-work" / "ledger.db")


class TestNothingIsDue:
    def test_before_the_first_run_it_says_what_to_do(self, tmp_path: Path) -> None:
        brief = shop(tmp_path / "a")
        feed(brief, 1, slope=SAME)
        with pytest.raises(WorkspaceError, match=r"no version of 'orders' is served yet.*artificer run"):
            watch.once(brief)

    def test_without_new_rows_and_without_newer_ones(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        first = watch.once(brief)
        assert (first.code, first.because, first.looked) == (99, "no new rows have come in", None)
        feed(brief, 1, slope=SAME)
        assert watch.once(brief).code == 0
        again = watch.once(brief)
        assert (again.code, again.because) == (99, "nothing has come in since the last look")
        assert again.story is not None

    def test_before_the_brief_wants_to_look_again(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a", track='every = "90d"')
        feed(brief, 1, slope=SAME)
        assert watch.once(brief).code == 0
        feed(brief, 2, slope=SAME)
        found = watch.once(brief)
        assert found.code == 99
        assert "60.0 days beyond the last look" in found.because
        feed(brief, 3, slope=SAME)
        assert watch.once(brief).code == 0


class TestFeedback:
    def test_labels_that_came_over_http_make_a_look_due_and_are_measured_on(
        self, trained: Path, tmp_path: Path
    ) -> None:
        brief = client(trained, tmp_path / "a", retrain="alert")
        feed(brief, 1, slope=TURNED, labels=False)
        first = watch.once(brief)
        assert first.looked is not None
        assert first.looked.tracked.measured is None
        assert watch.once(brief).looked is None
        truth = rows(DAYS, 60, slope=TURNED, seed=1)
        ledger_of(brief).labels.keep("orders", zip(truth["id"], truth["returned"], strict=True))
        again = watch.once(brief)
        assert again.looked is not None
        assert again.looked.tracked.measured is not None
        assert again.looked.tracked.harm == "harmful"


class TestWhatFollows:
    def test_what_does_no_harm_is_left_alone(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        feed(brief, 1, slope=SAME)
        before = ledger_of(brief).served("orders")
        found = watch.once(brief)
        assert found.looked is not None
        assert found.looked.outcome in ("nothing", "keep")
        assert found.served == before

    def test_what_harms_is_mended_and_all_of_it_told(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        new = feed(brief, 1, slope=TURNED)
        found = watch.once(brief)
        looked = found.looked
        assert looked is not None
        assert looked.tracked.harm == "harmful"
        assert looked.outcome == "promote"
        assert looked.updated is not None
        assert looked.updated.gain.low > 0
        assert found.served.version == looked.challenger
        assert found.served.revision == 2
        ledger = ledger_of(brief)
        assert [change.action for change in ledger.history("orders")] == ["first", "promote"]
        assert [look.outcome for look in ledger.looks("orders")] == ["promote"]
        one = pl.read_parquet(new).row(0, named=True)
        assert ledger.labels.of("orders", one["id"]) == one["returned"]
        assert found.story is not None
        assert looked.challenger in found.story.read_text()

    def test_neither_version_was_trained_on_the_rows_they_met_on(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        feed(brief, 1, slope=TURNED)
        looked = watch.once(brief).looked
        assert looked is not None
        assert looked.updated is not None
        (train,) = brief.parent.glob("artificer-work/tasks/known-*/train.parquet")
        met = pl.read_parquet(train.with_name("window.parquet"))
        assert met.height == looked.updated.n_rows == 200
        assert set(met["id"]).isdisjoint(pl.read_parquet(train)["id"])
        assert set(met["id"]).isdisjoint(pl.read_parquet(brief.parent / "orders.parquet")["id"])
        assert met["at"].min() > pl.read_parquet(train)["at"].max()

    @pytest.mark.parametrize("key", ['key = ["id"]', ""])
    def test_a_source_that_grows_by_what_comes_in_teaches_no_row_that_they_meet_on(
        self, trained: Path, tmp_path: Path, key: str
    ) -> None:
        brief = client(trained, tmp_path / "a")
        brief.write_text(brief.read_text().replace('"orders.parquet"', '"*.parquet"').replace('key = ["id"]', key))
        feed(brief, 1, slope=TURNED)
        looked = watch.once(brief).looked
        assert looked is not None
        severities = {finding.code: finding.severity for finding in looked.findings}
        assert "came_twice" in severities
        assert severities.get("earlier_rows", "note") == "note"
        (train,) = brief.parent.glob("artificer-work/tasks/known-*/train.parquet")
        met, learned = pl.read_parquet(train.with_name("window.parquet"))["id"], pl.read_parquet(train)["id"]
        assert set(met).isdisjoint(learned)
        assert learned.is_unique().all()

    @pytest.mark.parametrize("leave", ["ask", "alert"])
    def test_a_person_is_asked_or_told_where_the_brief_says_so(self, trained: Path, tmp_path: Path, leave: str) -> None:
        brief = client(trained, tmp_path / "a", retrain=leave)
        feed(brief, 1, slope=TURNED)
        found = watch.once(brief)
        assert found.looked is not None
        assert (found.looked.outcome, found.code) == (leave, 3)
        assert "artificer update" in found.because
        assert found.served.revision == 1

    def test_a_promotion_that_waits_for_a_yes_gets_it_by_command(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a", promote="ask")
        feed(brief, 1, slope=TURNED)
        shown = command("watch", brief, "--once")
        assert shown.returncode == 3
        version = shown.stdout.partition("approve BRIEF ")[2].split()[0]
        assert ledger_of(brief).served("orders").version != version  # type: ignore[union-attr]
        approved = document("approve", brief, version, "--because", "it is better")
        assert approved["result"]["served"]["version"] == version
        story = brief.parent / "artificer-work" / "life.html"
        assert "a retrained model is served; on 200 rows" in story.read_text()
        back = document("update", brief, "--roll-back")
        assert back["result"]["previous"] == version
        assert [one.action for one in ledger_of(brief).history("orders")] == ["first", "promote", "roll back"]
        assert "the first model is served again" in story.read_text()
        assert command("watch", brief, "--once").returncode == 99
        (brief.parent / "new_1.parquet").write_bytes(b"")
        assert command("update", brief, "--promote", version).returncode == 0
        assert ledger_of(brief).served("orders").version == version  # type: ignore[union-attr]
        (brief.parent / "new_1.parquet").unlink()
        feed(brief, 1, slope=TURNED)
        Versions(read_brief(brief), ledger_of(brief), story.parent / "packages", "ann").roll_back("for a reason")
        assert "for a reason" not in story.read_text()
        watch.tell_again(brief)  # as a server does, over which a version was changed
        assert "ann rolled back to it: for a reason" in story.read_text()

    def test_when_the_world_turns_back_the_previous_version_returns(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        first = ledger_of(brief).served("orders")
        assert first is not None
        feed(brief, 1, slope=TURNED)
        assert watch.once(brief).served.revision == 2
        feed(brief, 2, slope=SAME)
        found = watch.once(brief)
        assert found.looked is not None
        assert found.looked.outcome == "roll back"
        assert found.served.version == first.version

    def test_too_few_labels_are_said_and_not_trained_on(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        feed(brief, 1, slope=TURNED, n_days=30)
        found = watch.once(brief)
        assert found.looked is not None
        assert found.looked.outcome == "alert"
        assert "300 labelled rows that the served version has not seen are fewer than 500" in found.because

    def test_rows_without_labels_are_looked_at_and_never_trained_on(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        feed(brief, 1, slope=TURNED, labels=False)
        found = watch.once(brief)
        assert found.looked is not None
        assert found.looked.updated is None
        assert "no_labels" in {finding.code for finding in found.looked.findings}

    def test_labels_that_come_later_are_found_by_key(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a", track='labels = "labels.csv"')
        path = feed(brief, 1, slope=TURNED)
        frame = pl.read_parquet(path)
        frame.drop("returned").write_parquet(path)
        frame.select("id", "returned").write_csv(brief.parent / "labels.csv")
        found = watch.once(brief)
        assert found.looked is not None
        assert found.looked.outcome == "promote"

    def test_a_person_may_retrain_without_harm(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a", retrain="alert")
        feed(brief, 1, slope=SAME)
        found = watch.once(brief, anyway=True)
        assert found.looked is not None
        assert found.looked.updated is not None
        assert found.looked.outcome == "keep"

    def test_rows_without_a_time_are_known_by_their_order(self, tmp_path: Path) -> None:
        brief = shop(tmp_path / "a", time=False)
        artificer.run(brief)
        feed(brief, 1, slope=TURNED)
        assert watch.once(brief).served.revision == 2
        assert watch.once(brief).code == 99
        feed(brief, 2, slope=TURNED)
        found = watch.once(brief)
        assert found.looked is not None
        assert found.looked.tracked.n_rows == 600


class TestOddFeeds:
    def test_rows_that_reach_less_far_than_before_are_told(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        path = feed(brief, 1, slope=SAME)
        watch.once(brief)
        path.unlink()
        feed(brief, 1, slope=SAME, n_days=20)
        found = watch.once(brief)
        assert found.looked is not None
        assert "went_back" in {finding.code for finding in found.looked.findings}

    def test_rows_that_come_late_are_told(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        feed(brief, 1, slope=SAME, n_days=20)
        assert "earlier_rows" not in {finding.code for finding in watch.once(brief).looked.findings}  # type: ignore[union-attr]
        feed(brief, 2, slope=SAME, n_days=3, first_day=DAYS - 10)
        found = watch.once(brief)
        assert found.looked is not None
        (late,) = (finding for finding in found.looked.findings if finding.code == "earlier_rows")
        assert late.says.startswith("30 of 230 rows")
        assert found.looked.tracked.n_rows == 200

    def test_a_feed_without_a_column_that_the_model_reads_is_refused(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        path = feed(brief, 1, slope=SAME)
        pl.read_parquet(path).rename({"size": "sise"}).write_parquet(path)
        said = refused("watch", brief, "--once", names="'size'")
        assert "sise" in said
        assert ledger_of(brief).looks("orders") == []

    def test_a_feed_that_is_the_source_needs_a_time(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a", time=False)
        brief.write_text(brief.read_text().replace('"new_*.parquet"', '"orders.parquet"'))
        with pytest.raises(BriefError, match="nobody can tell which of its rows are new"):
            watch.once(brief)

    def test_an_empty_feed_is_no_error(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        rows(DAYS_LATER, 1, slope=SAME).head(0).write_parquet(brief.parent / "new_1.parquet")
        ended = command("watch", brief, "--once")
        assert ended.returncode == 99, ended.stderr

    def test_a_served_package_that_is_gone_or_damaged_is_named(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        feed(brief, 1, slope=SAME)
        served = ledger_of(brief).served("orders")
        assert served is not None
        member = brief.parent / "artificer-work" / "packages" / served.version / "card.json"
        member.write_bytes(member.read_bytes()[:-2])
        refused("watch", brief, "--once", names="card.json")

    def test_wrong_freezes_and_authorities_are_refused_before_anything_is_done(
        self, trained: Path, tmp_path: Path
    ) -> None:
        brief = client(trained, tmp_path / "a")
        feed(brief, 1, slope=TURNED)
        good = brief.read_text()
        brief.write_text(good.replace("[authority]", '[authority]\nfreeze = ["Christmas"]'))
        with pytest.raises(BriefError, match="Christmas"):
            watch.once(brief)
        brief.write_text(good.replace('promote = "act"', 'promote = "maybe"'))
        with pytest.raises(ArtificerError, match="promote"):
            watch.once(brief)

    def test_a_promotion_of_what_is_not_there_names_the_closest(self, trained: Path, tmp_path: Path) -> None:
        brief = client(trained, tmp_path / "a")
        served = ledger_of(brief).served("orders")
        assert served is not None
        said = refused("update", brief, "--promote", served.version[:-1] + "x", names="there is no package")
        assert served.version in said
        refused("update", brief, "--roll-back", names="first version")


DAYS_LATER = 200


def test_a_model_that_was_watched_can_be_moved_and_watched_on(trained: Path, tmp_path: Path) -> None:
    brief = client(trained, tmp_path / "a")
    feed(brief, 1, slope=TURNED)
    watch.once(brief)
    moved = tmp_path / "b"
    brief.parent.rename(moved)
    feed(moved / "brief.toml", 2, slope=TURNED)
    assert watch.once(moved / "brief.toml").code == 0
    with closing(sqlite3.connect(moved / "artificer-work" / "ledger.db")) as connection:
        assert connection.execute("select count(*) from looks").fetchone() == (2,)
