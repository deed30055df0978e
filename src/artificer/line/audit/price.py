"""What a column is worth: the score of the fixed yardstick with and without it, on training rows, within the clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.clock import Clock, Stopwatch
from artificer.core.records import Estimate
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.line.audit.folds import Fold, yardstick_folds
from artificer.measure.metrics import default_metric
from artificer.measure.probe import Probe, effect, probe, single_feature_score
from artificer_runtime.schema import GROUPS, Schema

MOST_ROWS = 10_000
FEWEST_OF_A_CLASS = 200
# A wide table is measured on the columns that tell most by themselves, and on fewer rows: a probe takes about a second.
MOST_COLUMNS = 60
MOST_CLASSES = 5
MOST_CELLS = 4_000_000


@dataclass
class Prices:
    """Measures what leaving a column out does to the score.

    Attributes
    ----------
    clock : Clock or None
        Until when it may measure; None: it measures nothing.
    unmeasured : list of str
        Columns whose price was asked for when too little time was left.
    """

    brief: Brief
    asked: Asked
    rows: Labelled
    clock: Clock | None
    measured: list[str] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)
    _probes: dict[tuple[str, ...], Probe] = field(default_factory=dict)
    _longest_s: float = 0.0

    @property
    def metric(self) -> str:
        """What prices are in."""
        return default_metric(self.asked.task)

    @property
    def how(self) -> str:
        """On which rows prices are measured, in words."""
        return self._folds[1]

    @property
    def n_rows(self) -> int:
        """How many rows the yardstick sees."""
        return len(self.kept)

    @property
    def n_columns(self) -> int:
        """How many columns the yardstick reads beside those that are priced."""
        return len(self.strongest)

    @cached_property
    def alone(self) -> dict[str, float]:
        """What each readable feature and `known_after` column tells by itself: 0 for nothing, 1 for all.

        Twice the area under the ROC curve minus 1 (several classes: of each commoner class against the others, by their
        shares), or the share of variance.
        """
        return {name: self._alone(place) for place, name in enumerate(self.readable)}

    def leaving_out(self, name: str, others: Sequence[str] = ()) -> Estimate | None:
        """Price a column: the change of the score, positive where it is better, when the column is left out.

        Parameters
        ----------
        others : sequence of str
            Columns that are left out either way, since they would hide what this one tells.

        Returns
        -------
        Estimate or None
            None where the yardstick cannot read the column, no other is left, the score is not defined on these rows,
            effects are off, or time has run out.
        """
        base = [one for one in self.strongest if one != name and one not in others] if name in self.readable else []
        if self.clock is None or not base:
            return None
        if self.clock.left_s < 2 * self._longest_s:
            self.unmeasured.append(name)
            return None
        self.measured.append(name)
        found = effect(self.probe([*base, name]), self.probe(base))
        return found if math.isfinite(found.high - found.low) else None

    def probe(self, names: Sequence[str]) -> Probe:
        """Score the yardstick on some columns."""
        key = tuple(names)
        if key not in self._probes:
            watch = Stopwatch()
            places = [self.readable.index(name) for name in names]
            codes = [index for index, place in enumerate(places) if self._is_code[place]]
            task, n_classes = self.asked.task, len(self.asked.classes)
            X = self._matrix[:, places]
            self._probes[key] = probe(
                X, self._y, task, n_classes, self._folds[0], metric=self.metric, categorical=codes
            )
            self._longest_s = max(self._longest_s, watch.seconds)
        return self._probes[key]

    def columns(self, names: Sequence[str]) -> np.ndarray:
        """Encoded `readable` columns of the `kept` rows: float32, (n_kept, n_names); moments in days since the first."""
        return self._matrix[:, [self.readable.index(name) for name in names]]

    @cached_property
    def readable(self) -> tuple[str, ...]:
        """Columns that the yardstick reads: no texts, and not the moment, which lies later in every new row."""
        kinds = {column.name: column.kind for column in self.asked.schema.columns}
        wanted = dict.fromkeys((*self.asked.features, *self.brief.target.known_after))
        return tuple(
            name for name in wanted if GROUPS.get(kinds[name], "texts") != "texts" and name != self.brief.data.time
        )

    @cached_property
    def strongest(self) -> tuple[str, ...]:
        """The features that the yardstick reads; of many, those that tell most by themselves."""
        features = [name for name in self.readable if name in self.asked.features]
        return tuple(sorted(features, key=lambda name: -self.alone[name])[:MOST_COLUMNS])

    @cached_property
    def kept(self) -> np.ndarray:
        """Positions of the rows that the yardstick sees, in the table's order; all classes are there, however rare."""
        y = self.rows.y
        most = min(MOST_ROWS, MOST_CELLS // max(len(self.readable), 1))
        order = np.random.default_rng(0).permutation(len(y))
        kept = np.zeros(len(y), bool)
        kept[order[:most]] = True
        for index in range(len(self.asked.classes)):
            kept[order[y[order] == index][:FEWEST_OF_A_CLASS]] = True
        return np.flatnonzero(kept)

    @cached_property
    def _folds(self) -> tuple[list[Fold], str]:
        return yardstick_folds(self.rows, self.kept)

    @cached_property
    def _y(self) -> np.ndarray:
        y: np.ndarray = self.rows.y[self.kept]
        return 1.0 - y if self.asked.positive == 0 else y

    @cached_property
    def _is_code(self) -> list[bool]:
        kinds = {column.name: column.kind for column in self.asked.schema.columns}
        return [GROUPS[kinds[name]] == "codes" for name in self.readable]

    @cached_property
    def _matrix(self) -> np.ndarray:
        return matrix(self.rows.frame[self.kept], self.asked.schema, self.readable)

    def _alone(self, place: int) -> float:
        return self.tells(self._matrix[:, place], is_code=self._is_code[place])

    def tells(self, x: np.ndarray, *, is_code: bool = False) -> float:
        """What any values of the `kept` rows tell of the target alone, 0 to 1; see `alone`.

        Parameters
        ----------
        x : array, (n_kept,)
            Numbers with NaN for missing, or codes.
        """
        if self.asked.task != "multiclass":
            return single_feature_score(x, self._y, is_code=is_code)
        counts = np.bincount(self._y.astype(np.int64))
        commonest = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
        scores = [
            single_feature_score(x, (self._y == index).astype(np.float64), is_code=is_code) for index in commonest
        ]
        return float(np.average(scores, weights=counts[commonest]))


def matrix(frame: pl.DataFrame, schema: Schema, names: Sequence[str]) -> np.ndarray:
    """Encode columns as the yardstick reads them: float32, (n_rows, n_names); moments in days since the first."""
    columns = {column.name: column for column in schema.columns}
    read = Schema(tuple(columns[name] for name in names), schema.missing)
    encoded = read.encode(frame.select(names))
    X = np.empty((frame.height, len(names)), np.float32)
    for place, name in enumerate(names):
        group = GROUPS[columns[name].kind]
        values = getattr(encoded, group)[:, read.positions(group, [name])[0]]
        X[:, place] = (values - (columns[name].low or 0.0)) / 86_400 if group == "times" else values
    return X
