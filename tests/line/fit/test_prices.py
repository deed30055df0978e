"""What fits will take is foretold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, RunPart, Target
from artificer.core.run import Run
from artificer.core.stages import Candidate
from artificer.core.store import Workspace
from artificer.line.fit import fit, race
from artificer.line.fit.prices import Prices, hurried


def test_fewer_drawn_trees_are_foretold_to_take_less() -> None:
    told = Prices(1000, {"numbers": 10}, 1)
    few, listed, plain = (
        told.fold_s(Candidate("extra_trees", "extra_trees", settings, ("numbers",)))
        for settings in ({"trees": 50}, {"trees": 200}, {})
    )
    assert listed == plain == pytest.approx(4 * few)


@pytest.mark.parametrize(("times", "trees"), [(0.5, 200), (1.0, 200), (1.9, 100), (3.0, 60), (100.0, 50)])
def test_where_time_is_short_fewer_trees_are_drawn(times: float, trees: int) -> None:
    candidate = Candidate("extra_trees", "extra_trees", {"trees": 200, "max_features": 0.5}, ("numbers",))
    assert hurried(candidate, times).settings == {"trees": trees, "max_features": 0.5}
    plain = Candidate("extra_trees", "extra_trees", {"max_features": 1.0})
    assert hurried(plain, times) is plain


def test_a_run_says_how_many_trees_were_drawn_in_place_of_those_planned(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(race, "hurried", lambda candidate, times: hurried(candidate, 2.0))
    x = np.random.default_rng(0).normal(size=300)
    frame = pl.DataFrame({"x": x, "y": np.digitize(x, [-0.5, 0.5]).astype(str)})
    brief = Brief(target=Target(column="y"), run=RunPart(limit_s=60, learners=("extra_trees", "linear")))
    found = fit(Run(brief, tmp_path, Workspace(tmp_path), frame=frame, effects=False, seal=False, judged=False))
    told = {one.question: (one.choice, one.because) for one in found.decisions}
    assert told["How many trees does extra_trees grow?"] == ("100", "200 would leave too little time for others")
