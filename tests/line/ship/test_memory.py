"""Memory of the server: what JSON takes is never more than was reckoned, promises add up, and what found none is a 503."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from typing import Any

import msgspec
import pytest
from line.ship.asked import ROW
from uvicorn import Config
from uvicorn.server import ServerState

from artificer.line.ship.server import memory
from artificer.line.ship.server.connections import protocol
from artificer.line.ship.server.limits import MB, Limits
from artificer.line.ship.server.memory import MARGIN, afford, decoded_bytes, room, threads

N = 20_000


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"1," * N + b"1]",
        b"[" + b"1.5," * N + b"1]",
        b"[" + b"[]," * N + b"1]",
        b"[" + b"[[1]]," * N + b"1]",
        b"[" + b"{}," * N + b"1]",
        b"[" + b'{"a":1},' * N + b"1]",
        b"[" + b'"y",' * N + b"1]",
        b"[" + b"12345678901234567890123," * N + b"1]",
        json.dumps({"rows": [ROW] * N}).encode(),
        json.dumps([{f"column {place} of row {row}": place for place in range(9)} for row in range(N // 9)]).encode(),
        json.dumps("é" * N, ensure_ascii=False).encode(),
        json.dumps("y" * 3 * N + "\U0001f600", ensure_ascii=False).encode(),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_json_takes_no_more_than_was_reckoned(content: bytes) -> None:
    tracemalloc.start()
    try:
        value = msgspec.json.decode(content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert value
    assert most <= decoded_bytes(content) < 300 * len(content)


def test_what_is_promised_is_not_promised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_most", lambda: 100 * MB)
    monkeypatch.setattr(memory, "_held", lambda: 40 * MB)
    left = 60 * MB - MARGIN
    with room(left // 2):
        afford(left // 2)
        with pytest.raises(MemoryError), room(left // 2 + 2):
            pass
    with pytest.raises(ValueError, match="within"), room(left):
        raise ValueError("within")
    afford(left)


def test_without_a_limit_there_is_always_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_most", lambda: 0)
    afford(2**60)
    assert threads() > 1_000


@pytest.mark.parametrize(("most_mb", "n"), [(100, 2), (200, 5), (600, 17)])
def test_stacks_of_threads_leave_most_of_it(monkeypatch: pytest.MonkeyPatch, most_mb: int, n: int) -> None:
    monkeypatch.setattr(memory, "_most", lambda: most_mb * MB)
    monkeypatch.setattr(memory, "_held", lambda: 40 * MB)
    assert threads() == n


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written, self.closing = b"", False

    def get_extra_info(self, _: str) -> None:
        return None

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing


def told(data: bytes, monkeypatch: pytest.MonkeyPatch, without: str = "") -> bytes:
    """What a connection answers by itself; `without` is the callback of the parser that finds no memory."""

    def full(*_: Any) -> None:
        raise MemoryError

    async def received() -> bytes:
        held = protocol(Limits())
        if without:
            monkeypatch.setattr(held, without, full)
        config = Config(lambda scope: None, log_level="critical")
        config.load()
        one: Any = held(config=config, server_state=ServerState(), app_state={})  # type: ignore[call-arg]
        transport = Transport()
        one.connection_made(transport)
        one.data_received(data)
        one.connection_lost(None)
        return transport.written

    return asyncio.run(received())


@pytest.mark.parametrize("without", ["on_url", "on_header"])
def test_a_request_that_finds_no_memory_while_it_comes_is_no_bad_request(
    monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    pytest.importorskip("httptools")
    head = b"POST /predict HTTP/1.1\r\nhost: a\r\n\r\n"
    assert told(head, monkeypatch, without).startswith(b"HTTP/1.1 503 ")


def test_a_bad_request_is_still_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(b"no request\r\n\r\n", monkeypatch).startswith(b"HTTP/1.1 400 ")
