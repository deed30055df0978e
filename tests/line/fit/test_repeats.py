"""Who would learn the same as another is not trained, and the leaderboard says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, RunPart, Target
from artificer.core.run import Run
from artificer.core.stages import Candidate, Encoding
from artificer.core.store import Workspace
from artificer.line.fit import fit
from artificer.line.fit.repeats import repeats
from artificer_runtime.recipe import Block

NUMBERS, CODES = Block("numbers", "numbers@1", ("x",), {}), Block("codes", "codes@1", ("kind",), {})
SAME_CODES = Block("few_codes", "codes@1", ("kind",), {})


def trees(name: str, *blocks: str, **settings: float) -> Candidate:
    return Candidate(name, "lightgbm", settings, blocks)


def test_the_same_learner_settings_and_features_repeat_whatever_the_names() -> None:
    made = Encoding(
        (NUMBERS, CODES, SAME_CODES),
        (
            trees("plain", "numbers", "codes", num_leaves=31),
            trees("other settings", "numbers", "codes", num_leaves=8),
            trees("other features", "numbers", num_leaves=31),
            trees("again", "numbers", "few_codes", num_leaves=31),
            Candidate("other learner", "catboost", {"num_leaves": 31}, ("numbers", "codes")),
        ),
        (),
    )
    assert repeats(made) == {"again": "with these columns it reads and learns the same as plain"}


@pytest.mark.slow
def test_a_single_column_has_no_pairs_so_candidates_for_them_are_not_trained(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=3_200)
    frame = pl.DataFrame({"x": x, "y": np.where(x + rng.normal(size=len(x)) > 0, "yes", "no")})
    part = RunPart(limit_s=60, learners=("lightgbm", "linear", "lightgbm_engineered"), exclude=("lightgbm_fine",))
    brief = Brief(target=Target(column="y"), run=part)
    found = fit(Run(brief, tmp_path, Workspace(tmp_path), frame=frame, effects=False, seal=False, judged=False))
    trials = {trial.candidate.name: trial for trial in found.trials}
    assert trials["lightgbm_engineered"].fits == ()
    assert trials["lightgbm_engineered"].dropped == "with these columns it reads and learns the same as lightgbm"
    assert trials["lightgbm"].score is not None
    assert not found.cut
