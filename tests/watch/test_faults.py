"""Killed at any step, what is served and what the ledger says agree; two at once never both act."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import TRACEBACK
from watch.shop import feed, shop

import artificer
import artificer_runtime
from artificer import watch
from artificer.core.ledger import Ledger
from artificer.watch.scene import told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def due(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client's folder in which a look is due that will promote a challenger."""
    brief = shop(tmp_path_factory.mktemp("shop"))
    artificer.run(brief)
    feed(brief, 1, slope=-2.0)
    return brief.parent


def look(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "artificer", "watch", str(folder / "brief.toml"), "--once"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def check_agreement(folder: Path) -> None:
    """What is served is on disk and loads; each change of it has its look, and each look happened once."""
    ledger = Ledger(folder / "artificer-work" / "ledger.db")
    served = ledger.served("orders")
    assert served is not None
    artificer_runtime.load(folder / "artificer-work" / "packages" / served.version)
    history, looks = ledger.history("orders"), ledger.looks("orders")
    assert [change.revision for change in history] == list(range(1, served.revision + 1))
    assert history[-1].version == served.version
    promoted = [told(one).challenger for one in looks if one.outcome == "promote"]
    assert promoted == [change.version for change in history if change.action == "promote"]
    ledger.close()


def test_killed_at_many_moments_it_ends_as_if_it_had_not_been(due: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(due, whole)
    began = time.monotonic()
    _, said = look(whole).communicate(timeout=120)
    took = time.monotonic() - began
    assert TRACEBACK not in said
    expected = Ledger(whole / "artificer-work" / "ledger.db").served("orders")
    assert expected is not None
    assert expected.revision == 2

    broken, moments = tmp_path / "broken", random.Random(0)
    shutil.copytree(due, broken)
    n_moments = 12
    for number in range(n_moments):
        process = look(broken)
        time.sleep(took * (number + moments.random()) / n_moments)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        check_agreement(broken)
    ended = look(broken)
    _, said = ended.communicate(timeout=120)
    assert ended.returncode in (0, 99), said
    check_agreement(broken)
    served = Ledger(broken / "artificer-work" / "ledger.db").served("orders")
    assert served is not None
    assert (served.version, served.revision) == (expected.version, 2)


def test_two_at_once_never_both_act(due: Path, tmp_path: Path) -> None:
    folder = tmp_path / "both"
    shutil.copytree(due, folder)
    both = [look(folder), look(folder)]
    codes = []
    for process in both:
        _, said = process.communicate(timeout=120)
        assert TRACEBACK not in said
        codes.append(process.returncode)
    assert sorted(codes) == [0, 99]
    check_agreement(folder)
    ledger = Ledger(folder / "artificer-work" / "ledger.db")
    assert len(ledger.looks("orders")) == 1
    assert len(ledger.history("orders")) == 2


def test_a_person_who_is_quicker_wins_and_the_look_says_so(
    due: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "quick"
    shutil.copytree(due, folder)
    brief = folder / "brief.toml"
    decide = watch.decide

    def meanwhile(scene: watch.Scene, *, anyway: bool) -> object:
        looked = decide(scene, anyway=anyway)
        other = Ledger(folder / "artificer-work" / "ledger.db")
        assert other.serve("orders", scene.served.version, seen=1, action="promote", because="a person") is not None
        return looked

    monkeypatch.setattr(watch, "decide", meanwhile)
    with pytest.raises(artificer.ArtificerError, match="during this look"):
        watch.once(brief)
    assert Ledger(folder / "artificer-work" / "ledger.db").looks("orders") == []
