"""What drives the prediction is looked at as far as time allows, the likeliest columns first."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.clock import Clock
from artificer.line.judge.about import About
from artificer.line.judge.any_model import shown
from artificer.line.judge.drivers import FEWEST_COLUMNS, drivers


def test_no_further_column_is_tried_when_time_is_over() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"x{place}": rng.normal(size=200) for place in range(6)})
    y = (frame["x0"] + rng.normal(size=200) > 0).cast(pl.Int64)
    seen = shown(lambda rows: 1 / (1 + np.exp(-rows["x0"].to_numpy())), frame, y, about=About())
    assert len(drivers(seen, frame.columns, (), Clock())) == len(drivers(seen, frame.columns, ())) == 6
    found = drivers(seen, frame.columns, (), Clock(0.0))
    assert {one.column for one in found} == set(frame.columns[:FEWEST_COLUMNS])
