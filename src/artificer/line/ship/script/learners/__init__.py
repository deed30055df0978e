"""Plain code of the learners: each trains on a block of features and gives a function to predict with.

A file a learner, called as in `fit.learners`: what it imports, and its code.
"""

from __future__ import annotations

from artificer.line.ship.script.learners import (
    catboost_trees,
    discriminant,
    extra_trees,
    kernel_machine,
    lightgbm_trees,
    linear_model,
    neural_network,
)

_MODULES = {
    "lightgbm": lightgbm_trees,
    "catboost": catboost_trees,
    "linear": linear_model,
    "extra_trees": extra_trees,
    "network": neural_network,
    "discriminant": discriminant,
    "kernel": kernel_machine,
}
CODE = {name: module.CODE for name, module in _MODULES.items()}
IMPORTS = {name: module.IMPORTS for name, module in _MODULES.items()}
LINKED = ("extra_trees", "network")  # whose functions give probabilities
GROUPED = ("kernel",)  # whose functions are told which rows are of one group
LINKS = {
    "logit": "logit(%s)",
    "softmax": "softmax(%s)",
    "identity": "%s",
    "exp": "np.exp(np.minimum(%s, 700.0))",
}
