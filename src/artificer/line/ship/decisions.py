"""Scores → decisions: the best of each period that the capacity holds, those that reach a threshold, or those that pay.

Periods are counted from Monday 1970-01-05 in UTC, so that a row falls in the same one whatever else is in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.errors import BriefError, DataError, closest
from artificer.data.expression import amounts, expression, named
from artificer.data.moments import as_time
from artificer.data.table import normalise
from artificer.line.ask.durations import seconds
from artificer_runtime.schema import Schema

ORIGIN_S = 4 * 86_400.0  # Monday 1970-01-05
NO_PERIOD = np.iinfo(np.int64).min
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rule:
    """How a brief wants scores to become decisions.

    Parameters
    ----------
    schema : Schema
        Of the rows' columns as they were in training: what times and amounts are read by.

    Raises
    ------
    BriefError
        When the brief's capacity has a period and its data has no time, or its value reads a column that the model's
        data lacked.
    """

    brief: Brief
    schema: Schema

    def __post_init__(self) -> None:
        if self.every_s and not self.brief.data.time:
            raise BriefError(
                "[decision.capacity] every needs [data] time: without it the period of a row is unknown; name the "
                "column, or remove every and score one list at a time"
            )
        for where, text in self._expressions():
            expression(text, [column.name for column in self.schema.columns], where)

    @property
    def decides(self) -> bool:
        """Whether the brief says what is done with the prediction."""
        decision = self.brief.decision
        return decision.capacity is not None or decision.threshold is not None or decision.value is not None

    @property
    def every_s(self) -> float:
        """Length of the capacity's period in seconds; 0 where it has none."""
        capacity = self.brief.decision.capacity
        return seconds(capacity.every, "decision.capacity.every") if capacity and capacity.every else 0.0

    @property
    def columns(self) -> set[str]:
        """Columns that it reads from the rows."""
        read = {name for _, text in self._expressions() for name in named(text)}
        return read | ({self.brief.data.time} if self.every_s else set())

    def _expressions(self) -> list[tuple[str, str]]:
        value = self.brief.decision.value if self._pays else None
        given = {"acted": value.acted, "success": value.success} if value else {}
        return [(f"decision.value.{name}", text) for name, text in given.items() if isinstance(text, str)]

    @property
    def _pays(self) -> bool:
        decision = self.brief.decision
        return decision.capacity is None and decision.threshold is None and decision.value is not None

    def periods(self, rows: pl.DataFrame) -> np.ndarray:
        """Period of each row, counted from 1970-01-05: int64 (n_rows,); `NO_PERIOD` where its moment is missing.

        Raises
        ------
        DataError
            When the rows lack the column.
        """
        if not self.every_s:
            return np.zeros(rows.height, np.int64)
        moment = self._moments(rows)
        known = np.isfinite(moment)
        number = np.floor((np.where(known, moment, ORIGIN_S) - ORIGIN_S) / self.every_s)
        return np.where(known, number, NO_PERIOD).astype(np.int64)

    def _moments(self, rows: pl.DataFrame) -> np.ndarray:
        name = self.brief.data.time
        if name not in rows.columns:
            raise DataError(
                f"column '{name}', the [data] time, is absent from the rows{closest(name, rows.columns)}; the list is "
                f"made for each {self.brief.decision.capacity.every if self.brief.decision.capacity else ''}, so each "
                "row needs its moment"
            )
        column = next((one for one in self.schema.columns if one.name == name and one.kind == "time"), None)
        values = rows.select(name)
        return as_time((normalise(values, Schema((column,), self.schema.missing)) if column else values)[name])

    def acts(self, rows: pl.DataFrame, score: np.ndarray) -> np.ndarray:
        """Rows that a threshold or their own worth lets act, whatever the other rows are: bool (n_rows,)."""
        return self.alone(rows, score)[0]

    def alone(self, rows: pl.DataFrame, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which rows act by themselves, as `acts` gives, and the score at which each row's decision turns.

        Returns
        -------
        array of bool, (n_rows,)
        array of float64, (n_rows,)
            NaN where no score turns it, or a list of limited length decides.
        """
        threshold = self.brief.decision.threshold
        if threshold is not None:
            return np.asarray(score >= threshold), np.full(len(score), threshold)
        value = self.brief.decision.value
        if not self._pays or value is None:
            return np.zeros(len(score), bool), np.full(len(score), np.nan)
        acted, success = (
            self._amount(getattr(value, name), rows, f"decision.value.{name}") for name in ("acted", "success")
        )
        turns = np.divide(-acted, success, out=np.full(len(score), np.nan), where=success != 0)
        return np.asarray(acted + success * score > 0), turns

    def _amount(self, given: float | str, rows: pl.DataFrame, where: str) -> np.ndarray:
        if not isinstance(given, str):
            return np.full(rows.height, float(given))
        lacking = sorted(named(given) - set(rows.columns))
        if lacking:
            raise DataError(
                f"column '{lacking[0]}', which [{where}] reads, is absent from the rows{closest(lacking[0], rows.columns)}"
            )
        read = tuple(column for column in self.schema.columns if column.name in named(given))
        return amounts(given, normalise(rows, Schema(read, self.schema.missing)), where)

    def chosen(
        self, score: np.ndarray, key: pl.Series, period: np.ndarray, acts: np.ndarray, free: np.ndarray | None = None
    ) -> np.ndarray:
        """Rows whose decision is to act: bool (n_rows,).

        With a capacity, exactly its number in each period (all where there are fewer), the highest scores; rows of one
        score in the order of their keys. A row without a period is on no list.

        Parameters
        ----------
        free : array of bool, (n_rows,), optional
            Rows that may be chosen; default: all.
        """
        free = np.ones(len(score), bool) if free is None else free
        capacity = self.brief.decision.capacity
        if capacity is None:
            return np.asarray(acts & free)
        place = np.flatnonzero(free & (period != NO_PERIOD))
        place = place[_near_the_top(score[place], period[place], capacity.top)]
        best = (
            pl.DataFrame({"place": place, "score": score[place], "key": key[place], "period": period[place]})
            .sort("period", "score", "key", descending=[False, True, False])
            .group_by("period", maintain_order=True)
            .head(capacity.top)
        )
        listed = np.zeros(len(score), bool)
        listed[best["place"].to_numpy()] = True
        return listed

    def last_listed(self, score: np.ndarray, period: np.ndarray, listed: np.ndarray) -> np.ndarray:
        """The lowest score on each row's list: float64 (n_rows,); NaN where the list has room, or there is none."""
        capacity = self.brief.decision.capacity
        assert capacity is not None, "only a capacity makes lists"
        numbers, list_of = np.unique(period[listed], return_inverse=True)
        if not len(numbers):
            return np.full(len(score), np.nan)
        lowest = np.full(len(numbers), np.inf)
        np.minimum.at(lowest, list_of, score[listed])
        lowest[np.bincount(list_of) < capacity.top] = np.nan
        place = np.minimum(np.searchsorted(numbers, period), len(numbers) - 1)
        return np.where(numbers[place] == period, lowest[place], np.nan)

    def starts(self, period: np.ndarray) -> pl.Series:
        """First moment of each row's period in UTC, as ISO text: a date where periods are whole days; null without one."""
        if not self.every_s:
            return pl.repeat(None, len(period), dtype=pl.Categorical, eager=True)
        numbers = np.unique(period)
        whole = self.every_s % 86_400 == 0
        texts: list[str | None] = []
        for number in numbers.tolist():
            if number == NO_PERIOD:
                texts.append(None)
                continue
            after_s = ORIGIN_S + number * self.every_s
            try:
                start = _EPOCH + timedelta(seconds=after_s)
            except OverflowError:  # a column of numbers may count anything
                texts.append(f"{after_s:.0f}")
                continue
            texts.append(start.date().isoformat() if whole else start.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return pl.Series(texts, dtype=pl.Categorical)[np.searchsorted(numbers, period)]


def _near_the_top(score: np.ndarray, period: np.ndarray, top: int) -> np.ndarray:
    """Places of all rows that score at least as much as the last one on a period's list: few, where lists are short."""
    if len(period) and period.min() == period.max():
        known = score if len(score) <= top else score[score >= np.partition(score, -top)[-top]]
        return np.flatnonzero(score >= known.min())
    order = np.argsort(period, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(period[order]) != 0]) if len(order) else np.empty(0, np.int64)
    kept = []
    for here in np.split(order, starts[1:]):
        if len(here) > top:
            here = here[score[here] >= np.partition(score[here], -top)[-top]]
        kept.append(here)
    return np.concatenate(kept) if kept else order
