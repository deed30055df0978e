"""From `encode`: the proposed representation."""

from __future__ import annotations

from dataclasses import dataclass

from artificer.core.records import Decision
from artificer.core.stages.design import Candidate
from artificer_runtime.recipe import Block


@dataclass(frozen=True, slots=True)
class Encoding:
    """From `encode`: the proposed representation, not fitted to any row."""

    blocks: tuple[Block, ...]
    candidates: tuple[Candidate, ...]
    decisions: tuple[Decision, ...] = ()
