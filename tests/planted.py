"""Stand-ins for what finds wrong labels and variants, where a test plants them and knows the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
import pytest

from artificer.core.clock import Clock
from artificer.core.records import Fact, Finding
from artificer.line import audit as stage
from artificer.line.audit import repairs
from artificer.line.audit.price import Prices
from artificer.line.audit.seen import Seen, check

AUDIT = "artificer.line.audit"
SURE = 0.25


def doubted(seen: Seen) -> np.ndarray:
    """Rows whose own label a cross-fitted yardstick gives less than a quarter."""
    found = Prices(seen.brief, seen.asked, seen.rows, Clock()).probe(seen.asked.features)
    own = found.prediction[np.arange(len(found.y)), found.y.astype(np.int64)]
    return np.sort(found.rows[own < SURE])


@check("label_errors", "rows")
def label_errors(seen: Seen) -> Iterator[Finding]:
    yield Finding("label_errors", "note", "y", "labels are in doubt", "-", (Fact("share", 0.2, "share of rows"),))


@check("typos", "rows")
def typos(seen: Seen) -> Iterator[Finding]:
    yield Finding("typos", "note", "city", "one level is spelt in several ways", "-")


def plant(
    monkeypatch: pytest.MonkeyPatch,
    *,
    suspects: Callable[[Seen], np.ndarray] | None = None,
    merged: Callable[[pl.Series], dict[str, str]] | None = None,
) -> None:
    """Put stand-ins in the place of the checks that find wrong labels and variants."""
    found = (f"{AUDIT}.label_errors:", f"{AUDIT}.spellings:")
    checks = [one for one in stage.BUILTIN if not one.startswith(found)]
    if suspects is not None:
        monkeypatch.setattr(repairs, "doubtful", suspects)
        checks.append("planted:label_errors")
    if merged is not None:
        monkeypatch.setattr(repairs, "merged", merged)
        checks.append("planted:typos")
    monkeypatch.setattr(stage, "BUILTIN", tuple(checks))
