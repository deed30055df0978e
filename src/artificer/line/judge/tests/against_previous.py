"""Against the model that is in use: whether the new one is better, and for which rows the answer changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.line.judge.tests.rival import Rival, met

CODE = "against_previous"


@examination(CODE, "previous")
def against_previous(seen: Examined) -> Iterator[Finding]:
    """Report whether the model is worse than the one before it; rows that were right and are wrong now are counted."""
    assert seen.previous is not None
    fix = "keep the model that is in use"
    found = met(
        seen, Rival(CODE, "the model in use", seen.previous, fix, unshown="note"), *_changes(seen, seen.previous)
    )
    if found is None:
        return
    unshown = found.severity == "note" and found.effect is not None and not found.effect.is_gain
    yield (
        replace(found, fix="keep the model that is in use, unless there is another reason to change")
        if unshown
        else found
    )


def _changes(seen: Examined, previous: np.ndarray) -> tuple[Fact, ...]:
    """Labels that differ, and regressions of single rows (Yan et al. 2021, CVPR: negative flips)."""
    if not seen.classes:
        moved = float(np.abs(seen.prediction[:, 0] - previous[:, 0]).mean())
        return (Fact("mean_change", moved, "of the prediction, in the target's unit"),)
    now, then = seen.labels(seen.prediction), previous.argmax(axis=1)
    newly_wrong = (then == seen.rows.y) & (now != seen.rows.y)
    return (
        Fact("share_changed", float((now != then).mean()), "share of rows whose label differs"),
        Fact("share_newly_wrong", float(newly_wrong.mean()), "share of rows that were right and are wrong now"),
    )
