"""Which predictions a person decides: the conditions of `[decision] review` that they meet. Needs no frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from artificer.core.errors import BriefError
from artificer_runtime.predictor import Predictions

if TYPE_CHECKING:
    from artificer.line.ask.review import Condition


def met(asked: Sequence[Condition], score: np.ndarray, full: Predictions) -> np.ndarray:
    """Conditions that each prediction meets, one bit each: int32 (n_rows,).

    Raises
    ------
    BriefError
        When a condition reads an interval that the package does not have.
    """
    said = {**full.flags, "score": score}
    if full.intervals is not None:
        said["interval"] = full.intervals[:, 1] - full.intervals[:, 0]
    found = np.zeros(len(score), np.int32)
    for bit, one in enumerate(asked):
        if "interval" not in said and any(clause.what == "interval" for clause in one.clauses):
            raise BriefError(
                f"[decision.review] when holds '{one.text}', and this package tells no intervals; train it again with this "
                "version, or remove the condition"
            )
        found |= one.holds(said).astype(np.int32) << bit
    return found


def because(asked: Sequence[Condition], bits: int) -> str:
    """Conditions that one prediction meets, in words; "" where it meets none."""
    return "; ".join(one.text for bit, one in enumerate(asked) if bits >> bit & 1)
