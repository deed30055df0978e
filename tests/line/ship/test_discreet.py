"""The last look through a package: what few rows hold, personal values and kept rows are found whatever put them there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Legal, Target
from artificer.core.errors import FaultError
from artificer.core.run import Run
from artificer.core.stages import Contract
from artificer.core.store import encode
from artificer.line.ask import ask, begin
from artificer.line.ship.discreet import hold_discreet
from artificer_runtime.members.kernel import Kernel
from artificer_runtime.members.linear import Linear
from artificer_runtime.package import Contents, Weighted, add_files, write
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema

N = 300
BRIEF = Brief(target=Target(column="won", positive="yes"), legal=Legal(personal=("mail",)))
COLUMNS = (Column("x", "number", low=-1.0, high=1.0), Column("city", "category", ("Oslo", "Rome")))
ROWS = Kernel(
    np.array([0], np.int32),
    np.zeros(1, np.float32),
    np.ones(1, np.float32),
    np.ones((4, 1), np.float32),
    np.ones((1, 4)),
    np.zeros(1),
    1.0,
    "logit",
)
PLAIN = Linear(np.ones((1, 1)), np.zeros(1), np.zeros(1, np.float32), "logit")


def begun(folder: Path, brief: Brief = BRIEF) -> Run:
    rng = np.random.default_rng(0)
    city = ["Bern"] * 4 + rng.choice(["Oslo", "Rome"], N - 4).tolist()
    rows = {"x": rng.normal(size=N), "city": city, "mail": [f"m{n}@x.org" for n in range(N)]}
    return begin(brief, workspace=folder, frame=pl.DataFrame(rows | {"won": rng.choice(["yes", "no"], N)}))


def packed(folder: Path, columns: tuple[Column, ...], member: Linear | Kernel = PLAIN) -> Path:
    schema = Schema(columns)
    recipe = FittedRecipe(Recipe((Block("numbers", "numbers@1", ("x",)),)), schema, {"numbers": {}})
    write(folder, Contents("binary", "won", ("no", "yes"), "string", recipe, (Weighted(member, 1.0, ("numbers",)),)))
    add_files(folder, {"contract.json": encode(Contract(schema, target="won"))})
    return folder


def test_an_ordinary_package_passes(tmp_path: Path) -> None:
    run = begun(tmp_path / "work")
    hold_discreet(run, ask(run), packed(tmp_path / "package", COLUMNS))


@pytest.mark.parametrize(
    ("columns", "member", "says"),
    [
        ((COLUMNS[0], replace(COLUMNS[1], levels=("Oslo", "Bern"))), PLAIN, "1 level of 'city' is held"),
        ((*COLUMNS, Column("mail", "category", ("m1@x.org",))), PLAIN, "'mail' is personal"),
        ((*COLUMNS, Column("mail", "number", low=3.0)), PLAIN, "'mail' is personal"),
        (COLUMNS, ROWS, "keeps training rows"),
    ],
)
def test_what_may_not_travel_is_refused_and_not_named(
    tmp_path: Path, columns: tuple[Column, ...], member: Linear | Kernel, says: str
) -> None:
    run, package = begun(tmp_path / "work"), packed(tmp_path / "package", columns, member)
    with pytest.raises(FaultError, match=says) as refused:
        hold_discreet(run, ask(run), package)
    assert "Bern" not in str(refused.value)
    assert "m1@x.org" not in str(refused.value)
    open_run = begun(tmp_path / "open", replace(BRIEF, legal=Legal()))
    hold_discreet(open_run, ask(open_run), package)
