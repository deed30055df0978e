"""Predictions by key, as the ledger keeps them: those of scored tables, and those that servers gave."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from artificer.core.answers import Answers
from artificer.core.clock import now
from artificer.core.database import Database

Row = tuple[str, float | None, str, str, str, float | None, float | None, float | None, str]


@dataclass(frozen=True, slots=True)
class Predicted:
    """One prediction as it was told: its score, what was decided, and by which version.

    Attributes
    ----------
    scoring : str
        Identifies the table's scoring, or the server's answer.
    source : str
        The table that it was written to; "" where a server told it.
    said : str
        The class, where there are more than two; "" of older tables.
    reasons : str
        What moved the score most; "" where none were asked for.
    turns : float or None
        The score at which the decision turns; None where none does.
    rule : str
        The brief's `[decision]` that decided, as JSON; "" where it was not kept.
    low, high : float or None
        Ends of the interval of a number that holds nine values in ten; None where it has no such end.
    row : str
        What the row held, as JSON, where a server was to keep that; else "".
    """

    key: str
    score: float | None
    decision: str
    flags: str
    scoring: str
    name: str
    version: str
    source: str
    made: str
    said: str = ""
    reasons: str = ""
    turns: float | None = None
    rule: str = ""
    row: str = ""
    low: float | None = None
    high: float | None = None


class Predictions:
    """What was predicted of rows, by key.

    Raises
    ------
    WorkspaceError
        Each method, when the ledger cannot be used.
    """

    def __init__(self, database: Database, answers: Answers) -> None:
        self._database = database
        self._answers = answers

    def keep(
        self,
        scoring: str,
        name: str,
        version: str,
        source: str,
        rows: Sequence[Row],
        rule: str = "",
    ) -> None:
        """Keep what was predicted; the same scoring again changes nothing.

        Parameters
        ----------
        scoring : str
            Identifies it.
        source : str
            Where the rows came from, for a person.
        rows : sequence of (key, score, decision, flags, reasons, turns, low, high, said)
            As in `Predicted`.
        rule : str
            The brief's `[decision]`, as JSON.
        """
        with self._database.writing() as connection:
            connection.execute(
                sa.text(
                    "insert into scorings (id, name, version, source, n_rows, made, rule) "
                    "values (:id, :name, :version, :source, :n, :now, :rule) on conflict do nothing"
                ),
                {
                    "id": scoring,
                    "name": name,
                    "version": version,
                    "source": source,
                    "n": len(rows),
                    "now": now(),
                    "rule": rule,
                },
            )
            number = connection.execute(
                sa.text("select number from scorings where id = :id"), {"id": scoring}
            ).scalar_one()
            filled = ((number, *row) for row in rows)
            columns = ("scoring", "key", "score", "decision", "flags", "reasons", "turns", "low", "high", "said")
            self._database.fill(connection, "predictions", columns, filled)

    def of(self, key: str) -> list[Predicted]:
        """All predictions of one row, by its key or by the id of a server's answer, the newest first."""
        rows = self._database.read(
            "select p.key, p.score, p.decision, p.flags, s.id, s.name, s.version, s.source, s.made, p.reasons, p.turns, "
            "s.rule, p.low, p.high, p.said from predictions p join scorings s on s.number = p.scoring where p.key = :key "
            "order by s.number desc",
            key=key,
        )
        told = [
            Predicted(
                one.key or f"{one.stream.id}-{one.number}",
                one.score,
                one.decision,
                one.flags,
                f"{one.stream.id}-{one.number}",
                one.stream.name,
                one.stream.version,
                "",
                made,
                said=one.said,
                row=one.row,
                low=one.low,
                high=one.high,
            )
            for one, made in self._answers.of(key)
        ]
        scored = [
            Predicted(*held, reasons=reasons, turns=turns, rule=rule, low=low, high=high, said=said)  # type: ignore[misc]
            for *held, reasons, turns, rule, low, high, said in rows
        ]
        return list(heapq.merge(scored, told, key=lambda one: one.made, reverse=True))

    def some_keys(self, most: int = 10_000) -> list[str]:
        """Keys of some predictions, to name one that resembles a wrong one."""
        rows = self._database.read("select distinct key from predictions limit :most", most=most)
        return [*(str(key) for (key,) in rows), *self._answers.some_keys(most)]
