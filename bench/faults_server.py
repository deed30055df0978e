"""Predictions of a served brief while its version changes again and again: how many of 100,000 failed. None may.

The brief's workspace is copied; its served package stands there under two names, and the ledger is told to serve one
and the other in turn.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from record import record

from artificer.core.ledger import ledger_of
from artificer.line.ask import read_brief
from artificer.line.ship.server import Serving

CLIENTS, EVERY_S = 8, 2.0


def main() -> None:
    """Ask and swap."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("brief", type=Path)
    parser.add_argument("--requests", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "client"
        shutil.copytree(asked.brief.resolve().parent, folder)
        measure(folder / asked.brief.name, asked.requests)


def measure(brief: Path, n_requests: int) -> None:
    """Serve it, and record what failed."""
    name, ledger = read_brief(brief).name, ledger_of(brief.parent / "artificer-work")
    served = ledger.served(name)
    assert served is not None, "nothing is served yet"
    packages = brief.parent / "artificer-work" / "packages"
    names = (served.version, f"{served.version}b")
    shutil.copytree(packages / names[0], packages / names[1])
    body = json.dumps(Serving.of(brief).model.typical)
    command = [sys.executable, "-m", "artificer", "serve", str(brief), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    port = int(server.stdout.readline().split()[0].rsplit(":", 1)[1])
    told: list[tuple[int, set[str]]] = []
    asking = [threading.Thread(target=_ask, args=(port, body, n_requests // CLIENTS, told)) for _ in range(CLIENTS)]
    began, n_swaps = time.perf_counter(), 0
    try:
        for one in asking:
            one.start()
        while any(one.is_alive() for one in asking):
            time.sleep(EVERY_S)
            now = ledger.served(name)
            assert now is not None
            other = names[now.version == names[0]]
            assert ledger.serve(name, other, seen=now.revision, action="promote", because="a bench swaps")
            n_swaps += 1
    finally:
        server.terminate()
        server.communicate()
    seconds = time.perf_counter() - began
    versions = set().union(*(seen for _, seen in told))
    failed = sum(n_failed for n_failed, _ in told)
    figures = {"requests": n_requests // CLIENTS * CLIENTS, "failed": failed, "swaps": n_swaps}
    record("faults_server", "hot swap", **figures, versions_seen=len(versions), seconds=round(seconds, 1))


def _ask(port: int, body: str, n_requests: int, told: list[tuple[int, set[str]]]) -> None:
    n_failed, seen = 0, set()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(n_requests):
        try:
            connection.request("POST", "/predict", body)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status == 200:
                seen.add(json.loads(content)["version"])
            else:
                n_failed += 1
        except (OSError, http.client.HTTPException):
            n_failed += 1
            connection.close()
    connection.close()
    told.append((n_failed, seen))


if __name__ == "__main__":
    main()
