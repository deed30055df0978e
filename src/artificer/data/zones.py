"""Columns of moments that name several time zones, or one by letters, or of which some name none → findings."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from artificer.core.figures import counted
from artificer.core.records import Fact, Finding

LOOKS = r"^\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
ZONE = r"(Z|[+-]\d\d:?\d\d)\s*$"
LETTERS = r"\s([A-Za-z]{2,5})\s*$"
OF_A_YEAR = 2  # summer and winter time of one place
LOOKED_AT = 100


def mixed_zones(text: pl.Series) -> Iterator[Finding]:
    """Report what reading moments in UTC may have made of a column of texts.

    Parameters
    ----------
    text : Series of String
        Cells as they stand in the file.
    """
    if not text.drop_nulls()[:LOOKED_AT].str.contains(LOOKS).any():
        return
    moments = text.filter(text.str.contains(LOOKS))
    zones = moments.alias("zone").str.extract(ZONE)
    n_zoned, n_bare = zones.count(), zones.null_count()
    counts = zones.drop_nulls().str.replace(":", "", literal=True).replace("Z", "+0000").value_counts(sort=True)
    lettered = moments.alias("zone").str.extract(LETTERS).drop_nulls()
    if 2 * len(lettered) > len(moments):
        yield Finding(
            "mixed_zones",
            "warning",
            text.name,
            f"moments of '{text.name}' name their time zone by letters ({', '.join(lettered.unique().sort()[:3])}), which "
            "several places share; they are read as words",
            "have its source write offsets: 2024-01-31T12:00:00+01:00",
            (Fact("n_lettered", float(len(lettered)), "rows"),),
        )
        return
    name, named = text.name, ", ".join(counts["zone"][:3])
    facts = (Fact("n_zoned", float(n_zoned), "rows"), Fact("n_bare", float(n_bare), "rows"))
    if n_zoned and n_bare:
        yield Finding(
            "mixed_zones",
            "warning",
            name,
            f"{counted(n_zoned, f'moment of {name!r} names', f'moments of {name!r} name')} a time zone ({named}) and "
            f"{n_bare:,} none; those were read as UTC, so "
            "hours may lie between what was at the same time",
            "have its source name the zone of every moment",
            facts,
        )
    elif counts.height > OF_A_YEAR:
        yield Finding(
            "mixed_zones",
            "note",
            name,
            f"'{name}' holds moments of {counts.height} time zones ({named}{', …' if counts.height > 3 else ''}); all were "
            "read as UTC, so an hour of the day is not the local one",
            "nothing to do if moments are meant; where the local hour matters, give it as a column of its own",
            facts,
        )
