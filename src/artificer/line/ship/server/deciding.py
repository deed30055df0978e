"""What is done with each row that is answered, as `score` does it: act or leave, control, or wait for a person.

A list of limited length needs the whole table: of a single row only control and review can be told then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from artificer.line.ship.control import is_drawn
from artificer.line.ship.reviewing import because, met
from artificer.line.ship.scorer import Scorer
from artificer_runtime.predictor import Predictions
from artificer_runtime.schema import Column, Schema
from artificer_runtime.values import number_of

if TYPE_CHECKING:
    import polars as pl

    from artificer.core.review_queue import ReviewQueue
    from artificer.line.ask.review import Condition

Acts = Callable[[Sequence[dict[str, Any]], np.ndarray], np.ndarray]
Periods = Callable[[Sequence[dict[str, Any]]], list[str]]


class Persons:
    """What persons decided of the rows that waited for them, as the ledger had it a moment ago."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, str], str] = {}
        self._state: tuple[int, str] = (0, "")

    def refresh(self, queue: ReviewQueue) -> None:
        """Come to what the ledger says by now; it is read anew only where anybody has decided since.

        Raises
        ------
        WorkspaceError
            When the ledger cannot be read: what was known stands.
        """
        state = queue.state()
        if state != self._state:
            self.said, self._state = queue.answers(), state


@dataclass(frozen=True, slots=True)
class Said:
    """What is done with each row.

    Attributes
    ----------
    decision : list of str or None, (n_rows,)
        "act", "leave", "control" or "review"; None where a list of limited length decides, or nothing does.
    review : list of str, (n_rows,)
        The conditions of `[decision] review` that a row meets; "" where it meets none, or is control.
    period : list of str, (n_rows,) or (0,)
        The start of each row's period, as the table of `score` has it; empty where the queue knows none.
    """

    decision: list[str | None]
    review: list[str]
    period: list[str]


class Decider:
    """What a brief says is done with each row.

    Parameters
    ----------
    persons : Persons
        Whose answers stand in the place of "review".

    Attributes
    ----------
    names : tuple of str or None
        What a decision may be; empty where the brief says nothing about a single row.
    draws : bool
        Whether a control share is drawn by the rows' keys.
    priced : frozenset of str
        Columns that the brief's value reads: a row without one cannot be decided.
    reads : tuple of str
        All columns that decisions hang on beside the score: `priced`, and the moment where lists have periods.
    reads_keys : bool
        Whether decisions hang on a row's key.

    Raises
    ------
    BriefError
        When `[decision]` cannot be read.
    """

    def __init__(self, scorer: Scorer, persons: Persons) -> None:
        decision = scorer.brief.decision
        self._brief, self._persons = scorer.brief, persons
        self._acts = _acts(scorer)
        self.draws = bool(decision.control)
        self._conditions: tuple[Condition, ...] = ()
        self._periods: Periods | None = None
        if decision.review.when:
            from artificer.line.ask.decision import conditions  # it reads tables too: loaded where it is asked for

            self._conditions = conditions(decision, scorer.task)
            if decision.capacity is not None and decision.capacity.every:
                self._periods = _periods(scorer)
        names: list[str | None] = ["act", "leave"] if self._acts or self._conditions else []
        names += ["control"] * self.draws + ["review"] * bool(self._conditions)
        self.names = (*names, *([None] if names and self._acts is None else []))
        self.reads_keys = self.draws or bool(self._conditions)
        self.priced = _priced(scorer)
        self.reads = (*sorted(self.priced), *([scorer.brief.data.time] if self._periods else []))

    def __call__(
        self, rows: Sequence[dict[str, Any]], keys: Sequence[str], score: np.ndarray, found: Predictions
    ) -> Said:
        """Decide.

        Parameters
        ----------
        rows : sequence of dict
            Read only where there are columns in `reads`.
        keys : sequence of str
            Read only where `reads_keys`; "" of a row without one: it is not control, and waits under its prediction's id.
        score : array of float64, (n_rows,)
            Probability of success, of the likeliest class where there are more than two, or the predicted value.
        """
        decision: list[str | None] = [None] * len(score)
        if self._acts is not None:
            decision = ["act" if acts else "leave" for acts in self._acts(rows, score).tolist()]
        drawn = [False] * len(score)
        if self.draws:
            drawn = [bool(key) and is_drawn(key, self._brief) for key in keys]
            decision = ["control" if control else one for control, one in zip(drawn, decision, strict=True)]
        review = [""] * len(score)
        if not self._conditions:
            return Said(decision, review, [])
        period = self._periods(rows) if self._periods else []
        for place, bits in enumerate(met(self._conditions, score, found).tolist()):
            if bits and not drawn[place]:
                row = keys[place], period[place] if period else ""
                review[place] = because(self._conditions, bits)
                decision[place] = self._persons.said.get(row, "review")
        return Said(decision, review, period)


