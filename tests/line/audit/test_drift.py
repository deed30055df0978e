"""Drift of several classes: the one whose share moved furthest is told, and none where none moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.line.audit import audit

N = 900


@pytest.mark.parametrize("moves", [True, False])
def test_of_several_classes_the_one_that_moved_furthest_is_drift(tmp_path: Path, moves: bool) -> None:
    rng = np.random.default_rng(0)
    late = (np.arange(N) > N / 2) & moves
    team = np.where(late, rng.choice(3, N, p=[0.2, 0.3, 0.5]), rng.choice(3, N, p=[0.6, 0.3, 0.1]))
    days = pl.Series(19_000 + np.arange(N)).cast(pl.Date)
    frame = pl.DataFrame({"x": rng.normal(size=N), "day": days, "team": [f"team {one}" for one in team]})
    brief = Brief(data=Data(time="day"), target=Target(column="team"))
    told = [one for one in audit(brief, frame=frame, workspace=tmp_path, limit_s=600).findings if one.code == "drift"]
    assert len(told) == moves
    if moves:
        assert "share of 'team 0'" in told[0].says or "share of 'team 2'" in told[0].says
        assert "1 more of 3 classes moved too" in told[0].says
