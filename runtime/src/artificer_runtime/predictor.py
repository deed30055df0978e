"""Rows → predictions, with numpy alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from artificer_runtime.errors import RowsError
from artificer_runtime.outcome import tempered, weighed
from artificer_runtime.package import Contents, Weighted, read
from artificer_runtime.schema import Encoded, Schema
from artificer_runtime.signature import Key
from artificer_runtime.single import Single, UnusualError
from artificer_runtime.texts import remembered

if TYPE_CHECKING:
    from artificer_runtime.contributions import Explainer, Explanations

ROWS_AT_ONCE = 8192  # texts of so many rows are cut into words together
FEWEST_AT_ONCE, CELLS_AT_ONCE = 1024, 1 << 22  # of features: memory beyond 32 MB is new, and cleared, each time


def load(path: str | Path, *, require_signed: Key | None = None) -> Predictor:
    """Read a package: a folder or a zip file.

    Parameters
    ----------
    require_signed : path, or bytes, of a public key
        Refuse what this key did not sign; default: what ARTIFICER_REQUIRE_SIGNED in the environment names.

    Raises
    ------
    PackageError
        When it is absent, no package, damaged, of a newer version, or not signed as required.
    """
    contents, manifest, _ = read(path, require_signed=require_signed)
    return Predictor(contents, str(manifest["model_hash"]))


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions and what was odd about the rows.

    Attributes
    ----------
    values : array, (n_rows,)
        Class labels in their own type, or numbers.
    probabilities : array of float64, (n_rows, n_classes), or None
    flags : dict of str to array of bool, (n_rows,)
        "unseen", "outside", "clipped": see `artificer_runtime.schema.Encoded`.
    intervals : array of float64, (n_rows, 2), or None
        Low and high ends that hold nine values in ten; None for classes, and where the package carries no residuals.
    """

    values: np.ndarray
    probabilities: np.ndarray | None
    flags: Mapping[str, np.ndarray]
    intervals: np.ndarray | None = None


class One(NamedTuple):
    """One row's prediction in plain values: label or number, chances by class, flags raised, and a number's interval.

    What there is none of is None: chances of a number, an interval of a class or where the package carries no residuals.
    """

    value: Any
    probabilities: list[float] | None
    flags: list[str]
    interval: list[float | None] | None = None


def ends_told(ends: Iterable[float]) -> list[float | None]:
    """The ends of an interval as JSON holds them: null where there is none.

    >>> ends_told((1.5, float("inf")))
    [1.5, None]
    """
    return [end if math.isfinite(end) else None for end in ends]


