"""Which version answers: the one that a request names, or those to which its rows fall; the same at every door."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from client import Client
from line.ship.asked import errors
from served_client import answering

from artificer.line.ask import read_brief
from artificer.line.ship.server.beside import drawn
from artificer.line.ship.server.log import Wanted
from artificer.line.ship.versions import Versions

SHARES = {"v2": 0.5}
ROWS = [{"id": place, "x": place / 50, "shop": "a"} for place in range(1, 51)]
FALLS = [drawn(row, ["id"], SHARES) or "v1" for row in ROWS]
PARQUET = "application/vnd.apache.parquet"


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Any]:
    with sharing(tmp_path) as found:
        yield found


@contextmanager
def sharing(tmp_path: Path, data: str = 'key = ["id"]') -> Iterator[Any]:
    """A server of which v1 answers half of the keys, and v2 the others."""
    client = Client(tmp_path).ask(data).ship().ship("v2", slope=-1.0).ship("v3", slope=2.0).serve()
    Versions(read_brief(client.brief), client.ledger, client.package("v1").parent, "ann").share(SHARES)
    with answering(client, Wanted(window_s=0.05)) as found:
        found.serving.follow()
        found.ledger = client.ledger
        yield found


def table(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(rows).write_parquet(file)
    return file.getvalue()


def tensors(rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {"id": "INT64", "x": "FP64", "shop": "BYTES"}
    return {
        "inputs": [
            {"name": name, "datatype": kind, "shape": [len(rows)], "data": [row[name] for row in rows]}
            for name, kind in kinds.items()
        ]
    }


class Doors:
    """Scores of rows from each door."""

    def __init__(self, http: Any, query: str = "", **headers: str) -> None:
        self.http, self.query, self.headers = http, query, headers

    def post(self, path: str, **sent: Any) -> Any:
        headers = self.headers | sent.pop("headers", {})
        return self.http.post(path + self.query, headers=headers, **sent)

    def json(self) -> list[float]:
        return [one["score"] for one in self.post("/predict", json={"rows": ROWS}).json()["predictions"]]

    def batch(self) -> list[float]:
        answer = self.post("/predict/batch", content=table(ROWS), headers={"content-type": PARQUET})
        found = pl.read_parquet(io.BytesIO(answer.content))
        assert found["id"].to_list() == [row["id"] for row in ROWS]
        return found["score"].to_list()

    def stream(self) -> list[float]:
        lines = self.post("/predict/stream", content="\n".join(map(json.dumps, ROWS))).text.splitlines()
        return [json.loads(line)["score"] for line in lines]

    def explain(self) -> list[float]:
        return [one["score"] for one in self.post("/explain", json={"rows": ROWS}).json()["explanations"]]

    def what_if(self) -> list[float]:
        asked = [{"row": row, "changes": [{"x": row["x"]}, {"x": 0.0}]} for row in ROWS]
        told = [self.post("/what-if", json=one).json() for one in asked]
        assert all(one["changed"][0]["score"] == one["prediction"]["score"] for one in told)
        assert all(one["changed"][1]["score"] == 0.5 for one in told)
        return [one["prediction"]["score"] for one in told]

    def v2(self) -> list[float]:
        outputs = self.post("/v2/models/calls/infer", json=tensors(ROWS)).json()["outputs"]
        found: list[float] = next(one["data"] for one in outputs if one["name"] == "score")
        return found

    def all(self) -> list[list[float]]:
        return [self.json(), self.batch(), self.stream(), self.explain(), self.what_if(), self.v2()]


def of(http: Any, version: str) -> list[float]:
    serving = http.serving
    model = serving.model if version == "v1" else serving._version(version)
    return [one["score"] for one in model.predictions(ROWS)]


def test_a_canary_has_its_share_at_every_door(http: Any) -> None:
    one, other = of(http, "v1"), of(http, "v2")
    assert {*FALLS} == {"v1", "v2"}
    expected = [other[place] if by == "v2" else one[place] for place, by in enumerate(FALLS)]
    for found in Doors(http).all():
        assert found == pytest.approx(expected)


def test_a_named_version_answers_alone_at_every_door(http: Any) -> None:
    for version in ("v1", "v2"):
        for doors in (Doors(http, f"?version={version}"), Doors(http, **{"X-Artificer-Version": version})):
            for found in doors.all():
                assert found == pytest.approx(of(http, version))
        path = f"/v2/models/calls/versions/{version}"
        told = http.post(f"{path}/infer", json=tensors(ROWS)).json()
        assert told["model_version"] == version
        assert next(one["data"] for one in told["outputs"] if one["name"] == "score") == pytest.approx(
            of(http, version)
        )
        assert http.get(path).json()["versions"] == ["v1", "v2"]
        assert http.post("/predict", json=ROWS[0], params={"version": version}).json()["version"] == version


def test_the_log_knows_which_version_answered_a_table(http: Any) -> None:
    Doors(http).batch()
    http.serving.log.flush(10)
    kept = [http.ledger.predictions.of(str(row["id"]))[0].version for row in ROWS]
    assert kept == FALLS


@pytest.mark.parametrize("first", ["v1", "v2"])
def test_a_table_has_the_served_versions_columns_whoever_answers_its_first_row(tmp_path: Path, first: str) -> None:
    client = Client(tmp_path).ask().ship(task="regression", spread=2.0).ship("v2", "regression").serve()
    Versions(read_brief(client.brief), client.ledger, client.package("v1").parent, "ann").share(SHARES)
    rows = sorted(ROWS, key=lambda row: (FALLS[ROWS.index(row)] != first, row["id"]))
    with answering(client, Wanted(window_s=0.05)) as http:
        http.serving.follow()
        answer = http.post("/predict/batch", content=table(rows), headers={"content-type": PARQUET})
    found = pl.read_parquet(io.BytesIO(answer.content))
    assert found["id"].to_list() == [row["id"] for row in rows]
    for name in ("low", "high"):  # the other version is of before intervals were told
        assert found[name].is_not_null().to_list() == [FALLS[row["id"] - 1] == "v1" for row in rows]


@pytest.mark.parametrize("name", ["v3", "v9"])
def test_a_version_that_does_not_answer_here_is_refused_and_those_that_do_are_named(http: Any, name: str) -> None:
    header = {"X-Artificer-Version": name}
    sent: dict[str, dict[str, Any]] = {
        "/predict": {"json": ROWS[0]},
        "/predict/batch": {"content": table(ROWS), "headers": {"content-type": PARQUET}},
        "/predict/stream": {"content": json.dumps(ROWS[0])},
        "/explain": {"json": ROWS[0]},
        "/what-if": {"json": {"row": ROWS[0], "changes": [{"x": 1}]}},
    }
    for path, one in sent.items():
        (said,) = errors(http.post(path, **{**one, "headers": one.get("headers", {}) | header}), 404)
        assert "'v1', 'v2'" in said["fix"]
    assert "'v1', 'v2'" in http.post(f"/v2/models/calls/versions/{name}/infer", json=tensors(ROWS)).text
    assert http.get(f"/v2/models/calls/versions/{name}").status_code == 404


def test_a_version_that_fails_is_stood_in_for_at_every_door_but_not_where_it_is_named(
    http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = http.serving.beside.answering("v2").scorer.predictor

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    for name in ("predict_full", "explain"):
        monkeypatch.setattr(type(predictor), name, _but(predictor, getattr(type(predictor), name), fail))
    for found in Doors(http).all():
        assert found == pytest.approx(of(http, "v1"))
    http.serving.follow()
    assert "'v2' failed on a request" in http.serving.troubles


def _but(failing: Any, works: Any, fail: Any) -> Any:
    return lambda self, *given: (fail if self is failing else works)(*((self, *given)))


def test_a_named_version_that_fails_is_our_fault_and_nobody_stands_in(
    http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = http.serving.beside.answering("v2")
    works = type(other).predictions
    monkeypatch.setattr(type(other), "predictions", lambda self, rows: 1 / 0 if self is other else works(self, rows))
    assert http.post("/predict?version=v2", json=ROWS[0]).status_code == 500
    assert http.post("/predict?version=v1", json=ROWS[0]).status_code == 200


def test_one_key_stays_with_one_version_where_the_brief_names_no_column_for_it(tmp_path: Path) -> None:
    with sharing(tmp_path, data="") as http:
        for key, n_versions in (("one", 1), (None, 2), ("", 2)):
            given = [row | {"key": key} for row in ROWS]
            told = http.post("/predict", json={"rows": given}).json()["predictions"]
            assert len({one["version"] for one in told}) == n_versions
            answer = http.post("/predict/batch", content=table(given), headers={"content-type": PARQUET})
            assert pl.read_parquet(io.BytesIO(answer.content))["version"].n_unique() == n_versions
