"""Overlap: training rows that equal a sealed row in every feature. Told by hashes alone; the sealed rows stay shut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

LARGEST_QUIET_SHARE = 0.01


@check("overlap", "hashes", "sealed")
def overlap(seen: Seen) -> Iterator[Finding]:
    """Report how many sealed rows occur in training; a warning where more than 1% of them do."""
    if seen.sealed is None or not len(seen.sealed):
        return
    n_known = int(np.isin(seen.sealed, seen.hashes).sum())
    if not n_known:
        return
    share = n_known / len(seen.sealed)
    those = f"of {len(seen.sealed):,} sealed test rows ({share:.1%})"
    yield Finding(
        code="overlap",
        severity="warning" if share > LARGEST_QUIET_SHARE else "note",
        where="sealed rows",
        says=f"{counted(n_known, f'{those} equals', f'{those} equal')} a training row in every "
        "feature, so the verdict may flatter a model that remembers",
        fix="remove rows that were stored twice, or name in [data] group what repeated rows belong to",
        facts=(
            Fact("share_known", share, "share of sealed rows"),
            Fact("n_known", float(n_known), "sealed rows"),
        ),
    )
