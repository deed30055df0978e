"""Predictions without a model: the value that came last is that of the group's latest earlier moment."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.line.judge.examined import Rows
from artificer.line.judge.trivial import last_value


@given(seed=st.integers(0, 1000), n=st.integers(0, 40), grouped=st.booleans())
def test_the_mean_of_the_latest_earlier_moment_of_the_group(seed: int, n: int, grouped: bool) -> None:
    rng = np.random.default_rng(seed)
    time = np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 6, n))
    y, group = rng.normal(size=n), rng.integers(0, 3, n) if grouped else None
    found = last_value(Rows(pl.DataFrame(), y, None, time, group), -9.0)
    assert found.shape == (n, 1)
    for row in range(n):
        earlier = (time < time[row]) & (group == group[row] if group is not None else True)
        latest = earlier & (time == time[earlier].max(initial=-1))
        assert found[row, 0] == pytest.approx(y[latest].mean() if earlier.any() else -9.0)
