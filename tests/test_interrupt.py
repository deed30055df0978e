"""Ctrl-C and SIGKILL while candidates are trained, sent to the real command: what was reached by then is not lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import artificer
from artificer.line.fit.so_far import last

pytestmark = pytest.mark.slow
PATIENCE_S = 120


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    """Rows that keep the race busy for minutes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 8))
    won = np.sin(3 * x[:, 0]) * x[:, 1] + x[:, 2] * x[:, 3] + 0.5 * rng.normal(size=len(x)) > 0
    frame = pl.DataFrame({f"x{k}": x[:, k] for k in range(8)} | {"won": np.where(won, "yes", "no")})
    frame.write_parquet(tmp_path / "rows.parquet")
    path = tmp_path / "brief.toml"
    path.write_text(
        '[data]\nsource = "rows.parquet"\n[target]\ncolumn = "won"\npositive = "yes"\n[run]\nlimit_s = 600\n'
    )
    return path


def started(brief: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "artificer", "run", str(brief)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whatever this process does with it
    )


def until(brief: Path, process: subprocess.Popen[str]) -> Path:
    """Wait for the first model so far."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        assert process.poll() is None, process.communicate()
        for folder in (brief.parent / "artificer-work" / "runs").glob("*/so-far"):
            if (model := last(folder)) is not None:
                return model
        time.sleep(0.05)
    raise AssertionError("no model so far")


def test_the_first_ctrl_c_ends_with_what_there_is(brief: Path) -> None:
    process = started(brief)
    until(brief, process)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "Ctrl-C again" in err
    (package,) = (brief.parent / "artificer-work" / "packages").iterdir()
    assert str(package.name) in out
    assert len(artificer.load(package).predict(pl.read_parquet(brief.parent / "rows.parquet").head(3))) == 3


def test_a_killed_run_leaves_a_model_that_predicts(brief: Path) -> None:
    process = started(brief)
    model = until(brief, process)
    process.kill()
    process.communicate()
    newest = last(model.parent)
    assert newest is not None
    rows = pl.read_parquet(brief.parent / "rows.parquet")
    told = artificer.load(newest).predict(rows)
    assert (told == rows["won"].to_numpy()).mean() > 0.8
