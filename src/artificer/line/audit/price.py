"""What a column or a problem costs: the score of the fixed yardstick with and without it, within the clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.clock import Clock, Stopwatch
from artificer.core.records import Estimate
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.line.audit.folds import Fold, yardstick_folds
from artificer.measure.intervals import estimate
from artificer.measure.metrics import default_metric
from artificer.measure.probe import Probe, effect, probe, readings, single_feature_scores
from artificer_runtime.schema import GROUPS, Column, Schema

MOST_ROWS = 10_000
FEWEST_OF_A_CLASS = 200
# A wide table is measured on the columns that tell most by themselves, and on fewer rows: a probe takes about a second.
MOST_COLUMNS = 60
MOST_CLASSES = 5
MOST_CELLS = 4_000_000
# Which rows a repair leaves out is found on each fold's training rows alone; that may take as long as three more probes.
ROWS_COST = 4
FEWEST_MEASURED = 50
NAMES = {"roc_auc": "AUC", "log_loss": "log loss", "rmse": "root mean squared error"}


@dataclass
class Prices:
    """Measures what leaving a column out, or mending what is wrong, does to the score.

    Attributes
    ----------
    clock : Clock or None
        Until when it may measure; None: it measures nothing.
    unmeasured : list of str
        Columns and repairs whose price was asked for when too little time was left.
    """

    brief: Brief
    asked: Asked
    rows: Labelled
    clock: Clock | None
    measured: list[str] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)
    _probes: dict[tuple[int, tuple[str, ...]], Probe] = field(default_factory=dict)
    _longest_s: float = 0.0

    @property
    def metric(self) -> str:
        """What prices are in."""
        return default_metric(self.asked.task)

    @property
    def how(self) -> str:
        """On which rows prices are measured, in words."""
        return self._folds(0)[1]

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
        shares), or the share of variance, of the values or of their ranks.
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
        if not self._affordable(name, 1):
            return None
        return self.effect((self.probe([*base, name]), self.probe(base)))

    def mending(
        self,
        what: str,
        *,
        values: Mapping[str, np.ndarray] | None = None,
        left_out: Callable[[np.ndarray], np.ndarray] | None = None,
        unmeasured: np.ndarray | None = None,
        draw: int = 0,
    ) -> tuple[Probe, Probe] | None:
        """Score the yardstick on the rows as they are and as they are when mended, on the same folds.

        No label of a measured row is ever touched. What trains is mended by what it holds itself: a repair that had seen
        the measured rows' labels would seem to help.

        Parameters
        ----------
        what : str
            Name of the problem, for `measured` and `unmeasured`.
        values : column name → array of float32, (n_rows,)
            What these columns hold instead, in rows that train and that measure alike; see `read_as`.
        left_out : callable (positions of a fold's training rows) → array of bool
            Which of them do not train.
        unmeasured : array of bool, (n_rows,)
            Rows of the yardstick that neither is measured on.
        draw : int
            Which cut into folds.

        Returns
        -------
        (Probe, Probe) or None
            Before and after. None where the yardstick cannot read a column or too few rows are left to measure on,
            effects are off, or time has run out.
        """
        values = values or {}
        names = [*self.strongest, *(name for name in values if name not in self.strongest)]
        if self.clock is None or not names or not set(names) <= set(self.readable):
            return None
        if not self._affordable(what, ROWS_COST if left_out else 1):
            return None
        before = self.probe(names, draw)
        folds = self._folds(draw)[0]
        if left_out is not None:
            folds = [(train[~left_out(self.kept[train])], measured) for train, measured in folds]
            if self.clock.expired:  # what finds the rows may have been cut
                self.measured.remove(what)
                self.unmeasured.append(what)
                return None
        after = self._probed(names, folds, values)
        if unmeasured is None:
            return before, after
        both = _without(before, unmeasured), _without(after, unmeasured)
        return both if len(both[0].rows) >= FEWEST_MEASURED else None

    def effect(self, probes: tuple[Probe, Probe], *, level: float = 0.95, of_groups: bool = False) -> Estimate | None:
        """Change of the score from the first to the second; None where it is not defined on these rows.

        Parameters
        ----------
        of_groups : bool
            Whether rows of one group count as one, where the brief names groups: surer, and slower.
        """
        known = of_groups and self.rows.group is not None
        groups = self.rows.group[self.kept[probes[0].rows]] if known else None  # type: ignore[index]
        found = effect(*probes, groups=groups, level=level)
        return found if math.isfinite(found.high - found.low) else None

    def probe(self, names: Sequence[str], draw: int = 0) -> Probe:
        """Score the yardstick on some columns."""
        key = (draw, tuple(names))
        if key not in self._probes:
            self._probes[key] = self._probed(names, self._folds(draw)[0], {})
        return self._probes[key]

    def read_as(self, column: Column) -> np.ndarray:
        """A column of the rows that the yardstick sees: float32 (n_rows,); moments in days since the first."""
        group = GROUPS[column.kind]
        rows = self.rows.frame.select(column.name)[self.kept]
        values = getattr(Schema((column,), self.asked.schema.missing).encode(rows), group)[:, 0]
        return np.asarray((values - (column.low or 0.0)) / 86_400 if group == "times" else values, np.float32)

    def _affordable(self, what: str, n_times: int) -> bool:
        assert self.clock is not None
        affordable = self.clock.left_s >= 2 * n_times * self._longest_s
        (self.measured if affordable else self.unmeasured).append(what)
        return affordable

    def _probed(self, names: Sequence[str], folds: Sequence[Fold], values: Mapping[str, np.ndarray]) -> Probe:
        watch = Stopwatch()
        places = [self.readable.index(name) for name in names]
        codes = [index for index, place in enumerate(places) if self._is_code[place]]
        X = self._matrix[:, places]
        for name, other in values.items():
            X[:, names.index(name)] = other
        task, n_classes = self.asked.task, len(self.asked.classes)
        found = probe(X, self._y, task, n_classes, folds, metric=self.metric, categorical=codes)
        self._longest_s = max(self._longest_s, watch.seconds)
        return found

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

    def _folds(self, draw: int) -> tuple[list[Fold], str]:
        return yardstick_folds(self.rows, self.kept, draw)

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
        scores = single_feature_scores(x, self._targets[0], is_code=is_code)
        return max(scores) if self._targets[1] is None else float(np.average(scores, weights=self._targets[1]))

    @cached_property
    def _targets(self) -> tuple[list[np.ndarray], np.ndarray | None]:
        """What a column may tell, and what each weighs: of classes, the commonest ones; None: the one told best counts."""
        if self.asked.task != "multiclass":
            return readings(self._y), None
        counts = np.bincount(self._y.astype(np.int64))
        commonest = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
        return [(self._y == index).astype(np.float64) for index in commonest], counts[commonest]


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


def _without(found: Probe, unmeasured: np.ndarray) -> Probe:
    kept = ~unmeasured[found.rows]
    y, prediction = found.y[kept], found.prediction[kept]
    return replace(
        found, rows=found.rows[kept], y=y, prediction=prediction, score=estimate(found.metric, y, prediction)
    )


def in_score(effect: Estimate, metric: str, what: str) -> str:
    """An effect for a person: ``"leaving it out costs 0.02 AUC (0.01 to 0.03)"``."""
    name = NAMES[metric]
    if effect.low <= 0 <= effect.high:
        return f"{what} changes {name} by {effect.value:+.3g}, which could be chance"
    low, high = sorted((abs(effect.low), abs(effect.high)))
    does = "gains" if effect.value > 0 else "costs"
    return f"{what} {does} {abs(effect.value):.3g} {name} ({low:.3g} to {high:.3g})"
