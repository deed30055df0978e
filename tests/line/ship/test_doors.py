"""The other doors: tables, streams, explanations, changes, the Open Inference Protocol, metrics, and their description."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from client import table
from line.ship.asked import ROW, asking, errors, serving_of
from starlette.requests import Request

from artificer.core.brief import Task
from artificer.line.ship.server import Limits, Serving
from artificer.line.ship.server.batches import ARROW, PARQUET
from artificer.line.ship.server.fields import Fields
from artificer.line.ship.server.streaming import _batches
from artificer_runtime.outcome import Residuals
from artificer_runtime.schema import Column

VALUE = "[decision.value]\nacted = -1\nsuccess = 'cost'\n"


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    return serving_of(tmp_path, "[decision]\nthreshold = 0.6\n")


@pytest.fixture
def client(serving: Serving) -> Iterator[Any]:
    with asking(serving) as found:
        yield found


def written(frame: pl.DataFrame, kind: str) -> bytes:
    target = io.BytesIO()
    frame.write_ipc_stream(target) if kind == ARROW else frame.write_parquet(target)
    return target.getvalue()


def read(content: bytes, kind: str) -> pl.DataFrame:
    if kind == ARROW:
        found = pl.from_arrow(pa.ipc.open_stream(content).read_all())
        assert isinstance(found, pl.DataFrame)
        return found
    return pl.read_parquet(io.BytesIO(content))


class TestTables:
    @pytest.mark.parametrize("kind", [ARROW, PARQUET])
    def test_a_table_is_answered_in_its_own_kind_row_by_row(self, client: Any, serving: Serving, kind: str) -> None:
        rows = table(20_000)
        answer = client.post("/predict/batch", content=written(rows, kind), headers={"content-type": kind})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == kind
        found = read(answer.content, kind)
        chances = serving.model.scorer.predictor.predict_proba(rows)
        assert found["id"].to_list() == rows["id"].to_list()
        assert np.array_equal(found["score"].to_numpy(), chances[:, 1])
        assert np.array_equal(found["probability_no"].to_numpy(), chances[:, 0])
        assert found["decision"].to_list() == np.where(chances[:, 1] >= 0.6, "act", "leave").tolist()
        assert set(found["version"].to_list()) == {serving.model.scorer.version}
        outside = (rows["x"].abs() > 3).to_list()
        assert [text == "outside" for text in found["flags"].to_list()] == outside

    def test_a_value_that_reads_columns_decides_too(self, tmp_path: Path) -> None:
        with asking(serving_of(tmp_path, VALUE)) as client:
            rows = table(50)
            answer = client.post("/predict/batch", content=written(rows, ARROW), headers={"content-type": ARROW})
            found = read(answer.content, ARROW)
            pays = rows["cost"].to_numpy() * found["score"].to_numpy() > 1
            assert found["decision"].to_list() == np.where(pays, "act", "leave").tolist()

    @pytest.mark.parametrize("task", ["multiclass", "regression"])
    def test_of_other_tasks_too(self, tmp_path: Path, task: Task) -> None:
        serving = serving_of(tmp_path, task=task)
        with asking(serving) as client:
            answer = client.post("/predict/batch", content=written(table(), PARQUET), headers={"content-type": PARQUET})
            expected = serving.model.scorer.predictor.predict(table()).tolist()
            assert read(answer.content, PARQUET)["prediction"].to_list() == expected

    def test_a_number_comes_with_the_ends_between_which_nine_in_ten_lie(self, tmp_path: Path) -> None:
        with asking(serving_of(tmp_path, task="regression", spread=2.0)) as client:
            for sent in (ROW, {"rows": [ROW, ROW]}):
                assert client.post("/predict", json=sent).json()["predictions"][0]["interval"] == [-1.5, 2.5]
            answer = client.post("/predict/batch", content=written(table(), ARROW), headers={"content-type": ARROW})
            found = read(answer.content, ARROW)
            for name, apart in (("low", -2.0), ("high", 2.0)):
                np.testing.assert_allclose(found[name], found["prediction"] + apart)
            assert '"interval":' in client.get("/openapi.json").text

    def test_what_is_no_table_is_refused(self, client: Any) -> None:
        good = written(table(), PARQUET)
        for content, kind, status in (
            (good, "text/csv", 415),
            (good, ARROW, 400),
            (good[:-20], PARQUET, 400),
            (b"", PARQUET, 400),
            (written(table().head(0), ARROW), ARROW, 422),
            (written(table().drop("shop"), PARQUET), PARQUET, 422),
            (written(table().with_columns(x=pl.lit("big")), PARQUET), PARQUET, 422),
        ):
            answer = client.post("/predict/batch", content=content, headers={"content-type": kind})
            assert errors(answer, status), (kind, status)

    def test_a_column_that_lacks_is_named(self, client: Any) -> None:
        content = written(table().drop("shop"), ARROW)
        (one,) = errors(client.post("/predict/batch", content=content, headers={"content-type": ARROW}), 422)
        assert one["field"] == "shop"

    @pytest.mark.parametrize("body", [[ROW, ROW], [], {"rows": ROW}])
    def test_rows_that_do_not_stand_in_a_list_of_rows_are_told_where_they_go(self, client: Any, body: Any) -> None:
        (one,) = errors(client.post("/predict", json=body), 422)
        assert 'send {"rows": [{…}' in one["fix"]

    @pytest.mark.parametrize("kind", [ARROW, PARQUET])
    def test_a_wrong_value_is_named_by_column_and_by_its_row_in_the_whole_table(self, client: Any, kind: str) -> None:
        x = pl.Series("x", ["1.5"] * 20_000).scatter(17_123, "big")
        answer = client.post(
            "/predict/batch", content=written(table(20_000).with_columns(x), kind), headers={"content-type": kind}
        )
        (one,) = errors(answer, 422)
        assert (one["field"], one["row"]) == ("x", 17_123)
        assert "row 17123 holds a text" in one["says"]

    def test_true_is_no_number_here_either(self, client: Any) -> None:
        rows = table().with_columns(x=pl.Series([None, None, *[True] * 18]))
        answer = client.post("/predict/batch", content=written(rows, ARROW), headers={"content-type": ARROW})
        (one,) = errors(answer, 422)
        (told,) = errors(client.post("/predict", json={"rows": [ROW, ROW, {**ROW, "x": True}]}), 422)
        assert one == told
        rows = table().with_columns(x=pl.Series([None] * 20, dtype=pl.Boolean))
        answer = client.post("/predict/batch", content=written(rows, ARROW), headers={"content-type": ARROW})
        assert answer.status_code == 200

    @pytest.mark.parametrize("name", ["x", "id", "unread"])
    def test_a_column_that_stands_there_twice_is_named(self, client: Any, name: str) -> None:
        rows = table().with_columns(unread=pl.lit(1)).to_arrow()
        rows = rows.append_column(name, pa.array([[1.0]] * rows.num_rows))
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        answer = client.post("/predict/batch", content=sink.getvalue(), headers={"content-type": ARROW})
        (one,) = errors(answer, 422)
        assert (one["field"], one["fix"]) == (name, "send it once")

    def test_a_small_file_of_many_rows_is_refused_before_they_are_made(self, client: Any) -> None:
        bomb = pl.select(x=pl.repeat(0.0, 3_000_000), shop=pl.repeat("a", 3_000_000))
        content = written(bomb, PARQUET)
        assert len(content) < 2**20
        answer = client.post("/predict/batch", content=content, headers={"content-type": PARQUET})
        assert "500,000" in errors(answer, 413)[0]["says"]


class TestKeys:
    """Of rows: told by the schema, and no input to the model."""

    def test_the_schema_tells_of_the_key_and_asks_for_none(self, client: Any) -> None:
        found = client.get("/schema").json()
        assert set(found["required"]) == {"x", "shop"}
        assert found["properties"]["id"]["description"] == "the row's key: no input to the model"
        paths = client.get("/openapi.json").json()["paths"]
        supposed = paths["/what-if"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        assert "id" in supposed["row"]["properties"]
        assert "id" not in supposed["changes"]["items"]["properties"]

    @pytest.mark.parametrize("key", [[1], {"a": 1}])
    @pytest.mark.parametrize("path", ["/predict", "/explain"])
    def test_a_key_that_feedback_would_refuse_is_refused(self, client: Any, key: Any, path: str) -> None:
        (one,) = errors(client.post(path, json={"rows": [{**ROW, "id": 1}, {**ROW, "id": key}]}), 422)
        assert (one["field"], one["row"]) == ("id", 1)
        assert "a key is a single value" in one["says"]


class TestStream:
    def ask(self, client: Any, lines: list[Any]) -> list[dict[str, Any]]:
        content = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
        answer = client.post("/predict/stream", content=content)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in answer.content.splitlines()]

    def test_each_line_is_answered_as_the_predictor_does(self, client: Any, serving: Serving) -> None:
        rows = [{**ROW, "x": place / 700, "id": place} for place in range(1_700)]
        found = self.ask(client, rows)
        assert [one["row"] for one in found] == list(range(1_700))
        assert [one["key"] for one in found] == [{"id": row["id"]} for row in rows]
        chances = serving.model.scorer.predictor.predict_proba(rows)[:, 1]
        assert [one["score"] for one in found] == chances.tolist()

    def test_a_wrong_line_is_told_and_the_others_go_on(self, client: Any) -> None:
        found = self.ask(client, [ROW, b"{", b"", {"x": "big", "shop": "a"}, ROW])
        assert [one["row"] for one in found] == [0, 1, 2, 3]
        assert ["errors" in one for one in found] == [False, True, True, False]
        assert found[2]["errors"][0]["field"] == "x"
        assert [one["errors"][0]["row"] for one in found[1:3]] == [1, 2]

    def test_a_line_that_is_no_text_is_told_and_the_others_go_on(self, client: Any) -> None:
        found = self.ask(client, [ROW, b'{"x": 1, "shop": "caf\xe9"}', ROW])
        assert ["errors" in one for one in found] == [False, True, False]
        assert "no text in UTF-8" in found[1]["errors"][0]["says"]
        assert found[1]["errors"][0]["row"] == 1

    def test_a_line_without_end_ends_the_stream(self, tmp_path: Path) -> None:
        with asking(serving_of(tmp_path, limits=Limits(max_mb=0.1))) as client:
            found = self.ask(client, [ROW, b'{"x": "' + b"1" * 200_000])
            assert "0.1 MiB" in found[-1]["errors"][0]["says"]

    def test_lines_are_the_same_however_they_are_cut(self, serving: Serving) -> None:
        content = b'\n\n{"x": 1}\r\n{"x": 2}\n\n{"x": 3}'
        for size in range(1, len(content) + 1):
            lines = read_in_parts([content[at : at + size] for at in range(0, len(content), size)])
            assert [json.loads(line)["x"] for line in lines] == [1, 2, 3]

    def test_a_long_line_in_small_parts_is_read_once(self) -> None:
        class Part(bytes):
            """Counts what is copied behind others."""

            n_copied = 0

            def __radd__(self, other: bytes) -> bytes:
                Part.n_copied += len(other)
                return bytes(other) + bytes(self)

        assert read_in_parts([Part(b"x" * 100) for _ in range(2_000)]) == [b"x" * 200_000]
        assert Part.n_copied == 0

    def test_nothing_is_answered_with_nothing(self, client: Any) -> None:
        assert self.ask(client, []) == []


def read_in_parts(parts: list[bytes]) -> list[bytes]:
    """The lines of a stream that comes in such parts."""
    messages = [{"type": "http.request", "body": one, "more_body": True} for one in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return messages.pop(0)

    async def lines() -> list[bytes]:
        request = Request({"type": "http", "headers": []}, receive)
        return [line async for some in _batches(request) for line in some]

    return asyncio.run(lines())


class TestWhy:
    @pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
    def test_contributions_add_up_to_the_prediction(self, tmp_path: Path, task: Task) -> None:
        serving = serving_of(tmp_path, task=task)
        with asking(serving) as client:
            answer = client.post("/explain", json={"rows": [ROW, {**ROW, "x": -2}]})
        assert answer.status_code == 200, answer.text
        expected = serving.model.scorer.predictor.explain([ROW, {**ROW, "x": -2}])
        for place, one in enumerate(answer.json()["explanations"]):
            for index, output in enumerate(one["outputs"].values()):
                assert output["total"] == pytest.approx(output["base"] + sum(output["contributions"].values()))
                assert output["total"] == expected.totals[place, index]
            if task == "binary":
                score = 1 / (1 + np.exp(-one["outputs"]["yes"]["total"]))
                assert one["score"] == pytest.approx(score)

    def test_too_many_rows_and_wrong_ones_are_refused(self, client: Any) -> None:
        errors(client.post("/explain", json={"rows": [ROW] * 101}), 413)
        assert errors(client.post("/explain", json={"x": "big", "shop": "a"}), 422)[0]["field"] == "x"

    def test_changes_are_predicted_as_rows_that_hold_them(self, client: Any, serving: Serving) -> None:
        changes = [{"x": -1.0}, {"shop": "b"}, {"x": 2, "shop": None}]
        found = client.post("/what-if", json={"row": ROW, "changes": changes}).json()
        expected = serving.model.scorer.predictor.predict_proba([ROW, *({**ROW, **one} for one in changes)])[:, 1]
        assert [found["prediction"]["score"], *(one["score"] for one in found["changed"])] == expected.tolist()
        assert [one["changes"] for one in found["changed"]] == changes

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({}, 422),
            ([], 422),
            ({"row": ROW, "changes": []}, 422),
            ({"row": ROW, "changes": [1]}, 422),
            ({"row": ROW, "changes": [{"cost": 1}]}, 422),
            ({"row": {"x": 1}, "changes": [{"x": 2}]}, 422),
            ({"row": ROW, "changes": [{"x": 2}] * 1_001}, 413),
        ],
    )
    def test_what_is_no_change_is_refused(self, client: Any, asked: Any, status: int) -> None:
        assert errors(client.post("/what-if", json=asked), status)


class TestInferenceProtocol:
    def tensors(self, **columns: Any) -> dict[str, Any]:
        kinds = {"x": "FP64", "shop": "BYTES"}
        return {
            "inputs": [
                {"name": name, "datatype": kinds[name], "shape": [len(values)], "data": values}
                for name, values in columns.items()
            ]
        }

    def test_tensors_are_answered_as_rows_are(self, client: Any, serving: Serving) -> None:
        asked = self.tensors(x=[0.5, -1, None], shop=["a", "b", "mauve"]) | {"id": "q1"}
        found = client.post("/v2/models/calls/infer", json=asked).json()
        assert (found["model_name"], found["id"]) == ("calls", "q1")
        outputs = {one["name"]: one for one in found["outputs"]}
        rows = [{"x": 0.5, "shop": "a"}, {"x": -1, "shop": "b"}, {"x": None, "shop": "mauve"}]
        chances = serving.model.scorer.predictor.predict_proba(rows)
        assert outputs["probabilities"]["shape"] == [3, 2]
        assert outputs["probabilities"]["data"] == chances.ravel().tolist()
        assert outputs["probabilities"]["parameters"] == {"classes": ["no", "yes"]}
        assert outputs["flags"]["data"] == ["", "", "unseen"]
        assert outputs["prediction"]["datatype"] == "BYTES"

    @pytest.mark.parametrize(("spread", "few", "there"), [(2.0, False, True), (0.0, False, False), (2.0, True, False)])
    def test_numbers_come_with_their_interval_where_it_has_both_ends(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spread: float, few: bool, there: bool
    ) -> None:
        if few:
            monkeypatch.setattr(Residuals, "interval", lambda self, at, level: np.array([[-np.inf, np.inf]] * len(at)))
        with asking(serving_of(tmp_path, task="regression", spread=spread)) as client:
            sent = self.tensors(x=[0.5, -1], shop=["a", "b"])
            outputs = {one["name"]: one for one in client.post("/v2/models/calls/infer", json=sent).json()["outputs"]}
            described = {one["name"]: one["shape"] for one in client.get("/v2/models/calls").json()["outputs"]}
        assert {*outputs} == {*described}
        assert ("interval" in outputs) == there
        if there:
            assert outputs["interval"]["shape"] == [2, 2]
            assert outputs["interval"]["data"] == [-1.5, 2.5, -3.0, 1.0]
            assert described["interval"] == [-1, 2]

    def test_only_what_is_asked_for_is_told(self, client: Any) -> None:
        asked = self.tensors(x=[0.5], shop=["a"]) | {"outputs": [{"name": "score"}]}
        found = client.post(f"/v2/models/calls/versions/{self.version(client)}/infer", json=asked).json()
        assert [one["name"] for one in found["outputs"]] == ["score"]

    def version(self, client: Any) -> str:
        found: str = client.get("/version").json()["version"]
        return found

    def test_server_health_and_model_describe_themselves(self, client: Any) -> None:
        assert client.get("/v2").json()["extensions"] == []
        assert client.get("/v2/health/live").json() == {"live": True}
        assert client.get("/v2/health/ready").json() == {"ready": True}
        model = client.get("/v2/models/calls").json()
        assert {one["name"]: one["datatype"] for one in model["inputs"]} == {"x": "FP64", "shop": "BYTES"}
        assert model["outputs"][1] == {"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]}
        assert client.get("/v2/models/calls/ready").json() == {"ready": True}

    @pytest.mark.parametrize(
        "broken",
        [
            {"inputs": []},
            {"inputs": [1]},
            {"inputs": [{"name": "x", "datatype": "FP64", "shape": [2], "data": [1.0]}]},
            {"inputs": [{"name": "x", "datatype": "ODD", "shape": [1], "data": [1.0]}]},
            {"inputs": [{"name": "x", "datatype": "FP64", "shape": [1], "data": [1.0]}] * 2},
            [],
        ],
    )
    def test_broken_tensors_are_refused_in_one_text(self, client: Any, broken: Any) -> None:
        answer = client.post("/v2/models/calls/infer", json=broken)
        assert errors(answer, 400)
        assert answer.json()["error"]

    def test_wrong_values_other_models_and_outputs_are_refused(self, client: Any) -> None:
        answer = client.post("/v2/models/calls/infer", json=self.tensors(x=["big"], shop=["a"]))
        assert answer.json()["error"].startswith("x: a number is needed")
        assert client.post("/v2/models/other/infer", json={}).status_code == 404
        assert client.get("/v2/models/calls/versions/9").status_code == 404
        asked = self.tensors(x=[0.5], shop=["a"]) | {"outputs": [{"name": "odd"}]}
        assert client.post("/v2/models/calls/infer", json=asked).status_code == 400

    def test_a_number_is_told_as_one(self, tmp_path: Path) -> None:
        with asking(serving_of(tmp_path, task="regression")) as client:
            found = client.post("/v2/models/calls/infer", json=self.tensors(x=[1], shop=["a"])).json()
            assert found["outputs"][0] == {"name": "prediction", "datatype": "FP64", "shape": [1], "data": [1.0]}


class TestNotes:
    def test_a_flag_is_explained_by_field_range_and_nearest_level(self) -> None:
        columns = (
            Column("age", "number", low=18.0, high=95.0),
            Column("job", "category", ("admin.", "blue-collar")),
            Column("at", "time", low=0.0, high=86_400.0),
        )
        rows = [
            {"age": 17, "job": "admin", "at": "1969-12-31"},
            {"age": 30, "job": "admin.", "at": "2026-01-01"},
            {"age": 99, "job": "", "at": None},
        ]
        notes = Fields(columns).notes(rows, [{"flags": ["outside"]}] * 3)
        assert [(one["field"], one["row"]) for one in notes] == [("age", 0), ("job", 0), ("at", 0), ("age", 2)]
        assert "from 18 to 95" in notes[0]["says"]
        assert "did you mean: 'admin.'" in notes[1]["says"]
        assert "from 1970-01-01" in notes[2]["says"]

    def test_a_number_in_place_of_a_level_is_explained_too(self, client: Any) -> None:
        found = client.post("/predict", json={"x": 0.5, "shop": 5}).json()
        assert found["predictions"][0]["flags"] == ["unseen"]
        assert [(one["field"], one["says"]) for one in found["notes"]] == [("shop", "training never saw this value")]
        columns = (Column("size", "category", ("5", "7")), Column("paid", "boolean", ("false", "true")))
        known = [{"size": 5, "paid": True}, {"size": 5.0, "paid": False}]
        assert Fields(columns).notes(known, [{"flags": ["unseen"]}] * 2) == []

    def test_no_more_than_ten_are_told(self) -> None:
        rows = [{"age": 17}] * 20
        found = Fields((Column("age", "number", low=18.0, high=95.0),)).notes(rows, [{"flags": ["outside"]}] * 20)
        assert len(found) == 10

    def test_an_answer_without_flags_has_no_notes(self, client: Any) -> None:
        assert "notes" not in client.post("/predict", json=ROW).json()
        found = client.post("/predict", json={"x": 9, "shop": "mauve"}).json()
        assert [one["field"] for one in found["notes"]] == ["x", "shop"]

    def test_an_error_says_what_training_held(self, client: Any) -> None:
        assert "in training from -3 to 3" in errors(client.post("/predict", json={**ROW, "x": "big"}), 422)[0]["fix"]
        assert "'a', 'b'" in errors(client.post("/predict", json={"x": 1}), 422)[0]["fix"]


class TestMetrics:
    def test_requests_rows_flags_and_the_version_are_counted(self, client: Any, serving: Serving) -> None:
        client.post("/predict", json=ROW)
        client.post("/predict", json={"rows": [ROW, {"x": 9, "shop": "mauve"}]})
        client.post("/predict", json={})
        client.get("/nothing")
        client.get("/v2/models/calls")
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        found = answer.text
        assert 'artificer_requests_total{method="POST",door="/predict",status="200"} 2' in found
        assert 'artificer_requests_total{method="POST",door="/predict",status="422"} 1' in found
        assert 'artificer_requests_total{method="",door="",status="404"} 1' in found
        assert 'door="/v2/models/{name}",status="200"} 1' in found
        assert "artificer_rows_total 3" in found
        assert 'artificer_flags_total{flag="unseen"} 1' in found
        assert 'artificer_request_seconds_count{method="POST",door="/predict"} 3' in found
        assert f'version="{serving.model.scorer.version}"' in found
        assert "artificer_in_flight 1" in found

    def test_the_text_is_in_the_form_that_prometheus_reads(self, client: Any) -> None:
        client.post("/predict", json=ROW)
        sample = re.compile(r'[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+]+')
        seen: set[str] = set()
        for line in client.get("/metrics").text.splitlines():
            if line.startswith("# TYPE"):
                name = line.split()[2]
                assert name not in seen
                seen.add(name)
            elif not line.startswith("#"):
                assert sample.fullmatch(line), line

    def test_buckets_rise_to_the_count(self, client: Any) -> None:
        client.post("/predict", json=ROW)
        found = re.findall(r'_bucket\{method="POST",door="/predict",le="([^"]+)"\} (\d+)', client.get("/metrics").text)
        counts = [int(count) for _, count in found]
        assert counts == sorted(counts)
        assert found[-1] == ("+Inf", "1")


class TestDescription:
    @pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
    def test_the_document_holds_together(self, tmp_path: Path, task: Task) -> None:
        with asking(serving_of(tmp_path, task=task)) as client:
            document = client.get("/openapi.json").json()
            assert document["openapi"] == "3.1.0"
            names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
            assert len(names) == len(set(names))
            text = json.dumps(document)
            for reference in re.findall(r'"#/components/schemas/(\w+)"', text):
                assert reference in document["components"]["schemas"]
            for path, methods in document["paths"].items():
                for operation in methods.values():
                    asked = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
                    assert asked == set(re.findall(r"{(\w+)}", path))
                    assert all(one["description"] for one in operation["responses"].values())
                    assert {"429", "500", "503"} <= set(operation["responses"])

    def test_its_examples_are_answered(self, client: Any) -> None:
        document = client.get("/openapi.json").json()
        n_tried = 0
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                    if "example" in content:
                        place = path.replace("{name}", "calls").replace(
                            "{version}", client.get("/version").json()["version"]
                        )
                        body = json.dumps(content["example"])
                        answer = client.request(method, place, content=body, headers={"content-type": kind})
                        assert answer.status_code == 200, (path, answer.text)
                        n_tried += 1
        assert n_tried >= 4
