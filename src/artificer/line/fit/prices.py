"""What a fit will take: told from bench/'s bank of fits, and corrected by what this run's own fits took.

Seconds of one fold are a power law of rows, features and classes for each candidate, fitted by `bench/study/laws.py` over the
development sets and kept in `prices.json`; the machine's pace, and what is odd about these rows, come in as the ratio of
actual to expected seconds, first of the same learner, then of all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median

from artificer.core.stages import Candidate
from artificer.line.design.portfolio import FEWEST_TREES
from artificer.line.fit.course import SHARE

# A learner's own pace is believed as if half a fit more had run at the pace of all: on sets of the bank that were left out, the
# next candidate of a learner takes e^±.41 of what is foretold so, with two fits more e^±.44, and at worst 2.7 times, not 3.8.
OTHERS = 0.5
FASTEST_RATE = 0.15
# Rates rise by powers of this, so that a later run meets the fits of an earlier one.
STEP = 1.25
# Beyond so many times the rows of a fold, the law is not trusted: time grows in proportion.
FAR = 2
BOOSTERS = ("lightgbm", "lightgbm_trusting", "catboost")
LISTED_TREES = 200  # that drawn trees had in the bank


@dataclass
class Prices:
    """Expected seconds of one fold.

    Attributes
    ----------
    n_rows : int
        Rows that train in one fold.
    widths : dict of str to int
        Features in each block.
    n_classes : int
        1 in regression and with two classes.
    paces : dict of str to list of float
        By learner, the logarithms of actual over expected seconds so far.
    """

    n_rows: int
    widths: Mapping[str, int]
    n_classes: int
    paces: dict[str, list[float]] = field(default_factory=dict)

    def fold_s(self, candidate: Candidate) -> float:
        """Seconds that training the candidate on one fold's rows takes."""
        return math.exp(self._listed(candidate) + self._pace(candidate.learner))

    def grown(self, candidate: Candidate, n_rows: int) -> float:
        """How many times as long as a fold's rows `n_rows` rows take: at most in proportion."""
        slope = min(max(_law(candidate)[1], 0.0), 1.0) if n_rows < FAR * self.n_rows else 1.0
        return float((n_rows / max(self.n_rows, 1)) ** slope)

    def learn(self, candidate: Candidate, seconds: float) -> None:
        """Note what a fold took."""
        pace = math.log(max(seconds, 1e-3)) - self._listed(candidate)
        self.paces.setdefault(candidate.learner, []).append(pace)

    def _listed(self, candidate: Candidate) -> float:
        base, by_rows, by_features, by_classes = _law(candidate)
        n_features = sum(self.widths.get(block, 0) for block in candidate.blocks)
        n_rows = float(candidate.settings.get(SHARE, 1.0)) * self.n_rows
        size = by_rows * math.log(max(n_rows, 1)) + by_features * math.log(max(n_features, 1))
        trees = float(candidate.settings.get("trees", LISTED_TREES))
        faster = math.log(float(candidate.settings.get("faster", 1.0)) * LISTED_TREES / trees)
        return base + size + by_classes * math.log(max(self.n_classes, 1)) - faster

    def _pace(self, learner: str) -> float:
        everyone = [pace for paces in self.paces.values() for pace in paces]
        if not everyone:
            return 0.0
        own, of_all = self.paces.get(learner, []), median(everyone)
        return (sum(own) + OTHERS * of_all) / (len(own) + OTHERS)


def hurried(candidate: Candidate, times: float) -> Candidate:
    """The candidate at a learning rate so many times as high, 0.15 at most, or with fewer drawn trees: it ends by itself.

    Where neither can change, it is given back as it is.
    """
    if "trees" in candidate.settings:
        trees = min(candidate.settings["trees"], max(FEWEST_TREES, int(candidate.settings["trees"] / times) // 10 * 10))
        return Candidate(candidate.name, candidate.learner, candidate.settings | {"trees": trees}, candidate.blocks)
    rate = float(candidate.settings.get("learning_rate", FASTEST_RATE))
    times = min(times, FASTEST_RATE / rate)
    times = min(STEP ** math.ceil(math.log(max(times, 1.0)) / math.log(STEP)), FASTEST_RATE / rate)
    if candidate.learner not in BOOSTERS or times <= 1.0:
        return candidate
    before = float(candidate.settings.get("faster", 1.0))
    faster = {"learning_rate": float(f"{rate * times:.4g}"), "faster": float(f"{before * times:.4g}")}
    settings = candidate.settings | faster
    return Candidate(candidate.name, candidate.learner, settings, candidate.blocks)


def _law(candidate: Candidate) -> tuple[float, float, float, float]:
    laws = _laws()
    return laws.get(candidate.name) or laws.get(candidate.learner) or laws["lightgbm"]


@cache
def _laws() -> Mapping[str, tuple[float, float, float, float]]:
    listed = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
    return {name: tuple(values) for name, values in listed["log_seconds"].items()}
