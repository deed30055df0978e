"""The race: candidates run fold by fold; who is clearly beaten and no help stops; what cannot end in time never starts.

The first two candidates of the plan run first; what they take tells which of the others the time is enough for. Whether
a candidate goes on is decided at a barrier after each fold, from paired row losses alone, so that the same rows give the
same race on any machine; the clock only leaves out what would not end (after Krueger, Panknin and Braun 2015, "Fast
cross-validation via sequential testing", JMLR 16).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from artificer.core.clock import Clock, Stopwatch
from artificer.core.errors import FaultError
from artificer.core.protocols import Fold
from artificer.core.run import Run, versions
from artificer.core.stages import Candidate, FoldFit
from artificer.core.store import digest
from artificer.core.tasks import run_all
from artificer.line.ask.rows import oriented
from artificer.line.fit.costs import expected_s
from artificer.line.fit.course import Course, Encodings
from artificer.line.fit.learners import load
from artificer.line.fit.losses import row_losses
from artificer.line.fit.saved import save_member
from artificer.measure.metrics import metric, score

VERSION = 2
LINEAR = "linear"
# A candidate stops when its loss is this much above the best one's, relatively, and the paired t statistic says so.
CLEARLY_WORSE, T_STATISTIC = 0.02, 3.0
# Of the time left, what one fit of the first round may take: its refit must still find a place.
FIRST_SHARE = 0.7
# A beaten candidate goes on where this much of it beside the best one lowers the loss, by this share of it.
BESIDE, HELPS = 0.2, 0.001
# Fits of the plan that run before all others.
PIONEERS = 2
LEAST_S = 0.3
PENALTIES = ("C", "alpha", "epochs")
ROUNDS = "rounds"  # of a solver that the clock may cut


@dataclass
class Race:
    """The state of one race.

    Attributes
    ----------
    fits : (candidate, fold) → FoldFit
    dropped : candidate → why it went no further
    valid : fold → its measured blocks, kept for reading predictions off
    n_rounds : int
        Folds that all survivors ran on.
    skipped : bool
        Whether the clock left anything out.
    """

    run: Run
    course: Course
    clock: Clock
    fits: dict[tuple[str, int], FoldFit] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    valid: dict[int, Encodings] = field(default_factory=dict)
    n_rounds: int = 0
    skipped: bool = False
    encode_s: float = 0.0

    def run_all_rounds(self) -> None:
        """Run every round that the plan and the clock allow."""
        for fold in range(self.course.plan.folds_tried):
            entrants = self._replayed(fold) if self.run.replay else self._entrants(fold)
            if not entrants:
                self.skipped = self.skipped or self.run.replay is None
                break
            if fold == 0 and self.run.replay is None:
                self._round(0, entrants[:PIONEERS])
                entrants = self._affordable(entrants[PIONEERS:])
            self._round(fold, entrants)
            self.n_rounds = fold + 1
            if self.run.replay is None:
                self._drop_beaten()
        if self.run.replay is not None:
            self.dropped = dict(self.run.replay.dropped)

    def survivors(self) -> list[Candidate]:
        """Candidates that are still in the race, in the plan's order."""
        return [candidate for candidate in self.course.encoding.candidates if candidate.name not in self.dropped]

    def _replayed(self, fold: int) -> list[Candidate]:
        assert self.run.replay is not None
        ran = {stop.candidate for stop in self.run.replay.stops if stop.fold == fold}
        return [candidate for candidate in self.course.encoding.candidates if candidate.name in ran]

    def _entrants(self, fold: int) -> list[Candidate]:
        entrants = self.survivors()
        if fold == 0:
            return entrants
        left_out = []
        # The linear one and one more must go on, or the round does not take place and all stay as they are.
        while self._seconds(entrants) > self.clock.left_s:
            others = [candidate for candidate in entrants if candidate.name != LINEAR]
            if len(others) <= 1:
                return []
            left_out.append(max(others, key=lambda one: self._mean_loss(one.name)))
            entrants.remove(left_out[-1])
        for candidate in left_out:
            self.skipped = True
            self.dropped[candidate.name] = "the clock: another fold of it would not have ended in time"
        return entrants

    def _affordable(self, others: list[Candidate]) -> list[Candidate]:
        """Which of the candidates there is time for, all folds included, in the plan's order."""
        first = self.course.encoding.candidates[0]
        measured = [one for one in self.survivors() if (one.name, 0) in self.fits]
        n_fits = self.course.plan.folds_tried
        taken = sum(self._cost(one) for one in measured) * (n_fits - 1)
        room = 0.9 * self.clock.left_s * self.run.n_workers
        chosen = []
        for candidate in others:
            seconds = expected_s(candidate, first, self._cost(first), len(self.course.of_row))
            if taken + n_fits * seconds <= room and seconds <= FIRST_SHARE * self.clock.left_s:
                taken += n_fits * seconds
                chosen.append(candidate)
            else:
                self.skipped = True
                self.dropped[candidate.name] = (
                    f"the clock: a fold would take about {seconds:.1f} s, too long for all of them"
                )
        return chosen

    def _cost(self, candidate: Candidate) -> float:
        return max(fit.seconds for (name, _), fit in self.fits.items() if name == candidate.name)

    def _mean_loss(self, name: str) -> float:
        return float(np.mean([fit.loss for (other, _), fit in self.fits.items() if other == name]))

    def _mean_score(self, name: str) -> float:
        return float(np.mean([fit.score for (other, _), fit in self.fits.items() if other == name]))

    def _seconds(self, entrants: list[Candidate]) -> float:
        costs = [self._cost(candidate) for candidate in entrants]
        return 1.1 * max(max(costs), sum(costs) / self.run.n_workers)

    def _round(self, fold: int, entrants: list[Candidate]) -> None:
        watch = Stopwatch()
        made = self.valid[fold] if fold in self.valid else self.course.encodings(fold)
        first_look = fold not in self.valid
        self.valid[fold] = made
        if fold == 0 and first_look:
            self.clock = self.clock.less(watch.seconds)  # the refit has to fit the representation once more
        self.encode_s = max(self.encode_s, watch.seconds)
        for candidate, fit in run_all(lambda one: self._attempt(one, fold, made), entrants, self.run.n_workers):
            if fit is None:
                self.skipped = True
                self.dropped[candidate.name] = "the clock: no time was left to begin it"
                continue
            self.fits[candidate.name, fold] = fit
            stopped = f" at {fit.n_iterations} iterations" if fit.n_iterations else ""
            text = f"{candidate.name}, fold {fold + 1}: loss {fit.loss:.4f}{stopped}, {fit.seconds:.1f} s"
            self.run.progress("fit", text + (" (cut by the clock)" if fit.cut else ""))

    def _attempt(self, candidate: Candidate, fold: int, made: Encodings) -> FoldFit | None:
        first = self.course.encoding.candidates[0]
        if self.clock.left_s < LEAST_S and fold == 0 and candidate.name not in (first.name, LINEAR):
            return None
        settings = candidate.settings | replayed(self.run, candidate.name, fold)
        clock = self.clock.share(FIRST_SHARE) if fold == 0 else self.clock
        return self.run.task(
            self._key(candidate, fold, settings),
            FoldFit,
            lambda folder, name: self._fit(candidate, fold, made, settings, clock, folder, name),
        )

    def _key(self, candidate: Candidate, fold: int, settings: dict[str, object]) -> str:
        learner = load(candidate.learner)
        blocks = [block for block in self.course.encoding.blocks if block.name in candidate.blocks]
        schema = self.course.schema
        parts = (
            VERSION,
            self.course.identity,
            schema,
            blocks,
            candidate.blocks,
            learner.version,
            settings,
            fold,
            self.course.plan.metric,
            versions(),
        )
        return f"fit-{digest(candidate.learner, *parts)}"

    def _fit(
        self,
        candidate: Candidate,
        fold: int,
        made: Encodings,
        settings: dict[str, object],
        clock: Clock,
        folder: Path,
        name: str,
    ) -> FoldFit:
        watch = Stopwatch()
        given = self.course.fold(candidate, made)
        fitted = load(candidate.learner).fit(given, settings, clock)
        assert given.X_valid is not None
        assert given.y_valid is not None
        member = fitted.member
        if len(fitted.curve):
            best = int(np.argmin(fitted.curve)) + 1
            member = member.truncated(best)  # type: ignore[attr-defined]
        prediction = member.predict(given.X_valid)
        save_member(folder, fitted.member)
        np.save(folder / "curve.npy", fitted.curve)
        np.save(folder / "predicted.npy", prediction)
        return FoldFit(
            candidate=candidate.name,
            fold=fold,
            folder=name,
            n_iterations=fitted.n_iterations,
            seconds=watch.seconds,
            cut=fitted.cut,
            loss=_mean(row_losses(given.task, given.y_valid, prediction, given.loss), given.weight_valid),
            score=self._score(given, prediction, made),
            parity=parity(fitted.member.predict(given.X[: len(fitted.native)]), fitted.native),
            facts=dict(fitted.facts),
        )

    def _score(self, given: Fold, prediction: np.ndarray, made: Encodings) -> float:
        assert given.y_valid is not None
        shown = np.expm1(prediction) if self.course.plan.transform == "log1p" else prediction
        truth = np.expm1(given.y_valid) if self.course.plan.transform == "log1p" else given.y_valid
        y, turned = oriented(truth, shown, self.course.asked.positive)
        weight = self.course.rows.weight  # not the one that learners train with
        return score(self.course.plan.metric, y, turned, weight[made.valid_rows] if weight is not None else None)

    def _drop_beaten(self) -> None:
        entrants = [candidate for candidate in self.survivors() if (candidate.name, self.n_rounds - 1) in self.fits]
        predicted = {candidate.name: self._predicted(candidate.name) for candidate in entrants}
        losses = {name: self._losses(values) for name, values in predicted.items()}
        best = min(losses, key=lambda name: float(losses[name].mean()))
        for candidate in entrants:
            if candidate.name in (best, LINEAR):  # the linear one stays: the final model is compared with it
                continue
            gap = losses[candidate.name] - losses[best]
            t = float(gap.mean() / max(gap.std(ddof=1) / np.sqrt(len(gap)), 1e-300)) if len(gap) > 1 else 0.0
            relative = float(gap.mean() / max(abs(losses[best].mean()), 1e-300))
            sign = metric(self.course.plan.metric).sign
            scores_less = not sign * self._mean_score(candidate.name) >= sign * self._mean_score(best)
            beside = self._losses((1 - BESIDE) * predicted[best] + BESIDE * predicted[candidate.name])
            helps = beside.mean() < losses[best].mean() - HELPS * abs(losses[best].mean())
            if relative > CLEARLY_WORSE and t > T_STATISTIC and scores_less and not helps:
                self.dropped[candidate.name] = (
                    f"{best} loses {relative:.0%} less on the same rows after {self.n_rounds} of "
                    f"{self.course.plan.folds_tried} folds (paired t = {t:.1f}), and is not helped by it"
                )

    def _predicted(self, name: str) -> np.ndarray:
        folders = [self.fits[name, fold].folder for fold in range(self.n_rounds)]
        return np.concatenate([np.load(self.run.path(folder) / "predicted.npy") for folder in folders])

    def _losses(self, prediction: np.ndarray) -> np.ndarray:
        y = np.concatenate([self.course.y[self.valid[fold].valid_rows] for fold in range(self.n_rounds)])
        return row_losses(self.course.asked.task, y, prediction, self.course.plan.loss)


