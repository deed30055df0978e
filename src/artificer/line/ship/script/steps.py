"""Plain code of the steps, one a function of the script; the runtime's own modules say the same of any package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from artificer_runtime.recipe import Block

CODE = {
    "numbers": '''
def numbers(values):
    """Numbers as they are."""
    return values.astype(np.float32)
''',
    "codes": '''
def codes(values):
    """Codes of levels as they are."""
    return values.astype(np.float32)
''',
    "one_hot": '''
def one_hot(values, kept):
    """A column of 0 and 1 for each of the codes that are kept of a column."""
    parts = [values[:, place, None] == np.array(found) for place, found in enumerate(kept) if found]
    return np.concatenate(parts, axis=1).astype(np.float32)
''',
    "scaled": '''
def scaled(values, median, mean, scale, varies, gaps):
    """Numbers on one scale, gaps filled with the median, and marks of gaps."""
    single = values.astype(np.float32).astype(np.float64)
    filled = np.where(np.isnan(single), median, single)
    ready = np.clip((filled - mean) / np.array(scale), -8, 8)
    return np.concatenate([ready[:, varies], np.isnan(single)[:, gaps]], axis=1).astype(np.float32)
''',
    "hinges": '''
def hinges(values, median, mean, scale, varies, gaps, column, knot):
    """max(0, x - knot), so that a linear model can bend."""
    ready = scaled(values, median, mean, scale, varies, gaps)[:, : len(varies)]
    return np.maximum(ready[:, column] - np.array(knot), 0.0).astype(np.float32)
''',
    "date_gaps": '''
def date_gaps(values, pairs):
    """Days from one moment of a row to another."""
    return np.stack([(values[:, second] - values[:, first]) / 86400 for first, second in pairs], axis=1).astype(np.float32)
''',
    "dates": '''
def dates(values, start, hours, trend, weeks):
    """Parts and cycles of moments."""
    return np.concatenate(
        [date_parts(values[:, at], start[at], hours[at], trend, weeks) for at in range(values.shape[1])], axis=1
    )


def date_parts(seconds, start, hours, trend, weeks):
    known = ~np.isnan(seconds)
    whole = np.where(known, np.clip(seconds, -6e10, 2.5e11), 0.0)
    days = np.floor(whole / 86400).astype(np.int64)
    date = days.astype("datetime64[D]")
    month_begin, year_begin = date.astype("datetime64[M]"), date.astype("datetime64[Y]")
    month = (month_begin - year_begin.astype("datetime64[M]")).astype(np.int64)
    day = (date - month_begin.astype("datetime64[D]")).astype(np.int64)
    weekday = (days + 3) % 7  # 1970 began on a Thursday
    of_year = (date - year_begin.astype("datetime64[D]")).astype(np.int64)
    parts = [year_begin.astype(np.int64) + 1970, (whole - start) / 86400] if trend else []
    parts += [month + 1, day + 1, weekday, of_year + 1, *cycle(month / 12), *cycle(weekday / 7)]
    if weeks:
        parts += [of_year // 7 + 1, month // 3 + 1, weekday >= 5]
    if hours:
        minute = np.floor((whole - days * 86400) / 60)
        parts += [np.floor(minute / 60), minute, *cycle(minute / 1440)]
    made = np.stack(parts, axis=1).astype(np.float32)
    made[~known] = np.nan
    return made


def cycle(turn):
    return np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)
''',
}
GROUPS = {"codes": "codes", "one_hot": "codes", "dates": "times", "date_gaps": "times"}
NEEDS = {"hinges": "scaled"}


def code_of(blocks: list[Block]) -> str:
    """The functions that some blocks need."""
    names = {block.step.partition("@")[0] for block in blocks}
    names |= {NEEDS[name] for name in names if name in NEEDS}
    return "\n".join(text for name, text in CODE.items() if name in names)


def call_of(block: Block, state: Mapping[str, Any]) -> str:
    """The call that makes a block."""
    name = block.step.partition("@")[0]
    told = "".join(f", {key}={_plain(value)!r}" for key, value in state.items())
    return f"{name}(columns({GROUPS.get(name, 'numbers')!r}, {list(block.columns)!r}){told})"


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
