"""The server as a process: slow, greedy and many clients do no harm, workers share a port, and it ends in order."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Client
from line.ship.asked import ROW

from artificer.core.errors import ArtificerError
from artificer.line.ship.server import Limits, serve

pytestmark = pytest.mark.slow

PROGRAM = """
import json, sys
from artificer.line.ship.server import Limits, serve
serve(sys.argv[1], port=0, workers=int(sys.argv[2]), limits=Limits(**json.loads(sys.argv[3])),
      ready=lambda address: print(address, flush=True))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Client(tmp_path_factory.mktemp("client")).ask().ship().package("v1")


@contextlib.contextmanager
def running(package: Path, workers: int = 1, **limits: float) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-c", PROGRAM, str(package), str(workers), json.dumps(limits)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("http://"), (line, process.stderr.read() if process.stderr else "")
        yield process, int(line.rsplit(":", 1)[1])
    finally:
        process.kill()  # its workers end by themselves
        process.communicate(timeout=30)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def request(content: bytes = json.dumps(ROW).encode(), path: str = "/predict", length: int | None = None) -> bytes:
    told = len(content) if length is None else length
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\ncontent-length: {told}\r\n\r\n".encode() + content


def answered(connection: socket.socket) -> tuple[int, bytes]:
    """One answer: status and body."""
    file = connection.makefile("rb")
    status, length = int(file.readline().split()[1]), 0
    while (line := file.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return status, file.read(length)


def ask(port: int) -> int:
    with connected(port) as connection:
        connection.sendall(request())
        return answered(connection)[0]


def counters(port: int) -> str:
    with connected(port) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return answered(connection)[1].decode()


def resident_mb(process: subprocess.Popen[str]) -> float:
    text = Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii")
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_a_head_that_drips_is_cut_while_others_are_answered(package: Path) -> None:
    with running(package, head_s=0.5) as (_, port), connected(port) as slow, connected(port) as silent:
        slow.sendall(b"POST /predict HTTP/1.1\r\nhost")
        assert ask(port) == 200
        for connection in (slow, silent):
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(100) == b""


def test_a_head_that_drips_after_an_answer_is_cut_too(package: Path) -> None:
    with running(package, head_s=0.5) as (_, port), connected(port) as slow:
        slow.sendall(request())
        assert answered(slow)[0] == 200
        slow.sendall(b"POST")
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(100) == b""


def test_a_body_that_drips_is_refused_and_cut(package: Path) -> None:
    with running(package, timeout_s=0.5) as (_, port), connected(port) as slow:
        slow.sendall(request(b'{"x"', length=100))
        assert answered(slow)[0] == 408
        slow.sendall(b":")
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(100) == b""


def test_a_head_without_end_is_refused(package: Path) -> None:
    with running(package) as (_, port), connected(port) as greedy:
        greedy.sendall(b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            for place in range(2_000):
                greedy.sendall(f"x-{place}: {'y' * 90}\r\n".encode())
        with contextlib.suppress(ConnectionError):
            assert answered(greedy)[0] in (400, 431)
        assert ask(port) == 200


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_gigabyte_is_refused_unread_and_memory_stays(package: Path) -> None:
    with running(package) as (process, port):
        assert ask(port) == 200
        before = resident_mb(process)
        with connected(port) as greedy:
            greedy.sendall(request(b"x" * 100_000, length=2**30))
            assert answered(greedy)[0] == 413
        with connected(port) as greedy:  # in chunks, which say no length before
            greedy.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                for _ in range(40):
                    greedy.sendall(b"100000\r\n" + b"x" * 2**20 + b"\r\n")
            with contextlib.suppress(ConnectionError):
                assert answered(greedy)[0] == 413
        assert ask(port) == 200
        assert resident_mb(process) < before + 64


def test_requests_that_are_none_do_not_fill_the_log(package: Path) -> None:
    """Nobody reads the process's stderr here: once its pipe were full the server would wait for ever."""
    with running(package) as (process, port):
        for _ in range(5):
            with connected(port) as odd:
                odd.sendall(b"no request\r\n\r\n")
                assert answered(odd)[0] == 400
        process.send_signal(signal.SIGTERM)
        assert "Invalid" not in process.communicate(timeout=30)[1]


def test_connections_beyond_the_limit_are_turned_away(package: Path) -> None:
    with running(package, connections=2) as (_, port), connected(port), connected(port), connected(port) as third:
        assert answered(third)[0] == 503


@pytest.mark.parametrize("workers", [1, 2])
def test_requests_under_way_are_answered_at_the_end(package: Path, workers: int) -> None:
    content = json.dumps({"rows": [ROW] * 5_000}).encode()
    with running(package, workers) as (process, port), connected(port) as connection:
        connection.sendall(request(content)[:-10])
        time.sleep(0.3)  # the request is under way: its head has come
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.sendall(content[-10:])
        status, told = answered(connection)
        assert status == 200
        assert len(json.loads(told)["predictions"]) == 5_000
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in said


def test_workers_share_port_and_counters_and_one_that_dies_is_replaced(package: Path) -> None:
    with running(package, 2) as (process, port):
        assert [ask(port) for _ in range(40)] == [200] * 40
        # A worker counts a request once its answer is out, so that the other may be asked a moment before it has.
        deadline = time.monotonic() + 20
        while 'door="/predict",status="200"} 40' not in (found := counters(port)):
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        assert "artificer_workers 2" in found
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
        os.kill(int(listed.split()[0]), signal.SIGKILL)
        assert process.stderr is not None
        assert "another takes its place" in process.stderr.readline()
        assert [ask(port) for _ in range(20)] == [200] * 20


TEAM = """
import os, signal, sys, time
from artificer.core.errors import ArtificerError
from artificer.line.ship.server.workers import forked

def work(place, started):
    if sys.argv[1] == "dies" and place:
        os.kill(os.getpid(), signal.SIGKILL)
    os.write(1, b"x")
    time.sleep(60)

try:
    forked(2, work, lambda: print("ready"))
except ArtificerError as error:
    sys.exit(str(error))
"""


def test_workers_that_have_not_answered_yet_end_when_told() -> None:
    process = subprocess.Popen([sys.executable, "-c", TEAM, "waits"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(2) == b"xx"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20)[0] == b""
    assert process.returncode == 0


def test_a_worker_that_is_killed_before_it_answers_ends_the_start() -> None:
    ended = subprocess.run([sys.executable, "-c", TEAM, "dies"], capture_output=True, text=True, timeout=20)
    assert (ended.returncode, "before it answered (by signal 9)" in ended.stderr) == (1, True), ended.stderr


def test_a_server_that_is_told_while_it_starts_ends(package: Path) -> None:
    """At whatever moment of its start."""
    for wait_s in (0.4, 0.6, 0.8, 1.0):
        command = [sys.executable, "-c", PROGRAM, str(package), "2", "{}"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait_s)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_a_worker_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ArtificerError, match="nothing"):
        serve(tmp_path / "nothing", port=0, workers=2)


def test_a_request_beyond_the_memory_is_refused_and_large_ones_go_on(package: Path) -> None:
    short = b'{"rows": [' + b",".join([json.dumps({**ROW, "note": "y" * 50}).encode()] * 150_000) + b"]}"
    few = b'{"rows": [' + b",".join([json.dumps({**ROW, "note": "y" * 6_000}).encode()] * 2_000) + b"]}"
    with running(package, memory_mb=220, max_rows=200_000) as (_, port):
        for _ in range(2):
            with connected(port) as connection:
                connection.sendall(request(short))
                status, told = answered(connection)
                assert (status, b"--memory-mb" in told) == (503, True)
            for _ in range(3):
                with connected(port) as connection:
                    connection.sendall(request(few))
                    assert answered(connection)[0] == 200
            assert ask(port) == 200


def test_many_ask_at_once(package: Path) -> None:
    failed: list[int] = []

    def client(port: int) -> None:
        with connected(port) as connection:
            for _ in range(20):
                connection.sendall(request())
                status, _ = answered(connection)
                if status != 200:
                    failed.append(status)

    with running(package) as (_, port):
        threads = [threading.Thread(target=client, args=(port,)) for _ in range(16)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert failed == []


def test_limits_of_the_command_are_the_records(package: Path) -> None:
    from artificer.cli.serve import serve as command

    given = {one.name: one.default for one in command.params}
    known = Limits()
    for name in ("max_mb", "max_rows", "timeout_s", "rate", "at_once", "memory_mb"):
        assert given[name] == getattr(known, name)
