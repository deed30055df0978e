"""One row, predicted without arrays of one row: the bits of a batch in a fraction of the time.

numpy's calls cost about a microsecond each, however little they do, and a row on its way through schema and steps makes a
hundred of them. Here each column's reading and each block's features are prepared once, as plain numbers and tables that the
steps themselves fill. What is not plain (numbers as text, values beyond single precision, what is no row at all) is left to
the way that batches go, which says what is wrong with it too. Nothing is kept of a row, so threads do not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from artificer_runtime import steps
from artificer_runtime.members.links import linked
from artificer_runtime.outcome import tempered
from artificer_runtime.package import Contents, Weighted
from artificer_runtime.recipe import Block
from artificer_runtime.rows import Rows
from artificer_runtime.schema import FLOAT32_MAX, Plan, Schema
from artificer_runtime.values import seconds_of

NAN = float("nan")
DTYPES = {"numbers": np.float64, "codes": np.int32, "times": np.float64, "texts": np.object_, "mixed": np.float64}
MOST_CODES = 20_000  # of a block's columns that tables are made of
SURE = 700.0  # a raw score up to which a logistic needs no care
_NUMBERS = frozenset({float, int, bool, type(None)})
_LEVELS = _NUMBERS | {str}

Make = Callable[[Sequence[Any]], Sequence[float]]


class Unusual(Exception):
    """This row goes the way of batches."""


@dataclass(frozen=True, slots=True)
class Read:
    """A row as the schema reads it: values by group, and its flags."""

    groups: Mapping[str, Sequence[Any]]
    unseen: bool
    outside: bool

    @property
    def flags(self) -> dict[str, np.ndarray]:
        """As `artificer_runtime.schema.Encoded` has them."""
        return {"unseen": np.array([self.unseen]), "outside": np.array([self.outside]), "clipped": np.array([False])}


@dataclass(frozen=True)
class Single:
    """What is prepared of a package for single rows.

    Attributes
    ----------
    blocks : list of (name, columns to take, features of them)
    """

    schema: Schema
    contents: Contents
    plan: Plan
    blocks: Sequence[tuple[str, Sequence[tuple[str, int]], Make]]

    @classmethod
    def of(cls, contents: Contents, needed: Collection[str]) -> Single:
        """Prepare the blocks that members need."""
        schema = contents.recipe.schema
        blocks = [
            (block.name, _taken(schema, block), _maker(schema, block, contents.recipe.states[block.name]))
            for block in contents.recipe.recipe.blocks
            if block.name in needed
        ]
        return cls(schema, contents, schema.plan, blocks)

    def read(self, rows: Any) -> Read:
        """Read one row.

        Raises
        ------
        Unusual
            When it is not one row of plain values.
        """
        values = self._values(rows)
        numbers, codes, times = [], [], []
        unseen = outside = False
        for place, low, high, gaps, within in self.plan.numbers:
            number = values[place]
            if type(number) not in _NUMBERS:
                raise Unusual
            if number is None or number in gaps:
                number = NAN
            elif number == number:
                if not -FLOAT32_MAX <= number <= FLOAT32_MAX:
                    raise Unusual
                number = float(number)
                outside |= number < low or number > high
                if within is not None:
                    number = min(max(number, within[0]), within[1])
            numbers.append(number)
        for place, lookup, boolean in self.plan.codes:
            value = values[place]
            if type(value) not in _LEVELS:
                raise Unusual
            code = lookup.get(value)
            if code is None:
                code = self.schema.slow_code(value, lookup, boolean)
                unseen |= code < 0
            codes.append(code)
        for place, low, form in self.plan.times:
            moment = self._moment(values[place], form)
            outside |= moment < low
            times.append(moment)
        texts = [values[place] for place in self.plan.texts]
        if not _LEVELS.issuperset(map(type, texts)):
            raise Unusual
        texts = [self.schema.text(value) for value in texts]
        groups = {"numbers": numbers, "codes": codes, "times": times, "texts": texts}
        return Read(groups, unseen, outside)

    def raw(self, read: Read) -> np.ndarray:
        """Probabilities or the value, blended and tempered: float64 (1, n_classes) or (1, 1)."""
        groups, made = read.groups, {}
        for name, taken, make in self.blocks:
            made[name] = make([groups[group][place] for group, place in taken])
        total: list[float] = []
        for one in self.contents.members:
            part = [one.weight * value for value in self._member(one, made)]
            total = [sum_ + value for sum_, value in zip(total, part, strict=True)] if total else part
        return tempered(np.array([total]), self.contents.temperature)

    def _values(self, rows: Any) -> Sequence[Any]:
        if type(rows) is list and len(rows) == 1:
            rows = rows[0]
        if type(rows) is not dict:
            if not hasattr(rows, "iloc") or not hasattr(rows, "columns") or len(rows) != 1:
                raise Unusual
            return Rows(rows, self.plan.names).row()
        try:
            return [rows[name] for name in self.plan.names]
        except KeyError:
            raise Unusual from None

    def _moment(self, value: Any, form: str) -> float:
        if value is None:
            return NAN
        if type(value) not in (str, datetime, date):
            raise Unusual
        try:
            return seconds_of(value, form, self.schema.spellings)
        except ValueError:
            raise Unusual from None

    def _member(self, one: Weighted, made: Mapping[str, Sequence[float]]) -> Sequence[float]:
        features = made[one.blocks[0]] if len(one.blocks) == 1 else [x for name in one.blocks for x in made[name]]
        raw = one.member.raw(np.array([features], np.float32))
        found = _linked(raw, one.member.link)
        return [float(np.expm1(value)) for value in found] if self.contents.transform == "log1p" else found


def _linked(raw: np.ndarray, link: Any) -> list[float]:
    if link == "identity":
        return raw[0].tolist()
    score = raw.item() if link == "logit" else NAN
    if abs(score) < SURE:
        positive = 1.0 / (1.0 + float(np.exp(-score)))
        return [1.0 - positive, positive]
    return linked(raw, link)[0].tolist()


def _taken(schema: Schema, block: Block) -> list[tuple[str, int]]:
    """Group and place in it of each column that a block is made of."""
    group = steps.load(block.step).READS
    if group != "mixed":
        return [(group, place) for place in schema.positions(group, block.columns)]
    n_numbers = len(block.columns) - int(block.settings["n_codes"])
    numbers, codes = block.columns[:n_numbers], block.columns[n_numbers:]
    return [
        *(("numbers", place) for place in schema.positions("numbers", numbers)),
        *(("codes", place) for place in schema.positions("codes", codes)),
    ]


def _maker(schema: Schema, block: Block, state: Mapping[str, Any]) -> Make:
    step = steps.load(block.step)
    if hasattr(step, "single"):
        made: Make = step.single(state)
        return made
    if step.READS == "codes":
        n_codes = [schema.n_codes(name) for name in block.columns]
        if sum(n_codes) <= MOST_CODES:
            return _tables(step, state, n_codes)
    dtype = DTYPES[step.READS]
    return lambda values: step.apply(state, np.array([values], dtype))[0].tolist()


def _tables(step: Any, state: Mapping[str, Any], n_codes: Sequence[int]) -> Make:
    """What a step makes of each code of each column, from -1 on: the last of a list, where Python finds it."""
    sources = step.sources(state, len(n_codes))
    tables = []
    for place, n in enumerate(n_codes):
        codes = np.zeros((n + 1, len(n_codes)), np.int32)
        codes[:, place] = [*range(n), -1]
        own = [feature for feature, source in enumerate(sources) if source == (place,)]
        tables.append(step.apply(state, codes)[:, own].tolist())
    return lambda values: [x for table, code in zip(tables, values, strict=True) for x in table[code]]
