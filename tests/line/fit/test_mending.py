"""What is made for where the blend errs: where it must help it is tried and kept, on clean rows it is not made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, RunPart, Target
from artificer.core.run import Run
from artificer.core.stages import Trained
from artificer.core.store import Workspace
from artificer.line.fit import fit
from artificer.line.refine import refine

pytestmark = pytest.mark.slow
N = 3_000


def begun(folder: Path, frame: pl.DataFrame, **run: object) -> Run:
    brief = Brief(target=Target(column="y"), run=RunPart(limit_s=300, learners=("lightgbm", "linear"), **run))  # type: ignore[arg-type]
    return Run(brief, folder, Workspace(folder), frame=frame, effects=False, seal=False, judged=False)


def answer(found: Trained, about: str) -> str:
    (told,) = [one for one in found.decisions if about in one.question]
    return told.choice


def names(found: Trained) -> set[str]:
    return {one.candidate.name for one in found.trials}


def clean(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, N))
    return pl.DataFrame({"a": a, "b": b, "c": c, "y": np.sin(2 * a) + b + 0.3 * rng.normal(size=N)})


def slipped() -> pl.DataFrame:
    """One number in fifty was written down far off, either way."""
    rng = np.random.default_rng(1)
    far = np.where(rng.random(N) < 0.02, rng.choice([-30.0, 30.0], N), 0.0)
    return clean().with_columns(pl.col("y") + pl.Series(far))


def test_labels_in_doubt_do_not_train_where_that_helps(tmp_path: Path) -> None:
    run = begun(tmp_path, slipped())
    found = fit(run)
    assert answer(found, "without labels in doubt tried") == "tried"
    assert answer(found, "without labels in doubt help") == "yes"
    scores = {one.candidate.name: one.score.value for one in found.trials if one.score is not None}
    assert scores["lightgbm_trusting"] < scores["lightgbm"]
    assert refine(run).weights["lightgbm_trusting"] > 0.3


def test_nothing_is_made_on_clean_rows(tmp_path: Path) -> None:
    found = fit(begun(tmp_path, clean()))
    assert names(found) <= {"lightgbm", "linear", *(one for one in names(found) if "lightgbm_" in one)}
    assert not names(found) & {"lightgbm_trusting", "lightgbm_slices", "lightgbm_more_rows"}
    assert answer(found, "without labels in doubt tried") == "no"
    assert answer(found, "errs on weighed more") == "no"
    assert answer(found, "Would more rows help?") in ("yes", "little")