@dataclass(frozen=True)
class Predictor:
    """A model that was read from a package.

    Rows may be a dict (one row), a list of dicts, a dict of columns, a frame of pandas, polars or Arrow, or a
    two-dimensional array. A row's prediction hangs on that row alone.
    """

    contents: Contents
    model_hash: str = ""

    @property
    def schema(self) -> Schema:
        """The columns that it reads."""
        return self.contents.recipe.schema

    @property
    def task(self) -> str:
        """ "binary", "multiclass" or "regression"."""
        return self.contents.task

    @cached_property
    def classes(self) -> np.ndarray:
        """Class labels in their own type, sorted; empty in regression."""
        return typed(self.contents.classes, self.contents.class_kind)

    def predict(self, rows: Any) -> np.ndarray:
        """Predict labels or values: (n_rows,).

        Raises
        ------
        RowsError
            When a column is absent or holds what cannot be its kind.
        """
        return self._values(self._raw(rows))

    def predict_proba(self, rows: Any) -> np.ndarray:
        """Predict class probabilities: float64 (n_rows, n_classes), in the order of `classes`.

        Raises
        ------
        RowsError
            As for `predict`, and when the model predicts numbers.
        """
        if not self.contents.classes:
            raise RowsError("this model predicts a number, not classes: use predict")
        return self._raw(rows)

    def predict_interval(self, rows: Any, level: float = 0.9) -> np.ndarray:
        """Predict the interval that holds each value with a chance of `level`: float64 (n_rows, 2), low and high.

        Made of how far out-of-fold predictions lay from the truth (see `artificer_runtime.outcome.Residuals`): of all
        rows together, the share that the intervals hold is `level`; of some group of rows it may be less. An end is
        infinite where training had too few rows to tell it.

        Parameters
        ----------
        level : float
            Between 0 and 1, exclusive.

        Raises
        ------
        RowsError
            As for `predict`, and when the model predicts classes, carries no residuals, or there is no such level.
        """
        if self.contents.classes:
            raise RowsError("this model predicts classes, not a number: use predict_proba")
        if not (isinstance(level, Real) and 0.0 < level < 1.0):
            raise RowsError(f"level is {level!r}; it is the chance that an interval holds the value, between 0 and 1")
        if self.contents.residuals is None:
            raise RowsError(
                "this package holds no residuals, so it tells no intervals; train it again with this version"
            )
        return self.interval(self._raw(rows), level)

    def interval(self, raw: np.ndarray, level: float = 0.9) -> np.ndarray:
        """Intervals of values that `raw` gave: float64 (n_rows, 2)."""
        residuals = self.contents.residuals
        assert residuals is not None
        if self.contents.transform == "log1p":
            logs = np.log1p(np.maximum(raw[:, 0], np.nextafter(-1.0, 0.0)))
            ends = residuals.interval(logs, level)
            return np.where(np.isfinite(ends), np.expm1(ends), ends)  # of no end, not -1, which it tends to
        return residuals.interval(raw[:, 0], level)

    def weighed(self, raw: np.ndarray) -> np.ndarray:
        """What labels are the largest of: the probabilities that `raw` gave, times the classes' multipliers."""
        return weighed(raw, self.contents.multipliers)

    def predict_full(self, rows: Any) -> Predictions:
        """Predict, and say which rows hold something that training did not."""
        flags: Mapping[str, np.ndarray]
        try:
            read = self._single.read(rows)
            raw, flags = self._single.raw(read), read.flags
        except UnusualError:
            encoded = self.schema.encode(rows)
            raw, flags = self.raw(encoded), encoded.flags
        intervals = self.interval(raw) if self.contents.residuals is not None else None
        return Predictions(self._values(raw), raw if self.contents.classes else None, flags, intervals)

    def predict_one(self, row: dict[str, Any]) -> One | None:
        """What `predict_full` says of one row, in plain values; None where it takes arrays.

        For who answers row by row: rows with errors, or values that no plain row holds, are for `predict_full`.
        """
        try:
            read = self._single.read(row)
        except UnusualError:
            return None
        found = self._single.plain(read)
        flags = [name for name, raised in (("unseen", read.unseen), ("outside", read.outside)) if raised]
        if not self.contents.classes:
            told = self.contents.residuals is not None
            return One(found[0], None, flags, ends_told(self.interval(np.array([found]))[0].tolist()) if told else None)
        weighed: list[float] = self.weighed(np.array([found]))[0].tolist() if self.contents.multipliers else found
        return One(self._labels[weighed.index(max(weighed))], found, flags)

    def explain(self, rows: Any) -> Explanations:
        """Tell what each raw column adds to each prediction, on the scale where the parts add up.

        How it is found, what is exact and what is a convention: see `artificer_runtime.contributions`.

        Raises
        ------
        RowsError
            As for `predict`, and when the package was made before trees kept the counts that this needs.
        """
        explainer = self._explainer
        try:
            made = self._single.features(self._single.read(rows))
        except UnusualError:
            return explainer.explain(self.schema.encode(rows))
        return explainer.told([{name: np.array(row, np.float32)[None] for name, row in made.items()}])

    @cached_property
    def _explainer(self) -> Explainer:
        from artificer_runtime.contributions import Explainer

        return Explainer.of(self.contents)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what was prepared."""
        return {"contents": self.contents, "model_hash": self.model_hash}

    def _raw(self, rows: Any) -> np.ndarray:
        try:
            return self._single.raw(self._single.read(rows))
        except UnusualError:
            return self.raw(self.schema.encode(rows))

    @cached_property
    def _labels(self) -> list[Any]:
        labels: list[Any] = self.classes.tolist()
        return labels

    @cached_property
    def _single(self) -> Single:
        return Single.of(self.contents, self._needed)

    def raw(self, encoded: Encoded) -> np.ndarray:
        """Probabilities or values of encoded rows, blended and tempered: float64 (n_rows, n_classes) or (n_rows, 1)."""
        at_once = max(FEWEST_AT_ONCE, min(ROWS_AT_ONCE, CELLS_AT_ONCE // max(self._n_features, 1)))
        parts = []
        for part in _parts(encoded, ROWS_AT_ONCE):
            read = replace(part, texts=remembered(part.texts))
            parts += [self._blend(some) for some in _parts(read, at_once)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _blend(self, encoded: Encoded) -> np.ndarray:
        blocks = self.contents.recipe.apply(encoded, self._needed)
        total: np.ndarray | None = None
        for one in self.contents.members:
            part = one.weight * self._member(one, blocks)
            total = part if total is None else total + part
        assert total is not None
        return tempered(total, self.contents.temperature)

    def _member(self, one: Weighted, blocks: Mapping[str, np.ndarray]) -> np.ndarray:
        parts = [blocks[name] for name in one.blocks]
        X = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        prediction = one.member.predict(X)
        return np.expm1(prediction) if self.contents.transform == "log1p" else prediction

    @cached_property
    def _needed(self) -> frozenset[str]:
        return frozenset(block for one in self.contents.members for block in one.blocks)

    @cached_property
    def _n_features(self) -> int:
        return sum(len(self.contents.recipe.names(block)) for block in self._needed)

    def _values(self, raw: np.ndarray) -> np.ndarray:
        if not self.contents.classes:
            return np.asarray(raw[:, 0])
        return np.asarray(self.classes[self.weighed(raw).argmax(axis=1)])


def _parts(encoded: Encoded, n_rows: int) -> list[Encoded]:
    if encoded.n_rows <= n_rows:
        return [encoded]
    return [encoded.take(slice(start, start + n_rows)) for start in range(0, encoded.n_rows, n_rows)]


def typed(classes: tuple[str, ...], kind: str) -> np.ndarray:
    """Class labels in their own type."""
    if kind == "boolean":
        return np.array([one == "true" for one in classes])
    if kind == "integer":
        return np.array([int(one) for one in classes])
    if kind == "number":
        return np.array([float(one) for one in classes])
    return np.array(classes, dtype=np.object_)
