"""What a person may do about versions, and what runs beside the served one."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from client import Client
from command import artificer as command
from command import document

from artificer.core.access import NotAllowedError
from artificer.core.errors import ArtificerError, WorkspaceError
from artificer.core.ledger import Look
from artificer.core.life import Looked, Tracked
from artificer.core.records import Estimate
from artificer.core.rollout import Rollout, Shadowed
from artificer.core.store import encode
from artificer.line.ask import read_brief
from artificer.line.ship.scorer import scorer_of
from artificer.line.ship.server import Serving, batches
from artificer.line.ship.server import shadow as module
from artificer.line.ship.server.beside import drawn
from artificer.line.ship.server.choosing import Chosen
from artificer.line.ship.server.doors import RefusedError
from artificer.line.ship.server.shadow import Shadow, compared
from artificer.line.ship.versions import Versions

FOUR_EYES = "[authority]\nfour_eyes = true\n"


def versions(client: Client, who: str = "bob") -> Versions:
    return Versions(read_brief(client.brief), client.ledger, client.package("v1").parent, who)


@pytest.fixture
def two(client: Client) -> Client:
    """A client with v1 served, and v2 by ann."""
    client.ship("v2", slope=-1.0)
    client.ledger.rollouts.enter("v2", "ann")
    return client


class TestChanges:
    def test_promoting_and_going_back_are_kept_with_who_and_why(self, two: Client) -> None:
        assert versions(two).promote("v2", "better").version == "v2"
        assert versions(two, "eve").roll_back("worse")[0].version == "v1"
        told = [(act.action, act.version, act.who, act.because) for act in two.ledger.rollouts.acts("calls")]
        assert told == [("promote", "v2", "bob", "better"), ("roll back", "v1", "eve", "worse")]
        assert two.ledger.history("calls")[-1].because == "eve rolled back to it: worse"

    def test_going_back_ends_a_canary_first(self, two: Client) -> None:
        them = versions(two)
        them.promote("v2")
        them.share({"v1": 0.1})
        served, wanted = them.roll_back()
        assert (served.version, wanted.shares) == ("v2", {})
        assert them.roll_back()[0].version == "v1"

    def test_the_command_says_what_going_back_ended(self, two: Client) -> None:
        versions(two).share({"v2": 0.1})
        back = command("update", two.brief, "--roll-back").stdout
        assert "the canary of v2 is ended; v1 answers all" in back
        assert "is served now" not in back

    def test_what_is_served_is_no_shadow(self, two: Client) -> None:
        them = versions(two)
        with pytest.raises(ArtificerError, match="'v1' is served already"):
            them.shadow("v1")
        them.promote("v2")
        them.shadow("v1")
        them.roll_back()
        assert two.ledger.rollouts.wanted("calls").shadow == ""

    def test_promoting_the_canary_ends_it(self, two: Client) -> None:
        them = versions(two)
        them.shadow("v2")
        them.share({"v2": 0.1})
        them.promote("v2")
        assert two.ledger.rollouts.wanted("calls") == Rollout(3)

    def test_what_is_absent_or_damaged_is_refused(self, two: Client) -> None:
        them = versions(two)
        with pytest.raises(WorkspaceError, match="no package 'v3' of 'calls'.*it holds v1, v2"):
            them.promote("v3")
        (two.package("v2") / "schema.json").write_text("{}")
        for change in (them.promote, them.shadow, lambda version: them.share({version: 0.5})):
            with pytest.raises(WorkspaceError, match="'v2' cannot be served"):
                change("v2")
        assert two.ledger.rollouts.wanted("calls") == Rollout()

    def test_another_briefs_model_is_neither_listed_nor_taken(self, two: Client) -> None:
        two.ship("w1", name="stray")
        them = versions(two)
        for change in (them.promote, them.shadow, lambda version: them.share({version: 0.5})):
            with pytest.raises(WorkspaceError, match="'w1' is a version of 'stray', and 'calls' is meant here.*v1, v2"):
                change("w1")
        with pytest.raises(WorkspaceError, match="'w1' is a version of 'stray'"):
            them.approve("w1", "fine")
        with pytest.raises(WorkspaceError, match="'w1' is a version of 'stray'"):
            scorer_of(two.brief, "w1")
        assert [one["version"] for one in them.told()["versions"]] == ["v1", "v2"]

    def test_the_ledger_tells_of_one_brief_or_of_all(self, two: Client) -> None:
        (two.folder / "artificer-work" / "tasks").mkdir()
        two.ship("w1", name="stray")
        two.ledger.serve("stray", "w1", seen=0, action="first", because="")
        told = [document("ledger", "versions", where)["result"] for where in (two.brief, two.folder / "artificer-work")]
        assert [[one["version"] for one in found] for found in told] == [["v1"], ["v1", "w1"]]

    def test_another_briefs_model_that_is_served_already_is_told(self, two: Client) -> None:
        two.ship("w1", name="stray").serve("w1")
        found = {one["version"]: one["state"] for one in versions(two).told()["versions"]}
        assert found == {"v1": "previous", "v2": "candidate", "w1": "served"}
        assert versions(two).promote("v2").version == "v2"

    @pytest.mark.parametrize(
        "shares", [{"v2": 0.0}, {"v2": 1.5}, {"v2": 0.6, "v1": 0.6}, {"v1": 0.5}, {"v2": float("nan")}]
    )
    def test_shares_that_are_none_are_refused(self, two: Client, shares: dict[str, float]) -> None:
        with pytest.raises(ArtificerError):
            versions(two).share(shares)

    def test_the_first_version_has_none_before_it(self, client: Client) -> None:
        with pytest.raises(WorkspaceError, match="first version"):
            versions(client).roll_back()

    def test_all_is_told(self, two: Client) -> None:
        them = versions(two)
        them.approve("v2", "looks good")
        them.share({"v2": 0.1})
        found = them.told()
        assert [(one["version"], one["state"], one["author"], one["approved_by"]) for one in found["versions"]] == [
            ("v1", "served", "", []),
            ("v2", "canary", "ann", ["bob"]),
        ]


class TestFourEyes:
    @pytest.fixture
    def strict(self, two: Client) -> Client:
        return two.ask(more=FOUR_EYES)

    def test_nobody_may_have_it_answer_before_another_person_approved_it(self, strict: Client) -> None:
        for change in (lambda them: them.promote("v2"), lambda them: them.share({"v2": 0.1})):
            with pytest.raises(NotAllowedError, match="made by ann and is approved by nobody"):
                change(versions(strict, "bob"))
        versions(strict).shadow("v2")  # it answers nobody
        with pytest.raises(NotAllowedError, match="made by ann, who cannot approve it"):
            versions(strict, "ann").approve("v2", "mine is good")
        versions(strict, "bob").approve("v2", "I looked at it")
        assert versions(strict, "ann").promote("v2").version == "v2"

    def test_who_made_it_must_be_known(self, strict: Client) -> None:
        strict.ship("v3", slope=2.0)
        with pytest.raises(NotAllowedError, match="does not know who made 'v3'"):
            versions(strict).approve("v3", "fine")

    def test_going_back_to_what_was_served_needs_no_new_yes(self, strict: Client) -> None:
        versions(strict).approve("v2", "fine")
        versions(strict).promote("v2")
        assert versions(strict).roll_back()[0].version == "v1"

    def test_the_first_version_is_served_by_its_approval(self, tmp_path: Path) -> None:
        client = Client(tmp_path).ask(more=FOUR_EYES).ship("v1")
        client.ledger.rollouts.enter("v1", "ann")
        served = versions(client, "bob").approve("v1", "fine")
        assert served is not None
        assert (served.version, client.ledger.history("calls")[0].because) == ("v1", "bob approved it: fine")

    def test_without_four_eyes_the_author_may(self, two: Client) -> None:
        assert versions(two, "ann").promote("v2").version == "v2"


class TestTheYesThatWatchWaitsFor:
    def look(self, client: Client, outcome: Any, version: str = "v1") -> None:
        unknown = Estimate(0.0, 0.0, 0.0, "a test", 0)
        tracked = Tracked(version, "", "roc_auc", 0, 0, unknown, unknown, "benign")
        looked = Looked(version, outcome, "a test", 0, tracked, challenger="v2")
        number = len(client.ledger.looks("calls")) + 1
        client.ledger.look(Look("calls", number, str(number), 0.0, outcome, encode(looked).decode(), ""))

    def test_an_approval_promotes_what_was_asked_about(self, two: Client) -> None:
        self.look(two, "ask")
        served = versions(two).approve("v2", "yes")
        assert served is not None
        assert served.version == "v2"

    @pytest.mark.parametrize(("outcome", "version"), [("keep", "v1"), ("ask", "v0")])
    def test_and_nothing_else(self, two: Client, outcome: str, version: str) -> None:
        self.look(two, outcome, version)
        served = versions(two).approve("v2", "yes")
        assert served is not None
        assert served.version == "v1"

    def test_a_yes_needs_its_reason(self, two: Client) -> None:
        with pytest.raises(ArtificerError, match="needs its reason"):
            versions(two).approve("v2", " ")


class TestDrawn:
    def test_a_canary_has_its_share_and_a_key_stays_with_its_version(self) -> None:
        n_rows, share = 20_000, 0.1
        first = [drawn({"id": place}, ["id"], {"v2": share}) for place in range(n_rows)]
        again = [drawn({"id": place, "x": 1}, ["id"], {"v2": share}) for place in range(n_rows)]
        assert first == again
        n_drawn = first.count("v2")
        assert abs(n_drawn - n_rows * share) < 4 * (n_rows * share * (1 - share)) ** 0.5
        more = [drawn({"id": place}, ["id"], {"v2": 0.3}) for place in range(n_rows)]
        assert all(after == "v2" for before, after in zip(first, more, strict=True) if before == "v2")

    def test_another_canary_draws_other_keys(self) -> None:
        both = [[drawn({"id": place}, ["id"], {name: 0.2}) for place in range(2000)] for name in ("v2", "v3")]
        shared = sum(one == "v2" and other == "v3" for one, other in zip(*both, strict=True))
        assert 40 < shared < 130  # 80 by chance; 400 were they the same

    def test_shares_that_add_up_to_one_leave_nobody_out(self) -> None:
        found = [drawn({"id": place}, ["id"], {"v1": 0.1, "v2": 0.2, "v3": 0.7}) for place in range(5000)]
        assert "" not in found
        assert abs(found.count("v3") - 3500) < 4 * (5000 * 0.7 * 0.3) ** 0.5

    def test_a_row_without_a_key_falls_by_all_that_it_holds(self) -> None:
        shares = {"v2": 0.5}
        assert drawn({"x": 1, "y": 2}, ["id"], shares) == drawn({"y": 2, "x": 1}, [], shares)
        assert {drawn({"x": place}, ["id"], shares) for place in range(50)} == {"", "v2"}

    @pytest.mark.parametrize("none", [None, "", " ", float("nan")])
    def test_a_key_that_is_missing_is_no_key(self, none: Any) -> None:
        shares = {"v2": 0.5}
        assert {drawn({"id": none, "x": place}, ["id"], shares) for place in range(50)} == {"", "v2"}

    def test_a_key_is_the_same_however_it_is_written(self) -> None:
        assert {drawn({"id": one}, ["id"], {"v2": 0.5}) for one in (7, 7.0, "7")} in ({""}, {"v2"})


class TestBeside:
    def serving(self, client: Client) -> Serving:
        serving = Serving.of(client.brief)
        serving.follow()
        return serving

    def rows(self, n_rows: int) -> list[dict[str, Any]]:
        return [{"id": place, "x": place / n_rows, "shop": "a"} for place in range(n_rows)]

    def test_each_answer_is_of_the_version_that_it_names(self, two: Client) -> None:
        versions(two).share({"v2": 0.5})
        serving = self.serving(two)
        rows = self.rows(200)
        found = serving.beside.predictions(serving.model, rows)
        assert found.version == "v1"
        own = {"v1": serving.model.predictions(rows), "v2": serving._version("v2").predictions(rows)}
        assert {one["version"] for one in found.answers} == {"v1", "v2"}
        for place, answer in enumerate(found.answers):
            assert answer == own[answer["version"]][place] | {"version": answer["version"]}

    def test_one_row_names_its_version_and_hash(self, two: Client) -> None:
        versions(two).share({"v2": 1.0})
        serving = self.serving(two)
        found = serving.beside.predictions(serving.model, self.rows(1))
        assert (found.version, found.model_hash) == ("v2", serving._version("v2").scorer.predictor.model_hash)

    def test_a_version_that_cannot_be_loaded_is_told_and_stood_in_for(self, two: Client) -> None:
        versions(two).share({"v2": 1.0})
        (two.package("v2") / "schema.json").write_text("{}")
        serving = self.serving(two)
        assert "'v2' does not run" in serving.troubles
        found = serving.beside.predictions(serving.model, self.rows(5))
        assert found.version == "v1"
        assert {one["version"] for one in found.answers} == {"v1"}

    def test_a_version_that_fails_on_a_request_is_stood_in_for(
        self, two: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        versions(two).share({"v2": 1.0})
        serving = self.serving(two)
        monkeypatch.setattr(type(serving.model), "predictions", _failing("v2", type(serving.model).predictions))
        found = serving.beside.predictions(serving.model, self.rows(5))
        assert {one["version"] for one in found.answers} == {"v1"}
        serving.follow()
        assert "failed on a request" in serving.troubles

    def test_a_version_that_is_no_longer_wanted_is_let_go(self, two: Client) -> None:
        versions(two).share({"v2": 0.5})
        serving = self.serving(two)
        assert not serving.beside.idle
        versions(two).share({})
        serving.follow()
        assert serving.beside.idle
        assert serving.beside._models == {}


def _failing(version: str, predictions: Any) -> Any:
    def fail(self: Any, rows: Sequence[dict[str, Any]]) -> Any:
        if self.scorer.version == version:
            raise ZeroDivisionError
        return predictions(self, rows)

    return fail


def _refusing(version: str, add: Any) -> Any:
    def refuse(self: Any, name: str, found: Shadowed) -> None:
        if found.shadow == version:
            raise WorkspaceError("the disk is full")
        add(self, name, found)

    return refuse


class TestShadow:
    def compared(self, client: Client, serving: Serving, n_rows: int) -> Any:
        rows = [{"id": place, "x": place / n_rows - 0.5, "shop": "a"} for place in range(n_rows)]
        found = serving.beside.predictions(serving.model, rows)
        assert found.version == "v1"
        assert "version" not in found.answers[0]
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            serving.follow()
            told = client.ledger.rollouts.shadowed("calls")
            if told and sum((told[0].n_rows, told[0].n_failed)) == n_rows:
                return told[0]
            time.sleep(0.05)
        raise AssertionError(told)

    def test_what_it_would_have_said_is_counted(self, two: Client) -> None:
        versions(two).shadow("v2")
        serving = Serving.of(two.brief)
        serving.follow()
        found = self.compared(two, serving, 250)
        assert (found.served, found.shadow, found.n_failed, found.n_skipped) == ("v1", "v2", 0, 0)
        assert found.n_other == 249  # the slope is turned round: all but x = 0
        assert found.largest == pytest.approx(abs(1 / (1 + 2.718281828**0.5) - 1 / (1 + 2.718281828**-0.5)))
        assert 0 < found.difference < 250 * found.largest

    @pytest.mark.parametrize("named", [False, True])
    def test_rows_of_a_table_are_shown_to_it_unless_a_version_is_named(self, two: Client, named: bool) -> None:
        versions(two).shadow("v2")
        serving = Serving.of(two.brief)
        serving.follow()
        rows = pa.table({"id": range(30), "x": [place / 30 - 0.5 for place in range(30)], "shop": ["a"] * 30})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        batches._answered(sink.getvalue(), batches.ARROW, Chosen(serving.model, named), serving)
        if named:
            assert serving.beside._shadow._thread is None
            return
        deadline = time.monotonic() + 30
        while not (told := two.ledger.rollouts.shadowed("calls")) and time.monotonic() < deadline:
            serving.follow()
            time.sleep(0.02)
        assert (told[0].n_rows, told[0].n_other, told[0].n_decided, told[0].n_failed) == (30, 29, 0, 0)

    def test_a_wrong_row_of_a_table_is_named_while_rows_fall_to_two_versions(self, two: Client) -> None:
        versions(two).share({"v2": 0.5})
        serving = Serving.of(two.brief)
        serving.follow()
        x = ["0.5"] * 9_000 + ["big"]
        rows = pa.table({"id": list(range(9_001)), "x": x, "shop": ["a"] * 9_001})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        with pytest.raises(RefusedError) as refused:
            batches._answered(sink.getvalue(), batches.ARROW, Chosen(serving.model, named=False), serving)
        (one,) = refused.value.errors
        assert (one["field"], one["row"]) == ("x", 9_000)
        assert "row 9000 holds a text" in one["says"]

    def test_one_that_fails_fails_no_request(self, two: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        versions(two).shadow("v2")
        serving = Serving.of(two.brief)
        serving.follow()
        monkeypatch.setattr(type(serving.model), "predictions", _failing("v2", type(serving.model).predictions))
        assert self.compared(two, serving, 30).n_failed == 30

    def test_it_is_not_waited_for_and_what_is_too_much_is_left_out(
        self, two: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_WAITING", 10)
        hold = threading.Event()
        serving = Serving.of(two.brief)
        other = serving._version("v2")

        def slow(self: Any, rows: Any) -> Any:
            hold.wait(30)
            return []

        monkeypatch.setattr(type(other), "predictions", slow)
        shadow = Shadow()
        rows = [{"x": 0.0, "shop": "a"}] * 8
        for _ in range(3):
            shadow.offer(other, "v1", rows, [{"prediction": "no"}] * 8)
        hold.set()
        shadow.flush("calls", two.ledger.rollouts)
        assert two.ledger.rollouts.shadowed("calls")[0].n_skipped == 16

    def test_what_the_ledger_could_not_take_is_told_later(self, two: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        shadow, rollouts = Shadow(), two.ledger.rollouts
        shadow._add(Shadowed("v1", "v2", n_skipped=3))
        shadow._add(Shadowed("v1", "v3", n_skipped=4))
        with monkeypatch.context() as patched:
            patched.setattr(type(rollouts), "add", _refusing("v2", type(rollouts).add))
            with pytest.raises(WorkspaceError):
                shadow.flush("calls", rollouts)
        shadow._add(Shadowed("v1", "v2", n_skipped=5))
        shadow.flush("calls", rollouts)
        assert [(one.shadow, one.n_skipped) for one in rollouts.shadowed("calls")] == [("v2", 8), ("v3", 4)]

    def test_numbers_are_compared_by_their_distance(self) -> None:
        found = compared(
            "v1", "v2", [{"prediction": 1.0}, {"prediction": 2.0}], [{"prediction": 1.0}, {"prediction": 5.0}]
        )
        assert (found.n_other, found.difference, found.largest) == (1, 3.0, 3.0)
