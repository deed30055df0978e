"""Numbers that stand in the levels of a category: "74 bhp", "1,248 CC", "$1,234", "18-25", "10+", "Q3 2011", "12.5%"."""

from __future__ import annotations

import re

# Of levels, so many must hold a number, and so many different ones, for a column to be read as numbers too.
MOSTLY, FEWEST_NUMBERS = 0.9, 5
_NUMBER = r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)([kKmM](?![^\W\d_]))?"
_FIRST = re.compile(rf"(?:(?<![\w)])(-))?{_NUMBER}")
_RANGE = re.compile(rf"{_NUMBER}[^\d\w.,-]*(?:-|–|to)[^\d\w.,-]*{_NUMBER}")
_BELOW = re.compile(r"(?:<|under|below|less than|up to)\D{0,3}$", re.IGNORECASE)
_QUARTER = re.compile(r"\bQ([1-4])\W{0,2}(\d{4})\b|\b(\d{4})\W{0,2}Q([1-4])\b", re.IGNORECASE)
_TIMES = {"": 1.0, "k": 1e3, "m": 1e6}


def numbers_of(levels: tuple[str, ...]) -> list[float | None] | None:
    """One number a level, None where it holds none; None for all when the levels are no numbers with something around.

    >>> numbers_of(("18-25", "26-40", "41-65", "65+", "< 18"))
    [21.5, 33.0, 53.0, 65.0, 9.0]
    >>> numbers_of(("red", "green"))
    """
    found = [number_in(level) for level in levels]
    known = [one for one in found if one is not None]
    if len(known) < MOSTLY * len(levels) or len(set(known)) < FEWEST_NUMBERS:
        return None
    return found


def number_in(level: str) -> float | None:
    """The first number in a text: the middle of a range, half of what is an upper bound, a quarter as part of its year.

    >>> number_in("1,248 CC"), number_in("$1.5M"), number_in("Q3 2011"), number_in("-4 °C"), number_in("none")
    (1248.0, 1500000.0, 2011.5, -4.0, None)
    """
    quarter = _QUARTER.search(level)
    if quarter:
        part, year = (quarter[1], quarter[2]) if quarter[1] else (quarter[4], quarter[3])
        return int(year) + (int(part) - 1) / 4
    span = _RANGE.search(level)
    first = _FIRST.search(level)
    if first is None:
        return None
    if span and span.start() <= first.start(2):
        low, high = _read(span[1], span[2] or span[4]), _read(span[3], span[4])  # "10-20k" means thousands twice
        if low <= high:
            return (low + high) / 2
    number = _read(first[2], first[3])
    if _BELOW.search(level[: first.start()]):
        return number / 2
    return -number if first[1] else number


def _read(digits: str, times: str | None) -> float:
    return float(digits.replace(",", "")) * _TIMES[(times or "").lower()]
