"""Candidates that would learn once more what an earlier one does: they differ by name alone, and are not trained.

So it is where features of pairs were wanted of a single column, say: what would have read them reads what is left.
"""

from __future__ import annotations

from artificer.core.stages import Encoding
from artificer.core.store import digest


def repeats(encoding: Encoding) -> dict[str, str]:
    """Candidates of the same learner, settings and features as one before them, by name, and why they are not trained."""
    read = {block.name: (block.step, block.columns, block.settings) for block in encoding.blocks}
    first: dict[str, str] = {}
    found = {}
    for one in encoding.candidates:
        key = digest(one.learner, one.settings, [read[name] for name in one.blocks])
        earlier = first.setdefault(key, one.name)
        if earlier != one.name:
            found[one.name] = f"with these columns it reads and learns the same as {earlier}"
    return found
