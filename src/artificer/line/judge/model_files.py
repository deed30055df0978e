"""Files that hold a model → something that predicts: our packages, ONNX, boosters, skops. Nothing is unpickled."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.errors import DataError
from artificer.core.records import Estimate
from artificer.core.stages import Contract, RunLock
from artificer.core.store import decode, named
from artificer.line.judge.boosters import CATBOOST, LIGHTGBM, CatBoostModel, LightGBMModel
from artificer_runtime.package import is_package, read
from artificer_runtime.predictor import Predictor

KNOWN = "a package, an .onnx or .skops file, or one that LightGBM or CatBoost saved"
PICKLES = (".pkl", ".pickle", ".joblib", ".sav", ".dill", ".cloudpickle")
ONNX_TYPES = {
    "tensor(float)": (pl.Float32, np.float32),
    "tensor(double)": (pl.Float64, np.float64),
    "tensor(int64)": (pl.Int64, np.int64),
    "tensor(int32)": (pl.Int32, np.int32),
    "tensor(bool)": (pl.Boolean, np.bool_),
    "tensor(string)": (pl.String, np.object_),
}


def open_model(path: Path) -> Any:
    """Open a package, an ONNX file, a booster of LightGBM or CatBoost, or a skops file.

    Raises
    ------
    DataError
        When it is a pickle, which is refused, of no known kind, holds what skops does not trust, or what reads it is absent.
    PackageError
        When it is a damaged package.
    """
    if not path.exists():
        raise DataError(f"there is no model '{path}'; name {KNOWN}")
    if is_package(path):
        return OurModel.open(path)
    start = _start(path)
    if path.suffix.lower() in PICKLES or start[:1] == b"\x80":
        raise DataError(
            f"'{path}' is a pickle, and opening one runs whatever code it holds, so it is not read. Save the model as ONNX "
            "(skl2onnx) or with skops.io.dump; or write its predictions beside the rows and give --predictions COLUMN; "
            "or call artificer.examine(model, X, y) in Python, where you have it"
        )
    if path.suffix.lower() == ".onnx":
        return OnnxModel.open(path)
    if path.suffix.lower() == ".skops":
        return _skops(path)
    if start == LIGHTGBM:
        return LightGBMModel.open(path)
    if start == CATBOOST:
        return CatBoostModel.open(path)
    raise DataError(
        f"'{path}' is no model that is known here: {KNOWN} is (write XGBoost's as ONNX); for a table that holds predictions, "
        "give --predictions COLUMN"
    )


def _start(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(4)


@dataclass(frozen=True)
class OurModel:
    """A package, as scikit-learn's classifiers and regressors are called."""

    predictor: Predictor
    target: str
    brief: Brief | None
    forms: Mapping[str, str]  # of columns of moments, the format in which it reads texts
    metric: str  # of its own verdict; "" where it holds none
    verdict: Estimate | None = None  # its score there, on rows that did not train it
    made_of: str = ""  # fingerprint of the data

    @classmethod
    def open(cls, path: Path) -> OurModel:
        """Read a package, and the brief that it was made from where it holds one."""
        contents, manifest, files = read(path)
        brief = named(files["run.lock"], RunLock, f"{path}/run.lock").brief if "run.lock" in files else None
        schema = decode(files["contract.json"], Contract).schema if "contract.json" in files else contents.recipe.schema
        forms = {column.name: column.form for column in schema.columns if column.form}
        card = json.loads(files.get("card.json", b"{}"))
        predictor, metric = Predictor(contents, str(manifest["model_hash"])), card.get("score", {}).get("metric", "")
        return cls(predictor, contents.target, brief, forms, metric, _verdict(card), _made_of(card))

    @property
    def task(self) -> str:
        """ "binary", "multiclass" or "regression"."""
        return self.predictor.task

    @property
    def classes_(self) -> np.ndarray | None:
        """Class labels; None in regression."""
        return self.predictor.classes if self.predictor.contents.classes else None

    @property
    def feature_names_in_(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(column.name for column in self.predictor.schema.columns)

    @property
    def multipliers(self) -> tuple[float, ...]:
        """Of each class's probability before the largest gives the label."""
        return self.predictor.contents.multipliers

    def predict(self, frame: pl.DataFrame) -> np.ndarray:
        """Labels or values."""
        return self.predictor.predict(frame)

    def predict_proba(self, frame: pl.DataFrame) -> np.ndarray:
        """Class probabilities."""
        return self.predictor.predict_proba(frame)


def _verdict(card: Mapping[str, Any]) -> Estimate | None:
    score, tested = card.get("score", {}), card.get("tested_on", {})
    ends = [score.get(end) for end in ("value", "low", "high")]
    if not all(isinstance(one, int | float) for one in ends):
        return None
    value, low, high = map(float, ends)
    return Estimate(value, low, high, "as in its card", int(tested.get("rows", 0)))


def _made_of(card: Mapping[str, Any]) -> str:
    return str(card.get("trained_on", {}).get("fingerprint", ""))


@dataclass(frozen=True)
class OnnxModel:
    """An ONNX file: one matrix of numbers, or an input for each column; labels or values first, then chances if any."""

    session: Any

    @classmethod
    def open(cls, path: Path) -> OnnxModel:
        """Open it with onnxruntime.

        Raises
        ------
        DataError
            When onnxruntime is absent, or cannot read the file.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise DataError(f"'{path}' is an ONNX file and onnxruntime is absent: pip install onnxruntime") from error
        try:
            return cls(onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]))
        except _onnx_errors() as error:
            raise DataError(f"'{path}' cannot be read by onnxruntime: {error}") from error

    def __call__(self, frame: pl.DataFrame) -> np.ndarray:
        """Predictions: chances (n_rows, n_classes), or labels or values (n_rows,)."""
        given = self._inputs(frame)
        try:
            found = self.session.run(None, given)
        except _onnx_errors() as error:
            raise DataError(
                f"the ONNX model does not take these rows: {error}; give the columns that it was made for, in their order"
            ) from error
        last = found[-1]
        if isinstance(last, list) and last and isinstance(last[0], dict):  # scikit-learn's converter gives a dict a row
            return np.array([[row[name] for name in sorted(row)] for row in last])
        chances = np.asarray(last)
        return chances if len(found) == 1 or chances.ndim == 2 else np.asarray(found[0])

    def _inputs(self, frame: pl.DataFrame) -> dict[str, np.ndarray]:
        inputs = self.session.get_inputs()
        if len(inputs) == 1 and inputs[0].name not in frame.columns:
            return {inputs[0].name: _cast(frame, inputs[0].type)}
        lacking = [one.name for one in inputs if one.name not in frame.columns]
        if lacking:
            raise DataError(f"column '{lacking[0]}' is absent from the rows; the ONNX model reads it")
        return {one.name: _cast(frame.select(one.name), one.type) for one in inputs}


def _onnx_errors() -> tuple[type[Exception], ...]:
    """What onnxruntime raises: each of its states is a class of its own, and no common one stands above them."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [one for one in vars(state).values() if isinstance(one, type) and issubclass(one, Exception)]
    return (RuntimeError, ValueError, *own)


def _cast(frame: pl.DataFrame, kind: str) -> np.ndarray:
    """Columns as the matrix that an input of an ONNX model takes."""
    if kind not in ONNX_TYPES:
        raise DataError(f"the ONNX model reads {kind}, which no table holds; it reads none of {', '.join(ONNX_TYPES)}")
    wanted, exact = ONNX_TYPES[kind]
    plain = frame.cast(dict.fromkeys(frame.columns, wanted), strict=False)
    odd = [name for name in frame.columns if plain[name].null_count() > frame[name].null_count()]
    if odd:  # what stands there is not told: it may be personal
        more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
        raise DataError(
            f"the ONNX model reads {kind}, and column '{odd[0]}'{more} of type {frame[odd[0]].dtype} holds something else; "
            "give the columns that it was made for alone, in their order"
        )
    return np.asarray((plain.fill_null("") if wanted == pl.String else plain).to_numpy()).astype(exact)


def _skops(path: Path) -> Any:
    try:
        from skops import io
    except ImportError as error:
        raise DataError(f"'{path}' is a skops file and skops is absent: pip install skops") from error
    try:
        unknown = io.get_untrusted_types(file=path)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError) as error:
        raise DataError(f"'{path}' cannot be read by skops: {error}; write it anew with skops.io.dump") from error
    if unknown:
        raise DataError(
            f"'{path}' holds {', '.join(unknown)}, which skops does not trust, so it is not opened. Save the model as "
            "ONNX (skl2onnx); or write its predictions beside the rows and give --predictions COLUMN; or call "
            "artificer.examine(model, X, y) in Python"
        )
    return io.load(path, trusted=[])
