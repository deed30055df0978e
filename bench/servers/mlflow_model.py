"""The package as an MLflow model, saved to be served by `mlflow models serve`."""

from __future__ import annotations

import os
import sys
from typing import Any

import mlflow

import artificer_runtime


class Served(mlflow.pyfunc.PythonModel):
    """The package."""

    def load_context(self, context: Any) -> None:
        self.predictor = artificer_runtime.load(os.environ["SERVED_PACKAGE"])

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list[Any]:
        return self.predictor.predict_full(model_input).values.tolist()


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=Served(), pip_requirements=["numpy"])
