"""One fit of the race: a candidate on one fold, as a task of the workspace that is never done twice."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from artificer.core.clock import Clock, Stopwatch, median_ms
from artificer.core.errors import FaultError, FitError
from artificer.core.protocols import Fitted, Fold
from artificer.core.run import Run, versions
from artificer.core.stages import Candidate, FoldFit
from artificer.core.store import digest
from artificer.core.tasks import free_gb
from artificer.line.ask.rows import oriented
from artificer.line.fit.course import SHARE, Course, Encodings, as_served, side_by_side, weighing
from artificer.line.fit.learners import load
from artificer.line.fit.losses import row_losses
from artificer.line.fit.refined import FEWEST_ROWS, refined
from artificer.line.fit.saved import at_iteration, save_member
from artificer.line.fit.settings import OURS, hurry, learned, replayed
from artificer.measure.metrics import score

VERSION = 4
# Of a fold's features that are in memory while a fit goes on.
COPIES = 3
# Of the memory there is, what fits side by side may fill.
FITS_SHARE = 0.4
# Where a run's results hold the representation as it was fitted on the first fold: what ships where no one has time to refit.
FIRST_RECIPE = "first recipe"
# How a learner may fail on rows; the others go on.
FAILURES = (FitError, ValueError, ArithmeticError, MemoryError)


class Fits(Protocol):
    """What a race needs of fits: made by training, or remembered by a simulation."""

    def prepare(self, fold: int) -> float:
        """Make the fold's features, and say how many seconds that took."""
        ...

    def expect(self, candidates: Sequence[Candidate]) -> None:
        """Told who may still be trained: what no one of them reads can be forgotten."""
        ...

    def widths(self) -> Mapping[str, int]:
        """Features in each block of the first fold."""
        ...

    def missing(self, candidate: Candidate, n_folds: int) -> int:
        """How many of the first folds were not trained on before."""
        ...

    def attempt(self, candidate: Candidate, fold: int, clock: Clock) -> FoldFit:
        """Train on one fold."""
        ...

    def predicted(self, fit: FoldFit) -> np.ndarray:
        """Predictions of the fold's rows at the fit's own best iteration: float64 (n_rows, n_out), on the learner's scale."""
        ...

    def valid_rows(self, fold: int) -> np.ndarray:
        """Positions of the rows that the fold measures."""
        ...

    def joint(self, candidate: Candidate, fits: Sequence[FoldFit]) -> Joint:
        """Read all folds at the iteration that is best on their mean."""
        ...


@dataclass(frozen=True, slots=True)
class Joint:
    """A candidate on all its folds, read at one iteration.

    Attributes
    ----------
    n_iterations : int
        0 where there are none.
    prediction : array of float64, (n_measured_rows, n_out)
        Fold by fold, on the learner's scale.
    row_us, one_ms, size_mb : float
        Microseconds a row in batches, milliseconds of one row alone, and size, of one fold's member.
    """

    n_iterations: int
    prediction: np.ndarray
    row_us: float = 0.0
    size_mb: float = 0.0
    one_ms: float = 0.0


