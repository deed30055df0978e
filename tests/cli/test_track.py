"""What the command says of new rows."""

from __future__ import annotations

import math

import pytest

from artificer.cli.track import _show
from artificer.core.life import Tracked
from artificer.core.records import Estimate
from artificer.line.track.findings import empty_feed


def test_of_no_row_it_is_said_that_there_is_none_and_no_score(capsys: pytest.CaptureFixture[str]) -> None:
    unknown, judged = Estimate(0.0, -math.inf, math.inf, "no rows", 0), Estimate(9.0, 8.0, 10.0, "a test", 90)
    _show(Tracked("v1", "hash", "rmse", 0, 0, judged, unknown, "undecidable", findings=(empty_feed(),)))
    assert capsys.readouterr().out == "note: no new row has come in\n"
