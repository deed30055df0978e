"""The page of what came in."""

from __future__ import annotations

import pytest

from artificer.core.life import Tracked
from artificer.core.records import Estimate
from artificer.line.ship.server.pages.watching import _score


@pytest.mark.parametrize(("metric", "now"), [("rmse", (12.0, 11.0, 13.0)), ("roc_auc", (8.0, 7.0, 9.0))])
def test_a_score_that_got_worse_is_drawn_on_its_own_side(metric: str, now: tuple[float, float, float]) -> None:
    before = Estimate(10.0, 9.0, 11.0, "a test", 100)
    worse = Estimate(-2.0, -3.0, -1.0, "a test", 100)
    found = _score(Tracked("v1", "", metric, 100, 100, before, worse, "harmful"), worse)
    assert (found.value, found.low, found.high) == now
