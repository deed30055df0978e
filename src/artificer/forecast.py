"""What a run would do and cost, said before the first fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from artificer.data.sources import contacts
from artificer.line.ask import Subject, ask, begin
from artificer.line.design import design
from artificer.line.design.trained_by import trained_share
from artificer.line.encode import encode
from artificer.line.fit.repeats import repeats


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would do: its tasks, and about what they cost.

    Attributes
    ----------
    tasks : tuple of (str, int)
        What would be trained, and how often.
    shares : dict of str to float
        By which share of the time limit each clocked stage has ended.
    seconds, memory_mb, disk_mb : float
        Rough, from the size of the data.
    contacts : tuple of str
        What would be contacted beyond this machine.
    """

    tasks: tuple[tuple[str, int], ...]
    shares: dict[str, float]
    limit_s: float
    seconds: float
    memory_mb: float
    disk_mb: float
    contacts: tuple[str, ...] = ()


# Measured on two cores: a boosted fit of 100,000 cells takes about 0.06 s; arrays are held about six times.
SECONDS_PER_CELL, COPIES = 6e-7, 6


def plan(subject: Subject, **options: Any) -> Forecast:
    """Say what a run would do, by running the stages before the first fit."""
    state = begin(subject, **options)
    state.effects = False
    asked, encoding, planned = ask(state), encode(state), design(state)
    n_columns = sum(len(block.columns) for block in encoding.blocks)
    cells = asked.train.n_rows * n_columns
    repeated = repeats(encoding)
    fits = tuple((one.name, planned.folds_tried) for one in encoding.candidates if one.name not in repeated)
    seconds = cells * SECONDS_PER_CELL * (planned.folds_tried + 1) * len(fits) / state.n_workers
    disk_mb = (2 * cells * 4 + asked.train.n_rows * 200) / 1e6
    memory_mb = 250 + COPIES * cells * 4 / 1e6
    limit_s = state.brief.run.limit_s
    wanted = () if state.frame is not None else contacts(state.brief)
    return Forecast(
        fits, {"refine": trained_share(state)}, limit_s, min(seconds + 3, limit_s), memory_mb, disk_mb, wanted
    )
