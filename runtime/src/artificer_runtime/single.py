"""One row, predicted without arrays of one row: the bits of a batch in a fraction of the time.

numpy's calls cost about a microsecond each, however little they do, and a row on its way through schema and steps makes a
hundred of them. Here each column's reading and each block's features are prepared once, as plain numbers and tables that the
steps themselves fill. What is not plain (values beyond single precision, words among numbers, what is no row at all) is left to
the way that batches go, which says what is wrong with it too. Nothing is kept of a row, so threads do not meet.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from artificer_runtime import steps
from artificer_runtime.members import Member
from artificer_runtime.members.links import Link, linked
from artificer_runtime.outcome import tempered
from artificer_runtime.package import Contents
from artificer_runtime.recipe import Block
from artificer_runtime.rows import Rows
from artificer_runtime.schema import FLOAT32_MAX, Plan, Schema
from artificer_runtime.values import lacks_zone, number_of, seconds_of

NAN = float("nan")
DTYPES = {"numbers": np.float64, "codes": np.int32, "times": np.float64, "texts": np.object_, "mixed": np.float64}
MOST_CODES = 20_000  # of a block's columns that tables are made of
SURE = 700.0  # a raw score up to which a logistic needs no care
_NUMBERS = frozenset({float, int, bool, type(None)})
_LEVELS = _NUMBERS | {str}

Make = Callable[[Sequence[Any]], Sequence[float]]
Score = Callable[[Any], Sequence[float]]  # of an array.array, a row in single precision, before the link


class UnusualError(Exception):
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
    members : list of (weight, blocks, score, link)
    """

    schema: Schema
    contents: Contents
    plan: Plan
    blocks: Sequence[tuple[str, Sequence[tuple[str, int]], Make]]
    members: Sequence[tuple[float, tuple[str, ...], Score, Link]]

    @classmethod
    def of(cls, contents: Contents, needed: Collection[str]) -> Single:
        """Prepare the blocks that members need."""
        schema = contents.recipe.schema
        blocks = [
            (block.name, _taken(schema, block), _maker(schema, block, contents.recipe.states[block.name]))
            for block in contents.recipe.recipe.blocks
            if block.name in needed
        ]
        members = [(one.weight, one.blocks, _score(one.member), one.member.link) for one in contents.members]
        return cls(schema, contents, schema.plan, blocks, members)

    def read(self, rows: Any) -> Read:
        """Read one row.

        Raises
        ------
        UnusualError
            When it is not one row of plain values.
        """
        values = self._values(rows)
        numbers, codes, times = [], [], []
        unseen = outside = False
        for place, low, high, gaps, within, form, stray in self.plan.numbers:
            number = values[place]
            if type(number) not in _NUMBERS:
                number = self._number(number, form)
            if stray and type(number) is bool:
                raise UnusualError
            if number is None or number in gaps:
                number = NAN
            elif number == number:
                if not -FLOAT32_MAX <= number <= FLOAT32_MAX:
                    raise UnusualError
                number = float(number)
                outside |= number < low or number > high
                if within is not None:
                    number = min(max(number, within[0]), within[1])
            numbers.append(number)
        for place, lookup, boolean in self.plan.codes:
            value = values[place]
            if type(value) not in _LEVELS:
                value = _plain(value)
            code = lookup.get(value)
            if code is None:
                code = self.schema.slow_code(value, lookup, boolean)
                unseen |= code < 0
            codes.append(code)
        for place, low, form, zoned in self.plan.times:
            moment = self._moment(values[place], form)
            if zoned and moment == moment and lacks_zone(values[place]):
                raise UnusualError
            outside |= moment < low
            times.append(moment)
        texts = [values[place] for place in self.plan.texts]
        if not _LEVELS.issuperset(map(type, texts)):
            raise UnusualError
        texts = [self.schema.text(value) for value in texts]
        groups = {"numbers": numbers, "codes": codes, "times": times, "texts": texts}
        return Read(groups, unseen, outside)

    def features(self, read: Read) -> dict[str, array[float]]:
        """Features of each block that members need, in single precision."""
        groups = read.groups
        return {
            name: array("f", make([groups[group][place] for group, place in taken]))
            for name, taken, make in self.blocks
        }

    def raw(self, read: Read) -> np.ndarray:
        """Probabilities or the value, blended and tempered: float64 (1, n_classes) or (1, 1)."""
        return tempered(np.array([self._blended(read)]), self.contents.temperature)

    def plain(self, read: Read) -> list[float]:
        """As `raw`, as plain numbers."""
        if self.contents.temperature == 1.0:
            return self._blended(read)
        found: list[float] = self.raw(read)[0].tolist()
        return found

    def _blended(self, read: Read) -> list[float]:
        made = self.features(read)
        rows: dict[tuple[str, ...], array[float]] = {}  # members often share their blocks
        total: list[float] = []
        for weight, blocks, score, link in self.members:
            row = rows.get(blocks)
            if row is None:
                row = rows[blocks] = sum((made[name] for name in blocks), array("f"))
            found = _linked(score(row), link)
            if self.contents.transform == "log1p":
                found = [float(np.expm1(value)) for value in found]
            if total:
                total = [sum_ + weight * value for sum_, value in zip(total, found, strict=True)]
            else:
                total = [weight * value for value in found]
        return total

    def _values(self, rows: Any) -> Sequence[Any]:
        if type(rows) is list and len(rows) == 1:
            rows = rows[0]
        if type(rows) is not dict:
            if not hasattr(rows, "iloc") or not hasattr(rows, "columns") or len(rows) != 1:
                raise UnusualError
            return Rows(rows, self.plan.names).row()
        try:
            return [rows[name] for name in self.plan.names]
        except KeyError:
            raise UnusualError from None

    def _number(self, value: Any, form: str) -> Any:
        """A number that is written as text, as those of forms and of CSV are, or one of numpy's."""
        if type(value) is not str:
            return _plain(value)
        try:
            return number_of(value, self.schema.spellings, form)
        except ValueError:
            raise UnusualError from None

    def _moment(self, value: Any, form: str) -> float:
        if value is None:
            return NAN
        if not isinstance(value, str | datetime | date):  # pandas has moments of its own, which are datetimes
            raise UnusualError
        try:
            return seconds_of(value, form, self.schema.spellings)
        except ValueError:
            raise UnusualError from None


def _plain(value: Any) -> Any:
    """A number or truth value of numpy as Python has it."""
    if isinstance(value, np.number | np.bool_) and not isinstance(value, np.timedelta64):
        found = value.item()
        if type(found) in _NUMBERS:
            return found
    raise UnusualError


def _score(member: Member) -> Score:
    if hasattr(member, "raw_one"):
        score: Score = member.raw_one
        return score
    return lambda row: member.raw(np.frombuffer(row, np.float32)[None])[0].tolist()


def _linked(raw: Sequence[float], link: Link) -> Sequence[float]:
    if link == "identity":
        return raw
    if link == "logit" and abs(raw[0]) < SURE:
        positive = 1.0 / (1.0 + float(np.exp(-raw[0])))
        return [1.0 - positive, positive]
    if link == "softmax":
        highest = max(raw)
        grown: list[float] = np.exp([score - highest for score in raw]).tolist()
        total = 0.0
        for one in grown:  # in order, as `linked` does; Python's own sum rounds less
            total += one
        return [one / total for one in grown]
    found: list[float] = linked(np.array([raw]), link)[0].tolist()
    return found


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
