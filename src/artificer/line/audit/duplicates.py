"""Duplicates: rows that are equal to another one in every column, the target included.

Copies count twice in training, and a copy on the other side of a split makes a model look better than it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.data.nested import left_out
from artificer.data.table import row_hashes
from artificer.line.ask import ROW
from artificer.line.audit.seen import Copied, Seen, check

LARGEST_QUIET_SHARE = 0.01
SHOWN = 3
ODD = np.uint64(0x9E3779B97F4A7C15)  # so that a swap of both hashes is no twin


@check("duplicates", "rows", "hashes")
def duplicates(seen: Seen) -> Iterator[Finding]:
    """Report rows that are copies; a warning where more than 1% of the rows are."""
    _, counts = np.unique(alike(seen), return_counts=True)
    found = Copied(seen.rows.n_rows - len(counts), int(counts[counts > 1].sum()), int(counts.max()))
    if found.n_copies:
        yield _finding(found, seen.rows.n_rows, _not_compared(seen))


@check("duplicates", "profile", "copied")
def stored_twice(seen: Seen) -> Iterator[Finding]:
    """Report the same of data that is not held, from hashes of its rows."""
    if seen.copied and seen.copied.n_copies:
        yield _finding(seen.copied, seen.profile.n_rows, _not_compared(seen))


def _not_compared(seen: Seen) -> str:
    """Columns that no stage sees, in words: those of lists, and personal ones that are neither key nor group."""
    data = seen.brief.data
    personal = [name for name in seen.brief.legal.personal if name not in (*data.key, data.group)]
    names = [f"'{name}'" for name in (*left_out(seen.asked.findings), *personal)]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (
        f" but {', '.join(names[:SHOWN])}{more}, which {'are' if len(names) > 1 else 'is'} not compared"
        if names
        else ""
    )


def _finding(found: Copied, n_rows: int, but: str) -> Finding:
    share = found.n_copies / n_rows
    some = "" if found.counted else "about "
    return Finding(
        code="duplicates",
        severity="warning" if share > LARGEST_QUIET_SHARE else "note",
        where="rows",
        says=f"{some}{found.n_copies:,} of {n_rows:,} rows ({share:.1%}) "
        f"{'repeats' if found.n_copies == 1 else 'repeat'} an earlier row in every column{but}",
        fix="remove rows that were stored twice; if each is a case of its own, name what they share in [data] group",
        facts=(
            Fact("share_copies", share, "share of rows"),
            Fact("n_copies", float(found.n_copies), "rows"),
            Fact("n_alike", float(found.n_twins), "rows with a twin: a random split would part them"),
            Fact("n_most_copied", float(found.n_most), "times the commonest row occurs"),
        ),
    )


def alike(seen: Seen) -> np.ndarray:
    """Hash of each row with its target and all else but its position: uint64 (n_rows,).

    What is beside the features is read only of rows whose features another has too: it cannot make the others alike.
    """
    frame, features = seen.rows.frame, seen.asked.features
    _, places, counts = np.unique(seen.hashes, return_inverse=True, return_counts=True)
    same = np.flatnonzero(counts[places] > 1)
    hashes = np.asarray(seen.hashes * ODD)
    beside = {*features, ROW}
    hashes[same] += row_hashes(frame[same], [name for name in frame.columns if name not in beside])
    return hashes
