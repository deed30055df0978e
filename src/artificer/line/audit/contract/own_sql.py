"""A person's own rules: a query of offending rows in DuckDB, which does not reach beyond the rows.

A module of its own, imported by the first such rule: DuckDB takes 13 MB that most fits have no use for.
"""

from __future__ import annotations

import threading

import duckdb
import numpy as np
import polars as pl

from artificer.core.errors import ContractError

LONGEST_S = 60.0
PLACE = "row_place"
CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
NAMES_ONLY = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


def by_sql(values: pl.DataFrame, query: str, title: str) -> tuple[int, np.ndarray]:
    """Count the rows that a query selects from `rows`, read-only, without files or network.

    Returns
    -------
    tuple of int and array of int64
        Their number, and their positions where the query keeps the column `row_place` (``select *`` does).

    Raises
    ------
    ContractError
        When it is no single SELECT, fails, or takes longer than a minute.
    """
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise ContractError(f"the contract's query '{title}' cannot be read: {_first(error)}; mend it") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ContractError(f"the contract's query '{title}' is no single SELECT; select the offending rows from rows")
    moments = [name for name, kind in values.schema.items() if isinstance(kind, pl.Datetime)]
    naive = values.with_columns(pl.col(moments).dt.replace_time_zone(None)).with_row_index(PLACE)
    naive = naive.select(
        name for name in naive.columns if "\0" not in name
    )  # no query can name it, and Arrow refuses it
    with duckdb.connect(":memory:", config=CLOSED) as connection:
        connection.register("rows", naive.to_arrow())
        connection.execute("SET lock_configuration = true")
        timer = threading.Timer(LONGEST_S, connection.interrupt)
        timer.start()
        try:
            return _found(connection, f"({query.strip().rstrip(';')}\n)")
        except duckdb.InterruptException as error:
            raise ContractError(f"the contract's query '{title}' takes over {LONGEST_S:.0f} s; simplify it") from error
        except duckdb.Error as error:  # other words of it may hold values of the rows
            reason = _first(error) if isinstance(error, NAMES_ONLY) else type(error).__name__
            raise ContractError(f"the contract's query '{title}' fails: {reason}; mend it") from error
        finally:
            timer.cancel()


def _found(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, np.ndarray]:
    names = [str(one[0]) for one in connection.execute(f"SELECT * FROM {query} LIMIT 0").description or ()]
    if PLACE not in names:
        (n,) = connection.execute(f"SELECT count(*) FROM {query}").fetchone() or (0,)
        return int(n), np.empty(0, np.int64)
    distinct = f"SELECT DISTINCT {PLACE} FROM {query} WHERE {PLACE} IS NOT NULL ORDER BY 1"
    places = np.asarray(connection.execute(distinct).fetchnumpy()[PLACE], np.int64)
    return len(places), places


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
