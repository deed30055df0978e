"""Candidates that are made for where the blend so far errs, once the plan's own have run.

Each is LightGBM again, as it is in the plan but for one thing, so that what is gained is that thing's. What each kind of
evidence suggests:

- **Labels in doubt** (`artificer.measure.noise`): as many as can be trusted to be wrong. Their rows weigh nothing in training;
  which they are, every fold finds among its own training rows (`learners/trusting_trees.py`), and none is spared when
  measured.
- **A learning curve** that still falls, read at a quarter, a half and all of the first fold's training rows: more rows would
  help. It says what twice as many would bring. Where candidates are compared on a part of the rows, LightGBM is tried
  on twice that part.

What residuals suggest is in `evidence`: pairs of columns, and a logarithmic link. Weak slices suggest that their rows weigh
more, or that their conditions are columns: neither gave on real rows what a second seed gives (bench/notes.md), so they
are told by `judge` and nothing is made of them. A candidate made here races like any other:
it starts only where it can end, and enters the blend by the same proof. Its gain beside plain LightGBM is told as a Decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from artificer.core.figures import counted
from artificer.core.records import Decision, Estimate, Fact
from artificer.core.stages import Candidate
from artificer.line.fit.course import SHARE, Course
from artificer.line.fit.race import Race
from artificer.measure.compare import compare
from artificer.measure.means import mean_of_rows
from artificer.measure.noise import distrust, doubted

BASE = "lightgbm"
BY_TRUST, BY_MORE = "lightgbm_trusting", "lightgbm_more_rows"
# By name, what is done, as a question; in the order in which they are tried.
MADE = {
    BY_TRUST: "Does training without labels in doubt help?",
    BY_MORE: "Does comparing on more rows help?",
}
FEWEST_ROWS = 1_000
# Seconds that looking takes at most.
LOOK_S = 2.0
# Shares of the training rows that a learning curve reads beside all, and the gain of a doubling that is worth acting on.
SHARES, STEEP = (0.25, 0.5), 0.01


@dataclass
class Mending:
    """Asked once, between the plan's candidates and its variants.

    Attributes
    ----------
    decisions : list of Decision
        What was looked at, and what it suggested.
    made : dict of str to Candidate
    """

    course: Course
    decisions: list[Decision] = field(default_factory=list)
    made: dict[str, Candidate] = field(default_factory=dict)

    @property
    def hoped(self) -> tuple[Candidate, ...]:
        """What may be made, as far as the features that it would read: they are kept until it is known."""
        base = self._base
        return tuple(replace(base, name=name, settings={}) for name in self.course.plan.mending) if base else ()

    def __call__(self, race: Race) -> list[Candidate]:
        """Look where the blend so far errs, and give the candidates that this suggests."""
        base, wanted = self._base, self.course.plan.mending
        if not wanted or base is None or BASE not in race.finished or len(race.rows) < FEWEST_ROWS:
            return []
        if not race.affords([base] * race.n_rounds, LOOK_S):
            interrupted = race.clock.stop is not None and race.clock.stop.is_set()
            because = "interrupted" if interrupted else "the clock leaves no time for a candidate more"
            self._tell("Is something made for where the blend so far errs?", "no", because)
            return []
        suggest = {BY_TRUST: self._trusting, BY_MORE: self._more}
        found = [suggest[name](race, base) for name in MADE if name in wanted]
        self.made = {one.name: one for one in found if one is not None}
        return list(self.made.values())

    def outcome(self, race: Race, y: np.ndarray, predictions: Mapping[str, np.ndarray]) -> list[Decision]:
        """Tell of each that was made whether it helps beside plain LightGBM.

        Parameters
        ----------
        y, predictions : as the metric reads them, in the order of the rows
        """
        decisions = []
        rows, known = np.sort(race.rows), self.course.rows
        weight = known.weight[rows] if known.weight is not None else None
        group = self.course.groups(rows)
        for name in self.made:
            if name not in predictions:
                because = race.dropped.get(name, "the clock")
                decisions.append(Decision("fit", MADE[name], "not known", because, ("yes", "no")))
                continue
            metric = self.course.plan.metric
            gain = compare(metric, y, predictions[name], predictions[BASE], weight, groups=group)
            because = f"beside {BASE}, {name} gains {_signed(gain)} {metric} out of fold; it weighs "
            because += f"{race.weights.get(name, 0.0):.0%} of the blend so far"
            decisions.append(Decision("fit", MADE[name], "yes" if gain.value > 0 else "no", because, ("yes", "no")))
        return decisions

    @property
    def _base(self) -> Candidate | None:
        return next((one for one in self.course.encoding.candidates if one.name == BASE), None)

    def _trusting(self, race: Race, base: Candidate) -> Candidate | None:
        question, y = "Is training without labels in doubt tried?", self.course.y[race.rows]
        if self.course.left_out is not None:
            self._tell(question, "no", "what audit found, rows to leave out, is left out already")
            return None
        blend = race.blended()
        found = doubted(y, blend, self.course.n_classes)
        if why := distrust(y, blend, found, self.course.n_classes):
            self._tell(question, "no", why)
            return None
        n_found = len(found.places)
        because = f"of {len(y):,} labels {counted(n_found, 'lies', 'lie')} far from what the blend so far is sure of"
        self._tell(question, "tried", because, Fact("n_doubted", float(n_found), "rows"))
        return replace(base, name=BY_TRUST, learner=BY_TRUST)

    def _more(self, race: Race, base: Candidate) -> Candidate | None:
        question, ran = "Would more rows help?", race.entered[BASE]
        parts = [replace(ran, name=f"{BASE}_{share:g}", settings={**ran.settings, SHARE: share}) for share in SHARES]
        if not race.affords(parts):
            self._tell(question, "not known", "the clock leaves no time for a learning curve")
            return None
        read = race.read(parts)
        if len(read) < len(parts):
            self._tell(question, "not known", "a fit of the learning curve failed")
            return None
        rows = race.fits_of.valid_rows(0)
        curve = [race.lineup.losses(rows, one) for one in (*read, race.fits_of.predicted(race.fits[BASE, 0]))]
        group = self.course.groups(rows)
        halved, last = mean_of_rows(curve[0] - curve[1], None, group), mean_of_rows(curve[1] - curve[2], None, group)
        # A doubling brings at most what the one before it did.
        kept = min(last.value / halved.value, 1.0) if last.is_gain and halved.value > 0 else 0.0
        more = kept * last.value / max(abs(float(curve[2].mean())), 1e-300)
        steep, n_train = more > STEEP, race.lineup.n_train
        less = f"half of the first fold's {n_train:,} training rows cost {BASE} {_signed(last)} of its loss; "
        because = less + (f"twice as many would take some {more:.1%} off" if kept else "no clear fall, so no more rows")
        self._tell(question, "yes" if steep else "little", because, Fact("gain", more, "of the loss"))
        if not (steep and self.course.plan.search_rows):
            return None
        return replace(base, name=BY_MORE, settings={**base.settings, SHARE: 2.0})

    def _tell(self, question: str, choice: str, because: str, *facts: Fact) -> None:
        self.decisions.append(Decision("fit", question, choice, because, ("yes", "no"), facts))


def _signed(gain: Estimate) -> str:
    return f"{gain.value:+.4g} ({gain.low:+.4g} to {gain.high:+.4g})"
