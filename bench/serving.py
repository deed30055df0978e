"""Single predictions a second over HTTP on loopback: Artificer beside FastAPI's bare route, BentoML, LitServe and MLflow.

All serve one package, with one worker each, and are asked one after another in one run, with 1 and 32 connections, by wrk
where it is installed (else by threads of plain sockets). Client and server share the machine's cores. Of Artificer, also
how long its start took and how much memory it then held.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import prediction
from record import record

HERE = Path(__file__).parent
SERVERS, ENVIRONMENTS = HERE / "servers", HERE / ".envs"
RUNTIME = HERE.parent / "runtime" / "src"
COLUMNS, START_S = 20, 90.0


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its command ({python}, {port}, {package}, {folder}), where it is asked, and how a row is wrapped."""

    command: str
    path: str = "/predict"
    wrapped: str = "{row}"
    first: str = ""


NAMED = {
    "fastapi": Server(
        "{python} -m uvicorn fastapi_echo:app --port {port} --no-access-log --log-level warning",
    ),
    "artificer": Server("{python} -m artificer serve {package} --port {port}"),
    "bentoml": Server("{python} -m bentoml serve bentoml_service:Served --port {port}", wrapped='{{"row": {row}}}'),
    "litserve": Server("{python} litserve_server.py {port}"),
    "mlflow": Server(
        "{python} -m mlflow models serve -m {folder}/model --env-manager local --port {port} --workers 1",
        "/invocations",
        '{{"dataframe_records": [{row}]}}',
        "{python} mlflow_model.py {folder}/model",
    ),
}


