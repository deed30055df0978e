"""A package as MLflow's python_function: ``mlflow.pyfunc.load_model(FOLDER)`` calls `_load_pyfunc`, and no pickle is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from artificer_runtime.predictor import Predictor, load


class Pyfunc:
    """What MLflow calls.

    Parameters
    ----------
    predictor : Predictor
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Predict rows.

        Parameters
        ----------
        model_input : frame of pandas, dict or list of dicts
        params : dict, optional
            ``{"probabilities": True}`` gives class probabilities in place of labels.

        Returns
        -------
        array, (n_rows,) or (n_rows, n_classes)
        """
        if (params or {}).get("probabilities"):
            return self.predictor.predict_proba(model_input)
        values = self.predictor.predict(model_input)
        return values.astype(str) if values.dtype == np.object_ else values


def _load_pyfunc(path: str) -> Pyfunc:
    """What MLflow asks a loader module for: the model that lies at a path."""
    return Pyfunc(load(path))
