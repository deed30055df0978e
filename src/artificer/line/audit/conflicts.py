"""Label conflicts: rows with the same features and different labels. They bound what any model can reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

LARGEST_QUIET_SHARE = 0.01


@check("conflicts", "rows", "hashes")
def conflicts(seen: Seen) -> Iterator[Finding]:
    """Report the rows that conflict, and the best score that they allow on these very rows."""
    rows = seen.rows
    _, alike, counts = np.unique(seen.hashes, return_inverse=True, return_counts=True)
    if len(counts) == rows.n_rows:
        return
    n_conflicting, ceiling = (_classes if seen.asked.classes else _values)(alike, counts, rows.y)
    if not n_conflicting:
        return
    share = n_conflicting / rows.n_rows
    unit = "accuracy" if seen.asked.classes else "share of the target's variance"
    yield Finding(
        code="conflicts",
        severity="warning" if share > LARGEST_QUIET_SHARE else "note",
        where=seen.brief.target.column,
        says=f"{n_conflicting:,} rows ({share:.1%}) equal another row in every feature and differ in "
        f"'{seen.brief.target.column}': on these rows no model can exceed {ceiling:.4f} ({unit})",
        fix="bring a column that tells these rows apart, or have their labels checked",
        facts=(
            Fact("share_conflicting", share, "share of rows"),
            Fact("n_conflicting", float(n_conflicting), "rows"),
            Fact("ceiling", ceiling, unit),
        ),
    )


def _classes(alike: np.ndarray, counts: np.ndarray, y: np.ndarray) -> tuple[int, float]:
    pairs, n_pairs = np.unique(np.column_stack([alike, y.astype(np.int64)]), axis=0, return_counts=True)
    commonest = np.zeros(len(counts), np.int64)
    np.maximum.at(commonest, pairs[:, 0], n_pairs)
    return int(counts[commonest < counts].sum()), float(commonest.sum() / counts.sum())


def _values(alike: np.ndarray, counts: np.ndarray, y: np.ndarray) -> tuple[int, float]:
    mean = np.bincount(alike, y) / counts
    gaps = np.square(y - mean[alike])
    low, high = np.full(len(counts), np.inf), np.full(len(counts), -np.inf)
    np.minimum.at(low, alike, y)
    np.maximum.at(high, alike, y)
    total = float(np.square(y - y.mean()).sum())
    return int(counts[high > low].sum()), 1.0 - float(gaps.sum()) / total if total else 1.0
