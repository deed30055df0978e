"""What fits will take is foretold."""

from __future__ import annotations

import pytest

from artificer.core.stages import Candidate
from artificer.line.fit.prices import Prices


def test_fewer_drawn_trees_are_foretold_to_take_less() -> None:
    told = Prices(1000, {"numbers": 10}, 1)
    few, listed, plain = (
        told.fold_s(Candidate("extra_trees", "extra_trees", settings, ("numbers",)))
        for settings in ({"trees": 50}, {"trees": 200}, {})
    )
    assert listed == plain == pytest.approx(4 * few)