@dataclass
class Trainer:
    """Fits that are made by training.

    Attributes
    ----------
    memory_gb : float
        What features may fill; beyond it those of the fold that was used longest ago are made again when needed.
    made : dict of int to Encodings
        Features of the folds that are held, the one used last at the end; of each only what is still to be read.
    awaited : tuple of Candidate, or None
        Who may still be trained; None before anyone said so.
    done : dict of int to dict of str to int
        Iterations of each candidate that was trained on the fold.
    """

    run: Run
    course: Course
    memory_gb: float = math.inf
    made: dict[int, Encodings] = field(default_factory=dict)
    took: dict[int, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    awaited: tuple[Candidate, ...] | None = None
    done: dict[int, dict[str, int]] = field(default_factory=dict)

    def prepare(self, fold: int) -> float:
        """Make the fold's features, if they are not made yet, and say how long that took."""
        self.of_fold(fold)
        return self.took[fold]

    def of_fold(self, fold: int, candidate: Candidate | None = None) -> Encodings:
        """The fold's features; the same ones for all who ask, as long as memory allows.

        Parameters
        ----------
        candidate : Candidate, optional
            Who reads them; what had been forgotten is made again for it alone, as is what it reads of other rows.
        """
        if candidate is not None and (share := float(candidate.settings.get(SHARE, 1.0))) != 1:
            return self.course.encodings(fold, candidate.blocks, share)
        with self.lock:
            watch = Stopwatch()
            found = self.made.pop(fold, None) or self.course.encodings(fold)
            self.took.setdefault(fold, watch.seconds)
            if fold == 0:
                self.run.results.setdefault(FIRST_RECIPE, found.recipe)
            self.made[fold] = found
            while len(self.made) > 1 and sum(one.size_gb for one in self.made.values()) > self.memory_gb:
                del self.made[next(iter(self.made))]
        lacking = candidate is not None and not found.train.keys() >= set(candidate.blocks)
        return self.course.encodings(fold, candidate.blocks) if candidate is not None and lacking else found

    def expect(self, candidates: Sequence[Candidate]) -> None:
        """Forget what none of these reads."""
        self.awaited = tuple(candidates)
        for fold in list(self.made):
            self._forget(fold)

    def _forget(self, fold: int) -> None:
        """Let go of blocks that no one will read again: those that train, and of those that measure what was measured.

        Whoever stops at an iteration is measured again at the one that all folds agree on; the first fold is timed.
        """
        with self.lock:
            if self.awaited is None or fold not in self.made:
                return
            held, done = self.made[fold], self.done.get(fold, {})
            train = {name for one in self.awaited if one.name not in done for name in one.blocks}
            valid = {name for one in self.awaited if not fold or done.get(one.name) != 0 for name in one.blocks}
            self.made[fold] = replace(held, train=_only(held.train, train), valid=_only(held.valid, train | valid))

    def fit_gb(self) -> float:
        """Memory of one fit, about: its features, as a learner holds them again."""
        return COPIES * self.of_fold(0).size_gb

    def widths(self) -> Mapping[str, int]:
        """Features in each block of the first fold."""
        return {name: block.shape[1] for name, block in self.of_fold(0).train.items()}

    def valid_rows(self, fold: int) -> np.ndarray:
        """Positions of the rows that the fold measures."""
        return self.course.valid_rows(fold)

    def missing(self, candidate: Candidate, n_folds: int) -> int:
        """How many of the first folds were not trained on before."""
        keys = [self._key(candidate, fold, self._settings(candidate, fold)) for fold in range(n_folds)]
        return sum(not self.run.workspace.done(key) for key in keys)

    def _settings(self, candidate: Candidate, fold: int) -> dict[str, object]:
        return learned(candidate.settings) | replayed(self.run, candidate.name, fold)

    def attempt(self, candidate: Candidate, fold: int, clock: Clock) -> FoldFit:
        """Train on one fold, or find that it was done before."""
        settings = self._settings(candidate, fold)
        key = self._key(candidate, fold, settings)

        def work(folder: Path, name: str) -> FoldFit:
            return self._fit(candidate, fold, settings, clock, folder, name)

        fit = self.run.task(key, FoldFit, work)
        self.done.setdefault(fold, {})[candidate.name] = fit.n_iterations
        self._forget(fold)
        return fit

    def predicted(self, fit: FoldFit) -> np.ndarray:
        """Predictions of the fold's rows at the fit's own best iteration."""
        return np.asarray(np.load(self.run.path(fit.folder) / "predicted.npy"))

    def joint(self, candidate: Candidate, fits: Sequence[FoldFit]) -> Joint:
        """Read all folds at the best iteration of their mean curve."""
        n_iterations = joint_iteration([np.load(self.run.path(fit.folder) / "curve.npy") for fit in fits])
        members = [at_iteration(self.run.path(fit.folder), n_iterations) for fit in fits]
        first = side_by_side(self._valid(fits[0].fold, candidate), candidate.blocks)
        watch = Stopwatch()
        predicted = [members[0].predict(first)]
        row_us = 1e6 * watch.seconds / max(first.shape[0], 1)
        for member, fit in zip(members[1:], fits[1:], strict=True):
            again = n_iterations > 0  # who has no iterations predicted as it does now
            predicted.append(
                member.predict(side_by_side(self._valid(fit.fold, candidate), candidate.blocks))
                if again
                else self.predicted(fit)
            )
        size_mb = float(np.median([sum(one.nbytes for one in member.arrays().values()) for member in members])) / 1e6
        one_ms = median_ms(partial(members[0].predict, as_served(first[:1])))
        return Joint(n_iterations, np.concatenate(predicted), row_us, size_mb, one_ms)

    def _valid(self, fold: int, candidate: Candidate) -> Mapping[str, np.ndarray]:
        valid = self.of_fold(fold).valid if SHARE not in candidate.settings else {}
        return valid if valid.keys() >= set(candidate.blocks) else self.of_fold(fold, candidate).valid

    def _key(self, candidate: Candidate, fold: int, settings: dict[str, object]) -> str:
        learner, own = load(candidate.learner), [candidate.settings.get(name, "") for name in OURS]
        parts = (VERSION, self.course.identity, self.course.reads(candidate), candidate.blocks, learner.version)
        return f"fit-{digest(candidate.learner, *parts, settings, own, fold, self.course.plan.metric, versions())}"

    def _fit(
        self, candidate: Candidate, fold: int, settings: dict[str, object], clock: Clock, folder: Path, name: str
    ) -> FoldFit:
        made = self.of_fold(fold, candidate)
        watch = Stopwatch()
        given, rows = self.course.fold(candidate, made), made.valid_rows
        del made  # the learner holds its own copy, and others may be done with theirs
        fitted = load(candidate.learner).fit(given, settings, clock)
        assert given.X_valid is not None
        assert given.y_valid is not None
        member = fitted.member
        if len(fitted.curve):
            best = int(np.argmin(fitted.curve)) + 1
            member = member.truncated(best)  # type: ignore[attr-defined]
        prediction = member.predict(given.X_valid)
        if not np.isfinite(prediction).all():
            raise FitError("it predicts what is no finite number")
        losses = row_losses(given.task, given.y_valid, prediction, self.course.plan.loss)
        save_member(folder, fitted.member)
        np.save(folder / "curve.npy", self._curve(fitted, given))
        np.save(folder / "predicted.npy", prediction)
        return FoldFit(
            candidate=candidate.name,
            fold=fold,
            folder=name,
            n_iterations=fitted.n_iterations,
            seconds=watch.seconds,
            cut=fitted.cut,
            loss=float(np.average(losses, weights=given.weight_valid)),
            score=self._score(given, prediction, rows),
            parity=parity(fitted.member.predict(given.checked), fitted.native),
            facts=dict(fitted.facts) | hurry(candidate),
        )

    def _curve(self, fitted: Fitted, given: Fold) -> np.ndarray:
        """The losses by which its iteration is chosen, those of a temperature where one will be put on the blend."""
        assert given.X_valid is not None
        assert given.y_valid is not None
        if len(self.course.of_row) < FEWEST_ROWS:
            return fitted.curve
        return refined(fitted.member, given.X_valid, given.y_valid, given.weight_valid, fitted.curve)

    def _score(self, given: Fold, prediction: np.ndarray, rows: np.ndarray) -> float:
        assert given.y_valid is not None
        shown = np.expm1(prediction) if self.course.plan.transform == "log1p" else prediction
        truth = np.expm1(given.y_valid) if self.course.plan.transform == "log1p" else given.y_valid
        y, turned = oriented(truth, shown, self.course.asked.positive)
        weight = weighing(self.course.rows.weight, rows)  # not the one that learners train with
        return score(self.course.plan.metric, y, turned, weight)


def joint_iteration(curves: Sequence[np.ndarray]) -> int:
    """The best iteration of the mean of the folds' curves; 0 where there are none.

    A fold that stopped earlier than another stays at its last loss: were the curves cut at the shortest, one fold that
    stops early would stop them all.

    >>> joint_iteration([np.array([3.0, 2.0, 1.0]), np.array([3.0, 2.5])])
    3
    """
    mean = mean_curve(curves)
    return int(np.argmin(mean)) + 1 if len(mean) else 0


def mean_curve(curves: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of the folds' losses after each iteration, as long as the longest; empty where there are none."""
    curves = [curve for curve in curves if len(curve)]  # a fold of dull rows has a constant model, and none
    longest = max((len(curve) for curve in curves), default=0)
    padded = [np.concatenate([curve, np.full(longest - len(curve), curve[-1])]) for curve in curves]
    return np.asarray(np.mean(padded, axis=0)) if curves else np.empty(0)


def affordable_workers(run: Run, fit_gb: float) -> int:
    """Fits that may run side by side, so that they stay within the run's memory; at least one."""
    memory_gb = run.brief.run.memory_gb or free_gb()
    return max(1, min(run.n_workers, int(FITS_SHARE * memory_gb / max(fit_gb, 1e-9))))


def parity(ours: np.ndarray, native: np.ndarray) -> float:
    """Largest difference between the portable form and the training library, relative above one."""
    if native.shape != ours.shape:
        raise FaultError(f"the portable form predicts {ours.shape}, the training library {native.shape}")
    return float((np.abs(ours - native) / np.maximum(np.abs(native), 1.0)).max(initial=0.0))


def _only(blocks: Mapping[str, np.ndarray], names: set[str]) -> dict[str, np.ndarray]:
    return {name: block for name, block in blocks.items() if name in names}
