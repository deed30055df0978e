"""One file in, the same predictions out: every step and every form of a member as ONNX, run by onnxruntime."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import polars as pl
import pytest
from client import Client
from command import artificer as command

from artificer.core.clock import Clock
from artificer.core.errors import FaultError
from artificer.core.protocols import Fold
from artificer.line.fit.learners import load as learner
from artificer.line.ship.onnx import export_onnx, members, steps
from artificer.line.ship.onnx.verify import TOLERANCE, tensors
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import Block, Recipe, fit_recipe
from artificer_runtime.schema import Column, Schema

N_ROWS = 300
START = datetime(2023, 11, 1, 6, 30, tzinfo=UTC)
COLUMNS = Schema(
    (
        Column("a", "number", low=-3.0, high=3.0, gaps=(7.0,)),
        Column("b", "number", low=0.0, high=4.0, within=(0.0, 4.0)),
        Column("label", "number", low=1.0, high=9.0),
        Column("city", "category", ("Oslo", "Rome", "Lima", "unknown"), spellings=(("oslo", "Oslo"),)),
        Column("size", "category", ("10 cm", "20 cm", "30 cm")),
        Column("new", "boolean", ("false", "true")),
        Column("at", "time", low=START.timestamp(), high=START.timestamp() + 300 * 86_400.0),
        Column("until", "time", low=START.timestamp(), high=START.timestamp() + 400 * 86_400.0),
    ),
    ("unknown", "-1"),
)
NUMBERS, CODES, TIMES = ("a", "b", "label"), ("city", "size", "new"), ("at", "until")
BLOCKS = (
    Block("numbers", "numbers@1", NUMBERS),
    Block("scaled", "scaled@1", NUMBERS),
    Block("hinges", "hinges@1", NUMBERS),
    Block("number_means", "number_means@1", ("label",)),
    Block("codes", "codes@1", CODES),
    Block("one_hot", "one_hot@1", CODES),
    Block("counts", "counts@1", CODES),
    Block("target_mean", "target_mean@1", CODES),
    Block("level_numbers", "level_numbers@1", ("size",), {"numbers": [[10.0, 20.0, None]]}),
    Block("dates", "dates@1", TIMES),
    Block("gaps", "date_gaps@1", TIMES),
    Block("engineered", "engineered@1", (*NUMBERS, *CODES), {"n_codes": 3}),
)
DENSE = ("scaled", "hinges", "one_hot")
MIXED = tuple(block.name for block in BLOCKS if block.name not in DENSE)
FORMS = {
    "lightgbm": ({"max_iterations": 12, "learning_rate": 0.2, "num_leaves": 7}, MIXED),
    "catboost": ({"max_iterations": 8, "depth": 3}, tuple(name for name in MIXED if name != "codes")),
    "extra_trees": ({"min_samples_leaf": 5, "rounds": 1}, MIXED),
    "linear": ({"C": 1.0, "alpha": 1.0}, DENSE),
    "kernel": ({}, DENSE),
    "network": ({"epochs": 2, "batch": 64, "learning_rate": 0.02}, DENSE),
}


def rows(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    city = rng.choice(["Oslo", "Rome", "Lima", "unknown", ""], N_ROWS)
    a = rng.normal(size=N_ROWS)
    return pl.DataFrame(
        {
            "a": np.where(rng.random(N_ROWS) < 0.1, np.nan, a),
            "b": rng.uniform(0, 4, N_ROWS),
            "label": rng.integers(1, 10, N_ROWS).astype(float),
            "city": city,
            "size": rng.choice(["10 cm", "20 cm", "30 cm"], N_ROWS),
            "new": rng.choice(["false", "true"], N_ROWS),
            "at": [START + timedelta(days=int(one), minutes=17 * int(one)) for one in rng.integers(0, 300, N_ROWS)],
            "until": [START + timedelta(days=int(one)) for one in rng.integers(0, 400, N_ROWS)],
        }
    )


def shipped(folder: Path, task: Any, forms: tuple[str, ...], **becomes: Any) -> Path:
    """A package of every step, with small members of these forms."""
    frame = rows()
    told = frame["a"].fill_nan(0.0).to_numpy() * frame["b"].to_numpy() + 2.0 * (frame["city"] == "Rome").to_numpy()
    n_classes = {"binary": 2, "multiclass": 3, "regression": 0}[task]
    edges = np.quantile(told, np.linspace(0, 1, max(n_classes, 1) + 1)[1:-1])
    y = np.searchsorted(edges, told).astype(np.float64) if n_classes else told - told.min()
    recipe, blocks = fit_recipe(Recipe(BLOCKS), COLUMNS, COLUMNS.encode(frame), y, n_classes=n_classes)
    weighted = []
    for form in forms:
        settings, names = FORMS[form]
        X = np.ascontiguousarray(np.concatenate([blocks[name] for name in names], axis=1))
        kinds = [name for name in names for _ in range(blocks[name].shape[1])]
        categorical = tuple(place for place, name in enumerate(kinds) if name == "codes") if form == "lightgbm" else ()
        fold = Fold(X, y, task, n_classes, tuple(map(str, range(X.shape[1]))), categorical=categorical)
        fitted = learner(form).fit(fold, settings, Clock())
        weighted.append(Weighted(fitted.member, 1 / len(forms), names))
    classes = ("1", "2", "3")[:n_classes]
    write(folder, Contents(task, "won", classes, "integer", recipe, tuple(weighted), **becomes))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "becomes"),
    [
        ("binary", {"temperature": 1.3}),
        ("multiclass", {"multipliers": (0.5, 1.0, 2.0)}),
        ("regression", {"transform": "log1p"}),
    ],
)
def test_a_graph_of_every_step_and_form_predicts_as_the_package_does(tmp_path: Path, task: str, becomes: Any) -> None:
    assert {block.step for block in BLOCKS} == set(steps.BUILTIN) - set(steps.TEXTS)
    package = shipped(tmp_path / "package", task, tuple(FORMS), **becomes)
    done = export_onnx(package, tmp_path / "model.onnx")
    assert done.worst <= TOLERANCE
    assert done.n_rows > 100


@pytest.mark.slow
def test_the_file_carries_rows_that_anyone_can_hold_it_against(tmp_path: Path) -> None:
    package = shipped(tmp_path / "package", "multiclass", ("lightgbm",))
    done = export_onnx(package, tmp_path / "model.onnx", rows=tmp_path / "rows.json")
    told = {one.key: one.value for one in onnx.load(done.path).metadata_props}
    assert told["artificer.target"] == "won"
    assert json.loads(told["artificer.classes"]) == ["1", "2", "3"]
    assert told["artificer.verification"] == (tmp_path / "rows.json").read_text(encoding="utf-8")
    kept = json.loads(told["artificer.verification"])
    given = {name: [np.nan if one is None else one for one in values] for name, values in kept["rows"].items()}
    session = onnxruntime.InferenceSession(done.path, providers=["CPUExecutionProvider"])
    outputs = [one.name for one in session.get_outputs()]
    assert outputs == ["probabilities", "label_", "unseen", "outside", "clipped"]  # a column is called "label"
    found = dict(zip(outputs, session.run(outputs, tensors(COLUMNS, given)), strict=True))
    np.testing.assert_allclose(found["probabilities"], kept["expected"]["probabilities"], atol=TOLERANCE)
    assert found["label_"].tolist() == kept["expected"]["label_"]
    assert found["unseen"].any()
    assert found["outside"].tolist() == kept["expected"]["outside"]


def test_a_graph_that_predicts_otherwise_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = shipped(tmp_path / "package", "binary", ("linear",))
    right = members.predicted

    def wrong(graph: Any, member: Any, features: str) -> str:
        return str(graph.add("Mul", right(graph, member, features), graph.constant(1.0001)))

    monkeypatch.setattr(members, "predicted", wrong)
    with pytest.raises(FaultError, match=r"probabilities differ by .* on synthetic rows"):
        export_onnx(package, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.slow
def test_the_command_writes_the_file(tmp_path: Path) -> None:
    package = Client(tmp_path).ask().ship().package("v1")
    ended = command("export", "onnx", package, "--out", tmp_path / "model.onnx", "--json")
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert said["result"]["largest_difference"] < TOLERANCE
    assert Path(said["files"]["onnx"]).exists()
