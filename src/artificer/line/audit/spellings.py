"""Spellings: levels of a category that differ by case, spaces or a slip of the pen, and so part what belongs together.

Slips are one letter left out, added, exchanged with its neighbour or mistaken for another (Damerau 1964, CACM 7(3)),
in a level that is rare beside the one it is taken for. Neighbours are found by the strings that arise when one letter
is left out, so the cost grows with the number of levels and not with its square.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

RARE = 20  # a slip is at least this many times rarer than the right spelling
SHORTEST = 5  # letters of a word that may hold a slip: "Iran" and "Iraq" are two
MOST_LEVELS = 5_000
# A mistaken letter lies beside the right one, or is a vowel for a vowel: "inland" and "island" are two. Where a column
# shows this many other slips, any letter is believed to be one.
SURELY_TYPED = 3
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
VOWELS = frozenset("aeiouy")


@check("case_variants", "rows")
def case_variants(seen: Seen) -> Iterator[Finding]:
    """Report categories, and classes of the target, of which one is written with other capitals or spaces."""
    for name, counts in _categories(seen):
        yield from _other_capitals(name, counts)
    for finding in _other_capitals(seen.brief.target.column, _classes(seen)):
        yield _of_target(finding)


@check("typos", "rows")
def typos(seen: Seen) -> Iterator[Finding]:
    """Report rare levels, and rare classes of the target, that are one slip of the pen away from a common one."""
    for name, counts in _categories(seen):
        yield from _other_letters(name, counts)
    for finding in _other_letters(seen.brief.target.column, _classes(seen)):
        yield _of_target(finding)


@check("case_variants", "profile")
def capitals(seen: Seen) -> Iterator[Finding]:
    """Report the same of data that is not held: of categories whose levels the profile counts one by one."""
    for name, counts in _counted_levels(seen):
        yield from _other_capitals(name, counts)


@check("typos", "profile")
def letters(seen: Seen) -> Iterator[Finding]:
    """Report slips of the pen of data that is not held."""
    for name, counts in _counted_levels(seen):
        yield from _other_letters(name, counts)


def merged(values: pl.Series) -> dict[str, str]:
    """Spellings to replace, and by what.

    Parameters
    ----------
    values : Series of str
        A category's values; nulls are passed over.

    Returns
    -------
    dict of str to str
        Variant → the commonest spelling of the same level; empty where every level has one spelling.

    Examples
    --------
    >>> merged(pl.Series(["London"] * 40 + ["london", "Londn", "Leeds"]))
    {'london': 'London', 'Londn': 'London'}
    """
    counts = _counted(values)
    same = _same(counts)
    return same | _slips(counts, same)


def _categories(seen: Seen) -> Iterator[tuple[str, dict[str, int]]]:
    for column in seen.asked.schema.columns:
        if column.kind == "category" and column.name in seen.asked.features:
            yield column.name, _counted(seen.rows.frame[column.name])


def _classes(seen: Seen) -> dict[str, int]:
    """How many rows each class has, the commonest first; empty but for classes that are texts."""
    if seen.asked.class_kind != "string":
        return {}
    counts = np.bincount(seen.rows.y.astype(np.int64), minlength=len(seen.asked.classes))
    return {seen.asked.classes[one]: int(counts[one]) for one in np.argsort(-counts, kind="stable")}


def _of_target(finding: Finding) -> Finding:
    """Nothing mends labels by itself: what the model is asked for would be another question."""
    return replace(
        finding,
        severity="warning",
        fix="have one spelling used at the source; each spelling is learned as a class of its own",
    )


def _counted_levels(seen: Seen) -> Iterator[tuple[str, dict[str, int]]]:
    for column in seen.profile.columns:
        if column.kind == "category" and column.name in seen.asked.features and not column.common.error:
            yield column.name, dict(column.heavy)


def _other_capitals(name: str, counts: dict[str, int]) -> Iterator[Finding]:
    found = _same(counts)
    if found:
        yield _finding("case_variants", name, found, counts, "differ from another only by capitals or spaces")


def _other_letters(name: str, counts: dict[str, int]) -> Iterator[Finding]:
    found = _slips(counts, _same(counts))
    if found:
        yield _finding("typos", name, found, counts, "are rare and one letter away from a common one")


def _counted(values: pl.Series) -> dict[str, int]:
    """How often each spelling occurs, the commonest first."""
    counts = values.cast(pl.String).drop_nulls().alias("level").value_counts()
    counts = counts.sort(["count", "level"], descending=[True, False])
    return dict(zip(counts["level"].to_list(), counts["count"].to_list(), strict=True))


def bare(level: str) -> str:
    """A level without what capitals and spaces make of it: of "New  York" and "new york" it is the same."""
    return " ".join(unicodedata.normalize("NFKC", level).casefold().split())


def _same(counts: dict[str, int]) -> dict[str, str]:
    first: dict[str, str] = {}
    for level in counts:
        first.setdefault(bare(level), level)
    return {level: first[bare(level)] for level in counts if first[bare(level)] != level}


def _slips(counts: dict[str, int], same: dict[str, str]) -> dict[str, str]:
    """Spellings that are slips, each with the right one; `counts` is sorted, so common levels come first."""
    spelt: dict[str, list[str]] = defaultdict(list)
    for level in counts:
        spelt[bare(level)].append(level)
    if len(spelt) > MOST_LEVELS:
        return {}
    total = {folded: sum(counts[one] for one in levels) for folded, levels in spelt.items()}
    near: dict[str, list[str]] = defaultdict(list)
    sure: dict[str, str] = {}
    unsure: dict[str, str] = {}
    for folded in sorted(total, key=lambda one: -total[one]):
        if len(folded) < SHORTEST or any(letter.isdigit() for letter in folded):
            continue
        shorter = {folded, *(folded[:place] + folded[place + 1 :] for place in range(len(folded)))}
        right = next((one for key in sorted(shorter) for one in near[key] if total[folded] * RARE <= total[one]), None)
        if right is None or not _one_word(folded, right):
            if total[folded] >= RARE:
                for key in shorter:
                    near[key].append(folded)
            continue
        (sure if _likely(folded, right) else unsure)[folded] = right
    taken = sure | unsure if len(sure) + len(unsure) > SURELY_TYPED else sure
    return {level: spelt[right][0] for folded, right in taken.items() for level in spelt[folded]}


def _one_word(level: str, right: str) -> bool:
    """Whether both differ by one slip within one long word, or by a space."""
    if level.replace(" ", "") == right.replace(" ", ""):
        return True
    words, others = level.split(), right.split()
    if len(words) != len(others):
        return False
    apart = [(a, b) for a, b in zip(words, others, strict=True) if a != b]
    return len(apart) == 1 and min(map(len, apart[0])) >= SHORTEST - 1 and _distance_is_one(*apart[0])


def _distance_is_one(a: str, b: str) -> bool:
    """Whether one letter is added, left out, replaced, or changes places with its neighbour; the first one stays."""
    start, end = _ends(a, b)
    a, b = a[start : len(a) - end], b[start : len(b) - end]
    return start > 0 and (max(len(a), len(b)) == 1 or (len(a) == 2 and a == b[::-1]))


def _ends(a: str, b: str) -> tuple[int, int]:
    """Lengths of what both begin and, apart from that, end with."""
    least = min(len(a), len(b))
    start = next((place for place in range(least) if a[place] != b[place]), least)
    end = next((place for place in range(least - start) if a[-1 - place] != b[-1 - place]), least - start)
    return start, end


def _likely(level: str, right: str) -> bool:
    """Whether a typist makes this slip; only replaced letters are in doubt."""
    start, end = _ends(level, right)
    a, b = level[start : len(level) - end], right[start : len(right) - end]
    if len(a) != 1 or len(b) != 1:
        return True
    return {a, b} <= VOWELS or _beside(a, b)


def _beside(a: str, b: str) -> bool:
    places = {letter: (row, place) for row, keys in enumerate(KEYS) for place, letter in enumerate(keys)}
    if a not in places or b not in places:
        return False
    return abs(places[a][0] - places[b][0]) <= 1 and abs(places[a][1] - places[b][1]) <= 1


def _finding(code: str, name: str, found: dict[str, str], counts: dict[str, int], how: str) -> Finding:
    n_rows = sum(counts[level] for level in found)
    share = n_rows / sum(counts.values())
    shown = ", ".join(f"'{level}' for '{right}'" for level, right in list(found.items())[:3])
    return Finding(
        code=code,
        severity="note",
        where=name,
        says=f"{len(found):,} of the {len(counts):,} levels of '{name}' {how}, in {counted(n_rows, 'row')}: {shown}",
        fix="have one spelling used at the source; to a model each spelling is a level of its own",
        facts=(
            Fact("n_variants", float(len(found)), "levels"),
            Fact("n_rows", float(n_rows), "rows"),
            Fact("share_rows", share, "share of values"),
        ),
    )
