"""`[serve]`: what is done with rows that are not as training's were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Serve:
    """What is done with rows that are not as training's were, at the server and in `score`.

    Attributes
    ----------
    unknown : str
        A category that training never saw: the row is answered and flagged "unseen", or refused.
    missing : str
        A column that the model reads and that is not sent: refused, or answered as if its value were missing.
    """

    __pydantic_config__ = STRICT
    unknown: Literal["answer", "refuse"] = "answer"
    missing: Literal["answer", "refuse"] = "refuse"
