"""Labels by key, as the ledger keeps them: what became of the rows, from files and over HTTP alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from artificer.core.clock import now
from artificer.core.database import Database

_PIECE = 10_000
_ASKED = 500  # keys that one query names


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of labels that were handed over: the same again changes nothing."""

    n_new: int = 0
    n_changed: int = 0
    n_same: int = 0


class Labels:
    """What became of rows, by model and key.

    Raises
    ------
    WorkspaceError
        Each method, when the ledger cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, name: str, rows: Iterable[tuple[str, str]], at: Mapping[str, str] | None = None) -> Kept:
        """Keep labels, the later one where there are two; each ten thousand are kept whole or not at all.

        Parameters
        ----------
        rows : iterable of (key, label)
        at : mapping of key to moment, optional
            When they came about, as ISO text in UTC; else now.
        """
        given, n_new, n_changed, n_same = iter(rows), 0, 0, 0
        while piece := dict(islice(given, _PIECE)):
            with self._database.writing() as connection:
                known = _known(connection, name, list(piece))
                other = {key: label for key, label in piece.items() if known.get(key) != label}
                if other:
                    fresh, moments = now(), at or {}
                    connection.execute(
                        sa.text(
                            "insert into labels values (:name, :key, :label, :at) on conflict (name, key) "
                            "do update set label = excluded.label, at = excluded.at"
                        ),
                        [
                            {"name": name, "key": key, "label": label, "at": moments.get(key) or fresh}
                            for key, label in other.items()
                        ],
                    )
            n_fresh = sum(key not in known for key in other)
            n_new, n_changed = n_new + n_fresh, n_changed + len(other) - n_fresh
            n_same += len(piece) - len(other)
        return Kept(n_new, n_changed, n_same)

    def of(self, name: str, key: str) -> str | None:
        """The label of one row; None when it is not known."""
        rows = self._database.read("select label from labels where name = :name and key = :key", name=name, key=key)
        return str(rows[0][0]) if rows else None

    def all(self, name: str) -> dict[str, str]:
        """All labels of a model, by key."""
        return dict(self._database.read("select key, label from labels where name = :name", name=name))


def _known(connection: sa.Connection, name: str, keys: Sequence[str]) -> dict[str, str]:
    query = sa.text("select key, label from labels where name = :name and key in :keys").bindparams(
        sa.bindparam("keys", expanding=True)
    )
    found: dict[str, str] = {}
    for start in range(0, len(keys), _ASKED):
        rows = connection.execute(query, {"name": name, "keys": keys[start : start + _ASKED]})
        found |= {str(key): str(label) for key, label in rows}
    return found
