"""SIGKILL of the real process at 20 random moments over all stages: started again, it ends with the same model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command import document

pytestmark = pytest.mark.slow
KILLS = 20


def test_killed_at_20_random_moments_it_goes_on_to_the_same_model(tmp_path: Path, case_folder: Path) -> None:
    brief = case_folder / "brief.toml"
    few = '[run]\nlearners = ["lightgbm", "linear"]\n'
    brief.write_text(brief.read_text().replace("[run]\n", few))
    began = time.monotonic()
    whole = document("run", brief, "--limit", 600, "--workspace", tmp_path / "whole")
    lasts = time.monotonic() - began
    rng = np.random.default_rng(11)
    # A moment of each twentieth of the run, each in a fresh workspace: together they fall into every stage.
    for kill in range(KILLS):
        work = tmp_path / f"killed-{kill}"
        moment = (kill + rng.random()) / KILLS * lasts
        _kill_after(moment, ["run", str(brief), "--limit", "600", "--workspace", str(work)])
        assert not [path for path in work.glob("packages/*") if not (path / "manifest.json").exists()]
        if kill % 4 == 0:  # going on costs a whole run at worst: every fourth has its own, the last all the rest
            _same(document("run", brief, "--limit", 600, "--workspace", work), whole)
    work = tmp_path / "again and again"
    for _ in range(KILLS // 2):
        _kill_after(rng.random() * lasts, ["run", str(brief), "--limit", "600", "--workspace", str(work)])
    _same(document("run", brief, "--limit", 600, "--workspace", work), whole)


def _kill_after(seconds: float, arguments: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "artificer", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def _same(found: dict[str, object], whole: dict[str, object]) -> None:
    ours, theirs = found["result"], whole["result"]
    assert ours["shipped"]["model_hash"] == theirs["shipped"]["model_hash"]  # type: ignore[index]
    assert ours["verdict"]["score"] == theirs["verdict"]["score"]  # type: ignore[index]
