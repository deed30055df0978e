"""Single predictions a second over HTTP on loopback, one worker, with 1 and 32 connections of a second process.

The clients are threads of plain sockets that keep their connection, so that the server is what is measured; they share the
machine's cores with it.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import prediction
from record import record

COLUMNS, SECONDS = 20, 8.0


def main() -> None:
    """Serve one package, and ask it from another process."""
    with tempfile.TemporaryDirectory() as held:
        frame = prediction.frame(5_000, COLUMNS, True)
        package = prediction.package(frame, Path(held) / "artificer-work")
        row = {
            name: value
            for name, value in json.loads(frame.head(1).to_json(orient="records"))[0].items()
            if name != "won"
        }
        command = [sys.executable, "-m", "artificer", "serve", str(package), "--port", "0"]
        began = time.perf_counter()
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        started_s = time.perf_counter() - began
        try:
            for n_clients in (1, 32):
                asked = [sys.executable, __file__, address, str(n_clients), json.dumps(row)]
                figures = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
                record("serving", f"{n_clients} connections", start_s=round(started_s, 2), **figures)
        finally:
            server.terminate()
            server.communicate()


def ask(address: str, n_clients: int, body: str) -> dict[str, float]:
    """Ask for some seconds with so many connections."""
    host, _, port = address.removeprefix("http://").partition(":")
    content = body.encode()
    head = f"POST /predict HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    request, took, stop = head.encode() + content, [], time.perf_counter() + SECONDS

    def client() -> None:
        mine = []
        with socket.create_connection((host, int(port))) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answer = connection.makefile("rb")
            while time.perf_counter() < stop:
                began = time.perf_counter()
                connection.sendall(request)
                status, length = answer.readline(), 0
                assert b" 200 " in status, status
                while (line := answer.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                answer.read(length)
                mine.append(time.perf_counter() - began)
        took.extend(mine)

    clients = [threading.Thread(target=client) for _ in range(n_clients)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    p50, p99 = np.quantile(took, [0.5, 0.99]) * 1000
    return {"requests_per_s": round(len(took) / SECONDS), "p50_ms": round(p50, 2), "p99_ms": round(p99, 2)}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(ask(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
    else:
        main()
