"""The statements by which a database's table takes in rows: the same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from artificer.core.errors import DataError
from artificer.data.fill import Filling

INCOMING = "artificer_incoming"


def quoted(name: str) -> str:
    """An identifier as SQL reads it, whatever is in it.

    Raises
    ------
    DataError
        When it holds a zero byte, which no database takes.
    """
    if "\0" in name:
        raise DataError("a name of a table or column holds a zero byte; rename it")
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Upsert:
    """Statements for one filling of one table.

    Parameters
    ----------
    name : str
        The table, quoted.
    unlike : str
        How the database compares two values of which either may be null: ``is not``, ``is distinct from``.
    """

    name: str
    filling: Filling
    unlike: str

    @property
    def rows(self) -> str:
        """The temporary table of the rows that come in."""
        return quoted(INCOMING)

    def table(self, types: Mapping[str, str]) -> str:
        """Make the table, if it is absent."""
        key = ", ".join(map(quoted, self.filling.key))
        return f"create table if not exists {self.name} ({self._columns(types)}, primary key ({key}))"

    def column(self, name: str, types: Mapping[str, str]) -> str:
        """Give the table a column that it lacks; both databases undo that with the transaction."""
        return f"alter table {self.name} add column {quoted(name)} {types[name]}"

    def incoming(self, types: Mapping[str, str]) -> str:
        """Make the temporary table."""
        return f"create temporary table {self.rows} ({self._columns(types)})"

    def _columns(self, types: Mapping[str, str]) -> str:
        needed = dict.fromkeys(self.filling.key, " not null")
        return ", ".join(f"{quoted(name)} {kind}{needed.get(name, '')}" for name, kind in types.items())

    @cached_property
    def _on(self) -> str:
        return " and ".join(f"t.{quoted(name)} = i.{quoted(name)}" for name in self.filling.key)

    @property
    def _absent(self) -> str:
        return f"t.{quoted(self.filling.key[0])} is null"

    @property
    def _differs(self) -> str:
        return " or ".join(f"t.{quoted(name)} {self.unlike} i.{quoted(name)}" for name in self.filling.compared)

    @property
    def counts(self) -> str:
        """How many rows are new, and how many changed."""
        known = f"not ({self._absent}) and ({self._differs})"
        return (
            f"select coalesce(sum(case when {self._absent} then 1 else 0 end), 0), "
            f"coalesce(sum(case when {known} then 1 else 0 end), 0) "
            f"from {self.rows} i left join {self.name} t on {self._on}"
        )

    @property
    def beside(self) -> str:
        """How many rows of the filling's groups the table has beside it."""
        group = quoted(self.filling.group)
        among = f"t.{group} in (select {group} from {self.rows})"
        # Subtracted: "not exists" would look each row up in the temporary table, which has no index.
        return (
            f"select (select count(*) from {self.name} t where {among}) - "
            f"(select count(*) from {self.rows} i join {self.name} t on {self._on} where {among})"
        )

    @property
    def replacing(self) -> str:
        """Put new and changed rows into the table."""
        names = [quoted(name) for name in self.filling.frame.columns]
        key = ", ".join(map(quoted, self.filling.key))
        changed = [quoted(name) for name in (*self.filling.compared, self.filling.stamp)]
        return (
            f"insert into {self.name} ({', '.join(names)}) select {', '.join(f'i.{name}' for name in names)} "
            f"from {self.rows} i left join {self.name} t on {self._on} where {self._absent} or {self._differs} "
            f"on conflict ({key}) do update set {', '.join(f'{name} = excluded.{name}' for name in changed)}"
        )

    def not_keyed(self, shown: str) -> str:
        """What to say of a table that is there and has another primary key."""
        key = ", ".join(self.filling.key)
        return (
            f"the table '{shown}' is of another shape: its primary key is not ({key}), so rows could be doubled; name "
            "another table, or remove this one to have it made anew"
        )
