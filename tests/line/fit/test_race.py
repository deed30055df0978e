"""The race, over fits that are remembered instead of trained, on a clock that the fits themselves move."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from artificer.core.clock import Clock
from artificer.core.errors import FitError
from artificer.core.stages import Candidate, FoldFit
from artificer.line.fit import prices
from artificer.line.fit.attempt import Joint
from artificer.line.fit.lineup import Lineup
from artificer.line.fit.prices import FASTEST_RATE, Prices, hurried
from artificer.line.fit.race import Race

N_ROWS, N_FOLDS = 400, 4
TRUTH = np.random.default_rng(0).normal(size=N_ROWS)


@dataclass
class Time:
    """Seconds that pass when fits end."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Remembered:
    """Fits whose predictions are the truth and noise of a given size, and that take a given time."""

    noise: dict[str, float]
    takes: dict[str, float]
    broken: tuple[str, ...] = ()
    done: list[tuple[str, int]] = field(default_factory=list)
    encode_s: float = 0.0

    def expect(self, candidates: Sequence[Candidate]) -> None:
        pass

    def prepare(self, fold: int) -> float:
        return self.encode_s

    def widths(self) -> dict[str, int]:
        return {"numbers": 3}

    def missing(self, candidate: Candidate, n_folds: int) -> int:
        return sum((candidate.name, fold) not in self.done for fold in range(n_folds))

    def attempt(self, candidate: Candidate, fold: int, clock: Clock) -> FoldFit:
        if candidate.name in self.broken:
            raise FitError("no such luck")
        self.done.append((candidate.name, fold))
        seconds = self.takes[candidate.name] / float(candidate.settings.get("faster", 1.0))
        cut = seconds > clock.left_s
        return FoldFit(candidate.name, fold, "", 10, min(seconds, max(clock.left_s, 0.0)), cut, 0.0)

    def predicted(self, fit: FoldFit) -> np.ndarray:
        rng = np.random.default_rng([len(fit.candidate), ord(fit.candidate[0]), fit.fold])
        rows = self.valid_rows(fit.fold)
        return (TRUTH[rows] + self.noise[fit.candidate] * rng.normal(size=len(rows)))[:, None]

    def valid_rows(self, fold: int) -> np.ndarray:
        return np.arange(fold, N_ROWS, N_FOLDS)

    def joint(self, candidate: Candidate, fits: Sequence[FoldFit]) -> Joint:
        return Joint(10, np.concatenate([self.predicted(fit) for fit in fits]))


def candidate(name: str, **settings: Any) -> Candidate:
    return Candidate(name, "lightgbm", settings, ("numbers",))


def nothing(race: Race) -> list[Candidate]:
    return []


