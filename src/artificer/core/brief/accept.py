"""`[accept]`: what the model must be good for."""

from __future__ import annotations

from dataclasses import dataclass

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Accept:
    """One line of `[accept]`: a bound, and whether the line must be met.

    Attributes
    ----------
    at_least, at_most, p99_at_most : float or None
        The bound; which of them applies is fixed by the line's name.
    by : float, tuple of str, or None
        For `beats`, by how much; for a gap, the columns whose groups are compared: else those of `[features] protected`.
    rule : str
        Today's way, for `beats`: an expression over columns.
    where : str
        For `latency_ms`: "package" (one row, in process) is what can be measured so far.
    """

    __pydantic_config__ = STRICT
    at_least: float | None = None
    at_most: float | None = None
    p99_at_most: float | None = None
    by: float | tuple[str, ...] | None = None
    rule: str = ""
    where: str = ""
    must: bool = False
