"""Redundant features: pairs that say nearly the same, and numbers that others add up to.

Trees take them as they are; importances and effects are shared among them, and a linear model's weights lose their sense.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check
from artificer.measure.associate import categories

ALIKE = 0.98
# Of a number's variance, what a linear combination of others gives: a variance inflation of 1,000.
GIVEN = 0.999
MOST_ROWS, MOST_COLUMNS, MOST_LEVELS, MOST_TOLD = 5_000, 200, 200, 10
FEWEST_ROWS = 100


@check("redundant", "rows", "prices")
def redundant(seen: Seen) -> Iterator[Finding]:
    """Report the later feature of each such pair, and numbers that others give; `copy` tells of equal columns."""
    kept = seen.prices.kept[:MOST_ROWS]
    if len(kept) < FEWEST_ROWS:
        return
    kinds = {column.name: column.kind for column in seen.asked.schema.columns}
    names = [name for name in seen.prices.readable if name in seen.asked.features][:MOST_COLUMNS]
    X = seen.prices.columns(names)[: len(kept)].astype(np.float64)
    is_number = np.array([kinds[name] in ("number", "time") for name in names], bool)
    pairs = [*_numbers(X, np.flatnonzero(is_number)), *_codes(X, np.flatnonzero(~is_number))]
    equal = {
        (a, b) for a, b, _ in pairs if seen.rows.frame[names[a]].equals(seen.rows.frame[names[b]], null_equal=True)
    }
    later = {b: (a, strength) for a, b, strength in sorted(pairs, key=lambda one: one[2]) if (a, b) not in equal}
    for b, (a, strength) in sorted(later.items())[:MOST_TOLD]:
        yield _pair(names[a], names[b], strength, "correlation" if is_number[b] else "Cramér's V")
    given = _combined(
        X, np.array([place for place in np.flatnonzero(is_number) if place not in {b for _, b, _ in pairs}])
    )
    for place, share in list(given)[:MOST_TOLD]:
        yield _given(names[place], share)


def _numbers(X: np.ndarray, places: np.ndarray) -> Iterator[tuple[int, int, float]]:
    if len(places) < 2:
        return
    size = np.abs(np.corrcoef(_standard(X[:, places]), rowvar=False))
    for a, b in zip(*np.nonzero(np.triu(size, 1) > ALIKE), strict=True):
        yield int(places[a]), int(places[b]), float(size[a, b])


def _standard(X: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1, missing and infinite values at the mean; a column that never varies becomes noise."""
    known = np.where(np.isfinite(X), X, np.nan)
    with np.errstate(all="ignore"):
        centred = np.nan_to_num(known - np.nansum(known, axis=0) / np.maximum((~np.isnan(known)).sum(axis=0), 1))
        spread = centred.std(axis=0)
    noise = np.random.default_rng(0).normal(0, 1, centred.shape)  # a constant correlates with nothing
    return np.asarray(np.where(spread > 0, centred / np.where(spread > 0, spread, 1.0), noise))


def _codes(X: np.ndarray, places: np.ndarray) -> Iterator[tuple[int, int, float]]:
    few = [place for place in places if 2 <= len(np.unique(X[:, place])) <= MOST_LEVELS]
    for index, a in enumerate(few):
        for b in few[index + 1 :]:
            strength = categories(X[:, a], X[:, b]).strength.value
            if strength > ALIKE:
                yield int(a), int(b), strength


def _combined(X: np.ndarray, places: np.ndarray) -> Iterator[tuple[int, float]]:
    """Numbers that others give, one after another: what is left then is given by no others.

    The share of variance that all others give of a number is 1 - 1 / its place on the diagonal of the correlations' inverse.
    """
    while len(places) > 2:
        correlation = np.corrcoef(_standard(X[:, places]), rowvar=False)
        inflation = np.diag(np.linalg.inv(correlation + 1e-9 * np.eye(len(places))))
        last = len(inflation) - 1 - int(np.argmax(inflation[::-1] >= 1 / (1 - GIVEN)))
        if inflation[last] < 1 / (1 - GIVEN):
            return
        yield int(places[last]), float(1 - 1 / inflation[last])
        places = np.delete(places, last)


def _pair(original: str, name: str, strength: float, measure: str) -> Finding:
    return Finding(
        code="redundant",
        severity="note",
        where=name,
        says=f"'{name}' says nearly what '{original}' says ({measure} {strength:.3f}): importance and effects are shared "
        "between them",
        fix=f'nothing to do for the score; to read effects, leave one out: [features] exclude = ["{name}"]',
        facts=(Fact("original", original), Fact("strength", strength, measure)),
    )


def _given(name: str, share: float) -> Finding:
    return Finding(
        code="redundant",
        severity="note",
        where=name,
        says=f"'{name}' is a sum of other numbers, each times something ({share:.2%} of its variance): its effect cannot be "
        "told from theirs",
        fix=f'nothing to do for the score; to read effects, leave it out: [features] exclude = ["{name}"]',
        facts=(Fact("share_given", share, "share of its variance"),),
    )
