"""The review queue: rows that wait for a person, and what they decided; kept in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from artificer.core.clock import now
from artificer.core.database import Database

Answer = Literal["act", "leave", "open"]
ALL = 1 << 62
STREAM = 20  # characters of a stream, with which the id of a server's prediction begins
MIGRATION = (
    "create table reviews (name text not null, key text not null, period text not null, because text not null, "
    "asked text not null, state text not null, scoring text not null, opened text not null, decided text not null, "
    "primary key (name, key, period))",
)


@dataclass(frozen=True, slots=True)
class Review:
    """One row of the queue.

    Attributes
    ----------
    period : str
        The start of its period, as the table has it; "" without one.
    because : str
        The conditions that it met.
    asked : str
        Who is to decide.
    state : str
        "open", or the answer: "act" or "leave".
    opened, decided : str
        When it came in, and when it was answered ("" while it is open), as ISO text.
    score : float or None
    low, high : float or None
        Ends of the interval of a number that holds nine values in ten; None where it has no such end.
    reasons : str
        Of the scoring or the server's prediction that it came from; a server works out no reasons.
    said : str
        The class, where there are more than two.
    """

    key: str
    period: str
    because: str
    asked: str
    state: str
    opened: str
    decided: str
    score: float | None
    reasons: str
    low: float | None = None
    high: float | None = None
    said: str = ""


class ReviewQueue:
    """The rows of one model that wait for a person.

    Parameters
    ----------
    name : str
        The model's.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name

    def enter(self, rows: Iterable[tuple[str, str, str, str]], asked: str) -> None:
        """Add rows; what is known of one that waits already is brought up to date, and an answer stands.

        Parameters
        ----------
        rows : iterable of (key, period, because, source)
            The source is the ledger's id of the scoring that they came from, or that of a server's prediction.
        """
        at = now()
        values = [
            {
                "name": self._name,
                "key": key,
                "period": period,
                "because": because,
                "asked": asked,
                "of": source,
                "at": at,
            }
            for key, period, because, source in rows
        ]
        if not values:
            return
        with self._database.writing() as connection:
            connection.execute(
                sa.text(
                    "insert into reviews (name, key, period, because, asked, state, scoring, opened, decided) "
                    "values (:name, :key, :period, :because, :asked, 'open', :of, :at, '') "
                    "on conflict (name, key, period) do update set because = excluded.because, asked = excluded.asked, "
                    "scoring = excluded.scoring where reviews.state = 'open'"
                ),
                values,
            )

    def withdraw(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take rows out that nobody has answered: (key, period) of each."""
        values = [{"name": self._name, "key": key, "period": period} for key, period in rows]
        if not values:
            return
        with self._database.writing() as connection:
            connection.execute(
                sa.text(
                    "delete from reviews where name = :name and key = :key and period = :period and state = 'open'"
                ),
                values,
            )

    def answers(self) -> dict[tuple[str, str], str]:
        """What persons decided, by (key, period)."""
        rows = self._database.read(
            "select key, period, state from reviews where name = :name and state <> 'open'", name=self._name
        )
        return {(key, period): state for key, period, state in rows}

    def state(self) -> tuple[int, str]:
        """How many rows persons have decided, and when the last of them was: another where anybody decided since."""
        ((count, last),) = self._database.read(
            "select count(*), coalesce(max(decided), '') from reviews where name = :name and state <> 'open'",
            name=self._name,
        )
        return int(count), str(last)

    def waiting(self) -> list[tuple[str, str]]:
        """(key, period) of all rows that wait."""
        rows = self._database.read(
            "select key, period from reviews where name = :name and state = 'open'", name=self._name
        )
        return [(key, period) for key, period in rows]

    def reviews(self, key: str = "", state: str = "", most: int = ALL) -> list[Review]:
        """Rows of the queue, the oldest first, so many at most; of one key or in one state, where these are named."""
        rows = self._database.read(
            "select r.key, r.period, r.because, r.asked, r.state, r.opened, r.decided, coalesce(p.score, a.score), "
            "coalesce(p.reasons, ''), coalesce(p.low, a.low), coalesce(p.high, a.high), coalesce(p.said, a.said, '') "
            "from reviews r "
            "left join scorings s on s.id = r.scoring left join predictions p on p.scoring = s.number and p.key = r.key "
            f"left join streams t on t.id = substr(r.scoring, 1, {STREAM}) left join answers a on a.stream = t.number "
            f"and a.number = case when t.id is null then -1 else cast(substr(r.scoring, {STREAM + 2}) as bigint) end "
            "where r.name = :name and (:key = '' or r.key = :key) and (:state = '' or r.state = :state) "
            "order by r.opened, r.key, r.period limit :most",
            name=self._name,
            key=key,
            state=state,
            most=most,
        )
        return [Review(*row) for row in rows]

    def answer(self, key: str, answer: Answer) -> int:
        """Keep what a person decided on all rows of one key, or open them again; how many rows there were."""
        return self._database.write(
            "update reviews set state = :state, decided = :at where name = :name and key = :key",
            name=self._name,
            key=key,
            state=answer,
            at="" if answer == "open" else now(),
        )
