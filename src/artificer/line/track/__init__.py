"""track: a package and new rows → the differences in distribution that affect performance."""

from __future__ import annotations

from typing import Any

from artificer.core.errors import NotBuiltError

__all__ = ["track"]


def track(*arguments: Any, **options: Any) -> None:
    """Refuse: this stage comes with a later version.

    Raises
    ------
    NotBuiltError
        Always.
    """
    raise NotBuiltError("the stage 'track' comes with a later version; this one ends with 'ship'")
