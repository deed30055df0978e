"""A served client: in this process, or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from client import Client
from starlette.testclient import TestClient

from artificer.line.ship.server import Serving, Wanted
from artificer.line.ship.server.app import application

ROW = {"id": 7, "x": 0.5, "shop": "a"}


@contextmanager
def answering(client: Client, wanted: Wanted | None = None) -> Iterator[Any]:
    serving = Serving.of(client.brief, wanted=wanted)
    with TestClient(application(serving)) as found:
        found.serving = serving  # type: ignore[attr-defined]
        yield found


def given(http: Any, *labels: dict[str, Any], status: int = 200) -> Any:
    answer = http.post("/feedback", json={"labels": list(labels)})
    assert answer.status_code == status, answer.text
    return answer.json()


@contextmanager
def server(brief: Path, *options: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "artificer", "serve", str(brief), "--port", "0", *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[0]
    finally:
        process.kill()
        process.communicate()
