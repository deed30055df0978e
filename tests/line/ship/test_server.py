"""A package over HTTP: the predictor's own answers, an error for each wrong field, and no request lost."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from command import TRACEBACK, refused
from watch.shop import feed, shop

import artificer
import artificer_runtime
from artificer import watch
from artificer.core.errors import ArtificerError
from artificer.core.ledger import Ledger

pytestmark = pytest.mark.slow

ROW = {"size": 0.25, "colour": "red", "at": "2025-07-01T08:00:00"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client's folder with a first version."""
    brief = shop(tmp_path_factory.mktemp("shop"))
    artificer.run(brief)
    return brief.parent


def package_of(folder: Path) -> Path:
    served = Ledger(folder / "artificer-work" / "ledger.db").served("orders")
    assert served is not None
    return folder / "artificer-work" / "packages" / served.version


@pytest.fixture(scope="module")
def client(trained: Path) -> Iterator[Any]:
    from starlette.testclient import TestClient

    from artificer.line.ship.server import Serving
    from artificer.line.ship.server.app import application

    with TestClient(application(Serving.of(package_of(trained)))) as found:
        yield found


@pytest.fixture(scope="module")
def predictor(trained: Path) -> Any:
    return artificer_runtime.load(package_of(trained))


class TestPredict:
    def test_one_row_is_answered_as_the_predictor_does_to_the_bit(self, client: Any, predictor: Any) -> None:
        found = client.post("/predict", json=ROW)
        assert found.status_code == 200
        (answer,) = found.json()["predictions"]
        chances = predictor.predict_proba(ROW)[0]
        assert answer["prediction"] == predictor.predict(ROW)[0]
        assert answer["probabilities"] == dict(zip(["no", "yes"], chances.tolist(), strict=True))
        assert answer["score"] == chances[1]
        assert answer["decision"] == ("act" if chances[1] >= 0.5 else "leave")
        assert answer["flags"] == []
        assert found.json()["model_hash"] == predictor.model_hash

    def test_many_rows_keep_their_order_and_keys(self, client: Any, predictor: Any) -> None:
        rows = [{**ROW, "size": place / 100 - 3, "id": f"o{place}"} for place in range(600)]
        found = client.post("/predict", json={"rows": rows}).json()
        assert [one["key"]["id"] for one in found["predictions"]] == [row["id"] for row in rows]
        assert [one["score"] for one in found["predictions"]] == predictor.predict_proba(rows)[:, 1].tolist()

    def test_what_training_never_saw_is_answered_and_flagged(self, client: Any) -> None:
        (answer,) = client.post("/predict", json={**ROW, "size": 99, "colour": "mauve"}).json()["predictions"]
        assert answer["flags"] == ["unseen", "outside"]

    def test_missing_values_are_null(self, client: Any, predictor: Any) -> None:
        row = dict.fromkeys(ROW)
        (answer,) = client.post("/predict", json=row).json()["predictions"]
        assert answer["score"] == predictor.predict_proba(row)[0, 1]

    def test_fields_that_nobody_reads_are_named(self, client: Any) -> None:
        assert client.post("/predict", json={**ROW, "shoe": 42}).json()["ignored"] == ["shoe"]


