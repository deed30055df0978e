"""Versions beside the served one: what is wanted of each, and what persons did about them, as the ledger keeps it.

The served version stands in the ledger's own `served`; here stands which version predicts in its shadow, and which
share of the requests others answer. Every server reads it and comes to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from artificer.core.clock import now
from artificer.core.figures import figure
from artificer.core.store import decode, encode

if TYPE_CHECKING:
    from artificer.core.database import Database

MIGRATION = (
    "create table authors (version text primary key, who text not null, at text not null)",
    "create table acts (number {identity}, name text not null, version text not null, action text not null, "
    "who text not null, because text not null, at text not null)",
    "create table rollouts (name text primary key, revision integer not null, body text not null, at text not null)",
    "create table shadowed (name text not null, served text not null, shadow text not null, n_rows bigint not null, "
    "n_failed bigint not null, n_skipped bigint not null, n_other bigint not null, n_decided bigint not null, "
    "difference double precision not null, largest double precision not null, primary key (name, served, shadow))",
)


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is wanted of the versions beside the served one.

    Attributes
    ----------
    revision : int
        Counts the changes; a change names the revision that it saw. 0 before the first.
    shadow : str
        A version that predicts the same requests and never answers; "" for none.
    shares : dict of str to float
        Share of keys, 0 to 1, that each of these versions answers; the served one answers the others. One version with
        less than all is a canary; shares that add up to 1 are an A/B test.
    """

    revision: int = 0
    shadow: str = ""
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def trial(self) -> str:
        """What its shares are: "canary", "A/B", or "" where there are none."""
        return "" if not self.shares else "A/B" if sum(self.shares.values()) > 1 - 1e-9 else "canary"

    @property
    def told(self) -> str:
        """The same for a person: "canary of 3f2a"; "" where there are none."""
        kind = {"A/B": "A/B test"}.get(self.trial, self.trial)
        return f"{kind} of {' and '.join(self.shares)}" if kind else ""

    @property
    def versions(self) -> tuple[str, ...]:
        """All that must be loaded beside the served one."""
        return tuple(dict.fromkeys((*self.shares, *((self.shadow,) if self.shadow else ()))))


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did about a version: "approve", "promote", "roll back", "shadow", "canary", "A/B" or "end"."""

    version: str
    action: str
    who: str
    because: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A version in the shadow of another, compared on the same requests.

    Attributes
    ----------
    n_rows : int
        Rows that both predicted.
    n_failed : int
        Rows that the shadow could not predict.
    n_skipped : int
        Rows that it was not asked, because too many waited.
    n_other : int
        Rows whose predicted class differs; of numbers, whose value differs at all.
    n_decided : int
        Rows on which something else would be done.
    difference, largest : float
        Sum, and largest, of the absolute difference of score or value.
    """

    served: str
    shadow: str
    n_rows: int = 0
    n_failed: int = 0
    n_skipped: int = 0
    n_other: int = 0
    n_decided: int = 0
    difference: float = 0.0
    largest: float = 0.0

    def __str__(self) -> str:
        """What was seen, for a person."""
        return (
            f"{self.shadow} on {self.n_rows:,} rows of {self.served}: {self.n_other:,} other predictions, "
            f"{self.n_decided:,} other decisions, on average {figure(self.difference / max(self.n_rows, 1))} apart, "
            f"{figure(self.largest)} at most; {self.n_failed:,} failed, {self.n_skipped:,} left out"
        )


def percent(share: float) -> str:
    """A share of keys as a person reads it.

    >>> percent(0.05), percent(0.001), percent(1.0)
    ('5%', '0.1%', '100%')
    """
    return f"{100 * share:.3g}%"


class Rollouts:
    """What a ledger knows of versions beside the served one.

    Raises
    ------
    WorkspaceError
        Each method, when the ledger cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def wanted(self, name: str) -> Rollout:
        """What is wanted for a model."""
        rows = self._database.read("select body from rollouts where name = :name", name=name)
        return decode(rows[0][0].encode(), Rollout) if rows else Rollout()

    def want(self, name: str, act: Act, *, seen: int, shadow: str, shares: Mapping[str, float]) -> Rollout | None:
        """Want something else, and keep who wants it: both or neither.

        Returns
        -------
        Rollout or None
            None when what is wanted is no longer that of the revision `seen`: nothing has changed then.
        """
        from sqlalchemy import text

        wanted = Rollout(seen + 1, shadow, dict(shares))
        values = {"name": name, "seen": seen, "next": seen + 1, "body": encode(wanted).decode(), "now": now()}
        first = "insert into rollouts values (:name, :next, :body, :now) on conflict do nothing"
        later = "update rollouts set revision = :next, body = :body, at = :now where name = :name and revision = :seen"
        with self._database.writing() as connection:
            if connection.execute(text(later if seen else first), values).rowcount != 1:
                return None
            connection.execute(text(_ACT), _values(name, act))
        return wanted

    def leave(self, name: str, version: str, *, who: str, because: str) -> None:
        """Leave a version out of canary, A/B and shadow, since it is served."""
        wanted = self.wanted(name)
        if version in wanted.versions:
            shadow = "" if wanted.shadow == version else wanted.shadow
            shares = {} if version in wanted.shares else wanted.shares
            self.want(name, Act(version, "end", who, because), seen=wanted.revision, shadow=shadow, shares=shares)

    def keep(self, name: str, act: Act) -> None:
        """Keep what a person did."""
        self._database.write(_ACT, **_values(name, act))

    def acts(self, name: str) -> list[Act]:
        """What persons did about the versions of a model, the oldest first."""
        columns = ", ".join(one.name for one in fields(Act))
        rows = self._database.read(f"select {columns} from acts where name = :name order by number", name=name)
        return [Act(*row) for row in rows]

    def enter(self, version: str, who: str) -> None:
        """Keep who made a version; the first one stays."""
        self._database.write(
            "insert into authors values (:version, :who, :now) on conflict do nothing",
            version=version,
            who=who,
            now=now(),
        )

    def authors(self) -> dict[str, str]:
        """Who made each version."""
        return dict(self._database.read("select version, who from authors"))

    def add(self, name: str, found: Shadowed) -> None:
        """Add to what was compared."""
        counts = ("n_rows", "n_failed", "n_skipped", "n_other", "n_decided", "difference")
        added = ", ".join(f"{one} = shadowed.{one} + excluded.{one}" for one in counts)
        larger = "case when excluded.largest > shadowed.largest then excluded.largest else shadowed.largest end"
        names = [one.name for one in fields(Shadowed)]
        self._database.write(
            f"insert into shadowed (name, {', '.join(names)}) values (:name, {', '.join(f':{one}' for one in names)}) "
            f"on conflict (name, served, shadow) do update set {added}, largest = {larger}",
            name=name,
            **{one: getattr(found, one) for one in names},
        )

    def shadowed(self, name: str) -> Sequence[Shadowed]:
        """All that was compared."""
        columns = ", ".join(one.name for one in fields(Shadowed))
        rows = self._database.read(f"select {columns} from shadowed where name = :name order by 1, 2", name=name)
        return [Shadowed(*row) for row in rows]


_ACT = (
    "insert into acts (name, version, action, who, because, at) values (:name, :version, :action, :who, :because, :at)"
)


def _values(name: str, act: Act) -> dict[str, str]:
    return {one.name: getattr(act, one.name) for one in fields(Act)} | {"name": name, "at": act.at or now()}
