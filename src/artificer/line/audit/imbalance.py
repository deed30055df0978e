"""Imbalance: classes so rare that scores on them rest on few rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

RARE_SHARE = 0.1
VERY_RARE_SHARE = 0.01
# A standard error of AUC is about 0.03 with 100 rows of the rarer class (Hanley & McNeil 1982, at AUC 0.8).
FEWEST_ROWS = 100


@check("imbalance", "rows")
def imbalance(seen: Seen) -> Iterator[Finding]:
    """Report the rarest class where it holds less than a tenth of an even share's rows, or fewer than 100 rows."""
    classes = seen.asked.classes
    if not classes:
        return
    counts = np.bincount(seen.rows.y.astype(np.int64), minlength=len(classes))
    rarest = int(counts.argmin())
    n_rare, share = int(counts[rarest]), float(counts[rarest] / counts.sum())
    n_few = int((counts < FEWEST_ROWS).sum())
    even = 2 / len(classes)  # so that two classes are judged by their plain shares
    if share >= RARE_SHARE * even and not n_few:
        return
    few = counted(n_few, f"of {len(classes)} classes has", f"of {len(classes)} classes have")
    yield Finding(
        code="imbalance",
        severity="warning" if n_few or share < VERY_RARE_SHARE * even else "note",
        where=seen.brief.target.column,
        says=f"class '{classes[rarest]}' holds {n_rare:,} of {counts.sum():,} training rows ({share:.1%})"
        + (f"; {few} fewer than {FEWEST_ROWS}" if n_few and len(classes) > 2 else ""),
        fix="judge by ranking or by cost, not by accuracy"
        + ("; bring more rows of the rare class: they decide how sure a score can be" if n_few else ""),
        facts=(
            Fact("share_rarest", share, "share of rows"),
            Fact("n_rarest", float(n_rare), "rows"),
            Fact("n_few", float(n_few), f"classes of fewer than {FEWEST_ROWS} rows"),
        ),
    )
