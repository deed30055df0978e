"""Models in files of other kinds: ONNX and skops are opened and tested; what is broken or not trusted is refused in words."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command import document, refused
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

pytestmark = pytest.mark.slow

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture(scope="module")
def tumours() -> tuple[pl.DataFrame, np.ndarray]:
    """Five numbers of each tumour, and whether it is benign."""
    X, y = load_breast_cancer(return_X_y=True)
    return pl.DataFrame(dict(zip(NAMES, X[:, :5].T, strict=True))), y


@pytest.fixture(scope="module")
def line(tumours: tuple[pl.DataFrame, np.ndarray]) -> object:
    X, y = tumours
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X[::2], np.where(y[::2] == 1, "well", "ill"))


@pytest.fixture
def rows(tmp_path: Path, tumours: tuple[pl.DataFrame, np.ndarray]) -> Path:
    X, y = tumours
    X[1::2].with_columns(result=pl.Series(np.where(y[1::2] == 1, "well", "ill"))).write_parquet(
        tmp_path / "rows.parquet"
    )
    return tmp_path / "rows.parquet"


def onnx_line(path: Path, line: object, names: tuple[str, ...] = ("X",)) -> Path:
    """The same line as an ONNX graph over one matrix, or over an input for each column."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    scaler, model = line[0], line[1]  # type: ignore[index]
    weights = (model.coef_[0] / scaler.scale_).astype(np.float32)[:, None]
    start = (model.intercept_ - (model.coef_[0] * scaler.mean_ / scaler.scale_).sum()).astype(np.float32)
    width = len(NAMES) if len(names) == 1 else 1
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width]) for name in names]
    nodes = [
        helper.make_node("Concat", list(names), ["all"], axis=1),
        helper.make_node("Gemm", ["all", "weights", "start"], ["odds"]),
        helper.make_node("Sigmoid", ["odds"], ["p"]),
        helper.make_node("Sub", ["one", "p"], ["rest"]),
        helper.make_node("Concat", ["rest", "p"], ["chances"], axis=1),
    ]
    given = {"weights": weights, "start": start, "one": np.ones(1, np.float32)}
    held = [numpy_helper.from_array(value, name) for name, value in given.items()]
    output = helper.make_tensor_value_info("chances", TensorProto.FLOAT, [None, 2])
    made = helper.make_model(
        helper.make_graph(nodes, "line", inputs, [output], held),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    checker.check_model(made)
    save(made, str(path))
    return path


@pytest.mark.parametrize("names", [("X",), NAMES])
def test_an_onnx_file_is_tested_as_the_model_that_it_was(
    tmp_path: Path, rows: Path, line: object, names: tuple[str, ...]
) -> None:
    found = document("judge", onnx_line(tmp_path / "line.onnx", line, names), rows, "--target", "result")
    assert found["code"] == 0
    frame = pl.read_parquet(rows)
    from sklearn.metrics import roc_auc_score

    own = roc_auc_score(frame["result"], line.predict_proba(frame.drop("result"))[:, 1])  # type: ignore[attr-defined]
    assert found["result"]["score"]["value"] == pytest.approx(own, abs=1e-4)
    outcomes = {test["code"]: test["outcome"] for test in found["result"]["tests"]}
    assert outcomes["against_trivial"] == "passed"
    assert outcomes["seed_stability"] == "not run"


def test_an_onnx_file_that_is_none_is_refused(tmp_path: Path, rows: Path) -> None:
    for content in (b"", b"not a graph"):
        (tmp_path / "model.onnx").write_bytes(content)
        refused("judge", tmp_path / "model.onnx", rows, "--target", "result", names="cannot be read by onnxruntime")


def test_rows_that_an_onnx_model_cannot_read_are_refused(tmp_path: Path, rows: Path, line: object) -> None:
    frame = pl.read_parquet(rows)
    (matrix, columns) = (onnx_line(tmp_path / "m.onnx", line), onnx_line(tmp_path / "c.onnx", line, NAMES))
    frame.with_columns(b=pl.lit("large")).write_parquet(tmp_path / "words.parquet")
    says = refused("judge", matrix, tmp_path / "words.parquet", "--target", "result", names="column 'b' of type String")
    assert "large" not in says  # what stands there may be personal
    frame.drop("c").write_parquet(tmp_path / "fewer.parquet")
    refused("judge", columns, tmp_path / "fewer.parquet", "--target", "result", names="column 'c' is absent")
    refused("judge", matrix, tmp_path / "fewer.parquet", "--target", "result", names="does not take these rows")


class TestSkops:
    @pytest.fixture(autouse=True)
    def skops(self) -> None:
        pytest.importorskip("skops")

    def test_a_file_of_scikit_learns_own_parts_is_tested(self, tmp_path: Path, rows: Path, line: object) -> None:
        from skops import io

        io.dump(line, tmp_path / "line.skops")
        found = document("judge", tmp_path / "line.skops", rows, "--target", "result")
        assert found["code"] == 0
        outcomes = {test["code"]: test["outcome"] for test in found["result"]["tests"]}
        assert outcomes["against_trivial"] == "passed"

    def test_a_type_that_is_not_trusted_is_named_and_never_made(self, tmp_path: Path, rows: Path, line: object) -> None:
        from skops import io

        foreign = make_pipeline(FunctionTransformer(halved), line)
        io.dump(foreign, tmp_path / "foreign.skops")
        halved.called = False  # type: ignore[attr-defined]
        says = refused("judge", tmp_path / "foreign.skops", rows, "--target", "result", names="does not trust")
        assert "halved" in says
        assert not halved.called  # type: ignore[attr-defined]

    def test_a_file_that_is_none_is_refused(self, tmp_path: Path, rows: Path) -> None:
        (tmp_path / "model.skops").write_bytes(b"not a zip")
        refused("judge", tmp_path / "model.skops", rows, "--target", "result", names="cannot be read by skops")
        for content in ("", "{}"):
            with zipfile.ZipFile(tmp_path / "model.skops", "w") as file:
                file.writestr("schema.json" if content else "other.json", content)
            refused("judge", tmp_path / "model.skops", rows, "--target", "result", names="cannot be read by skops")


def halved(X: np.ndarray) -> np.ndarray:
    """Code of another's, which opening a file must not run."""
    halved.called = True  # type: ignore[attr-defined]
    return np.asarray(X) / 2
