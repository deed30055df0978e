"""What fits will take is foretold."""

from __future__ import annotations

import pytest

from artificer.core.stages import Candidate
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