def main() -> None:
    """Serve one package in each way, and ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="*", default=list(NAMED), help=", ".join(NAMED))
    parser.add_argument("--package", type=Path, help="default: one that is trained on made-up rows")
    parser.add_argument("--python", action="append", default=[], help="server=interpreter, in place of bench/.envs")
    parser.add_argument("--seconds", type=float, default=6.0)
    asked = parser.parse_args()
    given = dict(one.split("=", 1) for one in asked.python)
    with tempfile.TemporaryDirectory() as held:
        package = asked.package.resolve() if asked.package else _trained(Path(held))
        row = json.dumps(_row(package))
        for name in asked.servers:
            figures: dict[str, Any] = {"package": package.parents[2].name if asked.package else "made-up"}
            with _running(name, package, Path(held), given, row) as (port, body, start):
                for n_clients in (1, 32):
                    _asked(port, NAMED[name].path, body, n_clients, 1.0)  # warm
                    found = _asked(port, NAMED[name].path, body, n_clients, asked.seconds)
                    record("serving", f"{name}, {n_clients} connections", **figures, **start, **found)


def _trained(folder: Path) -> Path:
    return prediction.package(prediction.frame(5_000, COLUMNS, True), folder / "artificer-work")


def _row(package: Path) -> dict[str, Any]:
    """A usual row."""
    from artificer.line.ship.server import Serving

    return Serving.of(package).model.typical


def _python(name: str, given: dict[str, str]) -> str:
    """The interpreter of a server; its environment is made where there is none."""
    if name in given or name == "artificer":
        return os.path.abspath(given[name]) if name in given else sys.executable
    folder = ENVIRONMENTS / f"serving-{name}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        wanted = SERVERS / f"{name}.txt"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
        (folder / "complete").touch()
    return str(python)


@contextlib.contextmanager
def _running(
    name: str, package: Path, folder: Path, given: dict[str, str], row: str
) -> Iterator[tuple[int, str, dict[str, float]]]:
    """The server's port, the body that asks it, and of ours how it started."""
    server, port = NAMED[name], _free_port()
    places: dict[str, Any] = {"python": _python(name, given), "port": port, "package": package, "folder": folder}
    paths = os.pathsep.join(filter(None, (str(RUNTIME), os.environ.get("PYTHONPATH", ""))))
    own = {"PYTHONPATH": paths if name in ("artificer", "fastapi") else str(RUNTIME)}
    own["PATH"] = os.pathsep.join((str(Path(places["python"]).parent), os.environ["PATH"]))  # mlflow calls uvicorn
    around = {**os.environ, "SERVED_PACKAGE": str(package), "PYTHONWARNINGS": "ignore", **own}
    if server.first:
        subprocess.run(server.first.format(**places).split(), check=True, cwd=SERVERS, env=around, capture_output=True)
    body = server.wrapped.format(row=row)
    began = time.perf_counter()
    process = subprocess.Popen(
        server.command.format(**places).split(),
        cwd=SERVERS,
        env=around,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _answering(port, server.path, body, process)
        seconds = time.perf_counter() - began
        mb = _resident_mb(process.pid)
        ours = {"start_s": round(seconds, 2), "resident_mb": round(mb)} if name == "artificer" else {}
        yield port, body, ours
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answering(port: int, path: str, body: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a prediction is answered."""
    until = time.perf_counter() + START_S
    while time.perf_counter() < until:
        assert process.poll() is None, f"it ended with {process.returncode}"
        with contextlib.suppress(OSError, AssertionError, IndexError):
            _by_sockets(port, path, body, 1, 0.0)
            return
        time.sleep(0.02)
    raise TimeoutError(f"no answer within {START_S:g} s")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _resident_mb(process: int) -> float:
    text = Path(f"/proc/{process}/statm").read_text(encoding="ascii")
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _asked(port: int, path: str, body: str, n_clients: int, seconds: float) -> dict[str, Any]:
    if shutil.which("wrk"):
        return _by_wrk(port, path, body, n_clients, seconds)
    command = [sys.executable, __file__, "--sockets", str(port), path, body, str(n_clients), str(seconds)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def _by_wrk(port: int, path: str, body: str, n_clients: int, seconds: float) -> dict[str, Any]:
    script = (
        'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n'
        f"wrk.body = {json.dumps(body)}\n"
        "done = function(summary, latency, requests)\n"
        '  io.write(string.format("FOUND %f %f %f %d\\n", summary.requests / summary.duration * 1e6,'
        " latency:percentile(50) / 1000, latency:percentile(99) / 1000,"
        " summary.errors.status + summary.errors.read + summary.errors.connect + summary.errors.timeout))\nend\n"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        address = f"http://127.0.0.1:{port}{path}"
        command = ["wrk", "-t1", f"-c{n_clients}", f"-d{max(1, round(seconds))}s", "-s", file.name, address]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"FOUND (\S+) (\S+) (\S+) (\d+)", said)
    assert found is not None, said
    rate, p50, p99, failed = map(float, found.groups())
    return _figures(rate, p50, p99, int(failed), "wrk")


def _by_sockets(port: int, path: str, body: str, n_clients: int, seconds: float) -> dict[str, Any]:
    """Threads of plain sockets that keep their connections."""
    content = body.encode()
    kind = "content-type: application/json"
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\n{kind}\r\ncontent-length: {len(content)}\r\n\r\n"
    request, stop = head.encode() + content, time.perf_counter() + seconds
    took: list[float] = []

    def client() -> None:
        mine = []
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answer = connection.makefile("rb")
            while not mine or time.perf_counter() < stop:
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

    if n_clients == 1:
        client()
    else:
        clients = [threading.Thread(target=client) for _ in range(n_clients)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()
    p50, p99 = np.quantile(took, [0.5, 0.99]) * 1000
    return _figures(len(took) / max(seconds, 1e-9), p50, p99, 0, "sockets")


def _figures(rate: float, p50_ms: float, p99_ms: float, failed: int, client: str) -> dict[str, Any]:
    told = {"requests_per_s": round(rate), "p50_ms": round(p50_ms, 2), "p99_ms": round(p99_ms, 2)}
    return {**told, "failed": failed, "client": client}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--sockets"]:
        port, path, body, n_clients, seconds = sys.argv[2:]
        print(json.dumps(_by_sockets(int(port), path, body, int(n_clients), float(seconds))))
    else:
        main()
