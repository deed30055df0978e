"""What is wanted of versions changes once, with who wanted it; comparisons of many servers add up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from artificer.core.ledger import Ledger
from artificer.core.rollout import Act, Rollout, Shadowed

ACT = Act("v2", "canary", "ann", "it looks good")


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A fresh ledger in either database."""
    where = tmp_path / "ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    found = Ledger(where)
    yield found
    found.close()


def test_nothing_is_wanted_before_somebody_wants_it(ledger: Ledger) -> None:
    assert ledger.rollouts.wanted("m") == Rollout()
    assert ledger.rollouts.wanted("m").versions == ()


def test_each_change_names_the_revision_it_saw_and_is_kept_with_who_made_it(ledger: Ledger) -> None:
    first = ledger.rollouts.want("m", ACT, seen=0, shadow="v3", shares={"v2": 0.1})
    assert first == ledger.rollouts.wanted("m") == Rollout(1, "v3", {"v2": 0.1})
    assert first is not None
    assert first.versions == ("v2", "v3")
    assert ledger.rollouts.want("m", ACT, seen=0, shadow="", shares={}) is None
    assert ledger.rollouts.want("m", Act("v2", "end", "bob", ""), seen=1, shadow="", shares={}) == Rollout(2)
    told = [(act.version, act.action, act.who, act.because) for act in ledger.rollouts.acts("m")]
    assert told == [("v2", "canary", "ann", "it looks good"), ("v2", "end", "bob", "")]
    assert ledger.rollouts.acts("another") == []


def test_of_changes_at_once_one_wins(ledger: Ledger) -> None:
    def want(number: int) -> bool:
        return ledger.rollouts.want("m", ACT, seen=0, shadow=f"v{number}", shares={}) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(want, range(16))) == 1
    assert len(ledger.rollouts.acts("m")) == 1


def test_who_made_a_version_first_stays_its_author(ledger: Ledger) -> None:
    ledger.rollouts.enter("v1", "ann")
    ledger.rollouts.enter("v1", "bob")
    assert ledger.rollouts.authors() == {"v1": "ann"}


def test_comparisons_add_up(ledger: Ledger) -> None:
    ledger.rollouts.add("m", Shadowed("v1", "v2", 10, 1, 2, 3, 4, 0.5, 0.2))
    ledger.rollouts.add("m", Shadowed("v1", "v2", 5, 0, 0, 1, 0, 0.25, 0.1))
    ledger.rollouts.add("m", Shadowed("v1", "v3", n_failed=7))
    first, second = ledger.rollouts.shadowed("m")
    assert first == Shadowed("v1", "v2", 15, 1, 2, 4, 4, 0.75, 0.2)
    assert second.n_failed == 7
