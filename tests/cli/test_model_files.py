"""Models in files of other kinds are opened and tested: ONNX, boosters, skops; what is broken or not trusted is refused."""

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

from artificer.core.errors import DataError
from artificer.line.judge.model_files import open_model

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


class TestBoosters:
    @pytest.fixture
    def mixed(self, tmp_path: Path) -> Path:
        """The rows, with a column of texts and one that no model reads."""
        rng = np.random.default_rng(0)
        X = pl.DataFrame(
            {"size": rng.normal(size=400), "town": rng.choice(["Bern", "Rome", "Oslo"], 400), "day": range(400)}
        )
        score = X["size"].to_numpy() + (X["town"] == "Rome").to_numpy() + rng.normal(size=400)
        frame = X.with_columns(won=pl.Series(np.where(score > 0.5, "yes", "no")), worth=pl.Series(score))
        frame.write_csv(tmp_path / "mixed.csv")
        return tmp_path / "mixed.csv"

    @pytest.mark.parametrize("target", ["won", "worth"])
    def test_what_lightgbm_saved_predicts_as_it_did(self, tmp_path: Path, mixed: Path, target: str) -> None:
        import lightgbm

        frame = pl.read_csv(mixed)
        X = frame.select("size", "town").to_pandas().astype({"town": "category"})
        made = lightgbm.LGBMClassifier if target == "won" else lightgbm.LGBMRegressor
        model = made(n_estimators=10, verbose=-1).fit(X, frame[target].to_numpy())
        model.booster_.save_model(tmp_path / "model.txt")
        found = open_model(tmp_path / "model.txt").predict(frame)
        own = model.predict_proba(X) if target == "won" else model.predict(X)
        assert np.allclose(found, own)
        ended = document("judge", tmp_path / "model.txt", mixed, "--target", target)
        assert ended["result"]["score"]["n"] == 400

    @pytest.mark.parametrize("target", ["won", "worth"])
    def test_what_catboost_saved_predicts_as_it_did(self, tmp_path: Path, mixed: Path, target: str) -> None:
        import catboost

        frame = pl.read_csv(mixed)
        X = frame.select("size", "town").to_pandas()
        made = catboost.CatBoostClassifier if target == "won" else catboost.CatBoostRegressor
        model = made(iterations=10, verbose=0, cat_features=["town"], allow_writing_files=False)
        model.fit(X, frame[target].to_numpy()).save_model(str(tmp_path / "model.cbm"))
        found = open_model(tmp_path / "model.cbm")
        own = model.predict_proba(X) if target == "won" else model.predict(X)
        assert np.allclose(found.predict_proba(frame) if target == "won" else found.predict(frame), own)
        ended = document("judge", tmp_path / "model.cbm", mixed, "--target", target)
        assert ended["result"]["metric"] == ("roc_auc" if target == "won" else "rmse")

    def test_columns_without_names_are_taken_in_their_order(self, tmp_path: Path) -> None:
        import lightgbm

        X = np.random.default_rng(0).normal(size=(200, 2))
        lightgbm.LGBMRegressor(n_estimators=5, verbose=-1).fit(X, X[:, 0]).booster_.save_model(tmp_path / "model.txt")
        model = open_model(tmp_path / "model.txt")
        assert len(model.predict(pl.DataFrame(X, schema=["a", "b"]))) == 200
        with pytest.raises(DataError, match="trained on 2 columns without names, and the rows hold 1"):
            model.predict(pl.DataFrame({"a": [1.0]}))

    @pytest.mark.parametrize(
        ("name", "content"), [("model.txt", b"tree\nversion=v4\n"), ("model.cbm", b"CBM1 and no more")]
    )
    def test_a_file_that_is_broken_is_refused(self, tmp_path: Path, rows: Path, name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        refused("judge", tmp_path / name, rows, "--target", "result", names="cannot be read by")

    def test_a_column_that_is_absent_or_no_number_is_named(self, tmp_path: Path, mixed: Path) -> None:
        import lightgbm

        frame = pl.read_csv(mixed)
        model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1).fit(frame.select("size").to_pandas(), frame["worth"])
        model.booster_.save_model(tmp_path / "model.txt")
        found = open_model(tmp_path / "model.txt")
        with pytest.raises(DataError, match="column 'size' is absent from the rows; the model reads it"):
            found.predict(frame.drop("size"))
        with pytest.raises(DataError, match="reads 'size' as a number, and it holds String"):
            found.predict(frame.with_columns(size=pl.lit("large")))
