"""`[target]`: what is predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is predicted.

    Attributes
    ----------
    positive : str
        The class that counts as success; "" lets `ask` choose (and say so).
    horizon : str
        The label is known this long after the row (``"30d"``, ``"12h"``); younger rows are unlabelled, not negative.
    kind : str
        "class" or "number"; "" lets `ask` decide (and say so).
    known_after : tuple of str
        Columns that do not exist yet when the prediction is needed.
    """

    __pydantic_config__ = STRICT
    column: str
    positive: str = ""
    kind: Literal["", "class", "number"] = ""
    horizon: str = "0d"
    known_after: tuple[str, ...] = ()
