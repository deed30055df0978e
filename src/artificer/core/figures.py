"""Figures as a person reads them."""

from __future__ import annotations

import numpy as np

from artificer.core.records import Chances, Estimate, Finding

DAY_S = 86_400
TOO_FEW = "too few rows for an interval"
MOST_DIGITS = 1e15  # beyond, a number is told as a power of ten: its digits are no longer exact
SIGNS = {"met": "✓", "not shown": "?", "unmet": "✗"}


def figure(value: float) -> str:
    """A number with as many digits as help.

    >>> figure(0.12345), figure(1234.5), figure(float("inf")), figure(0.0), figure(-2e-12)
    ('0.123', '1,234', '∞', '0', '−2e-12')
    >>> figure(-1.5e22)
    '−1.5e22'
    """
    if value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= MOST_DIGITS:
        return ("−" if value < 0 else "") + f"{size:.3g}".replace("e+", "e")
    if size >= 100 or value == int(value):
        return f"{value:,.0f}".replace("-", "−")
    if size < 0.000001:
        return ("−" if value < 0 else "") + f"{size:.2g}"
    digits = 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.001 else 6
    return f"{value:.{digits}f}".replace("-", "−")


def counted(n: int, one: str, many: str = "") -> str:
    """How many there are of something, and what follows from it where the verb hangs on the number.

    >>> counted(1, "row"), counted(1_200, "row"), counted(1, "class has", "classes have")
    ('1 row', '1,200 rows', '1 class has')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def day(seconds: float) -> str:
    """Date of a moment in UTC, in any year.

    Parameters
    ----------
    seconds : float
        Since 1970.

    >>> day(86_400.0), day(253_402_300_800.0), day(-69_120_000_000.0)
    ('1970-01-02', '10000-01-01', '-221-09-04')
    """
    return str(np.datetime64(int(seconds // DAY_S), "D"))


def with_interval(estimate: Estimate, unit: str = "") -> str:
    """An estimate with its interval; "about" where its method says that it is approximate.

    >>> with_interval(Estimate(0.7512, 0.7301, 0.7702, "DeLong", 900))
    '0.751 (0.730 to 0.770)'
    >>> with_interval(Estimate(0.7512, float("-inf"), float("inf"), "t", 2))
    '0.751 (too few rows for an interval)'
    """
    about = "about " if "approximate" in estimate.method else ""
    unit = f" {unit}" if unit else ""
    if estimate.low == estimate.high == estimate.value:
        return f"{figure(estimate.value)}{unit}"
    if estimate.high == float("inf") and estimate.low in (0.0, float("-inf")):
        return f"{figure(estimate.value)}{unit} ({TOO_FEW})"
    return f"{figure(estimate.value)}{unit} ({about}{figure(estimate.low)} to {figure(estimate.high)})"


def in_ends(value: float, low: float | None, high: float | None) -> str:
    """A predicted number with the interval that holds nine values in ten; None: it has no such end.

    >>> in_ends(12.5, 9.0, None), in_ends(0.5, None, None)
    ('12.5 (nine in ten: 9 to ∞)', '0.500')
    """
    if low is None and high is None:
        return figure(value)
    ends = (-np.inf if low is None else low, np.inf if high is None else high)
    return f"{figure(value)} (nine in ten: {' to '.join(map(figure, ends))})"


def better_by(effect: Estimate) -> str:
    """An effect on a score as a person reads it: errors fall where they get better, so that a sign would mislead.

    >>> better_by(Estimate(-1.02, -1.3, -0.8, "paired", 900)), better_by(Estimate(0.5, 0.5, 0.5, "exact", 900))
    ('worse by 1.02 (0.800 to 1.30)', 'better by 0.500')
    """
    if effect.value != effect.value:
        return with_interval(effect)
    return f"worse by {with_interval(-effect)}" if effect.value < 0 else f"better by {with_interval(effect)}"


def mended(finding: Finding) -> str:
    """What mending would do to the score; "" where nothing is to be mended, or that was not measured."""
    if finding.effect is None or finding.fix.startswith("nothing to do"):
        return ""
    return f"mended, the score is {better_by(finding.effect)}"


def likely(p: float) -> str:
    """A chance as a person reads it.

    >>> likely(0.8312), likely(0.99996), likely(0.0)
    ('83%', 'over 99.9%', 'under 0.1%')
    """
    if not 0.001 <= p <= 0.999:
        return "under 0.1%" if p < 0.001 else "over 99.9%"
    return f"{100 * p:.1f}%" if min(p, 1 - p) < 0.01 else f"{100 * p:.0f}%"


def in_chances(found: Chances) -> str:
    """Who is better, in one clause; outcomes of under 0.1% are left out.

    >>> in_chances(Chances(0.83, 0.17, 0.0, 0.01, "paired DeLong"))
    'better with a chance of 83%, as good within 0.010 with 17%'
    """
    named = (
        ("better", found.better),
        (f"as good within {figure(found.within)}", found.same),
        ("worse", found.worse),
    )
    told = [(name, p) for name, p in sorted(named, key=lambda one: -one[1]) if p >= 0.001]
    (first, p), *rest = told
    return ", ".join([f"{first} with a chance of {likely(p)}", *(f"{name} with {likely(p)}" for name, p in rest)])
