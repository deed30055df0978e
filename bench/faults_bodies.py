"""Bodies of a gigabyte, and clients that send a byte a second: what the server answers, and what it costs others.

``python faults_bodies.py BRIEF [bodies|slow]``. While each fault goes on another client asks for a prediction again and again.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import selectors
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from record import record
from served_client import server

from artificer.line.ship.server import Serving

MB, GB, PART = 2**20, 2**30, 2**16
TABLE = "content-type: application/vnd.apache.arrow.stream\r\n"
DOORS = {"/predict": "", "/predict/batch": TABLE, "/explain": "", "/predict/stream": ""}
LENGTHS = {"chunked": None, "length told": GB, "length told as 1,000 bytes": 1_000}
SLOW_S = 40


@dataclass
class Others:
    """What another client met with meanwhile, and how large the server grew."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest_ms: float = 0.0
    before_mb: float = 0.0
    most_mb: float = 0.0
    done: bool = False


def bodies(brief: Path, row: str) -> None:
    """A gigabyte to each door, by each way of telling its length."""
    for door, kind in DOORS.items():
        for name, length in LENGTHS.items():
            with server(brief) as (process, address):
                port = int(address.rsplit(":", 1)[1])
                with meanwhile(port, process.pid, row) as others:
                    status, n_sent = sent(port, door, kind, length)
            told(f"1 GiB to {door}, {name}", others, status=status, sent_mb=round(n_sent / MB))


def sent(port: int, door: str, kind: str, length: int | None) -> tuple[int, int]:
    """Send it all, or as much as is taken; the answer's status (0 for none), and the bytes that went."""
    framed = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    part = b" " * (PART - 1) + b"\n"
    if length is None:
        part = b"%x\r\n%b\r\n" % (PART, part)
    found: list[int] = []

    def read(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, IndexError):
            found.append(int(connection.makefile("rb").readline().split()[1]))

    n_sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        reading = threading.Thread(target=read, args=(connection,))
        reading.start()
        with contextlib.suppress(OSError):
            connection.sendall(f"POST {door} HTTP/1.1\r\nhost: localhost\r\n{kind}{framed}\r\n\r\n".encode())
            while n_sent < GB:
                connection.sendall(part)
                n_sent += PART
            if length is None:
                connection.sendall(b"0\r\n\r\n")
        reading.join()
    return (found[0] if found else 0), n_sent


def slow(brief: Path, row: str) -> None:
    """Many clients at once, each a byte a second, some in the head and some in the body."""
    for n_clients in (100, 400):
        for where in ("head", "body"):
            with server(brief) as (process, address):
                port = int(address.rsplit(":", 1)[1])
                with meanwhile(port, process.pid, row) as others:
                    statuses = dripped(port, n_clients, where)
            answers = ", ".join(f"{n} × {status or 'closed'}" for status, n in sorted(statuses.items()))
            told(f"{n_clients} clients, a byte a second of the {where}, {SLOW_S} s", others, slow_answers=answers)


def dripped(port: int, n_clients: int, where: str) -> Counter[int]:
    """How the slow ones were answered; one that is answered or closed is replaced by another."""
    statuses: Counter[int] = Counter()
    head = "POST {} HTTP/1.1\r\nhost: localhost\r\n{}content-length: 1000\r\n\r\n"
    doors = list(DOORS.items())[:3]
    selector = selectors.DefaultSelector()

    def opened(number: int) -> None:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        text = head.format(*doors[number % 3]).encode()
        connection.sendall(text if where == "body" else text.partition(b"host")[0] + b"x: ")
        selector.register(connection, selectors.EVENT_READ, number)

    for number in range(n_clients):
        opened(number)
    until = time.monotonic() + SLOW_S
    while time.monotonic() < until:
        tick = time.monotonic()
        for key in list(selector.get_map().values()):
            with contextlib.suppress(OSError):
                key.fileobj.send(b" " if where == "body" else b"x")  # type: ignore[union-attr]
        for key, _ in selector.select(0):
            answer = b""
            with contextlib.suppress(OSError):
                answer = key.fileobj.recv(4096)  # type: ignore[union-attr]
            statuses[int(answer.split()[1]) if answer else 0] += 1
            selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
            opened(key.data)
        time.sleep(max(0.0, 1.0 - (time.monotonic() - tick)))
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    selector.close()
    return statuses


@contextlib.contextmanager
def meanwhile(port: int, pid: int, row: str) -> Iterator[Others]:
    """Ask for a prediction twenty times a second, and look how large the server is a hundred times."""
    others = Others()

    def ask() -> None:
        while not others.done:
            began = time.perf_counter()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                connection.request("POST", "/predict", row)
                others.statuses[connection.getresponse().status] += 1
                connection.close()
            except OSError:
                others.statuses[0] += 1
            others.slowest_ms = max(others.slowest_ms, 1e3 * (time.perf_counter() - began))
            time.sleep(0.05)

    def look() -> None:
        while not others.done:
            others.most_mb = max(others.most_mb, resident_mb(pid))
            time.sleep(0.01)

    threads = [threading.Thread(target=ask), threading.Thread(target=look)]
    time.sleep(0.5)
    for _ in range(20):  # what a first prediction imports is not the fault's
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/predict", row)
        connection.getresponse().read()
        connection.close()
    others.before_mb = resident_mb(pid)
    for one in threads:
        one.start()
    try:
        yield others
    finally:
        time.sleep(0.5)
        others.done = True
        for one in threads:
            one.join()


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def told(name: str, others: Others, **figures: object) -> None:
    record(
        "faults_bodies",
        name,
        **figures,
        grown_mb=round(others.most_mb - others.before_mb),
        others_answered=others.statuses[200],
        others_not=sum(others.statuses.values()) - others.statuses[200],
        others_slowest_ms=round(others.slowest_ms),
    )


if __name__ == "__main__":
    subject = Path(sys.argv[1])
    body = json.dumps(Serving.of(subject).model.typical)
    for fault in sys.argv[2:] or ("bodies", "slow"):
        {"bodies": bodies, "slow": slow}[fault](subject, body)
