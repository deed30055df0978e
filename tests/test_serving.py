"""A model that is served: what a person changes there is told in its story."""

from __future__ import annotations

import subprocess
import threading
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from artificer import serving
from artificer.line.ship import server


@pytest.mark.parametrize("options", [{}, {"workspace": Path("elsewhere")}])
def test_the_story_is_told_again_by_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    began: list[list[str]] = []
    monkeypatch.setattr(server, "serve", lambda subject, **given: given["changed"]())
    monkeypatch.setattr(subprocess, "run", lambda command, **_: began.append(command))
    serving.serve("brief.toml", port=0, **options)
    for thread in threading.enumerate():
        if thread.name == "story":
            thread.join()
    assert began[0][3:] == ["brief.toml", *map(str, options.values())]


def test_its_arguments_are_those_of_the_server() -> None:
    assert {"host", "port", "workers", "changed"} < {*signature(serving.serve).parameters}
