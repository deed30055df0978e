"""Runs the real command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TRACEBACK = "Traceback (most recent call last)"


def artificer(
    *arguments: object,
    cwd: Path | None = None,
    timeout: float = 120,
    env: Mapping[str, str] | None = None,
    given: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run `artificer`, with `given` on its stdin, and give what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "artificer", *map(str, arguments)],
        cwd=cwd,
        input=given,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        env={**os.environ, "NO_COLOR": "1", **(env or {})},
    )


def refused(*arguments: object, names: str, cwd: Path | None = None) -> str:
    """Run a command that must be refused: exit code 2, the offender named, no traceback."""
    ended = artificer(*arguments, cwd=cwd)
    assert ended.returncode == 2, (ended.returncode, ended.stderr[-2000:])
    assert names in ended.stderr, ended.stderr
    assert TRACEBACK not in ended.stderr + ended.stdout
    return ended.stderr


def document(*arguments: object, cwd: Path | None = None) -> dict[str, Any]:
    """Run a command with --json and give its one document."""
    ended = artificer(*arguments, "--json", cwd=cwd)
    assert TRACEBACK not in ended.stderr, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    assert found["code"] == ended.returncode
    return found
