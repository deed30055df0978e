"""Predictions of all rows → the decision of each: act, leave, control, or review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.line.ask.decision import conditions
from artificer.line.ship.control import drawn
from artificer.line.ship.decisions import Rule
from artificer.line.ship.predicted import Batches, Predicted
from artificer.line.ship.reasons import reasons_of
from artificer.line.ship.reviewing import because
from artificer.line.ship.scorer import Scorer

LEAVE, ACT, CONTROL, REVIEW = range(4)
NAMES = ("leave", "act", "control", "review")


@dataclass(frozen=True, slots=True)
class Decided:
    """What is done with each row.

    Attributes
    ----------
    code : array of int8, (n_rows,)
        A place in `NAMES`; -1 where nothing is decided.
    turns : array of float64, (n_rows,)
        The score at which the decision turns; NaN where none does.
    because : Series of Categorical, (n_rows,)
        Conditions under which a row of the review queue came there; "" of others.
    starts : Series of Categorical, (n_rows,)
        The first moment of a row's period; null where it has none.
    reasons : Series of String, (n_rows,)
        "" where none are asked for.
    """

    code: np.ndarray
    turns: np.ndarray
    because: pl.Series
    starts: pl.Series
    reasons: pl.Series

    @property
    def review(self) -> np.ndarray:
        """Rows that wait for a person: bool (n_rows,)."""
        return np.asarray(self.code == REVIEW)

    def reviewed(self, key: pl.Series) -> list[tuple[str, str]]:
        """Key and period of the rows that wait, as the review queue knows them."""
        places = np.flatnonzero(self.review)
        return list(zip(key[places], self.starts[places].cast(pl.String).fill_null(""), strict=True))

    def answered(self, key: pl.Series, answers: Mapping[tuple[str, str], str]) -> np.ndarray:
        """`code`, with a person's answer where they have given one for the row and its period."""
        code = self.code.copy()
        if answers:
            for place, one in zip(np.flatnonzero(self.review), self.reviewed(key), strict=True):
                code[place] = NAMES.index(answers.get(one, "review"))
        return code


def words(code: np.ndarray) -> pl.Series:
    """Decisions in words: Series of Categorical (n_rows,); null where nothing is decided."""
    return pl.Series("decision", [*NAMES, None], pl.Categorical)[np.where(code < 0, len(NAMES), code).astype(np.uint8)]


def decided(scorer: Scorer, rule: Rule, found: Predicted, batches: Batches) -> Decided:
    """Decide over all rows, and give the reasons that the brief asks for.

    Rows of the control share come first: nobody acts on them, whatever their score. Of the others, those that meet a
    condition of `[decision] review` wait for a person. The list, the threshold or the value chooses among the rest, so that
    a list is as long as it can be.

    Raises
    ------
    DataError
        When the rows are others by now than those that were predicted.
    """
    control = drawn(found.key, rule.brief)
    review = (found.met != 0) & ~control
    acts = rule.chosen(found.score, found.key, found.period, found.acts, ~(control | review))
    turns = found.turns
    if rule.brief.decision.capacity is not None:
        turns = rule.last_listed(found.score, found.period, acts)
    code = np.where(acts, ACT, LEAVE if rule.decides else -1).astype(np.int8)
    code[control], code[review] = CONTROL, REVIEW
    because = _because(scorer, np.where(review, found.met, 0))
    asked = scorer.brief.decision.reasons
    wanted = np.full(len(code), asked.count > 0) & ((asked.of == "all") | acts | review)
    return Decided(code, turns, because, rule.starts(found.period), reasons_of(scorer, batches, found, wanted))


def _because(scorer: Scorer, met: np.ndarray) -> pl.Series:
    asked = conditions(scorer.brief.decision, scorer.task)
    kinds, place = np.unique(met, return_inverse=True)
    texts = [because(asked, kind) for kind in kinds.tolist()]
    return pl.Series("review", texts, pl.Categorical)[place]
