"""Columns that identify a row, alone or two or three together: those that by chance would not.

Rows that were drawn at random would share a key now and then: n (n - 1) / 2 pairs, each alike by the product of the columns'
shares of pairs that are alike, if these knew nothing of each other; of one column of whole numbers or moments, by 1 / the
values that its range has room for (von Mises 1939, the problem of birthdays). Where a hundred such pairs are expected and
none is there, chance is out (e^-100), and so are columns that shun each other a little, such as a plane and the hours of its
day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl

from artificer.core.stages import Rule
from artificer_runtime.schema import Column

FEWEST_ROWS = 50
EXPECTED = 100.0
MOST_COLUMNS = 15
MOST_KEYS = 3
SAMPLE = 20_000
HEAD = 1_000
LARGEST = 2.0**53  # up to here a double tells whole numbers apart
KINDS = ("number", "category", "boolean", "time", "identifier")


def keys_of(frame: pl.DataFrame, columns: Sequence[Column], known: Sequence[tuple[str, ...]]) -> list[Rule]:
    """Find keys, at most three, none of which holds another.

    Parameters
    ----------
    frame : DataFrame
        Normalised training rows.
    known : sequence of tuple of str
        Keys that need not be found: neither they, nor any that holds one.
    """
    n = frame.height
    if n < FEWEST_ROWS:
        return []
    names = [one.name for one in columns if one.kind in KINDS and _may_identify(frame[one.name])]
    codes = sampled_codes(frame, names)
    found = [set(one) for one in known]
    rules: list[Rule] = []
    for key, expected in [*_alone(frame, codes), *_together(codes, n)]:
        if len(rules) < MOST_KEYS and not any(other <= set(key) for other in found) and _differ(frame, codes, key):
            found.append(set(key))
            said = f"no two of {n:,} training rows share it; by chance {expected:,.0f} pairs would"
            rules.append(Rule("unique", key, learned=said))
    return rules


def sampled_codes(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Numbers in place of values, of the same 20,000 rows at most: int64, -1 where missing."""
    some = frame.select(names)
    if names and frame.height > SAMPLE:
        some = some.sample(SAMPLE, seed=0)
    return {name: some[name].rank("dense").fill_null(0).to_numpy().astype(np.int64) - 1 for name in names}


def _may_identify(values: pl.Series) -> bool:
    """Never missing, and no measurement: those differ by their digits."""
    if values.null_count():
        return False
    return not values.dtype.is_float() or all(
        bool(((some == some.round()) & (some.abs() <= LARGEST)).all())
        for some in (values[:HEAD], values)  # the first values mostly say so
    )


def _alone(frame: pl.DataFrame, codes: Mapping[str, np.ndarray]) -> Iterator[tuple[tuple[str, ...], float]]:
    n = frame.height
    for name, code in codes.items():
        values = frame[name]
        if values.dtype != pl.String and len(np.unique(code)) == len(code):
            whole = np.sort(values.cast(pl.Int64).to_numpy())
            step = max(1, int(np.gcd.reduce(np.diff(whole))))
            expected = n * (n - 1) / 2 / ((int(whole[-1]) - int(whole[0])) / step + 1)
            if expected >= EXPECTED:
                yield (name,), expected


def _together(codes: Mapping[str, np.ndarray], n: int) -> Iterator[tuple[tuple[str, ...], float]]:
    """Combinations of which chance would make some rows alike: of two columns first, and the most surprising."""
    alike = {}
    for name, code in codes.items():
        counts = np.bincount(code).astype(np.float64)
        alike[name] = float((counts * (counts - 1)).sum() / (len(code) * (len(code) - 1)))
    telling = sorted((name for name in alike if alike[name] < 1), key=alike.__getitem__)[:MOST_COLUMNS]
    names = [name for name in codes if name in telling]
    for size in (2, 3):
        expected = {
            key: n * (n - 1) / 2 * float(np.prod([alike[name] for name in key])) for key in combinations(names, size)
        }
        for key in sorted(expected, key=lambda one: -expected[one]):
            if expected[key] >= EXPECTED:
                yield key, expected[key]


def _differ(frame: pl.DataFrame, codes: Mapping[str, np.ndarray], key: tuple[str, ...]) -> bool:
    """Whether no two rows share it; some of the rows mostly say so."""
    whole = codes[key[0]]
    for name in key[1:]:
        whole = whole * (int(codes[name].max()) + 1) + codes[name]  # three of 20,000 codes: below 2^63
    some_differ = all(len(np.unique(some)) == len(some) for some in (whole[:HEAD], whole))
    return some_differ and frame.select(key).n_unique() == frame.height
