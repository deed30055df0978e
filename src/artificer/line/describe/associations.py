"""Relations of features to the target: one strength from 0 to 1 for each, with its interval and p-value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.measure.any_shape import either_way, of_any_shape
from artificer.measure.associate import Association, categories, category_and_number
from artificer.measure.clusters import worth as worth_of
from artificer.measure.correct import benjamini_hochberg
from artificer.measure.series import worth_in_time
from artificer_runtime.schema import GROUPS, Column, Schema

MOST_ROWS = 20_000
MOST_CELLS = 4_000_000
SURE = 0.05


@dataclass(frozen=True, slots=True)
class Readings:
    """Features as arrays, on all rows or a sample of them.

    Attributes
    ----------
    values : dict of str to array, (n_rows,)
        float64 with NaN for missing, or int32 codes with 0 for missing; texts are not read.
    y : array of float64, (n_rows,)
    kept : array of int64, (n_rows,)
        Positions of these rows among the training rows.
    group : array of int64, (n_rows,), or None
        What each row belongs to, where the brief says so: tests and intervals rest on fewer rows then.
    order : array of int64, (n_rows,), or None
        Positions of these rows in the order of time, where there is one and no group: what a row hands on to the next is not
        counted twice.
    """

    values: dict[str, np.ndarray]
    y: np.ndarray
    kept: np.ndarray
    group: np.ndarray | None = None
    order: np.ndarray | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.y)

    def few(self, names: Iterable[str], most: int) -> Readings:
        """Some columns, on at most `most` rows drawn from these."""
        kept = np.sort(np.random.default_rng(1).permutation(self.n_rows)[:most])
        group = None if self.group is None else self.group[kept]
        order = None if self.order is None else np.argsort(np.argsort(self.order)[kept])
        return Readings({name: self.values[name][kept] for name in names}, self.y[kept], self.kept[kept], group, order)


@dataclass(frozen=True, slots=True)
class Related:
    """A relation to the target, and its p-value corrected for the number of columns (Benjamini-Hochberg)."""

    association: Association
    p_adjusted: float


def readings(asked: Asked, rows: Labelled) -> Readings:
    """Read the features of at most 20,000 rows, fewer where columns are many.

    They are drawn one by one, not by whole groups: so more groups are among them, and relations are measured more narrowly.
    """
    most = min(MOST_ROWS, MOST_CELLS // max(len(_read(asked)), 1))
    return readings_of(asked, rows, np.sort(np.random.default_rng(0).permutation(rows.n_rows)[:most]))


def readings_of(asked: Asked, rows: Labelled, kept: np.ndarray) -> Readings:
    """Read the features of some rows: their positions, int64 (n_kept,), in rising order."""
    columns = _read(asked)
    schema = Schema(columns, asked.schema.missing)
    encoded = schema.encode(rows.frame[kept].select([column.name for column in columns]))
    values = {}
    for column in columns:
        group = GROUPS[column.kind]
        values[column.name] = getattr(encoded, group)[:, schema.positions(group, [column.name])[0]]
    order = np.argsort(rows.time[kept], kind="stable") if rows.time is not None and rows.group is None else None
    return Readings(values, rows.y[kept], kept, None if rows.group is None else rows.group[kept], order)


def _read(asked: Asked) -> tuple[Column, ...]:
    features = set(asked.features)
    return tuple(
        column
        for column in asked.schema.columns
        if column.name in features and GROUPS.get(column.kind, "texts") != "texts"
    )


def associations(asked: Asked, sample: Readings) -> dict[str, Related]:
    """Measure each feature's relation to the target, by name."""
    y = target_values(asked, sample.y)
    found = {name: relation(values, y, sample.group, sample.order) for name, values in sample.values.items()}
    if not found:
        return {}
    adjusted = benjamini_hochberg(np.array([one.p for one in found.values()]))
    return {name: Related(one, float(p)) for (name, one), p in zip(found.items(), adjusted, strict=True)}


def relation(
    a: np.ndarray, b: np.ndarray, group: np.ndarray | None = None, order: np.ndarray | None = None
) -> Association:
    """Measure how well one column tells another, each numbers (float) or codes (integer): a curve counts too."""
    worth = _worth(a, b, group, order)
    if a.dtype.kind == "f":
        return of_any_shape(a, b, worth=worth)
    return category_and_number(a, b, worth=worth) if b.dtype.kind == "f" else categories(a, b, worth=worth)


def between(
    a: np.ndarray, b: np.ndarray, group: np.ndarray | None = None, order: np.ndarray | None = None
) -> Association:
    """Measure how strongly two columns go together, whichever tells the other."""
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        return either_way(a, b, worth=_worth(a, b, group, order))
    return relation(a, b, group, order) if a.dtype.kind == "f" else relation(b, a, group, order)


def _worth(a: np.ndarray, b: np.ndarray, group: np.ndarray | None, order: np.ndarray | None) -> float:
    """How many independent rows a row is worth."""
    return worth_of(a, b, group) if order is None else worth_in_time(a[order], b[order])


def target_values(asked: Asked, y: np.ndarray) -> np.ndarray:
    """The target as relations read it: integer classes, or numbers."""
    return y.astype(np.int64) if asked.classes else y
