"""`artificer predict`, in plain values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

import artificer_runtime
from artificer.cli.use import predictions
from artificer_runtime.members.linear import Linear
from artificer_runtime.outcome import Residuals
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema


def test_an_end_that_few_rows_cannot_tell_is_empty_and_not_infinite(tmp_path: Path) -> None:
    schema = Schema((Column("x", "number", low=-3.0, high=3.0),))
    recipe = FittedRecipe(Recipe((Block("numbers", "numbers@1", ("x",)),)), schema, {"numbers": {}})
    member = Linear(np.ones((1, 1)), np.full(1, 0.5), np.zeros(1, np.float32), "identity")
    few = Residuals((0.0,), (1.0,), (0.05, 0.95), (-2.0, 2.0), 9)
    made = Contents("regression", "price", (), "string", recipe, (Weighted(member, 1.0, ("numbers",)),), residuals=few)
    for number, residuals in enumerate((few, replace(few, n=99))):
        write(tmp_path / str(number), replace(made, residuals=residuals))
        found = predictions(artificer_runtime.load(tmp_path / str(number)), pl.DataFrame({"x": [1.0]}), [])
        assert found.columns == ["row", "predicted price", "low 90%", "high 90%", "odd"]
        assert found.row(0)[2:4] == ((None, None) if number == 0 else (-0.5, 3.5))
