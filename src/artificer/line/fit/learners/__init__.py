"""Learners, one a file, named by string and imported when used; each gives back its portable form."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from artificer.core.errors import FaultError
from artificer.core.protocols import API, Learner

BUILTIN = {
    "catboost": "artificer.line.fit.learners.catboost_trees:CatBoost",
    "discriminant": "artificer.line.fit.learners.discriminant:Discriminant",
    "extra_trees": "artificer.line.fit.learners.extra_trees:ExtraTrees",
    "kernel": "artificer.line.fit.learners.kernel_machine:KernelMachine",
    "lightgbm": "artificer.line.fit.learners.lightgbm_trees:LightGBM",
    "lightgbm_trusting": "artificer.line.fit.learners.trusting_trees:TrustingTrees",
    "linear": "artificer.line.fit.learners.linear_model:LinearModel",
    "network": "artificer.line.fit.learners.neural_network:NeuralNetwork",
}


@cache
def load(name: str) -> Learner:
    """Find a learner by its name.

    Raises
    ------
    FaultError
        When a plan names one that does not exist or speaks another API.
    """
    if name not in BUILTIN:
        raise FaultError(f"there is no learner '{name}'")
    module, _, attribute = BUILTIN[name].partition(":")
    learner: Learner = getattr(import_module(module), attribute)()
    if learner.API != API:
        raise FaultError(f"the learner '{name}' is written for API {learner.API}, this Artificer has {API}")
    return learner
