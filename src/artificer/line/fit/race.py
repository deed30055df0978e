"""The race: candidates run two by two; who is clearly beaten and no help stops; what cannot end in time never starts.

The first two of the plan run on all folds; every other pair runs on the first fold, and whoever is clearly worse there
than the blend so far, and does not help it either, goes no further (after Krueger, Panknin and Braun 2015, "Fast
cross-validation via sequential testing", JMLR 16). That hangs on row losses alone, so the same rows give the same race on
any machine; the clock only hurries a booster's learning rate or leaves candidates out. After every pair there is a blend
that could be shipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from artificer.core.clock import Clock
from artificer.core.errors import FitError
from artificer.core.stages import Candidate, FoldFit
from artificer.core.tasks import side_by_side_s
from artificer.line.fit.attempt import FAILURES, Fits, Joint
from artificer.line.fit.lineup import Lineup
from artificer.line.fit.prices import BOOSTERS, Prices, hurried

LINEAR = "linear"
# Candidates that run side by side, whatever the number of workers: so the race is the same on any machine.
PAIR = 2
# A candidate stops when its loss is this much above the blend's, relatively, and the paired t statistic says so.
CLEARLY_WORSE, T_STATISTIC = 0.02, 3.0
# It goes on all the same where this much of it beside the blend lowers the loss, by this share of it.
BESIDE, HELPS = 0.2, 0.0005
# Of the time there is, what the folds of the first pair may take; of what is left, what expected fits may.
FIRST_SHARE, USED = 0.35, 0.9
# The same where no other candidate waits.
ALONE_SHARE = 0.6
# Refits of the dearest candidates for which time is kept when rates are set: how many, and how many folds each takes.
MOST_REFITTED, REFITTED = 3, 1.3
# Of the time left once the first fold's features are made, what making those of all rows for refits may take.
MOST_ENCODING = 0.5
# Of the greedy blend that is looked at on the way: steps, and about how many rows they look at.
STEPS, MOST_ROWS = 12, 20_000
# Variants are tried until so many pairs in a row have gained less than this share of the loss.
IDLE_PAIRS, IDLE_GAIN = 2, 0.0005


class Crew(Protocol):
    """Runs work side by side: `artificer.core.tasks.run_all`, or a simulation of it."""

    def __call__(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each item with its result as it ends."""
        ...


