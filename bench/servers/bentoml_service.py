"""The package behind BentoML."""

import os
from typing import Any

import bentoml

import artificer_runtime


@bentoml.service(workers=1)
class Served:
    """One worker with the package."""

    def __init__(self) -> None:
        self.predictor = artificer_runtime.load(os.environ["SERVED_PACKAGE"])

    @bentoml.api
    def predict(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"prediction": self.predictor.predict_full(row).values.tolist()}
