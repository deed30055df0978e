"""Packages: read back they predict the same, to the bit; what is damaged is named; nothing is unpickled."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer_runtime import PackageError, Predictor, RowsError, load
from artificer_runtime.members.linear import Linear
from artificer_runtime.package import Contents, Weighted, add_files, is_package, npz, read, write, zipped
from artificer_runtime.recipe import Block, FittedRecipe, Recipe, fit_recipe
from artificer_runtime.schema import Column, Schema

rng = np.random.default_rng(1)
FRAME = pl.DataFrame({"x": rng.normal(size=50), "city": rng.choice(["Oslo", "Rome"], 50)})
SCHEMA = Schema((Column("x", "number", low=-3.0, high=3.0), Column("city", "category", levels=("Oslo", "Rome"))))
BLOCKS = (Block("scaled", "scaled@1", ("x",)), Block("one_hot", "one_hot@1", ("city",), {"max_levels": 5}))


def contents(transform: str = "", classes: tuple[str, ...] = ("no", "yes"), kind: str = "string") -> Contents:
    """Two linear members on two blocks."""
    encoded = SCHEMA.encode(FRAME)
    recipe, blocks = fit_recipe(Recipe(BLOCKS), SCHEMA, encoded, np.arange(50) % 2.0, n_classes=2)
    width = sum(block.shape[1] for block in blocks.values())
    link = "logit" if classes else "identity"
    members = tuple(
        Weighted(
            Linear(rng.normal(size=(1, width)), np.zeros(1), np.zeros(width, np.float32), link),
            weight,
            ("scaled", "one_hot"),
        )
        for weight in (0.25, 0.75)
    )
    return Contents("binary" if classes else "regression", "won", classes, kind, recipe, members, transform)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package's folder."""
    write(tmp_path / "package", contents())
    return tmp_path / "package"


def test_read_back_and_zipped_it_predicts_the_same(tmp_path: Path) -> None:
    made = contents()
    before = Predictor(made).predict_proba(FRAME)
    model_hash = write(tmp_path / "package", made)
    zipped(tmp_path / "package", tmp_path / "package.zip")
    for place in (tmp_path / "package", tmp_path / "package.zip"):
        assert is_package(place)
        np.testing.assert_array_equal(load(place).predict_proba(FRAME), before)
        assert load(place).model_hash == model_hash


def test_the_hash_hangs_on_the_model_alone(tmp_path: Path) -> None:
    made = contents()
    assert write(tmp_path / "a", made) == write(tmp_path / "b", made)
    add_files(tmp_path / "b", {"card.json": b"{}"})
    assert load(tmp_path / "b").model_hash == load(tmp_path / "a").model_hash
    assert write(tmp_path / "c", contents()) != write(tmp_path / "d", made)


def test_subsets_and_pickles_predict_the_same(folder: Path) -> None:
    predictor = load(folder)
    whole = predictor.predict_proba(FRAME)
    np.testing.assert_array_equal(np.concatenate([predictor.predict_proba(FRAME[at]) for at in range(50)]), whole)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(predictor)).predict_proba(FRAME), whole)
    many = pl.concat([FRAME] * 400)
    np.testing.assert_array_equal(predictor.predict_proba(many)[-50:], whole)


@pytest.mark.parametrize(
    ("classes", "kind", "dtype"),
    [(("0", "1"), "integer", "i"), (("0.5", "1.5"), "number", "f"), (("false", "true"), "boolean", "b")],
)
def test_labels_have_their_own_type(tmp_path: Path, classes: tuple[str, ...], kind: str, dtype: str) -> None:
    write(tmp_path / "p", contents(classes=classes, kind=kind))
    assert load(tmp_path / "p").predict(FRAME).dtype.kind == dtype


