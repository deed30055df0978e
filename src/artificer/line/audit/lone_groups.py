"""Classes that train from one group alone: with groups kept whole, no fold that measures them trained on them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

SHOWN = 3


@check("lone_groups", "rows")
def lone_groups(seen: Seen) -> Iterator[Finding]:
    """Report classes of which all training rows are of one group, where there are several groups."""
    classes, group = seen.asked.classes, seen.rows.group
    if not classes or group is None or len(np.unique(group)) < 2:
        return
    pairs = np.unique(np.column_stack([seen.rows.y, group]), axis=0)
    n_groups = np.bincount(pairs[:, 0].astype(np.int64), minlength=len(classes))
    lone = [classes[one] for one in np.flatnonzero(n_groups == 1)]
    if not lone:
        return
    named = ", ".join(f"'{one}'" for one in lone[:SHOWN]) + (
        f" and {len(lone) - SHOWN} more" if len(lone) > SHOWN else ""
    )
    yield Finding(
        code="lone_groups",
        severity="warning",
        where=seen.brief.target.column,
        says=f"all training rows of {'class' if len(lone) == 1 else 'each of the classes'} {named} are of one group: groups "
        "are kept whole, so the fold that measures them trains without that class, and scores out of fold say little of it",
        fix="bring rows of it from other groups; or name no group, if new rows will come from the same ones",
        facts=(Fact("n_lone", float(len(lone)), "classes"),),
    )
