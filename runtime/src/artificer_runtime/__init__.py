"""All that a package made by Artificer needs to predict: numpy and the standard library.

>>> import artificer_runtime
>>> predictor = artificer_runtime.load("package")  # doctest: +SKIP
>>> predictor.predict_proba({"age": 41, "job": "admin."})  # doctest: +SKIP
"""

from artificer_runtime.errors import PackageError, RowsError, RuntimeInputError
from artificer_runtime.predictor import Predictions, Predictor, load

__version__ = "0.1.0"
__all__ = ["PackageError", "Predictions", "Predictor", "RowsError", "RuntimeInputError", "load"]
