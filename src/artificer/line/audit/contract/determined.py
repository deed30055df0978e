"""One column that determines another, such as `zip` the `city`: it always does, and by chance often would not.

A row whose value stood in another row should bring what that one brought. Where the two columns knew nothing of each other,
a share of such rows would bring something else: 1 - the sum of squared shares of the second's values. A hundred of them must
be expected, and none be there. How many may yet come: see `chance`. What follows from others (a gives b, b gives c) goes
without saying.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import polars as pl

from artificer.core.stages import Rule
from artificer.data.columns import each
from artificer.line.audit.contract.chance import largest_share
from artificer.line.audit.contract.keys import KINDS, SAMPLE, sampled_codes
from artificer_runtime.schema import Column

FEWEST_REPEATED = 500
FEWEST_EXPECTED = 100.0
MOST_COLUMNS = 60
MOST_RULES = 10
MOST_TRIED = 100
HEAD = 1_000


def determined_of(frame: pl.DataFrame, columns: Sequence[Column]) -> list[Rule]:
    """Find columns that another determines, the most telling first, at most ten.

    Parameters
    ----------
    frame : DataFrame
        Normalised training rows.
    """
    names = [one.name for one in columns if one.kind in KINDS]
    if len(names) > MOST_COLUMNS or frame.height < FEWEST_REPEATED:
        return []
    codes = sampled_codes(frame, names)
    pairs = [
        pair for pair in permutations(names, 2) if all(_holds(*(codes[one][:n] for one in pair)) for n in (HEAD, None))
    ]
    told_by = list(dict.fromkeys(by for by, _ in pairs))
    twice = dict(zip(told_by, each(lambda by: _twice(frame, by), told_by, frame.height), strict=True))
    tried = [pair for pair in pairs if _may_hold(twice[pair[0]], *pair)][:MOST_TRIED]
    found = [(*evidence, *pair) for pair in tried if (evidence := _evidence(frame, *pair)) is not None]
    given: dict[str, set[str]] = {name: set() for name in names}
    rules: list[Rule] = []
    for expected, repeated, by, name in sorted(found, key=lambda one: -one[0]):
        if name not in _all_given(given, by) and len(rules) < MOST_RULES:
            given[by].add(name)
            said = f"in {repeated:,} training rows that could break it; by chance {expected:,.0f} would"
            rules.append(Rule("determined", (by, name), allow=largest_share(repeated), learned=said))
    return rules


def _holds(by: np.ndarray, name: np.ndarray) -> bool:
    both = (by >= 0) & (name >= 0)
    by, name = by[both], name[both]
    last = np.empty(int(by.max(initial=-1)) + 1, np.int64)
    last[by] = name
    return bool((last[by] == name).all())


def _twice(frame: pl.DataFrame, by: str) -> pl.DataFrame | None:
    """Rows whose value stands in another row too; all rows where these are many, and None where they are too few."""
    found = frame[by].is_duplicated() & frame[by].is_not_null()
    n = int(found.sum())
    if n < FEWEST_REPEATED:
        return None
    return frame if n > SAMPLE else frame.filter(found)


def _may_hold(twice: pl.DataFrame | None, by: str, name: str) -> bool:
    """Whether it holds in the rows that can break it; of many it is taken for granted here, and looked at later."""
    if twice is None or twice.height > SAMPLE:
        return twice is not None
    both = twice.select(by, name).drop_nulls()
    return both.n_unique() == both[by].n_unique()


def _evidence(frame: pl.DataFrame, by: str, name: str) -> tuple[float, int] | None:
    """How many rows would break it by chance, and how many could have; None where it does not hold or says little."""
    both = frame.select(by, name).drop_nulls()
    counts = both[name].alias("level").value_counts()["count"].to_numpy()
    n_by = both[by].n_unique()
    repeated = both.height - n_by
    expected = repeated * (1 - float(((counts / max(1, both.height)) ** 2).sum()))
    if repeated < FEWEST_REPEATED or expected < FEWEST_EXPECTED or both.n_unique() != n_by:
        return None
    return expected, repeated


def _all_given(given: Mapping[str, set[str]], by: str) -> set[str]:
    """All that a column determines, by others too."""
    found, new = set[str](), {by}
    while new:
        found, new = found | new, set().union(*(given[name] for name in new)) - found - new
    return found
