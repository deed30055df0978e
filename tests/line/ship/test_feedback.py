"""Labels over HTTP: checked, kept before they are acknowledged, the same again harmless, and seen by whoever watches."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2 as httpx
import polars as pl
import pytest
from client import Client
from hypothesis import given as given_hypothesis
from hypothesis import strategies as st
from served_client import ROW, answering, given, server
from starlette.testclient import TestClient

import artificer_runtime
from artificer.data.readers import read
from artificer.line.ask import begin
from artificer.line.ship.server import Serving
from artificer.line.ship.server.app import application
from artificer.line.ship.server.feedback import _could_be_class
from artificer.line.track.meeting import meet
from artificer.watch import scene
from artificer_runtime.schema import canonical_text


@pytest.fixture
def http(client: Client) -> Iterator[Any]:
    with answering(client) as found:
        yield found


class TestLabels:
    def test_they_are_new_changed_or_the_same(self, http: Any, client: Client) -> None:
        one = http.post("/feedback", json={"key": 7, "label": "yes"})
        assert one.json() == {"new": 1, "changed": 0, "same": 0, "unknown": 0}
        told = given(http, {"key": "7", "label": "yes"}, {"key": {"id": 8}, "label": "no"})
        assert told == {"new": 1, "changed": 0, "same": 1, "unknown": 0}
        assert given(http, {"key": 7, "label": "no"})["changed"] == 1
        assert [client.ledger.labels.of("calls", key) for key in "789"] == ["no", "no", None]

    def test_a_prediction_may_be_named_by_its_id_at_once(self, http: Any, client: Client) -> None:
        (answer,) = http.post("/predict", json=ROW).json()["predictions"]
        id = answer["prediction_id"]
        told = given(http, {"prediction_id": id, "label": "yes"}, {"prediction_id": id[:-1] + "9", "label": "no"})
        assert told == {"new": 1, "changed": 0, "same": 0, "unknown": 1, "unknown_rows": [1]}
        assert client.ledger.labels.of("calls", "7") == "yes"

    def test_one_that_has_no_key_is_labelled_under_its_id(self, tmp_path: Path) -> None:
        client = Client(tmp_path).ask(data="").ship().serve()
        with answering(client) as http:
            found = http.post("/predict", json={"rows": [ROW, {**ROW, "key": "k1"}]}).json()
            bare, keyed = (one["prediction_id"] for one in found["predictions"])
            assert found["ignored"] == ["id"]
            given(http, {"prediction_id": bare, "label": "yes"}, {"prediction_id": keyed, "label": "no"})
        assert client.ledger.labels.all("calls") == {bare: "yes", "k1": "no"}
        (told,) = client.ledger.predictions.of(bare)
        assert (told.key, told.scoring) == (bare, bare)

    def test_the_moment_that_came_with_one_is_kept(self, http: Any, client: Client) -> None:
        given(http, {"key": 7, "label": "yes", "at": "2026-01-31T08:00:00+02:00"})
        ((at,),) = client.ledger._database.read("select at from labels")
        assert at == "2026-01-31T06:00:00.000+00:00"

    def test_numbers_are_labels_of_a_regression(self, tmp_path: Path) -> None:
        client = Client(tmp_path).ask().ship(task="regression").serve()
        with answering(client) as http:
            given(http, {"key": 1, "label": 12.5})
            for wrong in ("12.5", True, None, [1]):
                assert "no finite number" in given(http, {"key": 1, "label": wrong}, status=422)["errors"][0]["says"]
        assert client.ledger.labels.of("calls", "1") == "12.5"


class TestAClassThatAppearedAfterTraining:
    @pytest.fixture
    def several(self, tmp_path: Path) -> Client:
        return Client(tmp_path).ask().ship(task="multiclass").serve()

    def test_is_kept_and_told(self, several: Client) -> None:
        with answering(several) as http:
            told = given(http, {"key": 1, "label": "red"}, {"key": 2, "label": " amber "}, {"key": 3, "label": "amber"})
            assert told == {"new": 3, "changed": 0, "same": 0, "unknown": 0, "new_class": 2, "new_class_rows": [1, 2]}
            assert given(http, {"key": 3, "label": "red"}) == {"new": 0, "changed": 1, "same": 0, "unknown": 0}
        assert several.ledger.labels.all("calls") == {"1": "red", "2": "amber", "3": "red"}

    def test_reaches_whoever_watches(self, several: Client) -> None:
        with answering(several) as http:
            given(http, {"key": 1, "label": "amber"}, {"key": 2, "label": "blue"})
        frame = pl.DataFrame({"id": [1, 2, 3], "x": [0.1, 0.2, 0.3], "shop": ["a"] * 3})
        brief = begin(several.brief).brief
        predictor = artificer_runtime.load(several.package("v1"))
        champion: Any = SimpleNamespace(predictor=predictor, positive=-1)
        found = scene._with_feedback(read(frame), brief, several.ledger, champion)
        rows = meet(found.frame, brief, champion)
        assert rows.places.tolist() == [1]
        (told,) = rows.findings
        assert (told.code, told.facts[0].value) == ("new_class", 1.0)
        assert "amber" in told.says

    @pytest.mark.parametrize("label", ["", " ", None, 7, True, ["red"], {"a": 1}, "a\0b", "k" * 2_000])
    def test_what_can_be_no_class_is_refused(self, several: Client, label: Any) -> None:
        with answering(several) as http:
            (error,) = given(http, {"key": 1, "label": label}, status=422)["errors"]
        assert "none of the classes" in error["says"]
        assert several.ledger.labels.all("calls") == {}

    @given_hypothesis(st.integers(-(10**12), 10**12), st.floats(allow_nan=True), st.text(max_size=8))
    def test_of_whole_numbers_is_a_whole_number(self, whole: int, number: float, text: str) -> None:
        assert _could_be_class(whole, "integer")
        assert _could_be_class(str(whole), "integer")
        for label in (number, text):
            kept = pl.Series([canonical_text(label)]).cast(pl.Int64, strict=False).null_count() == 0
            assert kept or not _could_be_class(label, "integer")
        assert not _could_be_class(True, "integer")


class TestWrongLabels:
    @pytest.mark.parametrize(
        ("label", "field", "says"),
        [
            ({"key": 1, "label": "yess"}, "label", "closest class: 'yes'"),
            ({"key": 1, "label": 7}, "label", "none of the classes"),
            ({"key": 1}, "label", "absent"),
            ({"label": "yes"}, "key", "absent"),
            ({"key": [1], "label": "yes"}, "key", "single values"),
            ({"key": {"ID": 1}, "label": "yes"}, "key", "lacks 'id'"),
            ({"key": "", "label": "yes"}, "key", "empty"),
            ({"key": "a\0b", "label": "yes"}, "key", "characters"),
            ({"key": "k" * 2000, "label": "yes"}, "key", "longer"),
            ({"key": 1, "label": "yes", "when": "x"}, "when", "not known"),
            ({"key": 1, "label": "yes", "at": "yesterday"}, "at", "ISO"),
            ({"prediction_id": 7, "label": "yes"}, "prediction_id", "text"),
            ("yes", "", "an object"),
        ],
    )
    def test_each_wrong_field_is_named_and_nothing_is_kept(
        self, http: Any, client: Client, label: Any, field: str, says: str
    ) -> None:
        (error,) = given(http, {"key": 2, "label": "no"}, label, status=422)["errors"]
        assert (error["field"], error["row"]) == (field, 1)
        assert says in error["says"]
        assert error["fix"]
        assert client.ledger.labels.all("calls") == {}

    def test_a_lone_half_of_a_character_is_refused(self, http: Any) -> None:
        answer = http.post("/feedback", content=b'{"key": "\\ud800", "label": "yes"}')
        assert answer.status_code in (400, 422)

    def test_none_and_too_many(self, http: Any) -> None:
        assert "no label" in given(http, status=422)["errors"][0]["says"]
        assert "10,001" in given(http, *[{"key": 1, "label": "yes"}] * 10_001, status=413)["errors"][0]["says"]

    def test_a_package_in_no_workspace_keeps_none(self, client: Client, tmp_path: Path) -> None:
        import shutil

        alone = tmp_path / "alone"
        shutil.copytree(client.package("v1"), alone)
        with TestClient(application(Serving.of(alone))) as http:
            assert http.post("/feedback", json={"key": 1, "label": "yes"}).status_code == 409
            (answer,) = http.post("/predict", json=ROW).json()["predictions"]
            assert "prediction_id" not in answer


class TestTheWatcher:
    def test_a_row_without_a_label_takes_the_one_that_came_over_http(self, http: Any, client: Client) -> None:
        given(http, {"key": 1, "label": "yes"}, {"key": 2, "label": "no"})
        frame = pl.DataFrame({"id": [1, 2, 3], "x": [0.1, 0.2, 0.3], "shop": ["a"] * 3})
        brief = begin(client.brief).brief
        champion = SimpleNamespace(predictor=artificer_runtime.load(client.package("v1")))
        found = scene._with_feedback(read(frame), brief, client.ledger, champion)
        assert found.frame["won"].to_list() == ["yes", "no", None]
        own = frame.with_columns(won=pl.Series(["no", "?", None]))
        found = scene._with_feedback(read(own), brief, client.ledger, champion)
        assert found.frame["won"].to_list() == ["no", "no", None]  # what stands in the row itself goes before
        strangers = frame.with_columns(id=pl.Series([4, 5, 6]))
        assert "won" not in scene._with_feedback(read(strangers), brief, client.ledger, champion).frame.columns


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite", "postgres"])
def test_no_acknowledged_label_is_lost_when_the_server_is_killed(
    client: Client, place: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "postgres":
        monkeypatch.setenv("ARTIFICER_LEDGER_URL", request.getfixturevalue("postgres"))
        client.serve()
    moments, acknowledged = random.Random(1), set()
    for kill in range(3):
        with server(client.brief) as (process, address):
            stop = threading.Timer(moments.uniform(0.05, 0.4), lambda: process.send_signal(signal.SIGKILL))
            stop.start()
            acknowledged |= set(told_until_killed(address, f"{place}{kill}"))
            stop.join()
    assert acknowledged
    assert acknowledged <= set(client.ledger.labels.all("calls"))


def told_until_killed(address: str, prefix: str) -> Iterator[str]:
    """Send labels, one after another, and give the keys of those that were acknowledged."""
    with httpx.Client(timeout=20) as http:
        for number in range(10_000):
            try:
                answer = http.post(f"{address}/feedback", json={"key": f"{prefix}-{number}", "label": "yes"})
            except httpx.HTTPError:
                return
            assert answer.status_code == 200, answer.text
            yield f"{prefix}-{number}"
