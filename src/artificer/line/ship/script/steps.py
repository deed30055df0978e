"""Plain code of the steps, one a function of the script; the runtime's own modules say the same of any package."""

from __future__ import annotations

import pprint
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from artificer.line.ship.script import learning
from artificer_runtime import steps
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
    "level_numbers": '''
def level_numbers(values, tables, mean, scale):
    """The number that a level holds, on one scale; NaN where it holds none."""
    parts = []
    for codes, table in zip(values.T, tables):
        held = (codes >= 0) & (codes < len(table))
        parts.append(np.where(held, np.array(table, np.float64)[np.where(held, codes, 0)], np.nan))
    return np.clip((np.stack(parts, axis=1) - mean) / np.array(scale), -8, 8).astype(np.float32)
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
def dates(values, start, hours, trend, weeks, low=-np.inf, high=np.inf):
    """Parts and cycles of moments, within the range that the run trained on."""
    made = np.concatenate(
        [date_parts(values[:, at], start[at], hours[at], trend, weeks) for at in range(values.shape[1])], axis=1
    )
    return np.clip(made, np.float32(low), np.float32(high))


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
    "text_shape": '''
def text_shape(values):
    """How long a text is, and how many of its characters are digits, capitals and marks."""
    return np.array([[trait for text in row for trait in traits(text[:20_000])] for row in values.tolist()], np.float32)


def traits(text):
    digits, capitals, n = sum(map(str.isdecimal, text)), sum(map(str.isupper, text)), max(len(text), 1)
    marks = [one for one in text if not (one.isalnum() or one.isspace() or one.isupper() or one == "_")]
    money = sum(unicodedata.category(one) == "Sc" for one in marks)
    counts = [len(text), len(text.split()), digits, capitals, len(marks), text.count("!"), text.count("?"), money]
    return [*np.log1p(counts), digits / n, capitals / n, len(marks) / n]
''',
}
NEEDS = {"hinges": ("scaled",), **learning.NEEDS}
IMPORTS = {"text_shape": ("import unicodedata",), **learning.IMPORTS}
ALL = CODE | learning.CODE


def known_steps() -> frozenset[str]:
    """Steps that have a plain form, in version 1."""
    return frozenset(ALL)


def code_of(blocks: Sequence[Block]) -> str:
    """The functions that some blocks need."""
    return "\n".join(text for name, text in ALL.items() if name in _needed(blocks))


def imports_of(blocks: Sequence[Block]) -> set[str]:
    """What those functions import."""
    return {line for name in _needed(blocks) for line in IMPORTS.get(name, ())}


def call_of(block: Block, state: Mapping[str, Any]) -> str:
    """The call that makes a block: what the run chose stands in it, what is learned is learned again."""
    name = block.step.partition("@")[0]
    given = [_columns(block)]
    if name in learning.CODE:
        given += [f"known.setdefault({block.name!r}, {{}})", "y", "weight"]
        given += ["group"] if name in learning.CROSS_FITTED else []
        told = {key: value for key, value in block.settings.items() if key in learning.SETTINGS}
        told |= {shown: state[key] for key, shown in _CHOSEN.items() if key in state}
    elif name == "level_numbers":
        tables = [[None, *column] for column in block.settings["numbers"]]
        told = {"tables": tables, "mean": state["mean"], "scale": state["scale"]}
    else:
        told = dict(state)
    given += [f"{key}={pprint.pformat(_plain(value), width=100, compact=True)}" for key, value in told.items()]
    return f"{name}(\n{textwrap.indent(''.join(f'{one},{chr(10)}' for one in given), ' ' * 12)}        )"


_CHOSEN = {"simple": "pairs", "crossed": "crosses", "kept": "kept"}


def _needed(blocks: Sequence[Block]) -> set[str]:
    names = {block.step.partition("@")[0] for block in blocks}
    return names | {one for name in names for one in NEEDS.get(name, ())}


def _columns(block: Block) -> str:
    group = steps.load(block.step).READS
    if group != "mixed":
        return f"columns({group!r}, {list(block.columns)!r})"
    at = len(block.columns) - int(block.settings["n_codes"])
    parts = [(kind, names) for kind, names in (("numbers", block.columns[:at]), ("codes", block.columns[at:])) if names]
    both = ", ".join(f"columns({kind!r}, {list(names)!r})" for kind, names in parts)
    return f"np.concatenate([{both}], axis=1)"


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
