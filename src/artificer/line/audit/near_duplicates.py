"""Near duplicates: rows that equal another one in all columns but one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.data.table import row_hashes
from artificer.line.audit.seen import Seen, check

MOST_ROWS, FEWEST_COLUMNS, MOST_COLUMNS = 200_000, 4, 60
# The other columns must nearly name a row, and one of them by itself must come near to it: else rows are alike by nature.
NAMING, NAMING_ALONE, FEWEST_PAIRS = 0.95, 0.5, 5


@check("near_duplicates", "rows")
def near_duplicates(seen: Seen) -> Iterator[Finding]:
    """Report the column but for which most rows equal another one, where the other columns nearly name a row."""
    names = list(seen.asked.features)
    if not FEWEST_COLUMNS <= len(names) <= MOST_COLUMNS:
        return
    frame = seen.rows.frame.head(MOST_ROWS)
    # Sums of columns' hashes, so that leaving one out is a subtraction; odd factors keep columns apart.
    parts = [row_hashes(frame, [name]) * np.uint64(2 * place + 1) for place, name in enumerate(names)]
    whole = np.sum(parts, axis=0, dtype=np.uint64)
    first = np.unique(whole, return_index=True)[1]  # exact copies are another finding
    alone = {name: len(np.unique(part[first])) / len(first) for name, part in zip(names, parts, strict=True)}
    found = {}
    for name, part in zip(names, parts, strict=True):
        if max(share for other, share in alone.items() if other != name) < NAMING_ALONE:
            continue
        _, counts = np.unique((whole - part)[first], return_counts=True)
        n_near = int(counts[counts > 1].sum())
        if len(counts) >= NAMING * len(first) and n_near >= FEWEST_PAIRS:
            found[name] = n_near
    if not found:
        return
    name = max(found, key=lambda one: found[one])
    share = found[name] / len(first)
    yield Finding(
        code="near_duplicates",
        severity="warning" if share > 0.01 else "note",
        where=name,
        says=f"{found[name]:,} of {len(first):,} different rows ({share:.1%}) equal another one but for '{name}'",
        fix="ask whether one thing was stored twice; if rows belong together, name what they share in [data] group",
        facts=(Fact("n_near", float(found[name]), "rows"), Fact("share", share, "share of different rows")),
    )
