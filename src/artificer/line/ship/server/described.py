"""The OpenAPI document of what would be served, without serving it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from artificer.line.ship.server.app import doors_of
from artificer.line.ship.server.openapi import document
from artificer.line.ship.server.served import Serving


def openapi_of(subject: Path, workspace: Path | None = None) -> dict[str, Any]:
    """Describe the doors of a package, or of what the ledger says is served of a brief.

    Raises
    ------
    ArtificerError, RuntimeInputError
        As for `Serving.of`.
    """
    serving = Serving.of(subject, workspace)
    return document(doors_of(serving), serving.model.card, serving.model.scorer.version)