def race(
    fits: Remembered,
    limit_s: float = 1e6,
    stop: threading.Event | None = None,
    mend: Callable[[Race], list[Candidate]] = nothing,
    **changes: Any,
) -> Race:
    names = list(fits.noise)
    time = Time()

    def crew(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        for item in items:
            result = work(item)
            time.seconds += result.seconds if isinstance(result, FoldFit) else 0.0
            yield item, result

    plain = {
        "candidates": tuple(candidate(name, learning_rate=0.03) for name in names),
        "n_variants": 0,
        "n_folds": N_FOLDS,
        "n_rows": N_ROWS,
        "n_train": 300,
        "n_classes": 1,
        "losses": lambda rows, prediction: (prediction[:, 0] - TRUTH[rows]) ** 2,
        "n_workers": 1,
    }
    lineup, clock = Lineup(**{**plain, **changes}), Clock(limit_s, stop, time)
    made = Race(fits, lineup, clock, crew, lambda text: None, mend=mend)
    made.run()
    return made


def even(*names: str, noise: float = 1.0, takes: float = 1.0) -> Remembered:
    return Remembered(dict.fromkeys(names, noise), dict.fromkeys(names, takes))


def test_with_time_everyone_runs_on_all_folds() -> None:
    found = race(even("a", "b", "c"))
    assert sorted(found.finished) == ["a", "b", "c"]
    assert found.n_rounds == N_FOLDS
    assert not found.skipped
    assert sorted(found.rows) == list(range(N_ROWS))
    assert sum(found.weights.values()) == pytest.approx(1)


def test_features_that_cost_much_leave_the_first_pair_its_share_of_what_is_left_after_refits() -> None:
    fits = even("a", "b", "c", takes=1.0)
    fits.encode_s = 6.0  # refits would encode again, 7.2 s: a third of what is left without them is 4.2 s
    found = race(fits, limit_s=20.0)
    assert found.refits
    assert not found.fits["a", 0].cut


def test_where_making_features_of_all_rows_takes_most_of_the_time_no_refit_is_waited_for() -> None:
    fits = even("a", "b", "c", takes=0.3)
    fits.encode_s = 2.0
    whole, sampled = race(fits, limit_s=10.0), race(replace(fits, done=[]), limit_s=10.0, reads_more=5.0)
    assert whole.refits
    assert not sampled.refits  # 12 s for all rows
    assert sampled.refit_s(sampled.weights) == 0.0
    assert sorted(sampled.finished) == ["a", "b", "c"], "candidates have the time that refits will not take"


def test_time_is_kept_to_score_each_that_finished_where_the_metric_is_a_callers() -> None:
    found = race(even("a", "b", "c"))
    before_s = found.refit_s(found.weights)
    found.scored_s = 2.0
    assert found.refit_s(found.weights) == pytest.approx(before_s + 3 * 2.0)
    assert not found.affords([found.entered["a"]], beside_s=found.clock.left_s - 3 * 2.0)


def test_who_is_clearly_worse_and_no_help_runs_on_one_fold() -> None:
    fits = even("a", "b", "poor")
    fits.noise["poor"] = 9.0
    found = race(fits)
    assert [fold for name, fold in fits.done if name == "poor"] == [0]
    assert "paired t" in found.dropped["poor"]


def test_who_is_worse_but_helps_the_blend_goes_on() -> None:
    fits = Remembered({"a": 0.5, "b": 0.5, "other": 0.8}, {"a": 1, "b": 1, "other": 1})
    found = race(fits)
    assert "other" in found.finished
    assert found.weights.get("other", 0) > 0


def test_what_cannot_end_in_time_never_starts_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    laws = {"lightgbm": (-2.3, 0.0, 0.0, 0.0), "network": (4.6, 0.0, 0.0, 0.0), "kernel": (-2.3, 0.0, 0.0, 0.0)}
    monkeypatch.setattr(prices, "_laws", lambda: laws)
    fits = even("a", "b", "network", "c", takes=0.1)
    plain = tuple(Candidate(name, "kernel", {}, ("numbers",)) for name in ("a", "b"))
    long = Candidate("network", "network", {}, ("numbers",))
    found = race(fits, 4.0, candidates=(*plain, long, candidate("c", learning_rate=0.15)))
    assert ("network", 0) not in fits.done
    assert found.dropped["network"].startswith("the clock: it would take about")
    assert found.skipped
    assert "c" in found.finished, "what is cheaper comes after it"


def test_what_evidence_does_not_ask_for_is_not_tried() -> None:
    fits = even("a", "b", "repair", "c")
    names = [candidate(name, learning_rate=0.03) for name in fits.noise]
    time = Time()
    made = Race(
        fits,
        Lineup(tuple(names), 0, 2, N_ROWS, 300, 1, lambda rows, p: (p[:, 0] - TRUTH[rows]) ** 2, 1),
        Clock(now=time),
        lambda work, items: ((item, work(item)) for item in items),
        lambda text: None,
        unwanted=lambda race, one: "nothing is left to mend" if one.name == "repair" else "",
    )
    made.run()
    assert made.dropped["repair"] == "nothing is left to mend"
    assert not made.skipped
    assert "c" in made.finished


def test_a_booster_learns_faster_where_that_makes_it_end_in_time() -> None:
    fits = even("a", "b", "c", "d", "e", "f", takes=1.0)
    found = race(fits, 24.0)
    times = float(found.entered["c"].settings["faster"])
    assert 1 < times <= FASTEST_RATE / 0.03
    assert found.entered["c"].settings["learning_rate"] == pytest.approx(0.03 * times, rel=1e-3)
    assert "c" in found.finished
    assert found.clock.left_s > 0


def test_one_that_is_feared_to_take_long_keeps_no_other_from_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    laws = {"lightgbm": (0.0, 0.0, 0.0, 0.0), "kernel": (2.0, 0.0, 0.0, 0.0), "extra_trees": (0.9, 0.0, 0.0, 0.0)}
    monkeypatch.setattr(prices, "_laws", lambda: laws)
    fits = even("a", "b", "feared", "c")
    fits.takes |= {"feared": 0.5, "c": 2.4}
    plan = [candidate(name, learning_rate=0.15) for name in fits.noise]
    plan[2:] = [Candidate("feared", "kernel", {}, ("numbers",)), Candidate("c", "extra_trees", {}, ("numbers",))]
    found = race(fits, 52.0, candidates=tuple(plan))
    assert sorted(found.finished) == ["a", "b", "c", "feared"]


def test_one_that_takes_longer_than_was_thought_leaves_the_refits_their_time() -> None:
    fits = even("a", "b", "slow")
    fits.takes["slow"] = 500.0
    found = race(fits, 40.0, candidates=tuple(candidate(name, learning_rate=0.15) for name in fits.noise))
    assert found.fits["slow", 0].cut
    assert found.clock.left_s >= found.refit_s(found.weights) > 0


def test_other_folds_are_not_begun_where_the_first_tells_that_they_cannot_end() -> None:
    fits = even("a", "b", "slow")
    fits.takes["slow"] = 12.0
    found = race(fits, 40.0, candidates=tuple(candidate(name, learning_rate=0.15) for name in fits.noise))
    assert [fold for name, fold in fits.done if name == "slow"] == [0]
    assert found.dropped["slow"].startswith("the clock: its other folds would take about")
    assert found.skipped


def test_little_time_means_fewer_folds_not_cut_fits() -> None:
    found = race(even("a", "b", takes=1.0), 9.0)
    assert 1 <= found.n_rounds < N_FOLDS
    assert found.clock.left_s > 0


def test_a_learner_that_fails_is_listed_and_the_others_go_on() -> None:
    fits = even("a", "b", "c")
    fits.broken = ("a",)
    found = race(fits)
    assert found.dropped["a"] == "failed: FitError: no such luck"
    assert sorted(found.finished) == ["b", "c"]
    fits.broken = ("a", "b", "c")
    with pytest.raises(FitError, match="no such luck"):
        race(fits)


def test_what_errors_suggest_runs_after_the_plan_s_own_and_before_variants() -> None:
    fits = even("a", "b", "c", "made", "v")
    plan = tuple(candidate(name) for name in ("a", "b", "c", "v"))
    found = race(fits, candidates=plan, n_variants=1, mend=lambda race: [candidate("made")])
    order = list(dict.fromkeys(name for name, _ in fits.done))
    assert order == ["a", "b", "c", "made", "v"]
    assert "made" in found.finished


def test_what_errors_suggest_does_not_start_where_it_could_not_end() -> None:
    fits = even("a", "b", "made")
    plan = tuple(candidate(name) for name in ("a", "b"))
    fits.takes["made"] = 1e9
    asked: list[bool] = []

    def mend(race: Race) -> list[Candidate]:
        asked.append(race.affords([candidate("a")] * 100))
        return [candidate("made")]

    found = race(fits, limit_s=5.0, candidates=plan, mend=mend)
    assert asked == [False]
    assert ("made", 0) not in fits.done
    assert found.dropped["made"].startswith("the clock")


def test_variants_stop_when_they_gain_nothing() -> None:
    names = ["a", "b", *(f"v{k}" for k in range(10))]
    fits = even(*names, noise=0.0)
    found = race(fits, n_variants=10)
    assert {fit for fit, _ in fits.done} < set(names)
    assert "gained nothing" in found.dropped["v9"]


def test_an_interrupt_ends_with_what_there_is() -> None:
    stop = threading.Event()
    fits = even("a", "b", "c", "d")
    attempt = fits.attempt

    def stopping(candidate: Candidate, fold: int, clock: Clock) -> FoldFit:
        made = attempt(candidate, fold, clock)
        if (candidate.name, fold) == ("b", 2):
            stop.set()
        return made

    fits.attempt = stopping  # type: ignore[method-assign]
    found = race(fits, stop=stop)
    assert found.n_rounds == 3
    assert sorted(found.finished) == ["a", "b"]
    assert found.skipped
    assert found.weights
    assert (found.dropped["c"], found.dropped["d"]) == ("interrupted", "interrupted")


def test_an_interrupt_before_anything_was_trained_interrupts() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        race(even("a", "b"), stop=stop)


def test_prices_follow_what_this_machine_takes() -> None:
    told = Prices(1000, {"numbers": 10}, 1)
    plain, slow = candidate("lightgbm"), Candidate("catboost", "catboost", {}, ("numbers",))
    before = told.fold_s(plain), told.fold_s(slow)
    for _ in range(30):
        told.learn(plain, 10 * before[0])
    assert told.fold_s(plain) == pytest.approx(10 * before[0], rel=1e-6)
    assert told.fold_s(slow) == pytest.approx(10 * before[1], rel=1e-6), "a slow machine is slow for all"
    assert told.grown(plain, 2000) > 1


def test_only_boosters_can_be_hurried() -> None:
    linear = Candidate("linear", "linear", {"C": 1.0})
    assert hurried(linear, 3.0) is linear
    assert hurried(candidate("a", learning_rate=0.15), 3.0).settings["learning_rate"] == 0.15
    assert hurried(candidate("a", learning_rate=0.05), 1.5).settings["learning_rate"] == pytest.approx(
        0.05 * 1.25**2, abs=1e-4
    )
