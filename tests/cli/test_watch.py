"""The loop of `artificer watch`: a look that fails ends it only where it is the first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artificer import watch
from artificer.cli import outcome
from artificer.core.errors import DataError
from artificer.core.life import Served
from artificer.watch import NOTHING_DUE, Watched

QUIET = Watched("no new rows have come in", NOTHING_DUE, Served("calls", "v1", "", 1, "2026-01-01T00:00:00"))


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "brief.toml"
    path.write_text('[data]\nsource = "calls.csv"\n[target]\ncolumn = "deposit"\n')
    return path


def looks(monkeypatch: pytest.MonkeyPatch, *what: Watched | BaseException) -> Callable[[], int]:
    """Let each look give or raise the next of these, without a pause between, and give how many are left."""
    left = list(what)

    def once(*_: Any, **__: Any) -> Watched:
        found = left.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found

    monkeypatch.setattr(watch, "once", once)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return lambda: len(left)


def test_a_later_look_that_fails_is_told_and_the_next_is_taken(
    brief: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = looks(monkeypatch, QUIET, DataError("'new_2.csv' is cut short"), QUIET, KeyboardInterrupt())
    assert outcome(["watch", str(brief)])[0] == 130
    assert left() == 0
    shown = capsys.readouterr()
    assert shown.out.count("nothing was due") == 2
    assert "'new_2.csv' is cut short\nthe next look is taken in 3600 s" in shown.err


@pytest.mark.parametrize("options", [(), ("--once",)])
def test_the_first_look_that_fails_ends_it(
    brief: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    looks(monkeypatch, DataError("there is no such table"))
    assert outcome(["watch", str(brief), *options]) == (2, "there is no such table")