@dataclass
class Race:
    """The state of one race.

    Attributes
    ----------
    after_pair : callable (race)
        Told when the blend so far was chosen anew.
    unwanted : callable (race, candidate) → str
        Why a candidate is not worth its time; "" where it is.
    mend : callable (race) → candidates
        Made once those of the plan have run, for where the blend so far errs.
    hoped : tuple of Candidate
        By what blocks `mend` may read, which are kept for it.
    entered : candidate → Candidate
        With the settings that it ran with: the clock may have hurried it.
    fits : (candidate, fold) → FoldFit
    dropped : candidate → why it went no further
    finished : candidate → Joint
        Those that ran on all folds; predictions in the order of `rows`.
    n_rounds : int
        Folds that those who finished ran on.
    skipped : bool
        Whether the clock left anything out.
    scored_s : float
        Seconds that scoring and blending each candidate that finishes will take after the race: those of a caller's metric.
    refits : bool
        Whether there will be time to refit on all rows: not where making their features takes most of it.
    """

    fits_of: Fits
    lineup: Lineup
    clock: Clock
    crew: Crew
    tell: Callable[[str], None]
    after_pair: Callable[[Race], None] = lambda race: None
    unwanted: Callable[[Race, Candidate], str] = lambda race, candidate: ""
    mend: Callable[[Race], Iterable[Candidate]] = lambda race: ()
    hoped: tuple[Candidate, ...] = ()
    entered: dict[str, Candidate] = field(default_factory=dict)
    fits: dict[tuple[str, int], FoldFit] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    finished: dict[str, Joint] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    n_rounds: int = 0
    skipped: bool = False
    encode_s: float = 0.0
    scored_s: float = 0.0
    refits: bool = True
    idle: int = 0
    times: float = 1.0
    blend_loss: float = math.inf

    def run(self) -> None:
        """Run every pair that the clock allows.

        Raises
        ------
        FitError
            When not one candidate could be trained.
        KeyboardInterrupt
            When `stop` was set before one was.
        """
        n_main = max(len(self.lineup.candidates) - self.lineup.n_variants, PAIR)
        first, main, variants = (
            list(self.lineup.candidates[part]) for part in (slice(PAIR), slice(PAIR, n_main), slice(n_main, None))
        )
        self._open(first)
        while main:
            self.fits_of.expect([*main, *self.hoped, *variants])
            self._pair(self._next(main))
        made = list(self.mend(self))
        while made:
            self.fits_of.expect([*made, *variants])
            self._pair(self._next(made))
        while variants and self.idle < IDLE_PAIRS:
            self.fits_of.expect(variants)
            self._pair(self._next(variants))
        for candidate in variants:
            self.dropped[candidate.name] = "the pairs before it gained nothing"

    def affords(self, candidates: Iterable[Candidate], beside_s: float = 0.0) -> bool:
        """Whether there is time to train these on one fold, beside the refits of the blend so far and `beside_s`."""
        if self.clock.stop is not None and self.clock.stop.is_set():
            return False
        room = USED * (self.clock.left_s - self.refit_s(self.weights) - beside_s) * self.lineup.n_workers
        return sum(self.prices.fold_s(one) for one in candidates) <= room

    def read(self, candidates: Iterable[Candidate]) -> list[np.ndarray]:
        """Predictions of the first fold's rows by candidates that do not race; of those that ended whole."""
        asked = list(candidates)
        self._train([(one, 0) for one in asked])
        fits = [self.fits.get((one.name, 0)) for one in asked]
        return [self.fits_of.predicted(fit) for fit in fits if fit is not None and not fit.cut]

    def replay(self, ran: Mapping[str, int], dropped: Mapping[str, str]) -> None:
        """Repeat another race: who finished it runs on as many folds as then.

        Parameters
        ----------
        ran : candidate → number of folds
        dropped : candidate → why it went no further
        """
        again = [one for one in self.lineup.candidates if one.name in ran and one.name not in dropped]
        self.n_rounds = max(ran[one.name] for one in again)
        self.entered = {one.name: one for one in again}
        self.encode_s = self.fits_of.prepare(0)
        self.fits_of.expect(again)
        self.prices = Prices(self.lineup.n_train, self.fits_of.widths(), self.lineup.n_classes)
        self._train([(one, fold) for one in again for fold in range(self.n_rounds)])
        for one in again:
            self._finish(one)
        self.dropped = dict(dropped)

    @property
    def rows(self) -> np.ndarray:
        """Positions of the measured rows, fold by fold: the order of predictions in `finished`."""
        return np.concatenate([self.fits_of.valid_rows(fold) for fold in range(self.n_rounds)])

    def _open(self, pair: list[Candidate]) -> None:
        self.encode_s = self.fits_of.prepare(0)
        self.prices = Prices(self.lineup.n_train, self.fits_of.widths(), self.lineup.n_classes)
        self.refits = self._encode_all_s <= MOST_ENCODING * self.clock.left_s
        times = self._hurry(self.lineup.n_folds)
        pair = [hurried(one, times) for one in pair]
        self.entered |= {one.name: one for one in pair}
        whole, share = self.clock, FIRST_SHARE if len(self.lineup.candidates) > len(pair) else ALONE_SHARE
        self.clock = whole.share(share)
        self._train([(one, 0) for one in pair], whole.less(self.refit_s(()) / USED).share(share))
        pair = [one for one in pair if (one.name, 0) in self.fits]
        if not pair and self.clock.stop is not None and self.clock.stop.is_set():
            raise KeyboardInterrupt  # before anything could be trained
        if not pair:
            raise FitError("; ".join(f"{name}: {why}" for name, why in self.dropped.items()))
        n_folds = self._affordable_folds(pair)
        self.clock = whole
        self.fits_of.expect(self.lineup.candidates)
        self._train([(one, fold) for fold in range(1, n_folds) for one in pair])
        sound = [one for one in pair if not self.dropped.get(one.name, "").startswith("failed")]
        pair = sound or pair  # who failed on some fold must not keep the others from theirs
        self.n_rounds = next(
            (fold for fold in range(n_folds) if any((one.name, fold) not in self.fits for one in pair)), n_folds
        )
        for one in pair:
            self._finish(one)
        self._blend()
        self.times = self._hurry(self.n_rounds)

    def _hurry(self, n_folds: int) -> float:
        """How many times as fast boosters must learn for all that is not a variant to find time, and refits after it."""
        if math.isinf(self.clock.left_s):
            return 1.0
        n_main = len(self.lineup.candidates) - self.lineup.n_variants
        waiting = [one for one in self.lineup.candidates[:n_main] if one.name not in self.entered]
        costs = {one.name: self.prices.fold_s(one) for one in waiting}
        boosted = n_folds * sum(costs[one.name] for one in waiting if one.learner in BOOSTERS)
        others = n_folds * sum(costs.values()) - boosted
        refits = REFITTED * sum(sorted(costs.values())[-MOST_REFITTED:])
        room = USED * self.clock.left_s * self.lineup.n_workers - others - refits
        return max(1.0, boosted / room) if room > 0 else math.inf

    def _affordable_folds(self, pair: list[Candidate]) -> int:
        """How many folds there is time for, so that the first pair leaves most of the time to others and to refits."""
        cost = sum(self.fits[one.name, 0].seconds for one in pair) / self.lineup.n_workers + self.encode_s
        known = all(self.fits_of.missing(one, self.lineup.n_folds) == 0 for one in pair)
        if math.isinf(self.clock.left_s) or known:
            return self.lineup.n_folds
        more = int(max(self.clock.left_s, 0.0) / max(cost, 1e-6))
        if 1 + more < self.lineup.n_folds:
            self.skipped = True
        return min(self.lineup.n_folds, 1 + more)

    def _next(self, others: list[Candidate]) -> list[Candidate]:
        """Take the next candidates that there is time for, hurried where that helps; the rest of the way is for others."""
        pair: list[Candidate] = []
        taken = 0.0
        while others and len(pair) < PAIR:
            planned = others.pop(0)
            # More drawn trees bring more than they cost: they are fewer only where they would not end.
            candidate = hurried(planned, self.times) if planned.learner in BOOSTERS else planned
            if because := self.unwanted(self, candidate):
                self.dropped[candidate.name] = because
                continue
            if self.clock.stop is not None and self.clock.stop.is_set():
                self.skipped, self.dropped[candidate.name] = True, "interrupted"
                continue
            room = USED * (self.clock.left_s - self.refit_s([*self.weights, candidate])) * self.lineup.n_workers - taken
            needed = self.fits_of.missing(candidate, self.n_rounds) * self.prices.fold_s(candidate)
            if needed > room > 0:
                candidate = hurried(candidate, 1.05 * needed / room)
                needed = self.n_rounds * self.prices.fold_s(candidate)
            if needed > max(room, 0.0) and pair:  # it may be that the one beside it takes less than is feared
                others.insert(0, planned)
                break
            if needed > max(room, 0.0):
                self._late(candidate, "it", needed)
                continue
            taken += needed
            pair.append(candidate)
            self.entered[candidate.name] = candidate
        return pair

    def refit_s(self, candidates: Iterable[str | Candidate]) -> float:
        """Seconds that refitting these on all rows will take, the features included; without refits, none.

        Before it, all that finished, and these, are scored.
        """
        costs = {}
        for one in candidates:
            candidate = self.entered[one] if isinstance(one, str) else one
            costs[candidate.name] = self._fold_s(candidate) * self.prices.grown(candidate, self.lineup.n_rows)
        scored_s = self.scored_s * len({*self.finished, *costs})
        if not self.refits:
            return scored_s
        return scored_s + self._encode_all_s + side_by_side_s(costs.values(), self.lineup.n_workers)

    @property
    def _encode_all_s(self) -> float:
        return 1.2 * self.encode_s * self.lineup.reads_more

    def _fold_s(self, candidate: Candidate) -> float:
        seconds = [fit.seconds for (name, _), fit in self.fits.items() if name == candidate.name]
        return max(seconds) if seconds else self.prices.fold_s(candidate)

    def _pair(self, pair: list[Candidate]) -> None:
        if not pair:
            return
        self._train([(one, 0) for one in pair])
        going = self._timely([one for one in pair if (one.name, 0) in self.fits and not self._beaten(one)])
        self._train([(one, fold) for fold in range(1, self.n_rounds) for one in going])
        for one in going:
            self._finish(one)
        self._blend()

    def _timely(self, going: list[Candidate]) -> list[Candidate]:
        """Those whose other folds there is time for, now that the first has told what one takes, and refits after them."""
        kept: list[Candidate] = []
        taken = 0.0
        for one in going:
            needed = self.fits_of.missing(one, self.n_rounds) * self._fold_s(one)
            room = (self.clock.left_s - self.refit_s([*self.weights, one])) * self.lineup.n_workers - taken
            if needed > max(room, 0.0):
                self._late(one, "its other folds", needed)
                continue
            taken += needed
            kept.append(one)
        return kept

    def _late(self, candidate: Candidate, what: str, seconds: float) -> None:
        self.skipped = True
        wall_s = seconds / self.lineup.n_workers
        self.dropped[candidate.name] = f"the clock: {what} would take about {wall_s:.1f} s"

    def _train(self, pairs: list[tuple[Candidate, int]], clock: Clock | None = None) -> None:
        """Train each candidate on its fold; whoever takes longer than was thought is cut before the blend's refits."""
        clock = clock or self.clock.less(self.refit_s(self.weights) / USED)

        def attempt(pair: tuple[Candidate, int]) -> FoldFit | str:
            candidate, fold = pair
            if self.clock.stop is not None and self.clock.stop.is_set():
                return "interrupted"
            try:
                return self.fits_of.attempt(candidate, fold, clock)
            except FAILURES as error:
                return f"failed: {type(error).__name__}: {error}"

        for (candidate, fold), fit in self.crew(attempt, pairs):
            if isinstance(fit, str) or (fit.cut and self.clock.stop is not None and self.clock.stop.is_set()):
                self.dropped.setdefault(candidate.name, fit if isinstance(fit, str) else "interrupted")
                self.skipped = self.skipped or self.dropped[candidate.name] == "interrupted"
                continue
            self.fits[candidate.name, fold] = fit
            self.prices.learn(candidate, fit.seconds)
            stopped = f" at {fit.n_iterations} iterations" if fit.n_iterations else ""
            text = f"{candidate.name}, fold {fold + 1}: loss {fit.loss:.4f}{stopped}, {fit.seconds:.1f} s"
            self.tell(text + (" (cut by the clock)" if fit.cut else ""))

    def _finish(self, candidate: Candidate) -> None:
        fits = [self.fits.get((candidate.name, fold)) for fold in range(self.n_rounds)]
        done = [fit for fit in fits if fit is not None]
        if len(done) == self.n_rounds > 0:
            self.dropped.pop(candidate.name, None)  # what was interrupted came after the folds that count
            self.finished[candidate.name] = self.fits_of.joint(candidate, done)

    def _beaten(self, candidate: Candidate) -> bool:
        """Whether the first fold says that the candidate is clearly worse than the blend so far, and no help to it."""
        rows = self.fits_of.valid_rows(0)
        blend = self.blended()[: len(rows)]
        own = self.fits_of.predicted(self.fits[candidate.name, 0])
        losses, best = self.lineup.losses(rows, own), self.lineup.losses(rows, blend)
        gap = losses - best
        t = float(gap.mean() / max(gap.std(ddof=1) / np.sqrt(len(gap)), 1e-300)) if len(gap) > 1 else 0.0
        scale = max(abs(float(best.mean())), 1e-300)
        worse = float(gap.mean()) / scale
        beside = self.lineup.losses(rows, (1 - BESIDE) * blend + BESIDE * own)
        helps = float((best - beside).mean()) / scale
        if worse <= CLEARLY_WORSE or t <= T_STATISTIC or helps > HELPS:
            return False
        above = f"{worse:.0%} above" if worse < 10 else "many times"
        self.dropped[candidate.name] = (
            f"its loss on the first fold is {above} that of the blend so far (paired t = {t:.1f}), which it does not help"
        )
        return True

    def blended(self) -> np.ndarray:
        """Out-of-fold predictions of the blend so far, in the order of `rows`."""
        return np.asarray(
            np.sum([weight * self.finished[name].prediction for name, weight in self.weights.items()], axis=0)
        )

    def _blend(self) -> None:
        """Choose the blend so far: greedily, with replacement (Caruana et al. 2004), by the loss."""
        every = max(1, len(self.rows) // MOST_ROWS)
        rows = self.rows[::every]
        told = {name: one.prediction[::every] for name, one in self.finished.items()}
        picks: dict[str, int] = {}
        total, best = np.zeros_like(next(iter(told.values()))), math.inf
        for step in range(1, STEPS + 1):
            found = {name: float(self.lineup.losses(rows, (total + one) / step).mean()) for name, one in told.items()}
            name = min(found, key=lambda one: found[one])
            total = total + told[name]
            picks[name] = picks.get(name, 0) + 1
            if found[name] < best:
                best = found[name]
                self.weights = {one: count / step for one, count in picks.items()}
        gained = (self.blend_loss - best) / max(abs(best), 1e-300)
        self.idle = 0 if gained > IDLE_GAIN else self.idle + 1
        self.blend_loss = best
        self.after_pair(self)
