"""Typed clients of a served package, written from its OpenAPI document: Python's standard library or fetch, and nothing else.

Doors that take and give JSON become methods; what they take and give becomes types with the client's own column names.
"""

from __future__ import annotations

from typing import Any, Literal

from artificer.line.ship.clients import python, typescript
from artificer.line.ship.clients.shapes import operations

__all__ = ["Language", "client_code"]

Language = Literal["python", "typescript"]


def client_code(document: dict[str, Any], language: Language) -> str:
    """Write a client.

    Parameters
    ----------
    document : dict
        An OpenAPI 3.1 document, such as ``/openapi.json`` gives.

    Returns
    -------
    str
        The source of one module.
    """
    written = {"python": python.module, "typescript": typescript.module}[language]
    return written(str(document["info"]["title"]), str(document["info"]["version"]), operations(document))
