"""Keys, clocks and tasks: what makes a result new, and what never does."""

from __future__ import annotations

import gc
import math
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from artificer.core.brief import Accept, Brief, Data, Features, RunPart, Target
from artificer.core.clock import Clock, first_interrupt
from artificer.core.errors import closest
from artificer.core.figures import figure
from artificer.core.run import Run, temporary_workspace
from artificer.core.store import Workspace
from artificer.core.tasks import free_gb, run_all

BRIEF = Brief(target=Target(column="y"))


def spec(tmp_path: Path, brief: Brief) -> str:
    return Run(brief, tmp_path, Workspace(tmp_path)).spec


@pytest.mark.parametrize("change", [{"name": "n"}, {"purpose": "p"}, {"owner": "o"}, {"run": RunPart(limit_s=7.0)}])
def test_names_and_the_time_limit_change_no_key(tmp_path: Path, change: dict[str, object]) -> None:
    assert spec(tmp_path, replace(BRIEF, **change)) == spec(tmp_path, BRIEF)


@pytest.mark.parametrize(
    "change",
    [
        {"target": Target(column="z")},
        {"data": Data(time="day")},
        {"features": Features(exclude=("x",))},
        {"accept": {"roc_auc": Accept(at_least=0.7)}},
        {"run": RunPart(seed=1)},
        {"run": RunPart(interpretable_only=True)},
    ],
)
def test_all_else_in_the_brief_changes_keys(tmp_path: Path, change: dict[str, object]) -> None:
    assert spec(tmp_path, replace(BRIEF, **change)) != spec(tmp_path, BRIEF)


def test_a_temporary_workspace_vanishes_with_its_owner() -> None:
    class Owner:
        pass

    owner, other = Owner(), Owner()
    space, vanish = temporary_workspace(owner)
    beside, _ = temporary_workspace(other)
    assert space.root.is_dir()
    vanish()
    assert not space.root.exists()
    assert beside.root.is_dir()
    del other
    gc.collect()
    assert not beside.root.exists()


def test_a_clock_without_a_limit_never_ends() -> None:
    assert not Clock().expired
    assert math.isinf(Clock().less(5.0).left_s)
    assert Clock.after(-1.0).expired
    assert Clock.after(100.0).share(0.5).left_s <= 50.0
    assert Clock.after(100.0).less(90.0).left_s <= 10.0


@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_work_is_the_same_with_any_number_of_workers(n_workers: int) -> None:
    assert dict(run_all(lambda one: one * one, range(20), n_workers)) == {one: one * one for one in range(20)}


def test_an_error_in_one_task_is_raised_and_the_rest_is_not_begun() -> None:
    begun: list[int] = []
    lock = threading.Lock()

    def work(one: int) -> int:
        with lock:
            begun.append(one)
        if one == 0:
            raise ValueError("the first")
        threading.Event().wait(0.01)
        return one

    with pytest.raises(ValueError, match="the first"):
        list(run_all(work, range(200), 2))
    assert len(begun) < 200


def test_figures_read_well() -> None:
    assert [figure(one) for one in (0.0, 0.5, 12.345, 1234.5, -2.0, math.nan)] == [
        "0",
        "0.500",
        "12.3",
        "1,234",
        "−2",
        "–",
    ]


def test_the_closest_name_is_found_whatever_its_case() -> None:
    assert closest("AGE", ["age", "job"]) == "; closest name here: 'age'"
    assert closest("zzz", ["age"]) == ""


def test_the_first_interrupt_stops_the_clock_and_the_second_interrupts() -> None:
    stop, told = threading.Event(), []
    clock = Clock.after(600).until(stop)
    # A process that was started in the background may have been told to ignore it.
    before = signal.default_int_handler
    signal.signal(signal.SIGINT, before)
    with first_interrupt(stop, lambda: told.append("ending")):
        assert not clock.expired
        signal.raise_signal(signal.SIGINT)
        assert clock.expired
        assert clock.left_s == -math.inf
        assert told == ["ending"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_the_program_itself_stays() -> None:
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("own"))
    try:
        with first_interrupt(threading.Event(), lambda: seen.append("ours")):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ["own"]


def test_free_memory_is_a_part_of_what_the_machine_has() -> None:
    assert 0 < free_gb() < 1e5


def test_what_has_no_deadline_has_none_after_any_share_of_it() -> None:
    for clock in (Clock().less(math.inf), Clock().less(5.0), Clock().share(0.5), Clock.after(math.inf).less(math.inf)):
        assert clock.left_s == math.inf
