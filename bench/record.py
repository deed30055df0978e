"""Append a figure to results.jsonl, with the commit and the machine that it was measured on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results.jsonl"


def record(script: str, name: str, **figures: Any) -> None:
    """Append one line and print it."""
    line = {"script": script, "name": name, **figures, "commit": commit(), "machine": machine(), "when": now()}
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps({"name": name, **figures}), flush=True)


def recorded(script: str) -> set[str]:
    """Names that the script recorded at the present commit, so that what was cut into pieces is measured once."""
    lines, here = map(json.loads, RESULTS.read_text(encoding="utf-8").splitlines()), commit()
    return {line["name"] for line in lines if (line["script"], line["commit"]) == (script, here)}


def commit() -> str:
    """Short hash of the commit, with a mark where the tree has changes."""
    head = _git("rev-parse", "--short", "HEAD")
    return f"{head}-changed" if _git("status", "--porcelain", "--", "..", ":!*.jsonl", ":!results.md") else head


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()


def machine() -> str:
    """Cores, memory, system and processor."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.machine()}"


def now() -> str:
    """UTC, to the minute."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}"
