"""A server of a package starts with little: what trains, reads tables or checks briefs is not imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from client import Client

HEAVY = ("polars", "pydantic", "sklearn", "scipy", "lightgbm", "catboost", "pyarrow", "duckdb", "pandas", "sqlalchemy")
PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from artificer.line.ship.server import Serving
from artificer.line.ship.server.app import application
from artificer.line.ship.server.connections import protocol
from artificer.line.ship.server.limits import Limits

serving = Serving.of(Path(sys.argv[1]))
app, sent = application(serving), []
scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [], "client": ("127.0.0.1", 1)}

async def receive():
    return {"type": "http.request", "body": b'{"x": 0.5, "shop": "a"}', "more_body": False}

async def send(message):
    sent.append(message)

asyncio.run(app(scope, receive, send))
protocol(Limits())
pages = [line for line in open("/proc/self/status") if line.startswith("VmRSS")] if sys.platform == "linux" else []
heavy = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
print(json.dumps([sent[0]["status"], heavy, int(pages[0].split()[1]) / 1024 if pages else 0.0]))
"""


@pytest.mark.parametrize("more", ["", "[decision]\nthreshold = 0.5\n", "[decision.value]\nacted = -1\nsuccess = 3\n"])
def test_a_package_is_served_without_what_no_request_needs(tmp_path: Path, more: str) -> None:
    package = Client(tmp_path).ask(more=more).ship().package("v1")
    command = [sys.executable, "-c", PROGRAM, package, json.dumps(HEAVY)]
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COVERAGE_PROCESS_START": ""})
    assert ended.returncode == 0, ended.stderr
    status, heavy, resident_mb = json.loads(ended.stdout)
    assert status == 200
    assert heavy == []
    assert resident_mb < 150


@pytest.mark.parametrize(
    "module", ["artificer.line.ask", "artificer.line.ship.scores", "artificer.why", "artificer.turning"]
)
def test_what_trains_nothing_loads_nothing_that_trains(module: str) -> None:
    program = (
        f"import sys, {module}; print(*{{'scipy', 'sklearn', 'lightgbm', 'catboost', 'pandas'}} & {{*sys.modules}})"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.split()) == (0, []), ended.stderr