def _acts(scorer: Scorer) -> Acts | None:
    """What the brief's threshold or value decides row by row; None where it has neither, or a list is made.

    A threshold and fixed values need numpy alone; a value that reads columns needs frames.
    """
    decision = scorer.brief.decision
    if decision.capacity is not None:
        return None
    if decision.threshold is not None:
        threshold = decision.threshold
        return lambda _, score: score >= threshold
    if decision.value is None:
        return None
    acted, success = decision.value.acted, decision.value.success
    if isinstance(acted, str) or isinstance(success, str):
        return _worth(scorer)
    return lambda _, score: acted + success * score > 0


def _priced(scorer: Scorer) -> frozenset[str]:
    """Columns that the brief's value reads, where it is the value that decides."""
    decision = scorer.brief.decision
    if decision.threshold is not None or decision.capacity is not None:
        return frozenset()
    texts = (
        [one for one in (decision.value.acted, decision.value.success) if isinstance(one, str)]
        if decision.value
        else []
    )
    if not texts:
        return frozenset()
    from artificer.data.expression import named

    return frozenset().union(*map(named, texts))


def _worth(scorer: Scorer) -> Acts:
    """Decide by amounts that are read from the rows."""
    import polars as pl

    from artificer.line.ship.decisions import Rule

    rule = Rule(scorer.brief, scorer.schema)

    def acts(rows: Sequence[dict[str, Any]], score: np.ndarray) -> np.ndarray:
        return rule.acts(pl.DataFrame([_column(rows, name, scorer.schema) for name in sorted(rule.columns)]), score)

    return acts


def _periods(scorer: Scorer) -> Periods:
    """The start of each row's period; a row without its moment has none."""
    import polars as pl

    from artificer.line.ship.decisions import Rule

    rule, name = Rule(scorer.brief, scorer.schema), scorer.brief.data.time

    def periods(rows: Sequence[dict[str, Any]]) -> list[str]:
        moments = pl.DataFrame([_column(rows, name, scorer.schema)])
        return rule.starts(rule.periods(moments)).cast(pl.String).fill_null("").to_list()

    return periods


def _column(rows: Sequence[dict[str, Any]], name: str, schema: Schema) -> pl.Series:
    """One column of rows of JSON, each cell as it is read alone: a frame would type it by the cells beside it."""
    import polars as pl

    from artificer.data.spelled import is_mixed, mixed_texts

    cells = [None if isinstance(cell := row.get(name), list | dict) else cell for row in rows]
    column = next((one for one in schema.columns if one.name == name), None)
    if column is not None and column.kind == "number":
        return pl.Series(name, [_number(cell, column, schema) for cell in cells], pl.Float64, nan_to_null=True)
    if is_mixed(cells):
        return pl.Series(name, mixed_texts(cells), pl.String)
    return pl.Series(name, cells, strict=False)


def _number(cell: Any, column: Column, schema: Schema) -> float | None:
    try:
        return number_of(cell, schema.spellings, column.form)
    except ValueError:  # as in a table that is scored: it counts as missing
        return None
