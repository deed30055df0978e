"""The raw columns that a model reads, and rows → arrays of numbers, codes, moments and texts.

Strings leave here: a category becomes an int32 code (0 missing, -1 never seen in training, else 1 + its level). Each
row is encoded by itself: its result hangs neither on other rows nor on the library that it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, Literal

import numpy as np

from artificer_runtime.columns import Column, Kind, unreadable, zoneless
from artificer_runtime.rows import Rows
from artificer_runtime.values import (
    MISSING,
    canonical_text,
    is_missing,
    lacks_zone,
    missing_numbers,
    number_of,
    seconds_of,
    spans_in_seconds,
)

__all__ = ["Column", "Encoded", "Kind", "Schema", "canonical_text"]

Group = Literal["numbers", "codes", "times", "texts"]

GROUPS: dict[str, Group] = {
    "number": "numbers",
    "category": "codes",
    "boolean": "codes",
    "time": "times",
    "text": "texts",
}
FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as one array for each group of kinds, columns in the order of the schema.

    Attributes
    ----------
    numbers : array of float64, (n_rows, n_numbers)
        NaN is missing; never infinite, never beyond float32.
    codes : array of int32, (n_rows, n_categories)
    times : array of float64, (n_rows, n_times)
        Seconds since 1970 in UTC; NaN is missing.
    texts : array of str objects, (n_rows, n_texts)
        "" is missing.
    flags : dict of str to array of bool, (n_rows,)
        "unseen" (a level that training lacked, or a word among numbers), "outside" (a number beyond training's range, a
        moment before it),
        "clipped" (beyond float32).
    """

    n_rows: int
    numbers: np.ndarray
    codes: np.ndarray
    times: np.ndarray
    texts: np.ndarray
    flags: Mapping[str, np.ndarray]

    def take(self, rows: np.ndarray | slice) -> Encoded:
        """Some of the rows, by mask, position or slice."""
        flags = {name: flag[rows] for name, flag in self.flags.items()}
        numbers = self.numbers[rows]
        return Encoded(len(numbers), numbers, self.codes[rows], self.times[rows], self.texts[rows], flags)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the columns of one row are read, each with its place among `names`.

    Attributes
    ----------
    numbers : list of (place, low, high, gaps, within, form, stray)
        Range in training, what means missing, between what a number is read, how texts are, and whether words are.
    codes : list of (place, lookup, whether it is boolean)
    times : list of (place, low, form, whether a zone is needed)
    texts : list of place
    """

    names: Sequence[str]
    numbers: Sequence[tuple[int, float, float, frozenset[float], tuple[float, float] | None, str, bool]]
    codes: Sequence[tuple[int, Mapping[Any, int], bool]]
    times: Sequence[tuple[int, float, str, bool]]
    texts: Sequence[int]


@dataclass(frozen=True)
class Schema:
    """The columns that a model reads.

    Attributes
    ----------
    missing : tuple of str
        Spellings of a missing value, beside the usual ones; one that is a number ("-1") holds for numbers too.
    """

    columns: tuple[Column, ...]
    missing: tuple[str, ...] = ()

    def encode(self, rows: Any) -> Encoded:
        """Encode rows.

        Parameters
        ----------
        rows : dict, list of dicts, dict of columns, frame of pandas, polars or Arrow, or 2-d array
            More columns than needed, in any order, do no harm.

        Raises
        ------
        RowsError
            When a column is absent or holds what cannot be its kind.
        """
        seen = Rows(rows, self._names, zoned=self._zoned)
        groups = self._groups
        odd = np.zeros(seen.n_rows, bool)
        numbers, clipped, outside = self._numbers(seen, groups["numbers"], odd)
        codes = _stacked([self._codes(seen, place) for place in groups["codes"]], seen.n_rows, np.int32)
        for place in seen.zoneless:
            raise zoneless(self._read[place])
        times, early = self._times(seen, groups["times"], odd)
        texts = _stacked([self._texts(seen, place) for place in groups["texts"]], seen.n_rows, np.object_)
        flags = {"unseen": odd | (codes < 0).any(axis=1), "outside": outside | early, "clipped": clipped}
        return Encoded(seen.n_rows, numbers, codes, times, texts, flags)

    def positions(self, group: Group, names: Sequence[str]) -> list[int]:
        """Where columns stand in their group's array."""
        where = self._where[group]
        return [where[name] for name in names]

    @cached_property
    def _read(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.kind in GROUPS)

    @cached_property
    def _names(self) -> list[str]:
        return [column.name for column in self._read]

    @cached_property
    def _zoned(self) -> list[int]:
        return [place for place, column in enumerate(self._read) if column.zone]

    @cached_property
    def _groups(self) -> dict[Group, list[int]]:
        groups: dict[Group, list[int]] = {"numbers": [], "codes": [], "times": [], "texts": []}
        for place, column in enumerate(self._read):
            groups[GROUPS[column.kind]].append(place)
        return groups

    @cached_property
    def _where(self) -> dict[Group, dict[str, int]]:
        return {
            group: {self._names[place]: index for index, place in enumerate(places)}
            for group, places in self._groups.items()
        }

    def n_codes(self, name: str) -> int:
        """How many codes a column's rows may have, but for -1."""
        return 1 + len(next(column for column in self._read if column.name == name).levels)

    @cached_property
    def plan(self) -> Plan:
        """How each column of one row is read."""
        missing, (low, high, first, _) = self._missing_numbers.tolist(), self._ranges
        ends = zip(self._groups["numbers"], low.tolist(), high.tolist(), strict=True)
        numbers = [(place, start, end, self._read[place]) for place, start, end in ends]
        coded = [(place, self._lookups[place]) for place in self._groups["codes"]]
        times = [self._read[place] for place in self._groups["times"]]
        forms, zoned = [column.form for column in times], [bool(column.zone) for column in times]
        return Plan(
            self._names,
            [(*ends, frozenset([*missing, *one.gaps]), one.within, one.form, one.stray) for *ends, one in numbers],
            [(place, lookup, self._read[place].kind == "boolean") for place, lookup in coded],
            list(zip(self._groups["times"], first.tolist(), forms, zoned, strict=True)),
            self._groups["texts"],
        )

    @cached_property
    def spellings(self) -> frozenset[str]:
        """Spellings of a missing value, in lower case."""
        return MISSING | {text.strip().lower() for text in self.missing}

    @cached_property
    def _missing_numbers(self) -> np.ndarray:
        return np.array(missing_numbers(self.missing))

    @cached_property
    def _mended_numbers(self) -> list[tuple[int, Column]]:
        columns = [self._read[place] for place in self._groups["numbers"]]
        return [(place, column) for place, column in enumerate(columns) if column.is_mended]

    @cached_property
    def _ranges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        def bounds(group: Group) -> tuple[np.ndarray, np.ndarray]:
            columns = [self._read[place] for place in self._groups[group]]
            low = [-np.inf if column.low is None else column.low for column in columns]
            return np.array(low), np.array([np.inf if column.high is None else column.high for column in columns])

        return *bounds("numbers"), *bounds("times")

    @cached_property
    def _lookups(self) -> dict[int, dict[Any, int]]:
        return {place: self._lookup(self._read[place]) for place in self._groups["codes"]}

    def _lookup(self, column: Column) -> dict[Any, int]:
        lookup: dict[Any, int] = {level: 1 + index for index, level in enumerate(column.levels)}
        lookup |= {written: lookup[level] for written, level in column.spellings if level in lookup}
        if column.kind == "boolean":
            spelled = {"0": "false", "1": "true", "False": "false", "True": "true"}
            lookup |= {text: lookup[level] for text, level in spelled.items() if level in lookup and text not in lookup}
        return {None: 0, **{level: code for level, code in lookup.items() if level.lower() not in self.spellings}}

    def _numbers(self, seen: Rows, places: list[int], odd: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if seen.n_rows == 1:
            numbers = self._one_row(seen, places, odd)
        else:
            numbers = _stacked([self._number_column(seen, place, odd) for place in places], seen.n_rows, np.float64)
        if len(self._missing_numbers):
            numbers[np.isin(numbers, self._missing_numbers)] = np.nan
        for place, column in self._mended_numbers:
            numbers[np.isin(numbers[:, place], column.gaps), place] = np.nan
        low, high, _, _ = self._ranges
        with np.errstate(invalid="ignore"):
            outside = np.asarray(((numbers < low) | (numbers > high)).any(axis=1))
            beyond = np.abs(numbers) > FLOAT32_MAX
        clipped = np.asarray(beyond.any(axis=1))
        if clipped.any():
            numbers = np.clip(numbers, -FLOAT32_MAX, FLOAT32_MAX)
        for place, column in self._mended_numbers:
            if column.within is not None:
                numbers[:, place] = np.clip(numbers[:, place], *column.within)
        return numbers, clipped, outside

    def _one_row(self, seen: Rows, places: list[int], odd: np.ndarray) -> np.ndarray:
        row = [seen.cells[place][0] for place in places]
        try:
            numbers = np.array([row], dtype=np.float64)
            if (
                numbers.ndim == 2
                and not _holds_spans(row)
                and not any(isinstance(row[place], str | bool | np.bool_) for place in self._guarded)
            ):
                return numbers
        except (TypeError, ValueError, OverflowError):
            pass
        columns = [self._cells(seen, place, self._number, odd) for place in places]
        return _stacked(columns, 1, np.float64)

    @cached_property
    def _guarded(self) -> list[int]:
        """Places, among the numbers, of those whose texts and truth values are read one by one."""
        columns = [self._read[place] for place in self._groups["numbers"]]
        return [place for place, column in enumerate(columns) if column.stray or column.form]

    def _number_column(self, seen: Rows, place: int, odd: np.ndarray) -> np.ndarray:
        cells, column = seen.cells[place], self._read[place]
        kind = cells.dtype.kind if isinstance(cells, np.ndarray) else "O"
        if kind in "iuf" or (kind == "b" and not column.stray):
            return np.asarray(cells, np.float64)
        if isinstance(cells, np.ndarray) and kind == "m":
            return spans_in_seconds(cells)
        if kind != "M" and not column.stray and not column.form:
            try:
                numbers = np.array(cells, dtype=np.float64)
                if numbers.ndim == 1 and not _holds_spans(cells):
                    return numbers
            except (TypeError, ValueError, OverflowError):
                pass
        return self._cells(seen, place, self._number, odd)

    def _number(self, value: Any, column: Column) -> float:
        if column.stray and isinstance(value, bool | np.bool_):
            raise ValueError(type(value).__name__)
        return number_of(value, self.spellings, column.form)

    def _times(self, seen: Rows, places: list[int], odd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        times = _stacked([self._time_column(seen, place, odd) for place in places], seen.n_rows, np.float64)
        _, _, low, _ = self._ranges
        with np.errstate(invalid="ignore"):
            return times, np.asarray((times < low).any(axis=1))  # later than training is what a row to predict is

    def _time_column(self, seen: Rows, place: int, odd: np.ndarray) -> np.ndarray:
        cells = seen.cells[place]
        if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
            moments = cells.astype("datetime64[us]")
            return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
        known: dict[Any, float] = {}

        def moment(value: Any, column: Column) -> float:
            if not isinstance(value, str):
                return self._seconds(value, column)
            if value not in known:
                known[value] = self._seconds(value, column)
            return known[value]

        return self._cells(seen, place, moment, odd)

    def _seconds(self, value: Any, column: Column) -> float:
        seconds = seconds_of(value, column.form, self.spellings)
        if column.zone and seconds == seconds and lacks_zone(value):
            raise zoneless(column)
        return seconds

    def _cells(self, seen: Rows, place: int, read: Callable[[Any, Column], float], odd: np.ndarray) -> np.ndarray:
        """Cells one by one; a row whose cell is no number, where training held such cells too, is marked in `odd`."""
        column = self._read[place]
        values = np.empty(seen.n_rows)
        for index, value in enumerate(seen.cells[place]):
            try:
                values[index] = read(value, column)
            except ValueError:
                if column.stray and isinstance(value, str | bool | np.bool_):
                    values[index], odd[index] = np.nan, True
                    continue
                raise unreadable(column, index, value) from None
        return values

    def _codes(self, seen: Rows, place: int) -> np.ndarray:
        cells = seen.cells[place]
        if not isinstance(cells, np.ndarray):
            return self._codes_of(cells, place)
        if cells.dtype.kind not in "biuf":
            return self._codes_of(cells.tolist(), place)
        distinct, where = np.unique(cells, return_inverse=True)
        return self._codes_of(distinct.tolist(), place)[where]

    def _codes_of(self, values: Sequence[Any], place: int) -> np.ndarray:
        lookup = self._lookups[place]
        try:
            codes = np.fromiter(map(lookup.get, values, repeat(_ODD)), dtype=np.int32, count=len(values))
        except TypeError:  # something unhashable, such as a list
            codes = np.full(len(values), _ODD, np.int32)
        boolean = self._read[place].kind == "boolean"
        known: dict[tuple[type, Any], int] = {}  # for these rows alone: what people send is not kept
        for index in np.flatnonzero(codes == _ODD).tolist():
            value = values[index]
            if not isinstance(value, str | int | float):
                codes[index] = self.slow_code(value, lookup, boolean)
                continue
            key = (type(value), value)  # True, 1 and 1.0 are one key of a dict, and three spellings
            if key not in known:
                known[key] = self.slow_code(value, lookup, boolean)
            codes[index] = known[key]
        return codes

    def slow_code(self, value: Any, lookup: Mapping[Any, int], boolean: bool) -> int:
        """The code of a value that the lookup does not hold as it is."""
        text = self.text(value)
        return (lookup.get(text.lower() if boolean else text, -1)) if text else 0

    def _texts(self, seen: Rows, place: int) -> np.ndarray:
        values = [self.text(value) for value in seen.cells[place]]
        texts = np.empty(len(values), dtype=np.object_)
        texts[:] = values
        return texts

    def text(self, value: Any) -> str:
        """One text; "" where missing."""
        text = "" if is_missing(value, self.spellings) else canonical_text(value)
        return "" if text.lower() in self.spellings else text


_ODD = np.iinfo(np.int32).min


def _holds_spans(values: Sequence[Any] | np.ndarray) -> bool:
    """Whether some are durations of numpy, which it turns to bare counts of their unit."""
    return np.timedelta64 in set(map(type, values))


def _stacked(columns: list[np.ndarray], n_rows: int, dtype: Any) -> np.ndarray:
    if not columns:
        return np.empty((n_rows, 0), dtype)
    stacked = np.empty((n_rows, len(columns)), dtype)
    for index, column in enumerate(columns):
        stacked[:, index] = column
    return stacked