class TestWrongRequests:
    def errors(self, client: Any, body: Any, status: int = 422) -> list[dict[str, Any]]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        found = client.post("/predict", content=content)
        assert found.status_code == status, found.text
        return found.json()["errors"]

    def test_every_wrong_field_of_every_row_is_told_at_once(self, client: Any) -> None:
        wrong = {"sise": 1, "colour": ["red"], "at": "yesterday"}
        found = self.errors(client, {"rows": [ROW, wrong]})
        assert {(one["row"], one["field"]) for one in found} == {(1, "size"), (1, "colour"), (1, "at")}
        assert any("'sise'" in one["says"] for one in found)
        assert all(one["fix"] for one in found)

    @pytest.mark.parametrize("size", ["big", True, [1], {"a": 1}, "1e999"])
    def test_what_is_no_number_is_refused(self, client: Any, size: Any) -> None:
        (one,) = self.errors(client, {**ROW, "size": size})
        assert one["field"] == "size"

    @pytest.mark.parametrize("token", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
    def test_numbers_that_are_none_are_refused_by_field(self, client: Any, token: bytes) -> None:
        body = json.dumps(ROW).encode().replace(b"0.25", token)
        (one,) = self.errors(client, body)
        assert one["field"] == "size"

    @pytest.mark.parametrize("body", [b"", b"size=1", b"{", b"\xff\xfe", b"[" * 100_000])
    def test_what_is_no_json_is_told(self, client: Any, body: bytes) -> None:
        assert "no JSON" in self.errors(client, body, 400)[0]["says"]

    @pytest.mark.parametrize("body", [1, "row", None, [ROW], {"rows": []}, {"rows": [1]}])
    def test_json_that_is_no_row_is_told(self, client: Any, body: Any) -> None:
        assert self.errors(client, body)

    def test_too_many_rows_and_too_large_a_body_are_refused(self, client: Any) -> None:
        assert "10,001 rows" in self.errors(client, {"rows": [ROW] * 10_001}, 413)[0]["says"]
        assert "16 MiB" in self.errors(client, b'"' + b"x" * (17 * 2**20) + b'"', 413)[0]["says"]

    def test_other_routes_and_methods_answer_in_the_same_form(self, client: Any) -> None:
        assert client.get("/predict").status_code == 405
        assert client.get("/nothing").status_code == 404
        assert client.get("/nothing").json()["errors"][0]["says"]
        assert client.get("/docs").status_code == 404


class TestWhatItSaysOfItself:
    def test_the_schema_is_the_packages(self, client: Any) -> None:
        found = client.get("/schema").json()
        assert set(found["required"]) == {"size", "colour", "at"}
        assert set(found["properties"]["colour"]["examples"]) == {"blue", "green", "red"}
        assert "in training from" in found["properties"]["size"]["description"]

    def test_the_openapi_document_describes_the_request(self, client: Any) -> None:
        found = client.get("/openapi.json").json()
        body = found["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert body["anyOf"][0]["properties"]["size"]["type"] == ["number", "null"]
        assert {"400", "413", "422"} <= set(found["paths"]["/predict"]["post"]["responses"])

    def test_health_readiness_and_version(self, client: Any, predictor: Any) -> None:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json()["status"] == "ready"
        assert client.get("/version").json()["model_hash"] == predictor.model_hash


@contextmanager
def running(subject: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "artificer", "serve", str(subject), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), (line, process.stderr.read() if process.stderr else "")
        yield process, line.split()[0]
    finally:
        process.kill()
        process.communicate(timeout=30)


class TestProcess:
    def test_it_answers_and_ends_when_told_to(self, trained: Path, predictor: Any) -> None:
        with running(package_of(trained)) as (process, address):
            found = httpx.post(f"{address}/predict", json=ROW, timeout=30).json()
            assert found["predictions"][0]["score"] == predictor.predict_proba(ROW)[0, 1]
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert TRACEBACK not in said

    def test_a_promoted_version_takes_over_without_a_request_lost(self, trained: Path, tmp_path: Path) -> None:
        folder = tmp_path / "moved"
        shutil.copytree(trained, folder)
        first = package_of(folder).name
        failed: list[Any] = []
        seen: set[str] = set()
        stop = threading.Event()

        def ask(address: str) -> None:
            with httpx.Client(timeout=30) as one:
                while not stop.is_set():
                    answer = one.post(f"{address}/predict", json=ROW)
                    if answer.status_code == 200:
                        seen.add(answer.json()["version"])
                    else:
                        failed.append(answer.text)

        with running(folder / "brief.toml") as (_, address):
            asking = [threading.Thread(target=ask, args=(address,)) for _ in range(4)]
            for one in asking:
                one.start()
            feed(folder / "brief.toml", 1, slope=-2.0)
            second = watch.once(folder / "brief.toml").served.version
            deadline = time.monotonic() + 60
            while second not in seen and time.monotonic() < deadline:
                time.sleep(0.05)
            stop.set()
            for one in asking:
                one.join()
        assert failed == []
        assert seen == {first, second}

    def test_a_promoted_version_that_is_damaged_leaves_the_old_one_serving(self, trained: Path, tmp_path: Path) -> None:
        from artificer.line.ship.server import Serving

        folder = tmp_path / "damaged"
        shutil.copytree(trained, folder)
        serving = Serving.of(folder / "brief.toml")
        old = serving.model.scorer.version
        ledger = Ledger(folder / "artificer-work" / "ledger.db")
        ledger.serve("orders", "absent", seen=1, action="promote", because="a test")
        serving._looked -= 10
        assert not serving.refresh()
        assert "absent" in serving.trouble
        assert serving.model.scorer.version == old

    def test_a_port_that_is_taken_is_told(self, trained: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            refused("serve", package_of(trained), "--port", port, names=f"port {port}")

    def test_a_damaged_package_and_no_package_are_refused(self, trained: Path, tmp_path: Path) -> None:
        damaged = tmp_path / "package"
        shutil.copytree(package_of(trained), damaged)
        (damaged / "schema.json").write_text("{}")
        refused("serve", damaged, names="schema.json")
        refused("serve", tmp_path / "nothing", names="nothing")
        (tmp_path / "new.csv").write_text("x,shop\n1,a\n")
        refused("serve", tmp_path / "new.csv", names="is data, and a brief is needed here; `artificer ask")

    def test_without_the_libraries_it_says_what_to_install(
        self, trained: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "uvicorn", None)
        with pytest.raises(ArtificerError, match="extra 'serve'"):
            artificer.serve(package_of(trained))
