"""From `choose`: the columns and rows that serve, and the folds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from artificer.core.records import Decision
from artificer_runtime.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class Split:
    """Folds of the training rows.

    Attributes
    ----------
    path : str
        Names an int8 array of each row's fold, -1 where a row measures nothing.
    trains : str
        Names a bool array (n_folds, n_rows) of the rows that train, where `how` does not tell: the caller gave them, a repair
        leaves rows out, or whole groups are parted by time; else "".
    left_out : str
        Names a bool array (n_rows,) of the rows that the final fit does not train on either; "" where there are none.
    """

    path: str
    n_folds: int
    how: Literal["stratified", "grouped", "time", "drawn", "given"]
    because: str
    trains: str = ""
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """From `choose`: the columns and rows that serve, and the folds.

    Attributes
    ----------
    mended : tuple of Column
        Columns that are read otherwise than `Asked.schema` says, in training and wherever the model predicts.
    """

    features: tuple[str, ...]
    split: Split
    decisions: tuple[Decision, ...] = ()
    mended: tuple[Column, ...] = ()

    def read_as(self, schema: Schema) -> Schema:
        """The schema with mended columns in the place of those that they mend."""
        mended = {column.name: column for column in self.mended}
        return replace(schema, columns=tuple(mended.get(column.name, column) for column in schema.columns))
