"""`[decision] review` as a client writes it: conditions on a prediction under which a person decides; parsed, never run.

A condition is one test, or several joined by "and": ``unseen``, ``outside training``, ``clipped``, ``score < 0.2``,
``score between 0.4 and 0.6``, ``interval > 30``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from artificer.core.brief import Task
from artificer.core.errors import BriefError

FLAGS = {"unseen": "unseen", "outside": "outside", "outside training": "outside", "clipped": "clipped"}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TEST = re.compile(
    r"\s*(?:(?P<flag>unseen|outside(?:\s+training)?|clipped)\b"
    r"|(?P<what>score|interval)\s*(?:(?P<sign><=|>=|<|>)\s*(?P<bound>NUMBER)"
    r"|\s+between\s+(?P<low>NUMBER)\s+and\s+(?P<high>NUMBER)))\s*".replace("NUMBER", _NUMBER)
)
_AND = re.compile(r"and\b")
_HOW = (
    'write "unseen", "outside training", "clipped", "score < 0.2", "score between 0.4 and 0.6", for numbers "interval > '
    '30", or some of them joined by "and"'
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One test of a prediction, of those that "and" joins.

    Attributes
    ----------
    what : str
        "score"; "interval", the width of the interval that holds nine values in ten; or the name of a flag.
    low, high : float
        Between which a number lies; `beyond` says that the ends themselves do not count.
    """

    what: str
    low: float = -math.inf
    high: float = math.inf
    beyond: bool = False

    def holds(self, said: Mapping[str, np.ndarray]) -> np.ndarray:
        """Which rows pass it: bool (n_rows,)."""
        value = said[self.what]
        if self.what not in ("score", "interval"):
            return value
        inside = np.ones(len(value), bool)
        if self.low > -math.inf:
            inside &= value > self.low if self.beyond else value >= self.low
        if self.high < math.inf:
            inside &= value < self.high if self.beyond else value <= self.high
        return inside


@dataclass(frozen=True, slots=True)
class Condition:
    """Clauses that must all hold, and their text in the brief."""

    text: str
    clauses: tuple[Clause, ...]

    def holds(self, said: Mapping[str, np.ndarray]) -> np.ndarray:
        """Which rows meet it: bool (n_rows,).

        Parameters
        ----------
        said : dict of str to array, (n_rows,)
            "score" and "interval" as float64, "unseen", "outside" and "clipped" as bool.
        """
        return np.asarray(np.logical_and.reduce([clause.holds(said) for clause in self.clauses]))


def condition(text: str, task: Task) -> Condition:
    """Read one condition.

    Raises
    ------
    BriefError
        When it cannot be read, or holds what this prediction does not have.
    """
    clauses, at = [], 0
    while True:
        found = _TEST.match(text, at)
        if found is None:
            raise BriefError(f"[decision.review] when holds '{text}', which cannot be read; {_HOW}")
        clauses.append(_clause(found, text, task))
        at = found.end()
        if at == len(text):
            return Condition(text.strip(), tuple(clauses))
        joined = _AND.match(text, at)
        if joined is None:
            raise BriefError(f"[decision.review] when holds '{text}', which cannot be read from '{text[at:]}'; {_HOW}")
        at = joined.end()


def _clause(found: re.Match[str], text: str, task: Task) -> Clause:
    if found["flag"]:
        return Clause(FLAGS[" ".join(found["flag"].split())])
    what = found["what"]
    if what == "interval" and task != "regression":
        raise BriefError(
            f"[decision.review] when holds '{text}', and only a predicted number has an interval; of classes, write "
            '"score between 0.4 and 0.6"'
        )
    if found["sign"]:
        bound = float(found["bound"])
        beyond = "=" not in found["sign"]
        clause = (
            Clause(what, low=bound, beyond=beyond) if ">" in found["sign"] else Clause(what, high=bound, beyond=beyond)
        )
    else:
        clause = Clause(what, float(found["low"]), float(found["high"]))
    if clause.low > clause.high:
        raise BriefError(
            f"[decision.review] when holds '{text}': between takes the smaller number first, so no row meets it; swap them"
        )
    if what == "score" and task != "regression" and not all(0 <= end <= 1 for end in _ends(clause)):
        raise BriefError(
            f"[decision.review] when holds '{text}', and the score is a probability: its bounds lie between 0 and 1"
        )
    return clause


def _ends(clause: Clause) -> list[float]:
    return [end for end in (clause.low, clause.high) if math.isfinite(end)]
