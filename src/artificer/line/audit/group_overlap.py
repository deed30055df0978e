"""Group overlap: persons or things with rows both in training and among the sealed test rows.

The sealed rows stay shut. How many of them are of a known person follows from the training rows: drawn alike, as many
as training rows that share theirs with another; sealed by time, as many as among the latest fifth of the training rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.audit.entities import Entity, entities
from artificer.line.audit.group_leak import is_leak
from artificer.line.audit.seen import Seen, check

LARGEST_QUIET_SHARE = 0.1


@check("group_overlap", "profile", "rows")
def group_overlap(seen: Seen) -> Iterator[Finding]:
    """Report entities, told by name or by a like target, that the split does not keep together."""
    sealed = seen.asked.sealed
    if sealed is None or seen.brief.data.group or sealed.how == "file":
        return
    for one in entities(seen):
        if not (one.is_named or is_leak(one)):
            continue
        share = _share_of_known(one, seen.rows.time) if sealed.how == "time" else one.share_repeated
        if share > LARGEST_QUIET_SHARE:
            yield _overlap(one, share)


def _share_of_known(one: Entity, time: np.ndarray | None) -> float:
    """Share of the latest fifth of the rows whose level an earlier row has."""
    if time is None:
        return one.share_repeated
    codes = one.codes[np.argsort(np.nan_to_num(time, nan=-np.inf), kind="stable")]
    cut = len(codes) * 4 // 5
    late = codes[cut:][codes[cut:] >= 0]
    return float(np.isin(late, codes[:cut]).mean()) if len(late) else 0.0


def _overlap(one: Entity, share: float) -> Finding:
    return Finding(
        code="group_overlap",
        severity="warning" if is_leak(one) else "note",
        where=one.name,
        says=f"about {share:.0%} of the sealed test rows share their '{one.name}' with a training row: the verdict is "
        "about known ones, and says less of new ones",
        fix=f'if new rows will be of new ones, set [data] group = "{one.name}"',
        facts=(Fact("share_known", share, "share of sealed rows, estimated"),),
    )
