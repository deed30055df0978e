"""What is made for where the blend errs: where it must help it is tried and kept, on clean rows it is not made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.run import Run
from artificer.core.stages import Trained
from artificer.core.store import Workspace
from artificer.line import design as planning
from artificer.line.fit import fit
from artificer.line.refine import refine
from artificer.line.ship.lock import run_lock

pytestmark = pytest.mark.slow
N = 3_000


def begun(folder: Path, frame: pl.DataFrame, exclude: tuple[str, ...] = ()) -> Run:
    others = ("lightgbm_extra_trees", "lightgbm_fine", "lightgbm_shallow", "lightgbm_engineered", "lightgbm_log")
    part = RunPart(limit_s=170, learners=("lightgbm", "linear"), exclude=(*others, *exclude))
    brief = Brief(target=Target(column="y"), run=part)
    return Run(brief, folder, Workspace(folder), frame=frame, effects=False, seal=False, judged=False)


def answer(found: Trained, about: str) -> str:
    (told,) = [one for one in found.decisions if about in one.question]
    return told.choice


def names(found: Trained) -> set[str]:
    return {one.candidate.name for one in found.trials}


def clean(seed: int = 0) -> pl.DataFrame:
    """Only trees tell the target: it is a step of three columns together."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, N))
    y = 3.0 * np.sign(np.maximum(a, b) * np.maximum(b, c)) + a + 0.3 * rng.normal(size=N)
    return pl.DataFrame({"a": a, "b": b, "c": c, "y": y})


def slipped() -> pl.DataFrame:
    """One number in fifty was written down far off, either way."""
    rng = np.random.default_rng(1)
    far = np.where(rng.random(N) < 0.02, rng.choice([-60.0, 60.0], N), 0.0)
    return clean().with_columns(pl.col("y") + pl.Series(far))


def test_labels_in_doubt_do_not_train_where_that_helps(tmp_path: Path) -> None:
    run = begun(tmp_path, slipped())
    found = fit(run)
    assert answer(found, "without labels in doubt tried") == "tried"
    assert answer(found, "without labels in doubt help") == "yes"
    scores = {one.candidate.name: one.score.value for one in found.trials if one.score is not None}
    assert scores["lightgbm_trusting"] < scores["lightgbm"]
    shipped = refine(run)
    assert shipped.weights["lightgbm_trusting"] > 0.3

    space, lock = Workspace(tmp_path / "again"), run_lock(run, shipped)
    how = {"effects": False, "seal": False, "judged": False}
    again = Run(run.brief, tmp_path, space, frame=slipped(), clock=Clock(), replay=lock, **how)
    assert refine(again).model_hash == shipped.model_hash


def test_nothing_is_made_on_clean_rows(tmp_path: Path) -> None:
    found = fit(begun(tmp_path, clean()))
    assert not names(found) & {"lightgbm_trusting", "lightgbm_more_rows"}
    assert answer(found, "without labels in doubt tried") == "no"


def test_labels_that_chance_decides_are_not_doubted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, N))
    frame = pl.DataFrame({"a": a, "b": b, "y": np.where(a + rng.logistic(size=N) > 0, "yes", "no")})
    found = fit(begun(tmp_path, frame))
    assert answer(found, "without labels in doubt tried") == "no"


def test_where_a_search_reads_a_part_of_the_rows_and_more_help_more_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MANY_ROWS", 2_000)
    monkeypatch.setattr(planning, "SEARCH_ROWS", 800)
    a, b = np.random.default_rng(0).uniform(-2, 2, (2, N))
    waves = pl.DataFrame({"a": a, "b": b, "y": 3 * np.sin(3 * a) * np.cos(3 * b)})
    found = fit(begun(tmp_path, waves))
    assert answer(found, "Would more rows help?") == "yes"
    assert answer(found, "comparing on more rows") == "yes"
    scores = {one.candidate.name: one.score.value for one in found.trials if one.score is not None}
    assert scores["lightgbm_more_rows"] < scores["lightgbm"]


def test_who_excludes_what_may_be_made_gets_none(tmp_path: Path) -> None:
    found = fit(begun(tmp_path, slipped(), exclude=("lightgbm_trusting", "lightgbm_more_rows")))
    assert not names(found) & {"lightgbm_trusting", "lightgbm_more_rows"}
    assert not [one for one in found.decisions if "labels in doubt" in one.question]
