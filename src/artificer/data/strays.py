"""Values that stray: so few that a column counts as what all others are."""

from __future__ import annotations

import polars as pl

# A column of texts is one of numbers (or moments) when all but this share of its values, and of its different values, can be
# read so; the rest are reported as mixed types and read as missing. Of few different values a word is as likely a level as
# a slip: there the share of the values alone must be lower.
STRAY = 0.05
STRAY_AMONG_FEW, FEWEST_FOR_STRAY = 0.005, 200


def nearly_all(found: pl.Series, known: pl.Series) -> bool:
    """Whether so many texts were read that the others count as strays.

    Parameters
    ----------
    found : Series
        What each text was read as; null where it could not be.
    known : Series of String
        Without gaps.
    """
    n_stray = found.null_count()
    if n_stray == 0 or (len(known) >= FEWEST_FOR_STRAY and n_stray <= STRAY_AMONG_FEW * len(known)):
        return True
    if n_stray > STRAY * len(known):
        return False
    return known.filter(found.is_null()).n_unique() <= STRAY * known.n_unique()
