"""Numbers with a heavy tail: a few values outweigh all others in whatever adds them up."""

from __future__ import annotations

import math
from collections.abc import Iterator

from artificer.core.records import Fact, Finding
from artificer.data.scan import ColumnProfile
from artificer.line.audit.seen import Seen, check

# Skewness: 2 for an exponential distribution, 6 for a log-normal one of sigma 1. From 5 on, a table of 49 sensor
# readings had 13 such columns.
HEAVY = 10.0
FEWEST_VALUES = 20


@check("skew", "profile")
def skew(seen: Seen) -> Iterator[Finding]:
    """Report numbers whose skewness is 10 or more, to either side."""
    for column in seen.profile.columns:
        if column.kind != "number" or column.name not in seen.asked.features or column.n_distinct < FEWEST_VALUES:
            continue
        skewness = _skewness(column)
        if not abs(skewness) >= HEAVY:  # so that NaN is passed over
            continue
        side = "high" if skewness > 0 else "low"
        yield Finding(
            code="skew",
            severity="note",
            where=column.name,
            says=f"'{column.name}' has a heavy tail of {side} values (skewness {skewness:.1f}): a few rows steer a linear "
            "model, and its mean says little",
            fix="nothing to do for trees; for a linear model deliver its logarithm or rank",
            facts=(Fact("skewness", skewness), Fact("mean", column.mean), Fact("median", column.quantile(0.5))),
        )


def _skewness(column: ColumnProfile) -> float:
    """Third standardised moment; NaN where it is not defined."""
    count, _, m2, m3, _ = (float(one) for one in column.moments)
    if count < 2 or not 0.0 < m2 < math.inf or not math.isfinite(m3):
        return math.nan
    return float((m3 / count) / (m2 / count) ** 1.5)
