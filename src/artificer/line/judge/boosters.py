"""Files of boosted trees, as LightGBM and CatBoost write them: they hold numbers and names, and nothing that could run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.errors import DataError, closest
from artificer_runtime.schema import canonical_text

LIGHTGBM, CATBOOST = b"tree", b"CBM1"
CLASSES = ("binary", "multiclass", "multiclassova", "cross_entropy")
# What they call columns that had no names.
UNNAMED = re.compile(r"(Column_)?\d+")


@dataclass(frozen=True)
class LightGBMModel:
    """A booster, of classes in their sorted order."""

    booster: Any
    task: str
    levels: dict[str, list[Any]]  # of columns that pandas held as categories

    @classmethod
    def open(cls, path: Path) -> LightGBMModel:
        """Read the text that `Booster.save_model` writes.

        Raises
        ------
        DataError
            When LightGBM cannot read it.
        """
        import lightgbm

        text = path.read_text(encoding="utf-8", errors="replace")
        known = {name: _line(text, name) for name in ("objective", "num_class", "feature_names", "feature_infos")}
        if not all(known[name] for name in ("num_class", "feature_names")):
            raise _unreadable(path, "LightGBM", "it is not whole")
        try:
            booster = lightgbm.Booster(model_file=str(path))
        except lightgbm.basic.LightGBMError as error:
            raise _unreadable(path, "LightGBM", str(error)) from error
        infos = dict(zip(known["feature_names"].split(), known["feature_infos"].split(), strict=False))
        levelled = [name for name, info in infos.items() if not info.startswith("[") and info != "none"]
        held = booster.pandas_categorical or []
        if held and len(held) != len(levelled):
            raise _unreadable(path, "LightGBM", "it does not say which of its columns held categories of pandas")
        levels = dict(zip(levelled, held, strict=False))
        objective = known["objective"].partition(" ")[0]
        return cls(booster, "classes" if objective in CLASSES else "regression", levels)

    def predict(self, frame: pl.DataFrame) -> np.ndarray:
        """Chances (n_rows, n_classes), or values (n_rows,)."""
        taken = _taken(frame, self.booster.feature_name())
        found = np.asarray(self.booster.predict(self._numbers(taken)))
        return np.stack([1 - found, found], axis=1) if self.task == "classes" and found.ndim == 1 else found

    def _numbers(self, frame: pl.DataFrame) -> np.ndarray:
        """Columns as numbers; levels by their place among those of training, as LightGBM itself codes them."""
        columns = []
        for name, column in zip(self.booster.feature_name(), frame.get_columns(), strict=True):
            levels = self.levels.get(name)
            if levels is not None:
                column = _placed(column, levels)
            columns.append(_number(column, "LightGBM"))
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class CatBoostModel:
    """A model that CatBoost wrote."""

    model: Any

    @classmethod
    def open(cls, path: Path) -> CatBoostModel:
        """Read what `save_model` writes.

        Raises
        ------
        DataError
            When CatBoost cannot read it.
        """
        import catboost

        model = catboost.CatBoost()
        try:
            model.load_model(str(path))
        except catboost.CatBoostError as error:
            raise _unreadable(path, "CatBoost", str(error)) from error
        return cls(model)

    @property
    def task(self) -> str:
        """ "classes" or "regression"."""
        return "classes" if len(self.model.classes_) else "regression"

    @property
    def classes_(self) -> np.ndarray | None:
        """Class labels; None in regression."""
        return np.asarray(self.model.classes_) if len(self.model.classes_) else None

    def predict(self, frame: pl.DataFrame) -> np.ndarray:
        """Values (n_rows,)."""
        return np.asarray(self.model.predict(self._table(frame)))

    def predict_proba(self, frame: pl.DataFrame) -> np.ndarray:
        """Chances (n_rows, n_classes)."""
        return np.asarray(self.model.predict(self._table(frame), prediction_type="Probability"))

    def _table(self, frame: pl.DataFrame) -> Any:
        """Texts where it reads categories or texts, a missing one as an empty one; else numbers."""
        import pandas

        names = self.model.feature_names_
        texts = {*self.model.get_cat_feature_indices(), *self.model.get_text_feature_indices()}
        columns = {
            name: column.cast(pl.String).fill_null("").to_numpy() if place in texts else _number(column, "CatBoost")
            for place, (name, column) in enumerate(zip(names, _taken(frame, names).get_columns(), strict=True))
        }
        return pandas.DataFrame(columns)


def _taken(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The columns that a model reads, by name; where it knows none, all of them in their order."""
    if all(UNNAMED.fullmatch(name) for name in names) and not {*names} <= {*frame.columns}:
        if frame.width != len(names):
            raise DataError(
                f"the model was trained on {len(names)} columns without names, and the rows hold {frame.width}; give those "
                "alone, in their order"
            )
        return frame
    plain = {name.replace(" ", "_"): name for name in frame.columns} | {name: name for name in frame.columns}
    lacking = [name for name in names if name not in plain]
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        near = closest(lacking[0], frame.columns)
        raise DataError(f"column '{lacking[0]}'{more} is absent from the rows; the model reads it{near}")
    return frame.select(plain[name] for name in names)


def _placed(column: pl.Series, levels: Sequence[Any]) -> pl.Series:
    places = {canonical_text(level): float(place) for place, level in enumerate(levels)}
    held = column.drop_nulls().unique()
    found = pl.Series([places.get(canonical_text(value)) for value in held.to_list()], dtype=pl.Float64)
    return column.replace_strict(held, found, default=None, return_dtype=pl.Float64)


def _number(column: pl.Series, library: str) -> np.ndarray:
    found = column.cast(pl.Float64, strict=False)
    if found.null_count() > column.null_count():
        raise DataError(
            f"the {library} model reads '{column.name}' as a number, and it holds {column.dtype}; bring it into the form that "
            "trained the model"
        )
    return np.asarray(found.fill_null(np.nan).to_numpy())


def _line(text: str, name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", text[: text.find("\nTree=")], re.MULTILINE)
    return found[1] if found else ""


def _unreadable(path: Path, library: str, why: str) -> DataError:
    return DataError(f"'{path}' cannot be read by {library}: {why}; write it anew with save_model")
