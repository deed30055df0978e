"""A server in this process, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def answering(subject: Path) -> Iterator[Any]:
    """A client of a server in this process."""
    from starlette.testclient import TestClient

    from artificer.line.ship.server import Serving
    from artificer.line.ship.server.app import application

    serving = Serving.of(subject)
    with TestClient(application(serving), base_url="http://127.0.0.1") as found:
        found.serving = serving  # type: ignore[attr-defined]
        yield found
