"""What the plain function of a learner is told: settings, iterations, seeds, and what its search found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from artificer.core.errors import ArtificerError
from artificer.core.protocols import Fold
from artificer.core.stages import Candidate, Stop
from artificer.line.fit.learners import load
from artificer.line.fit.learners.linear_model import C_GRID, MOST_SOLVED, most_rows
from artificer.line.fit.losses import level_of, power_of
from artificer.line.fit.settings import learned, settled
from artificer.line.refine.refit import NEXT_SEED
from artificer_runtime.members import Member
from artificer_runtime.members.kernel import Kernel
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.trees import Trees

LEARNERS = ("lightgbm", "catboost", "linear", "extra_trees", "network", "discriminant", "kernel")
BOOSTED = ("lightgbm", "catboost")
# With the weakest penalty, 490 rows and 158 features, the script's probabilities were off by up to 0.008; else by 1e-4 at most.
WEAKEST = C_GRID[-1]
OF_NETWORK = ("epochs", "batch", "hidden", "layers", "dropout", "learning_rate")


def told(candidate: Candidate, fold: Fold, stops: Sequence[Stop], member: Member) -> dict[str, Any]:
    """Arguments by name.

    Parameters
    ----------
    fold : Fold
        The rows that were trained on.
    stops : sequence of Stop
        One a seed.

    Raises
    ------
    ArtificerError
        When the learner's loss, or rows without one of the classes, have no plain form.
    """
    name, facts = candidate.name, stops[0].facts
    if candidate.learner not in LEARNERS:
        raise ArtificerError(
            f"the member '{name}' has no plain form yet, so no script was written; `artificer run --replay` trains the same "
            "model again"
        )
    if by_slope(fold, candidate.learner):
        raise ArtificerError(f"the loss of '{name}' ({fold.loss}) has no plain form with {candidate.learner} yet")
    settings: dict[str, Any] = learned(candidate.settings) | settled(_iterations(member, len(stops)), facts)
    seeds = [fold.seed + number * NEXT_SEED for number in range(len(stops))]
    if candidate.learner in BOOSTED:
        return _of_booster(candidate.learner, fold, settings, _iterations(member, len(stops)), seeds)
    if candidate.learner == "extra_trees":
        return {"settings": settings, "seeds": seeds}
    if candidate.learner == "network":
        own = {key: settings[key] for key in OF_NETWORK if key in settings}
        return {"settings": own, "n_stages": stops[0].n_iterations, "seeds": seeds}
    if fold.n_classes and len(np.unique(fold.y)) < fold.n_classes:
        raise ArtificerError(f"'{name}' was trained on rows that lack a class, which has no plain form yet")
    if candidate.learner == "linear":
        return _of_linear(fold, settings)
    if candidate.learner == "discriminant":
        found = {key: float(settings.get(key, facts.get(key, 0.0))) for key in ("shrinkage", "sharpness")}
        return found | {"rows": int(settings.get("rows", 30_000)), "seed": fold.seed}
    assert isinstance(member, Kernel)
    found = {"ridge": facts["ridge"], "power": member.power, "rows": int(settings.get("rows", 2000))}
    shapes = {"used": member.features, "center": member.center, "scale": member.scale}
    return {key: value.tolist() for key, value in shapes.items()} | found | {"seed": fold.seed}


def differs(candidate: Candidate, fold: Fold, facts: Mapping[str, float]) -> str:
    """Where a script's member is another than the one that was shipped; "" where it is the same."""
    if candidate.learner == "linear" and not fold.n_classes and min(fold.X.shape) > MOST_SOLVED:
        return (
            "the ridge regression is solved to the end here, while the one that was shipped stops at a step before it"
        )
    if candidate.learner == "linear" and fold.n_classes and facts.get("C", 0.0) >= WEAKEST:
        return (
            "the linear model's penalty is so weak that where its solver stops hangs on rounding, which moves its "
            "probabilities by some 0.01"
        )
    if candidate.learner == "network":
        return (
            "the network's sums are rounded otherwise here, which training multiplies to some 0.003 of what it predicts"
        )
    return ""


def by_slope(fold: Fold, learner: str) -> bool:
    """Whether the learner changes the target before it trains, or trains on another loss than the script's."""
    if learner == "lightgbm":
        return bool(fold.monotone) and level_of(fold.loss) is not None
    return learner != "extra_trees" and (level_of(fold.loss) is not None or power_of(fold.loss) is not None)


def _of_booster(
    learner: str, fold: Fold, settings: Mapping[str, Any], n_iterations: int, seeds: list[int]
) -> dict[str, Any]:
    library: Any = load(learner)
    parameters = library.parameters(fold, settings)
    own = {key: value for key, value in parameters.items() if key not in ("seed", "random_seed")}
    if learner == "catboost":
        return {"settings": own, "seeds": seeds}
    limits = {"verbose": -1, "num_threads": 1, "feature_pre_filter": False, **library.dataset_limits(fold)}
    given = {"settings": own, "n_iterations": n_iterations, "seeds": seeds}
    return given | {"categorical": list(fold.categorical), "limits": limits}


def _of_linear(fold: Fold, settings: Mapping[str, Any]) -> dict[str, Any]:
    best = float(settings["C" if fold.n_classes else "alpha"])
    n_tried = int(settings.get("tried", 1))
    penalties = list(C_GRID[:n_tried]) if fold.n_classes and n_tried > 1 else [best]
    given = {"penalties": penalties, "best": best, "n_rounds": int(settings.get("rounds", 0))}
    return given | {"rows": most_rows(fold), "seed": fold.seed}


def _iterations(member: Any, n_seeds: int) -> int:
    """Iterations of a fit as they were shipped: one of a fold may have ended before the run's choice; 0 of no booster."""
    if isinstance(member, Oblivious):
        return len(member.feature) // n_seeds
    if isinstance(member, Trees):
        return len(member.root) // (n_seeds * (member.n_out if member.value.ndim == 1 else 1))
    return 0
