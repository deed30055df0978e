"""What clients are held to: sizes, times, rates, and so many at once; and how faults of our own are told."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from line.ship.asked import ROW, asking, errors, serving_of
from starlette.requests import Request
from starlette.responses import Response

from artificer.core.access import Access, made, written
from artificer.core.errors import ArtificerError
from artificer.line.ship.server import Limits, Serving, limits
from artificer.line.ship.server import app as module
from artificer.line.ship.server.access import Gate
from artificer.line.ship.server.app import Application, application
from artificer.line.ship.server.doors import JSON, Door, body
from artificer.line.ship.server.limits import MOST_KNOWN, Rates
from artificer.line.ship.server.memory import hold_memory
from artificer.line.ship.server.streaming import Streamed

SECRET = "Aunt Agatha's income"


def ask(app: Application, *messages: dict[str, Any], path: str = "/predict", wait_s: float = 0.0) -> Any:
    """One request, message by message: status, headers and JSON of the answer, and how many messages were read."""
    sent: list[Any] = []
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(30)
        raise AssertionError("nothing more comes")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    lengths = [(b"content-length", str(one["length"]).encode()) for one in messages if "length" in one]
    scope = {"type": "http", "method": "POST", "path": path, "headers": lengths, "client": ("10.0.0.1", 1)}
    asyncio.run(app(scope, receive, send))
    if not sent:
        return None
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"]), len(messages) - len(waiting)


def part(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": content, "more_body": more}


class TestSizesAndTimes:
    def test_a_body_that_says_it_is_too_large_is_refused_unread(self, tmp_path: Path) -> None:
        app = application(serving_of(tmp_path, limits=Limits(max_mb=1)))
        status, _, told, n_read = ask(app, {**part(b"x", more=True), "length": 2**30})
        assert (status, n_read) == (413, 0)
        assert "1 MiB" in told["errors"][0]["says"]

    def test_a_body_that_grows_too_large_is_left(self, tmp_path: Path) -> None:
        app = application(serving_of(tmp_path, limits=Limits(max_mb=1)))
        parts = [part(b" " * 600_000, more=True)] * 10
        status, _, _, n_read = ask(app, *parts)
        assert (status, n_read) == (413, 2)

    def test_a_body_that_drips_is_refused(self, tmp_path: Path) -> None:
        app = application(serving_of(tmp_path, limits=Limits(timeout_s=0.05)))
        status, _, told, _ = ask(app, part(b'{"x": 1, ', more=True))
        assert status == 408
        assert "0.05 s" in told["errors"][0]["says"]

    def test_a_client_that_goes_is_not_answered(self, tmp_path: Path) -> None:
        serving = serving_of(tmp_path)
        assert ask(application(serving), part(b"{", more=True), {"type": "http.disconnect"}) is None
        assert 'status="499"} 1' in serving.metrics.text("m", "v", "h")
        assert serving.metrics.in_flight == 0

    def test_a_client_that_takes_nothing_of_a_large_answer_is_left(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        rows = json.dumps({"rows": [ROW] * 2_000}).encode()
        serving = serving_of(tmp_path, limits=Limits(timeout_s=0.05))

        async def receive() -> dict[str, Any]:
            return part(rows)

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body":
                await asyncio.sleep(30)

        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [], "client": None}
        with caplog.at_level(logging.WARNING, "artificer.serve"):
            asyncio.run(application(serving)(scope, receive, send))
        assert "took no part" in caplog.text

    def test_rows_are_limited(self, tmp_path: Path) -> None:
        with asking(serving_of(tmp_path, limits=Limits(max_rows=3))) as client:
            assert client.post("/predict", json={"rows": [ROW] * 3}).status_code == 200
            assert "4 rows" in errors(client.post("/predict", json={"rows": [ROW] * 4}), 413)[0]["says"]


class TestRates:
    def test_a_bucket_holds_twice_its_rate_and_fills_again(self) -> None:
        rates = Rates(2.0)
        assert [rates.wait_s("a", 0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
        assert rates.wait_s("b", 0.0) == 0.0
        assert rates.wait_s("a", 0.5) == 0.0
        assert rates.wait_s("a", 0.5) == 0.5
        assert [rates.wait_s("a", 100.0) for _ in range(5)].count(0.0) == 4

    def test_a_slow_rate_still_lets_one_through(self) -> None:
        rates = Rates(0.1)
        assert rates.wait_s("a", 0.0) == 0.0
        assert rates.wait_s("a", 0.0) == pytest.approx(10.0)
        assert rates.wait_s("a", 10.0) == 0.0

    def test_no_more_clients_are_remembered_than_stated(self) -> None:
        rates = Rates(1.0)
        for client in range(MOST_KNOWN + 10):
            rates.wait_s(str(client), 0.0)
        assert len(rates._held) == MOST_KNOWN

    def test_a_client_that_asks_too_often_is_told_when_to_come_back(self, tmp_path: Path) -> None:
        with asking(serving_of(tmp_path, limits=Limits(rate=1))) as client:
            answers = [client.post("/predict", json=ROW) for _ in range(4)]
            assert [one.status_code for one in answers[:2]] == [200, 200]
            assert errors(answers[3], 429)
            assert int(answers[3].headers["retry-after"]) >= 1
            assert client.get("/healthz").status_code == 200

    def test_a_key_is_counted_wherever_it_comes_from_and_a_wrong_one_by_its_address(self, tmp_path: Path) -> None:
        kept = [made(name, ("predict",)) for name in ("ann", "bob")]
        (tmp_path / "keys").write_text("".join(f"{written(one)}\n" for one, _ in kept), encoding="utf-8")
        gate = Gate(Access(keys=tmp_path / "keys"))
        (_, ann), (_, bob) = kept

        def counted(text: str, address: str = "10.0.0.1") -> str:
            return gate.counted_as({"headers": [(b"x-api-key", text.encode())], "client": (address, 1)})

        assert counted(ann) == counted(ann, "10.0.0.2") != counted(bob)
        assert counted("art_wrong_1") == counted("art_wrong_2") == counted("") == "10.0.0.1"

    def test_keys_behind_one_address_do_not_use_up_each_others_rate(self, tmp_path: Path) -> None:
        kept = [made(name, ("predict",)) for name in ("ann", "bob")]
        (tmp_path / "keys").write_text("".join(f"{written(one)}\n" for one, _ in kept), encoding="utf-8")
        serving = serving_of(tmp_path, limits=Limits(rate=0.01))
        serving.gate = Gate(Access(keys=tmp_path / "keys"))
        with asking(serving) as client:
            for _, text in kept:
                asked = [client.post("/predict", json=ROW, headers={"x-api-key": text}).status_code for _ in range(2)]
                assert asked == [200, 429]


class TestFaults:
    @pytest.fixture
    def failing(self, tmp_path: Path) -> Any:
        """An application with doors that fail, and the serving behind it."""
        serving = serving_of(tmp_path, limits=Limits(at_once=2))

        async def fault(request: Request) -> Response:
            raise ValueError((await body(request)).decode())

        async def full(_: Request) -> Response:
            raise MemoryError

        async def ledger(_: Request) -> Response:
            raise ArtificerError("the ledger is locked")

        async def well(_: Request) -> Response:
            return JSON({})

        async def parts() -> AsyncIterator[bytes]:
            yield b"one"
            raise ValueError(SECRET)

        async def cut(_: Request) -> Response:
            return Streamed(parts(), "text/plain")

        doors = [Door("POST", f"/{one.__name__}", one) for one in (fault, full, ledger, well, cut)]
        return Application(serving, doors, lambda: None), serving

    def test_a_fault_has_an_id_and_no_data_in_answer_or_log(
        self, failing: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        app, serving = failing
        with caplog.at_level(logging.ERROR, "artificer.serve"):
            status, _, told, _ = ask(app, part(SECRET.encode()), path="/fault")
        assert status == 500
        says = told["errors"][0]["says"]
        name = says.rsplit(" ", 1)[1]
        assert name in caplog.text
        assert "ValueError" in caplog.text
        assert "in fault" in caplog.text  # where it happened
        assert SECRET not in caplog.text
        assert SECRET not in json.dumps(told)
        assert "Traceback" not in json.dumps(told)
        assert "artificer_faults_total 1" in serving.metrics.text("m", "v", "h")

    def test_a_stream_that_fails_on_its_way_is_cut_and_logged_without_data(
        self, failing: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        app, serving = failing
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return part(b"")

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/cut", "headers": [], "client": None}
        with caplog.at_level(logging.ERROR, "artificer.serve"):
            asyncio.run(app(scope, receive, send))
        assert [one.get("body") for one in sent[1:]] == [b"one"]
        assert "ValueError" in caplog.text
        assert SECRET not in caplog.text
        assert 'door="/cut",status="500"} 1' in serving.metrics.text("m", "v", "h")

    @pytest.mark.parametrize("path", ["/full", "/ledger"])
    def test_what_is_out_of_reach_is_503(self, failing: Any, path: str) -> None:
        assert ask(failing[0], part(b""), path=path)[0] == 503

    def test_too_much_at_once_is_503_with_a_time_to_come_back(self, failing: Any) -> None:
        app, serving = failing
        serving.metrics.began_one()
        assert ask(app, part(b""), path="/well")[0] == 200
        serving.metrics.began_one()
        status, headers, _, _ = ask(app, part(b""), path="/well")
        assert status == 503
        assert headers[b"retry-after"] == b"1"

    @pytest.mark.parametrize(("patience_s", "statuses"), [(0.0, [408, 200]), (60.0, [503])])
    def test_a_client_that_sends_nothing_on_gives_way_to_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience_s: float, statuses: list[int]
    ) -> None:
        monkeypatch.setattr(limits, "PATIENCE_S", patience_s)
        app, told = application(serving_of(tmp_path, limits=Limits(at_once=2))), []

        async def asked(path: str, *messages: dict[str, Any]) -> None:
            waiting = list(messages)

            async def receive() -> dict[str, Any]:
                return waiting.pop(0) if waiting else await asyncio.Event().wait()  # type: ignore[return-value]

            async def send(message: dict[str, Any]) -> None:
                told.append(message.get("status"))

            await app({"type": "http", "method": "POST", "path": path, "headers": [], "client": None}, receive, send)

        async def all_of_them() -> None:
            slow = [
                asyncio.create_task(asked("/predict", part(b"{", more=True))),
                asyncio.create_task(asked("/explain")),
            ]
            await asyncio.sleep(0.01)
            slow += [asyncio.create_task(asked("/predict", part(json.dumps(ROW).encode())))]
            await asyncio.sleep(0.1)
            for one in slow:
                one.cancel()
            await asyncio.gather(*slow, return_exceptions=True)

        asyncio.run(all_of_them())
        assert sorted(filter(None, told)) == sorted(statuses)

    def test_every_answer_carries_the_headers_that_browsers_are_held_by(self, tmp_path: Path) -> None:
        with asking(serving_of(tmp_path)) as client:
            answers = [
                client.post("/predict", json=ROW),
                client.post("/predict", content=b"{"),
                *(client.get(path) for path in ("/", "/nothing", "/predict", "/metrics", "/openapi.json", "/healthz")),
            ]
        for answer in answers:
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")


class TestSettings:
    @pytest.mark.parametrize("given", [{"max_mb": 0}, {"timeout_s": -1}, {"rate": -1}, {"at_once": float("nan")}])
    def test_limits_that_are_none_are_refused_by_name(self, given: dict[str, Any]) -> None:
        with pytest.raises(ArtificerError, match=next(iter(given))):
            Limits(**given)

    def test_less_memory_than_is_in_use_is_refused(self) -> None:
        with pytest.raises(ArtificerError, match="in use"):
            hold_memory(1)

    @pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
    def test_memory_that_was_held_once_and_is_no_longer_does_not_count(self) -> None:
        program = (
            "from artificer.line.ship.server.memory import hold_memory\n"
            "held = bytearray(400 * 2**20)\ndel held\n"
            "hold_memory(300)\n"
            "try: bytearray(400 * 2**20)\n"
            "except MemoryError: bytearray(100 * 2**20)"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


def test_what_is_wanted_is_followed_again_after_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serving, looks = serving_of(tmp_path), iter([ZeroDivisionError(SECRET), ZeroDivisionError(SECRET), None])
    followed = threading.Event()

    def follow(self: Serving) -> bool:
        fault = next(looks, None)
        if fault is not None:
            raise fault
        followed.set()
        return False

    monkeypatch.setattr(Serving, "follow", follow)
    monkeypatch.setattr(module, "EVERY_S", 0.001)
    with asking(serving):
        assert followed.wait(30)
    assert caplog.text.count("ZeroDivisionError") == 1
    assert SECRET not in caplog.text
