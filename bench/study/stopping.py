"""Where boosters stop: by log loss as it is, or by what the best temperature leaves of it (`artificer.line.fit.refined`).

`python bench/study/stopping.py DATA PLACE [--sets …] [--splits 3]` trains the candidates of `bags.py`, and shallow trees, on
every fold of up to `MOST_ROWS` rows, once with each rule and nothing else changed, chooses the blend and its temperature as the
product does, refits with two seeds, and prints the mean over sets of the logarithm of the test error (1 − ROC AUC, log loss of
several classes) against log loss as it is, with its standard error over sets. What was trained is kept under PLACE.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bags
import numpy as np
from bank import labels
from peers import split

from artificer.core.tasks import run_all
from artificer.line.fit import attempt
from artificer.line.refine.blend import mixed
from artificer.line.refine.refit import BY_CHANCE
from artificer.line.refine.temperature import temperature
from artificer.measure.metrics import score
from artificer_runtime.outcome import tempered

SETS = (
    "mammography",
    "oil_spill",
    "german_credit",
    "titanic",
    "online_shoppers",
    "tech_mental_health",
    "chicago_crimes",
    "credit_default",
    "bank_marketing",
    "adult",
    "noaa_weather",
    "wine_quality",
)
PLAIN, REFINED = "log loss", "after temperature"
MOST_ROWS, SEEDS = 6_000, 2
RULE = attempt.refined


def main() -> None:
    """Print the table."""
    bags.SETS, bags.CANDIDATES = SETS, (*bags.CANDIDATES, "lightgbm_shallow")
    bags.study(__doc__, of_split, PLAIN)


def as_it_is(member: Any, X: Any, y: Any, weight: Any, curve: np.ndarray) -> np.ndarray:
    """What fits found as they went."""
    return curve


def of_split(cut: split.Cut, place: Path) -> dict[str, float]:
    """Test error of each rule."""
    cut = replace(cut, train=cut.train.iloc[:MOST_ROWS], y=cut.y.iloc[:MOST_ROWS])  # their order is random
    errors = {}
    for name, rule in ((PLAIN, as_it_is), (REFINED, RULE)):
        attempt.refined = rule
        errors[name] = error(cut, place / name.replace(" ", "-"))
    return errors


def error(cut: split.Cut, place: Path) -> float:
    """Test error of the blend."""
    place.mkdir(parents=True, exist_ok=True)
    given = bags.out_of_fold(cut, place)
    weights, final = given.weights(), bags.refitted(given, cut)
    learner = {one.name: one.learner for one in given.encoding.candidates}
    wanted = [(name, seed) for name in weights for seed in range(SEEDS if learner[name] in BY_CHANCE else 1)]

    def fit(one: tuple[str, int]) -> np.ndarray:
        return final.predicted(*one, given.joints[one[0]].n_iterations)

    found = dict(run_all(fit, wanted, bags.WORKERS))
    of_member = {name: np.mean([found[one] for one in wanted if one[0] == name], axis=0) for name in weights}
    warmth, _ = temperature(given.measured, mixed(given.usable, weights))
    metric = given.plan.metric
    told = score(metric, labels(given.track, cut), tempered(mixed(of_member, weights), warmth))
    return 1 - told if metric == "roc_auc" else told


if __name__ == "__main__":
    main()
