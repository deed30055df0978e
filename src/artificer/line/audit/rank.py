"""The order in which findings are told."""

from __future__ import annotations

from collections.abc import Iterable

from artificer.core.records import Finding

_RANK = {"blocker": 0, "warning": 1, "note": 2}


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by severity, then by size of effect, the largest first; the order of the checks settles ties."""
    return tuple(sorted(findings, key=lambda one: (_RANK[one.severity], -abs(one.effect.value) if one.effect else 0.0)))
