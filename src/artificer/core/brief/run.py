"""`[run]`: limits on the run itself."""

from __future__ import annotations

from dataclasses import dataclass

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class RunPart:
    """Limits on the run itself.

    Attributes
    ----------
    limit_s : float
        Seconds from the command's start to package and verdict.
    learners, exclude : tuple of str
        Learners or candidates to try, where any are named, and those not to try.
    cores : int
        Fits that may run side by side; 0 is one a core.
    memory_gb : float
        What training may use, about; 0 is what the machine has free.
    """

    __pydantic_config__ = STRICT
    limit_s: float = 60.0
    interpretable_only: bool = False
    learners: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    cores: int = 0
    memory_gb: float = 0.0
    seed: int = 0
