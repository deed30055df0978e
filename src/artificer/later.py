"""What comes with a later version, refused by name."""

from __future__ import annotations

from typing import Any, NoReturn

from artificer.core.errors import NotBuiltError

HERE = "this one asks, trains, tests, ships and predicts"


def serve(*arguments: Any, **options: Any) -> NoReturn:
    """Refuse: serving a package over HTTP is not built yet.

    Raises
    ------
    NotBuiltError
        Always.
    """
    raise refusal("serve")


def refusal(name: str) -> NotBuiltError:
    """The error that says so."""
    return NotBuiltError(f"'{name}' comes with a later version; {HERE}")