def replayed(run: Run, name: str, fold: int) -> dict[str, float]:
    """Settings that make a fit stop where the replayed run's did; nothing when nothing is replayed."""
    stops = run.replay.stops if run.replay is not None else ()
    for stop in stops:
        if (stop.candidate, stop.fold) == (name, fold):
            return settled(stop.n_iterations, stop.facts)
    return {}


def settled(n_iterations: int, facts: Mapping[str, float]) -> dict[str, float]:
    """Settings that repeat a fit: so many iterations or rounds, and the strength of penalty that it chose."""
    fixed: dict[str, float] = {"max_iterations": n_iterations, "patience": 0} if n_iterations else {}
    return fixed | {name: facts[name] for name in (*PENALTIES, ROUNDS) if name in facts}


def parity(ours: np.ndarray, native: np.ndarray) -> float:
    """Largest difference between the portable form and the training library, relative above one."""
    if native.shape != ours.shape:
        raise FaultError(f"the portable form predicts {ours.shape}, the training library {native.shape}")
    return float((np.abs(ours - native) / np.maximum(np.abs(native), 1.0)).max(initial=0.0))


def _mean(losses: np.ndarray, weight: np.ndarray | None) -> float:
    return float(np.average(losses, weights=weight)) if weight is None or weight.any() else float(losses.mean())


def members_of(fits: dict[tuple[str, int], FoldFit], name: str, n_rounds: int) -> Iterator[FoldFit]:
    """One candidate's fits on the first folds, in order."""
    for fold in range(n_rounds):
        yield fits[name, fold]
