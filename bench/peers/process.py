"""A fit in a fresh process: its phases on this process's clock, the memory of all that it starts, its end by force.

The worker tells the end of each phase through a pipe, and this process stamps it on arrival. Between two messages the
resident memory of every process in the worker's session is added up, from /proc (Linux): pages that a worker shares with
its children count twice, and a peak shorter than `SAMPLE_S` is seen in the worker alone, which knows its own highest mark.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from peers.environments import SYSTEMS
from peers.split import Cut

WORKER = Path(__file__).with_name("worker.py")
SAMPLE_S, GRACE_S, CORES = 0.25, 600, 2
PAGE = os.sysconf("SC_PAGE_SIZE")
COUNTED = ("import", "fit", "save", "load")
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """What one fit is asked for; `budget` in seconds."""

    system: str
    python: str
    budget: float
    seed: int


@dataclass(slots=True)
class Heard:
    """What a worker told: the moment each phase ended, its figures, or why there are none."""

    ended: dict[str, float] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    failed: str = ""
    peak_mb: float = 0


def measure(asked: Asked, cut: Cut) -> dict[str, Any]:
    """Fit a system in its own process and measure it.

    Returns
    -------
    dict
        `error`; seconds `import_s`, `fit_s`, `save_s`, `load_s` and their sum `all_s`; `peak_mb`; `one_row_ms` (of a
        one-row frame), `one_row_dict_ms` where the system takes a dict, `rows_per_s`, `size_mb`; `version`. Or
        `failed`, with those of the figures that are known.
    """
    with tempfile.TemporaryDirectory(prefix="fit-") as name:
        folder = Path(name)
        cut.write(folder)
        system = SYSTEMS[asked.system]
        told = {"task": cut.task, "budget_s": asked.budget, "cores": CORES, "seed": asked.seed, **system.options}
        (folder / "asked.json").write_text(json.dumps({"module": system.module, "asked": told}))
        heard = _listen(asked, folder)
        figures = {**_seconds(heard.ended), **heard.figures, "peak_mb": round(heard.peak_mb)}
        classes = figures.pop("classes", [])
        if heard.failed:
            return {**figures, "failed": plain(heard.failed, folder)}
        try:
            error = cut.error(np.load(folder / "predicted.npy"), classes)
        except ValueError as wrong:
            return {**figures, "failed": f"ValueError: {wrong}"}
        return {"error": float(f"{error:.8g}"), **figures}


def _listen(asked: Asked, folder: Path) -> Heard:
    """Start the worker and hear it to its end."""
    heard = Heard()
    limit_s = 2 * asked.budget + GRACE_S  # twice the time and ten minutes to read and to predict: then it hangs
    ear, mouth = os.pipe()
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [asked.python, str(WORKER), str(folder), str(mouth)],
            cwd=folder,
            env=_environment(asked.system),
            pass_fds=[mouth],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    os.close(mouth)
    try:
        for message in _messages(ear, process.pid, heard, time.monotonic() + limit_s):
            if "phase" in message:
                heard.ended[message["phase"]] = time.monotonic()
            heard.figures.update(message.get("figures", {}))
            heard.failed = message.get("failed", heard.failed)
        if heard.failed.startswith("stopped"):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait(timeout=60)
    finally:
        os.close(ear)
        _end(process)
    heard.peak_mb = max(heard.peak_mb, heard.figures.pop("own_peak_mb", 0))
    if not heard.failed and (code or "predict" not in heard.ended):
        heard.failed = f"exit {code}: {(folder / 'log.txt').read_text(errors='replace').strip()[-LONGEST_REASON:]}"
    return heard


def _messages(ear: int, session: int, heard: Heard, deadline: float) -> Iterator[dict[str, Any]]:
    """Lines of JSON as they come; in between, memory is sampled. Past the deadline, one last message says so."""
    rest = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(ear, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            if not waiting.select(SAMPLE_S):
                heard.peak_mb = max(heard.peak_mb, resident_mb(session))
                continue
            part = os.read(ear, 65536)
            if not part:
                return
            *lines, rest = (rest + part).split(b"\n")
            yield from map(json.loads, lines)
    yield {"failed": "stopped: it took more than twice its budget and ten minutes"}


def resident_mb(session: int) -> float:
    """Resident memory of all processes of a session, in MB (10^6 bytes)."""
    total = 0
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            after_name = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(after_name[3]) == session:
            total += int(after_name[21]) * PAGE
    return total / 1e6


def _end(process: subprocess.Popen[bytes]) -> None:
    """End whatever of the worker's session still runs."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _environment(system: str) -> dict[str, str]:
    """This process's environment; a path of modules is for Artificer's checkout alone, and holds from any folder."""
    found = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    if system == "artificer" and os.environ.get("PYTHONPATH"):
        places = os.environ["PYTHONPATH"].split(os.pathsep)
        found["PYTHONPATH"] = os.pathsep.join(os.path.abspath(place) for place in places)
    return found


def _seconds(ended: Mapping[str, float]) -> dict[str, float]:
    """Length of each phase, and `all_s` where all that are counted ended."""
    names = list(ended)
    took = {f"{name}_s": ended[name] - ended[before] for before, name in pairwise(names)}
    kept = {f"{name}_s": round(took[f"{name}_s"], 2) for name in COUNTED if f"{name}_s" in took}
    if len(kept) == len(COUNTED):
        kept["all_s"] = round(sum(took[f"{name}_s"] for name in COUNTED), 2)
    return kept


def plain(reason: str, folder: Path) -> str:
    """A reason on one line, without this machine's paths."""
    text = re.sub(r"(?:/[\w.@+-]+)+/", "", reason.replace(str(folder), ""))
    return " ".join(text.split())[:LONGEST_REASON]
