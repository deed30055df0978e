"""A file without a line of names → a finding: its first row was taken for names."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from artificer.core.records import Fact, Finding

SHOWN = 3


def headless(frame: pl.DataFrame, name: str) -> Finding | None:
    """Tell whether the names of columns look like values of theirs.

    They do where every column of numbers has a number for its name, and one of them is broken or they do not rise, as
    years and counted columns do; or where a text is its column's name and one of its values. Of texts alone, all must be.

    >>> headless(pl.DataFrame({"5.1": [4.9, 4.7], "setosa": ["setosa", "setosa"]}), "iris.csv").code
    'no_header'
    """
    numbers = [_number(one) for one in frame.columns if frame[one].dtype.is_numeric()]
    texts = [bool((frame[one] == one).any()) for one in frame.columns if frame[one].dtype == pl.String]
    values = [one for one in numbers if one is not None]
    if len(values) < len(numbers) or not (values or texts):
        return None
    broken = any(not one.is_integer() for one in values) or any(next_ <= one for one, next_ in pairwise(values))
    if not (broken or any(texts) if values else all(texts)):
        return None
    return Finding(
        "no_header",
        "warning",
        name,
        f"the first line of '{name}' was taken for the names of its columns, and looks like a row of values: "
        f"{', '.join(frame.columns[:SHOWN])}{', …' if frame.width > SHOWN else ''}",
        "put a line of names before it; if these are the names, nothing is to do",
        (Fact("columns", float(frame.width), "columns"),),
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