def test_numbers_are_turned_back_from_their_logarithm(tmp_path: Path) -> None:
    made = contents("log1p", classes=())
    write(tmp_path / "p", made)
    raw = [
        one.member.predict(
            np.concatenate(list(made.recipe.apply(SCHEMA.encode(FRAME), ["scaled", "one_hot"]).values()), axis=1)
        )
        for one in made.members
    ]
    np.testing.assert_allclose(
        load(tmp_path / "p").predict(FRAME), (0.25 * np.expm1(raw[0]) + 0.75 * np.expm1(raw[1]))[:, 0]
    )
    with pytest.raises(RowsError, match="use predict"):
        load(tmp_path / "p").predict_proba(FRAME)


def test_flags_say_what_training_did_not_hold(folder: Path) -> None:
    full = load(folder).predict_full([{"x": 99.0, "city": "Paris"}, {"x": 0.0, "city": "Oslo"}])
    assert full.flags["outside"].tolist() == [True, False]
    assert full.flags["unseen"].tolist() == [True, False]


def test_an_array_with_objects_is_refused_and_never_unpickled(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("it was unpickled",))

    buffer = io.BytesIO()
    np.savez(buffer, coefficients=np.array([Trap()], dtype=object))
    (folder / "members/0.npz").write_bytes(buffer.getvalue())
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["members/0.npz"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PackageError, match="damaged"):
        load(folder)


def test_a_member_or_step_of_another_version_is_refused(folder: Path) -> None:
    members = json.loads((folder / "members/members.json").read_text())
    members["members"][0]["form"] = "trees@9"
    add_files(folder, {"members/members.json": json.dumps(members).encode()})
    with pytest.raises(PackageError, match="trees@9"):
        load(folder)


@pytest.mark.parametrize("how", ["empty", "text", "zip of nothing"])
def test_what_is_no_package_is_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "package.zip"
    if how == "zip of nothing":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme", "")
    else:
        path.write_text("" if how == "empty" else "hello")
    with pytest.raises(PackageError, match=r"package\.zip"):
        read(path)


def test_npz_bytes_hang_on_the_arrays_alone() -> None:
    assert npz({"a": np.arange(3), "b": np.ones(2)}) == npz({"b": np.ones(2), "a": np.arange(3)})


def test_only_what_a_recipe_was_fitted_with_is_applied() -> None:
    recipe = contents().recipe
    assert isinstance(recipe, FittedRecipe)
    assert set(recipe.apply(SCHEMA.encode(FRAME), ["scaled"])) == {"scaled"}


def test_a_zip_with_a_cut_or_changed_byte_is_refused_or_predicts_the_same(folder: Path, tmp_path: Path) -> None:
    zipped(folder, tmp_path / "whole.zip")
    whole, wanted = (tmp_path / "whole.zip").read_bytes(), load(folder).predict_proba(FRAME)
    draw = np.random.default_rng(3)
    n_refused = 0
    for at in draw.integers(0, len(whole), 150).tolist():
        changed = bytearray(whole)
        changed[at] ^= 1 << int(draw.integers(8))
        for data in (bytes(changed), whole[:at]):
            (tmp_path / "p.zip").write_bytes(data)
            try:
                np.testing.assert_array_equal(load(tmp_path / "p.zip").predict_proba(FRAME), wanted)
            except PackageError:
                n_refused += 1
    assert n_refused >= 150


def test_mended_columns_are_kept_and_say_which_version_reads_them(tmp_path: Path) -> None:
    made = contents()
    plain = write(tmp_path / "plain", made)
    x, city = SCHEMA.columns
    x = replace(x, gaps=(-99.0,), within=(-2.0, 2.0))
    schema = Schema((x, replace(city, spellings=(("Osloo", "Oslo"),))))
    mended = replace(made, recipe=replace(made.recipe, schema=schema))
    assert write(tmp_path / "mended", mended) != plain
    assert load(tmp_path / "mended").schema == schema
    versions = [json.loads((tmp_path / name / "manifest.json").read_text())["version"] for name in ("plain", "mended")]
    assert versions == [1, 3]
    assert "spellings" not in (tmp_path / "plain" / "schema.json").read_text()
