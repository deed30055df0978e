"""A bare route of FastAPI: it parses one row and sends it back. What a server with a model can hope for."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

app = FastAPI()


@app.post("/predict")
async def predict(row: dict[str, Any]) -> dict[str, Any]:
    return row
