"""`[card]`: what only a person can know."""

from __future__ import annotations

from dataclasses import dataclass

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Card:
    """What only a person can know, in sentences: they stand on the cards as they are.

    `artificer.core.report.card_lines.CARD` says what each is of.
    """

    __pydantic_config__ = STRICT
    contact: str = ""
    licence: str = ""
    citation: str = ""
    users: str = ""
    not_for: str = ""
    risks: str = ""
    unintended: str = ""
    oversight: str = ""
    security: str = ""
    changes: str = ""
    surroundings: str = ""
    instructions: str = ""
    standards: str = ""
    declaration: str = ""
    monitoring: str = ""
    data_origin: str = ""
    data_collected: str = ""
    data_not_for: str = ""
    data_shared: str = ""
    data_keeper: str = ""
    labels_made: str = ""
