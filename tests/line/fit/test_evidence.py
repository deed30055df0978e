"""What the blend so far leaves decides what is tried to mend it, and is told."""

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

pytestmark = pytest.mark.slow
N = 4_000


def trained(folder: Path, frame: pl.DataFrame, *learners: str) -> Trained:
    brief = Brief(target=Target(column="y"), run=RunPart(limit_s=300, learners=learners))
    return fit(Run(brief, folder, Workspace(folder), frame=frame, effects=False, seal=False, judged=False))


def answer(found: Trained, about: str) -> str:
    (told,) = [one for one in found.decisions if about in one.question]
    return told.choice


def dropped(found: Trained, name: str) -> str:
    return next(one.dropped for one in found.trials if one.candidate.name == name)


def test_pairs_of_columns_are_tried_where_some_tell_more_together(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, N))
    learners = ("lightgbm", "linear", "lightgbm_engineered")
    together = pl.DataFrame({"a": a, "b": b, "y": np.where(a * b + 0.3 * rng.normal(size=N) > 0, "yes", "no")})
    found = trained(tmp_path / "together", together, *learners)
    assert answer(found, "pairs of columns") == "yes"
    apart = pl.DataFrame({"a": a, "b": b, "y": np.where(a + rng.normal(size=N) > 0, "yes", "no")})
    found = trained(tmp_path / "apart", apart, *learners)
    assert answer(found, "pairs of columns") == "no"
    assert "tells more" in dropped(found, "lightgbm_engineered")


def test_a_logarithmic_link_is_tried_where_residuals_grow_with_the_prediction(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 3, N)
    learners = ("lightgbm", "linear", "lightgbm_log")
    growing = pl.DataFrame({"x": x, "y": np.exp(x) * rng.gamma(4.0, 0.25, N)})
    found = trained(tmp_path / "growing", growing, *learners)
    assert answer(found, "logarithmic link") == "yes"
    assert dropped(found, "lightgbm_log") == ""
    even = pl.DataFrame({"x": x, "y": 30 + x + rng.normal(size=N)})
    found = trained(tmp_path / "even", even, *learners)
    assert answer(found, "logarithmic link") == "no"
    assert "do not grow" in dropped(found, "lightgbm_log")
