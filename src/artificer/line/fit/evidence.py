"""Where the blend so far errs, and whether a candidate made to mend that is worth its time.

A logarithmic link is tried only where a number's residuals grow with its prediction. Features of pairs of columns are tried
where the first fold's training rows gave any, even where none stands out in the residuals, since there too they helped
(bike_sharing: 3% of the error); which pairs stand out is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from artificer.core.records import Decision, Fact
from artificer.core.stages import Candidate
from artificer.line.fit.course import Course
from artificer.line.fit.race import Race
from artificer_runtime.interactions import MOST_OUTCOMES, Bounds, Pair, telling_pairs
from artificer_runtime.recipe import columns_of

PAIRS, LINK = "engineered", "loss"
# Rank correlation of residuals' size with the prediction from which a logarithmic link is tried.
GROWS = 0.2
# Pairs that are looked for: few tell whether there is any.
FEW = Bounds(6, 4, 4)
SHOWN = 3


@dataclass
class Evidence:
    """Asked before a candidate runs.

    Attributes
    ----------
    decisions : list of Decision
        What was looked at, and what it suggested.
    answers : repair → why it is not tried, or ""
    """

    course: Course
    decisions: list[Decision] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    def __call__(self, race: Race, candidate: Candidate) -> str:
        """Why the candidate is not worth its time; "" where it is."""
        if PAIRS in candidate.blocks:
            return self._once(PAIRS, self._pairs, race)
        if LINK in candidate.settings:
            return self._once(LINK, self._link, race)
        return ""

    def _once(self, repair: str, look: Callable[[Race], str], race: Race) -> str:
        if repair not in self.answers:
            self.answers[repair] = look(race)
        return self.answers[repair]

    def _pairs(self, race: Race) -> str:
        if not race.fits_of.widths().get(PAIRS, 0):
            because = "no pair of columns tells more of the first fold's training rows than each alone"
            self._tell("Are features of pairs of columns tried?", False, because, Fact("pairs", 0, "pairs"))
            return because
        block = next(one for one in self.course.encoding.blocks if one.name == PAIRS)
        rows = race.rows
        values = columns_of(self.course.schema, block, self.course.encoded)[rows]
        rng = np.random.default_rng(self.course.seed)
        found = telling_pairs(values, int(block.settings["n_codes"]), self._left(race), FEW, rng)
        names = [_named(pair, block.columns) for pair in found[:SHOWN]]
        because = f"of what the blend so far leaves, pairs explain what columns alone do not: {', '.join(names)}"
        if not found:
            because = "no pair of columns stands out in what the blend so far leaves, yet several together may help"
        self._tell("Are features of pairs of columns tried?", True, because, Fact("pairs", len(found), "pairs"))
        return ""

    def _link(self, race: Race) -> str:
        if self.course.y.min() < 0:
            return "a logarithmic link needs a target that is nowhere negative"
        size, blend = np.abs(self._left(race)[:, 0]), race.blended()[:, 0]
        alike = np.ptp(size) == 0 or np.ptp(blend) == 0
        grows = 0.0 if alike else float(stats.spearmanr(size, blend).statistic)
        tried = bool(grows > GROWS)
        because = f"residuals {'grow' if tried else 'do not grow'} with the prediction (rank correlation {grows:+.2f})"
        self._tell("Is a logarithmic link tried?", tried, because, Fact("rank_correlation", grows, "of −1 to 1"))
        return "" if tried else because

    def _left(self, race: Race) -> np.ndarray:
        """Residuals of the blend: float64 (n_rows, n_outcomes), of the commonest classes where there are many."""
        y, blend = self.course.y[race.rows], race.blended()
        if not self.course.n_classes:
            return np.asarray(y[:, None] - blend)
        shown = [1] if self.course.n_classes == 2 else np.argsort(-np.bincount(y.astype(np.int64)))[:MOST_OUTCOMES]
        return np.stack([(y == one) - blend[:, one] for one in shown], axis=1)

    def _tell(self, question: str, answer: bool, because: str, fact: Fact) -> None:
        choice, other = ("yes", "no") if answer else ("no", "yes")
        self.decisions.append(Decision("fit", question, choice, because, (other,), (fact,)))


def _named(pair: Pair, columns: tuple[str, ...]) -> str:
    return f"{columns[pair.first]} {pair.how} {columns[pair.second]}"
