"""Packages of every release are read for ever and predict what they did, to the bit where the machine is alike."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import get_args

import numpy as np
import pytest

from artificer_runtime import load, members, steps, walk
from artificer_runtime.members.links import Link
from artificer_runtime.schema import GROUPS
from artificer_runtime.verification import verify

GOLDEN = Path(__file__).parent.parent / "golden"
PACKAGES = sorted(GOLDEN.glob("*/*.zip"))
LARGEST = 200_000  # bytes of all packages of a release


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """The script that made them."""
    found = importlib.util.spec_from_file_location("make", GOLDEN / "make.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_it_predicts_what_it_did_when_it_was_made(path: Path, make: ModuleType) -> None:
    wanted = json.loads(path.with_suffix(".json").read_text())
    for by_numpy in (False, True):
        with walk.by_numpy() if by_numpy else nullcontext():
            predictor = load(path)
            found = predictor.raw(predictor.schema.encode(wanted["rows"]))
        if wanted["made_on"] == make.machine():
            np.testing.assert_array_equal(found, wanted["raw"])
        np.testing.assert_allclose(found, wanted["raw"], rtol=1e-12, atol=1e-12)
    assert len(np.unique(found[:, 0])) > 10, "a model that says one thing of all proves nothing"
    assert verify(path).n_rows > 30


def test_they_hold_every_step_member_link_and_kind_of_column() -> None:
    packages = [load(path).contents for path in PACKAGES]
    used = {block.step.partition("@")[0] for one in packages for block in one.recipe.recipe.blocks}
    assert used == set(steps.BUILTIN)
    written = [json.loads(zipfile.ZipFile(path).read("members/members.json")) for path in PACKAGES]
    assert {one["form"] for package in written for one in package["members"]} == set(members.BUILTIN)
    links = {one.member.link for package in packages for one in package.members}  # type: ignore[attr-defined]
    assert links == set(get_args(Link))
    assert {column.kind for package in packages for column in package.recipe.schema.columns} >= set(GROUPS)
    assert {one.task for one in packages} == {"binary", "multiclass", "regression"}
    assert any(one.transform for one in packages)
    assert any(one.residuals for one in packages)
    assert any(one.multipliers for one in packages)
    assert any(one.temperature != 1 for one in packages)


def test_they_are_small() -> None:
    for release in GOLDEN.iterdir():
        if release.is_dir() and release.name[0].isdigit():
            assert sum(path.stat().st_size for path in release.iterdir()) < LARGEST
