"""Texts that are codes → the one pattern that all of them have, such as `[A-Z]{2}[0-9]{4}`; None where there is none.

Values are cut into runs of characters of one class. When all have the same runs in the same order, the pattern says
how long each run may be; a run that is the same text everywhere stands as that text.
"""

from __future__ import annotations

import re

import polars as pl

FEWEST_VALUES = 20
LONGEST = 40
HEAD = 100
# From narrow to wide: the first classes by which all values have the same runs. Wide ones also fit words, so there
# each run must have one length, and nearly every value a digit.
CLASSES = (("[A-Z]", "[a-z]", "[0-9]"), ("[0-9a-f]",), ("[0-9A-F]",), ("[0-9A-Z]",), ("[0-9A-Za-z]",))
FEWEST_WITH_DIGIT = 0.9
MARKS = "\x01\x02\x03"  # stand for a run of each class


def pattern_of(known: pl.Series) -> str | None:
    """Find the pattern of a column's values.

    Parameters
    ----------
    known : Series of String
        Values that are not missing.

    Returns
    -------
    str or None
        A regular expression that each value matches as a whole; None where values are no codes: few, long, with blanks
        or letters outside ASCII, without digits, numbers of any length, or of several forms.
    """
    distinct = known.unique()
    if len(distinct) < FEWEST_VALUES or not _like_codes(distinct):
        return None
    for classes in CLASSES:
        pattern = _with_classes(distinct, classes)
        if pattern is not None:
            return pattern
    return None


def _like_codes(values: pl.Series) -> bool:
    head = values[:HEAD]  # most columns are no codes, and the first values say so
    return all(
        bool(some.str.contains(rf"^[!-~]{{1,{LONGEST}}}$").all())
        and float(some.str.contains("[0-9]").mean() or 0) >= FEWEST_WITH_DIGIT  # type: ignore[arg-type]
        for some in (head, values)
    )


def _with_classes(values: pl.Series, classes: tuple[str, ...]) -> str | None:
    form = str(values[0])
    for mark, one in zip(MARKS, classes, strict=False):
        form = re.sub(f"{one}+", mark, form)
    parts = [classes[MARKS.index(sign)] if sign in MARKS else sign for sign in form]
    groups = "".join(f"({part}+)" if part in classes else f"({re.escape(part)})" for part in parts)
    if not values[:HEAD].str.contains(f"^{groups}$").all():
        return None
    runs = values.str.extract_groups(f"^{groups}$").struct.unnest()
    if runs.to_series(0).null_count():
        return None
    written = [_run(runs.to_series(place), part, part in classes) for place, part in enumerate(parts)]
    fixed = all(lengths == "" or "," not in lengths for _, lengths in written)
    alone = len([part for part in parts if part in classes]) == 1 == len(parts)
    if not fixed and (alone or len(classes) == 1):
        return None
    return "".join(text + lengths for text, lengths in written)


def _run(run: pl.Series, part: str, is_class: bool) -> tuple[str, str]:
    """A run's text and how often it may repeat."""
    if (run == run[0]).all():
        return re.escape(str(run[0])).replace(r"\-", "-"), ""
    assert is_class
    lengths = run.str.len_bytes().to_numpy()  # in ASCII as many as characters
    low, high = int(lengths.min()), int(lengths.max())
    return part, ("" if low == high == 1 else f"{{{low}}}" if low == high else f"{{{low},{high}}}")
