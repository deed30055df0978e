"""`[features]`: limits on what the model may use, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from artificer.core.brief.strict import STRICT

MonotoneEffect = Literal["increasing", "decreasing", "any"]


@dataclass(frozen=True, kw_only=True)
class Features:
    """Limits on what the model may use, and how.

    Attributes
    ----------
    changeable : tuple of str
        Columns that the person whom a row is about can change.
    """

    __pydantic_config__ = STRICT
    exclude: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    effect: dict[str, MonotoneEffect] = field(default_factory=dict)
