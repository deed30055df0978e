"""A served package without training, and requests to it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from client import Client

from artificer.core.brief import Task
from artificer.line.ship.server import Limits, Serving

ROW = {"x": 0.5, "shop": "a"}


def serving_of(
    folder: Path, more: str = "", task: Task = "binary", limits: Limits | None = None, spread: float = 0.0
) -> Serving:
    """What serves a linear model over x."""
    return Serving.of(Client(folder).ask(more=more).ship(task=task, spread=spread).package("v1"), limits=limits)


@contextlib.contextmanager
def asking(serving: Serving, *, faults: bool = True) -> Iterator[Any]:
    """A client of its application."""
    from starlette.testclient import TestClient

    from artificer.line.ship.server.app import application

    with TestClient(application(serving), raise_server_exceptions=faults) as client:
        yield client


def errors(answer: Any, status: int) -> list[dict[str, Any]]:
    """The errors of a refusal."""
    assert answer.status_code == status, answer.text
    found: list[dict[str, Any]] = json.loads(answer.content)["errors"]
    assert all(set(one) == {"field", "row", "says", "fix"} for one in found)
    assert all(one["says"] and one["fix"] for one in found)
    return found
