"""How a run is told to have ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from artificer.cli.line import _show_done
from artificer.core.life import Served
from artificer.core.records import Estimate
from artificer.core.stages import Shipped, Verdict
from artificer.flow import Done

VERDICT = Verdict("sealed rows", 400, "roc_auc", Estimate(0.81, 0.78, 0.84, "DeLong", 400), ())


@pytest.mark.parametrize(
    ("served", "says"),
    [
        (None, "served   nothing before a yes: artificer approve BRIEF v2 --because …"),
        ("v1", "served   v1 still; serve this one: artificer update BRIEF --promote v2"),
        ("v2", ""),
    ],
)
def test_what_is_served_now_is_said_where_it_is_not_this_one(
    capsys: pytest.CaptureFixture[str], served: str | None, says: str
) -> None:
    shipped = Shipped("packages/v2", "v2", "hash", 0.1, (), ())
    now = Served("calls", served, "", 1, "") if served else None
    _show_done(Done("run", VERDICT, shipped, (), (), Path("p"), Path("r"), Path("l"), 0, 1.0, served=now))
    found = [line for line in capsys.readouterr().out.splitlines() if line.startswith("served")]
    assert found == ([says] if says else [])
