"""The package behind LitServe."""

from __future__ import annotations

import os
import sys
from typing import Any

import litserve

import artificer_runtime


class Served(litserve.LitAPI):
    """One worker with the package."""

    def setup(self, device: str) -> None:
        self.predictor = artificer_runtime.load(os.environ["SERVED_PACKAGE"])

    def decode_request(self, request: dict[str, Any]) -> dict[str, Any]:
        return request

    def predict(self, row: dict[str, Any]) -> list[Any]:
        return self.predictor.predict_full(row).values.tolist()

    def encode_response(self, output: list[Any]) -> dict[str, Any]:
        return {"prediction": output}


if __name__ == "__main__":
    server = litserve.LitServer(Served(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
