"""What fits will take is foretold."""

from __future__ import annotations

import pytest

from artificer.core.stages import Candidate, Trial
from artificer.line.fit import _decisions
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


def test_a_run_says_how_many_trees_were_drawn_in_place_of_those_planned() -> None:
    planned = Candidate("extra_trees", "extra_trees", {"trees": 200})
    as_planned, fewer = (Trial(one, (), None) for one in (planned, hurried(planned, 2.0)))
    assert _decisions((as_planned,), 5, (planned,)) == ()
    (said,) = _decisions((fewer,), 5, (planned,))
    assert (said.question, said.choice) == ("How many trees does extra_trees grow?", "100")
    assert said.because == "200 would not end in the time there is"
