"""update: findings, champion and challenger → retrain, recalibrate, roll back or leave alone."""

from __future__ import annotations

from typing import Any

from artificer.core.errors import NotBuiltError

__all__ = ["update"]


def update(*arguments: Any, **options: Any) -> None:
    """Refuse: this stage comes with a later version.

    Raises
    ------
    NotBuiltError
        Always.
    """
    raise NotBuiltError("the stage 'update' comes with a later version; this one ends with 'ship'")
