"""What is stored is whole or absent, comes back as it was, and says what is wrong when it cannot."""

from __future__ import annotations

import errno
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.brief import Brief, Target
from artificer.core.errors import WorkspaceError
from artificer.core.records import Estimate, Fact, Finding
from artificer.core.stages import FoldFit, RunLock, Stop
from artificer.core.store import Workspace, decode, digest, encode, load, public_json, save, told

NUMBERS = st.floats(allow_nan=False)
FIT = FoldFit("lightgbm", 0, "tasks/x", 10, 1.5, cut=False, loss=0.3, score=0.8)


@given(NUMBERS, NUMBERS, NUMBERS, st.text(), st.integers(0, 10**9))
def test_estimates_come_back_as_they_were_infinities_too(
    value: float, low: float, high: float, method: str, n: int
) -> None:
    estimate = Estimate(value, low, high, method, n)
    assert decode(encode(estimate), Estimate) == estimate


def test_nan_comes_back_and_is_null_for_others() -> None:
    estimate = Estimate(math.nan, -math.inf, math.inf, "x", 0)
    assert math.isnan(decode(encode(estimate), Estimate).value)
    assert b'"low":null' in public_json(estimate)


@given(st.lists(st.floats(allow_nan=True, width=32), max_size=20))
def test_the_same_record_gives_the_same_digest(values: list[float]) -> None:
    facts = tuple(Fact("x", float(value)) for value in values)
    finding = Finding("code", "note", "where", "says", "fix", facts)
    assert digest(finding, np.array(values)) == digest(replace(finding), np.array(values))
    assert digest(finding) != digest(replace(finding, code="other"))


def test_a_lock_comes_back_with_its_brief(tmp_path: Path) -> None:
    lock = RunLock(
        "id",
        Brief(target=Target(column="y")),
        "",
        "f",
        "h",
        {"numpy": "2"},
        (Stop("a", 0, 3, {"C": 0.3}),),
        {},
        {"a": 1.0},
    )
    save(tmp_path / "run.lock", lock)
    assert load(tmp_path / "run.lock", RunLock) == lock


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b'{"record":"Other","version":1,"value":{}}', "holds a Other"),
    ],
)
def test_what_is_damaged_or_another_record_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(WorkspaceError, match=says):
        load(tmp_path / "x.json", FoldFit)


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    save(tmp_path / "x.json", FIT)
    text = (tmp_path / "x.json").read_text().replace('"version": 1', '"version": 7')
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(WorkspaceError, match="of version 7"):
        load(tmp_path / "x.json", FoldFit)


class TestTasks:
    def test_a_task_is_visible_only_when_it_is_whole(self, tmp_path: Path) -> None:
        space = Workspace(tmp_path)

        def work(folder: Path, name: str) -> FoldFit:
            (folder / "half").write_text("x")
            assert not (tmp_path / name).exists()
            return FIT

        assert space.perform("key", work) == FIT
        assert space.done("key")
        assert (tmp_path / "tasks/key/half").exists()
        assert space.result("key", FoldFit) == FIT

    def test_a_task_that_fails_leaves_nothing(self, tmp_path: Path) -> None:
        space = Workspace(tmp_path)

        def work(folder: Path, name: str) -> FoldFit:
            (folder / "half").write_text("x")
            raise RuntimeError("killed")

        with pytest.raises(RuntimeError):
            space.perform("key", work)
        assert list((tmp_path / "tasks").iterdir()) == []

    def test_what_the_clock_cut_is_never_taken_for_done(self, tmp_path: Path) -> None:
        space = Workspace(tmp_path)
        space.perform("key", lambda folder, name: replace(FIT, cut=True))
        assert not space.done("key")
        space.perform("key", lambda folder, name: FIT)
        assert space.result("key", FoldFit) == FIT

    def test_what_the_clock_cut_will_do_where_the_limit_is_no_longer(self, tmp_path: Path) -> None:
        space = Workspace(tmp_path)
        space.perform("key", lambda folder, name: replace(FIT, cut=True, loss=0.5))
        space.suffices("key", 15.0)
        assert space.done("key", 15.0)
        assert space.done("key", 5.0)
        assert not space.done("key", 16.0)
        assert not space.done("key")
        assert space.result("key", FoldFit).loss == 0.5
        space.perform("key", lambda folder, name: FIT)
        assert space.result("key", FoldFit) == FIT

    def test_the_quicker_of_two_stays(self, tmp_path: Path) -> None:
        space = Workspace(tmp_path)

        def slow(folder: Path, name: str) -> FoldFit:
            Workspace(tmp_path).perform("key", lambda inner, _: replace(FIT, loss=0.1))
            return replace(FIT, loss=0.2)

        space.perform("key", slow)
        assert space.result("key", FoldFit).loss == 0.1
        assert [path.name for path in (tmp_path / "tasks").iterdir()] == ["key"]


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "permission is missing"), (errno.EROFS, "read-only")],
)
def test_what_the_system_refuses_is_told_with_a_remedy(tmp_path: Path, number: int, says: str) -> None:
    with pytest.raises(WorkspaceError, match=says), told(tmp_path):
        raise OSError(number, "refused")
    with pytest.raises(OSError, match="odd"), told(tmp_path):
        raise OSError(errno.EIO, "odd")


def test_a_file_in_the_place_of_the_workspace_is_told(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("x")
    with pytest.raises(WorkspaceError, match="a file stands where a folder is needed"):
        Workspace(tmp_path / "work")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_a_place_that_takes_no_folders_is_refused() -> None:
    with pytest.raises(WorkspaceError, match=r"'/proc/artificer/tasks' cannot be made.*name another place"):
        Workspace(Path("/proc/artificer"))
