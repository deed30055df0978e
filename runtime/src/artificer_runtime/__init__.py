"""All that a package made by Artificer needs to predict: numpy and the standard library.

>>> import artificer_runtime
>>> predictor = artificer_runtime.load("package")  # doctest: +SKIP
>>> predictor.predict_proba({"age": 41, "job": "admin."})  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from artificer_runtime.errors import PackageError, RowsError, RuntimeInputError

if TYPE_CHECKING:
    from artificer_runtime.contributions import Explanations
    from artificer_runtime.predictor import Predictions, Predictor, load

__version__ = "0.1.0"
__all__ = ["Explanations", "PackageError", "Predictions", "Predictor", "RowsError", "RuntimeInputError", "load"]


def __getattr__(name: str) -> Any:
    """Load the predictor, and numpy with it, when it is first used: errors alone need neither."""
    if name == "Explanations":
        from artificer_runtime import contributions

        return contributions.Explanations
    if name not in ("Predictions", "Predictor", "load"):
        raise AttributeError(f"module 'artificer_runtime' has no attribute '{name}'")
    from artificer_runtime import predictor

    return getattr(predictor, name)
