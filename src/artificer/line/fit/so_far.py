"""The best model so far, on disk while the race goes on: what a killed run leaves behind can predict.

It is the blend of the first fold's members, with that fold's representation, so it costs no fit.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from artificer.core.clock import Stopwatch
from artificer.core.run import Run
from artificer.line.fit.attempt import Trainer
from artificer.line.fit.course import Course
from artificer.line.fit.race import Race
from artificer.line.fit.saved import at_iteration
from artificer.line.fit.written import contents
from artificer_runtime.package import Weighted, write

# Seconds between two of them.
EVERY_S = 8.0


@dataclass
class SoFar:
    """Called after every pair; keeps `runs/<id>/so-far/<number>`, of which the last one is whole."""

    run: Run
    course: Course
    trainer: Trainer
    number: int = 0
    watch: Stopwatch = field(default_factory=Stopwatch)

    def __call__(self, race: Race) -> None:
        """Write the blend so far, where a while has passed since the last time."""
        if not self.run.workspace.durable or (self.number and self.watch.seconds < EVERY_S):
            return
        self.watch = Stopwatch()
        folder = self.run.path(f"runs/{self.run.id}/so-far")
        staging = folder / f".{self.number + 1}"
        staging.parent.mkdir(parents=True, exist_ok=True)
        members = first_members(self.run, race, race.weights)
        target, recipe = self.run.brief.target.column, self.trainer.of_fold(0).recipe
        write(staging, contents(self.course, target, recipe, members))
        staging.rename(folder / str(self.number + 1))
        shutil.rmtree(folder / str(self.number), ignore_errors=True)
        self.number += 1
        self.run.progress("fit", f"a model so far: {folder / str(self.number)}")


def first_members(run: Run, race: Race, weights: dict[str, float]) -> list[Weighted]:
    """Members of the first fold, each at the iteration that all its folds are read at."""
    return [
        Weighted(
            at_iteration(run.path(race.fits[name, 0].folder), race.finished[name].n_iterations),
            weight,
            race.entered[name].blocks,
        )
        for name, weight in weights.items()
    ]


def last(folder: Path) -> Path | None:
    """The newest model in a run's `so-far` folder."""
    numbered = [path for path in folder.glob("*") if path.name.isdigit()]
    return max(numbered, key=lambda path: int(path.name), default=None)
