"""LightGBM without the labels that it has cause to doubt.

Which these are is found among the rows that train alone, by halves that do not see each other's labels
(`artificer.measure.noise`): were it found by rows that measure, those that disagree with them would be left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from artificer.core.clock import Clock
from artificer.core.protocols import Fitted, Fold, Settings
from artificer.line.fit.learners.lightgbm_trees import LightGBM
from artificer.measure.noise import distrust, doubted
from artificer_runtime.parts import dealt

# Of the trees that doubt: few and quick, so that they cost a part of the fit.
QUICK = {"learning_rate": 0.1, "max_iterations": 60, "patience": 0}


@dataclass(frozen=True)
class TrustingTrees:
    """Settings are those of `LightGBM`; a fact counts the labels in doubt, whose rows weigh nothing in training."""

    API: ClassVar[int] = 1
    name: str = "lightgbm_trusting"
    version: int = 3

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Doubt labels, where doubts can be trusted, then fit as `LightGBM` does."""
        seen = _by_halves(fold, settings, Clock(stop=clock.stop))
        found = doubted(fold.y, seen, fold.n_classes)
        places = found.places[:0] if distrust(fold.y, seen, found, fold.n_classes) else found.places
        weight = np.ones(len(fold.y)) if fold.weight is None else fold.weight.copy()
        weight[places] = 0.0
        fitted = LightGBM().fit(replace(fold, weight=weight), settings, clock)
        return replace(fitted, facts={**fitted.facts, "n_doubted": float(len(places))})


def _by_halves(fold: Fold, settings: Settings, clock: Clock) -> np.ndarray:
    """What each row is predicted to be by trees of the other half: float64 (n_rows, n_out).

    Parameters
    ----------
    clock : Clock
        Without a deadline: what is doubted must hang on the rows alone. Who interrupts throws the fit away.
    """
    half = dealt(2, len(fold.y), np.random.default_rng(fold.seed), strata=fold.y, group=fold.group) == 0
    predicted = np.empty((len(fold.y), fold.n_classes or 1))
    for part in (half, ~half):
        weight = fold.weight[~part] if fold.weight is not None else None
        others = replace(fold, X=fold.X[~part], y=fold.y[~part], weight=weight, group=None, X_valid=None, served=None)
        predicted[part] = LightGBM().fit(others, {**settings, **QUICK}, clock).member.predict(fold.X[part])
    return predicted
