"""Broken keys: rows of a joined table that no row of the source asks for, and keys that would meet if they were spelt alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from artificer.core.figures import counted
from artificer.core.records import Fact, Finding

LARGEST_QUIET_SHARE = 0.2
LEAST_MENDED = 0.05
# What keys of two systems often differ by, beside case: ".0" behind, spaces and signs about or within, zeros in front.
LOOSE = (r"\.0+$", r"[\s_./-]+", r"^0+")


def broken_keys(name: str, key: Sequence[str], ours: pl.Series, theirs: pl.Series) -> Iterator[Finding]:
    """Report what `unmatched`, which counts rows of the source, does not tell of the keys of both sides.

    Parameters
    ----------
    name : str
        The joined table.
    key : sequence of str
    ours, theirs : Series of texts, (n_rows,) and (n_rows of the table,)
        Keys as the join compares them; null where a part of the key is missing.
    """
    known, offered = ours.drop_nulls().unique(), theirs.drop_nulls().unique()
    met = ours.is_in(offered.implode()).fill_null(False)
    unmet = ours.filter(~met & ours.is_not_null())
    share_mended = len(unmet) / max(len(ours), 1) * _mended(unmet, offered)
    if share_mended >= LEAST_MENDED:
        yield _spelt(name, key, share_mended)
        return  # which is why keys of the table are idle
    share_idle = float((~offered.is_in(known.implode())).mean() or 0.0)  # type: ignore[arg-type]
    n_null = int(theirs.null_count())
    if share_idle > LARGEST_QUIET_SHARE or n_null:
        yield _idle(name, key, share_idle, n_null, float(met.mean() or 0.0))  # type: ignore[arg-type]


def _mended(unmet: pl.Series, offered: pl.Series) -> float:
    """Share of the keys without a partner that has exactly one when both are spelt loosely."""
    if not len(unmet):
        return 0.0
    loose = _loose(offered)
    single = loose.filter(~loose.is_duplicated())
    return float(_loose(unmet).is_in(single.implode()).mean())  # type: ignore[arg-type]


def _loose(keys: pl.Series) -> pl.Series:
    keys = keys.str.to_lowercase()
    for pattern in LOOSE:
        keys = keys.str.replace_all(pattern, "")
    return keys


def _spelt(name: str, key: Sequence[str], share: float) -> Finding:
    return Finding(
        "broken_keys",
        "warning",
        name,
        f"{share:.0%} of the rows would find their row in the table '{name}' if both sides spelt {', '.join(key)} alike: "
        "the keys differ in case, spaces, signs or leading zeros",
        "spell the key alike on both sides, for instance by a query that trims and casts it",
        (Fact("share_mended", share, "share of rows"),),
    )


def _idle(name: str, key: Sequence[str], share_idle: float, n_null: int, share_met: float) -> Finding:
    told = [f"{share_idle:.0%} of its keys belong to no row of the source"] if share_idle > LARGEST_QUIET_SHARE else []
    told += [f"{counted(n_null, 'of its rows lacks its', 'of its rows lack their')} key"] if n_null else []
    return Finding(
        "broken_keys",
        "warning" if share_idle > 0.5 and share_met < 0.5 else "note",
        name,
        f"of the table '{name}' by {', '.join(key)}: {' and '.join(told)}",
        "nothing to do if it holds more than the source is about; else see that both are of the same time and things",
        (
            Fact("share_idle", share_idle, "share of the table's keys"),
            Fact("n_without_key", float(n_null), "rows of the table"),
            Fact("share_met", share_met, "share of the source's rows"),
        ),
    )
