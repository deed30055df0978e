"""The contract names what later data lacks, and is silent about data that keeps it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.core.stages import Contract
from artificer.line.audit import audit, check_contract

N = 200


def delivery(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "number": [f"n{row}" for row in range(N)],
            "age": rng.integers(20, 60, N),
            "colour": rng.choice(["red", "green"], N),
            "day": [f"2024-01-{1 + row % 28:02d}" for row in range(N)],
            "note": [None if row % 2 else "x" for row in range(N)],
            "y": rng.integers(0, 2, N),
        }
    )


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    brief = Brief(target=Target(column="y"), data=Data(key=("number",)))
    return audit(brief, frame=delivery(), workspace=tmp_path_factory.mktemp("contract")).contract


def codes(rows: pl.DataFrame, contract: Contract) -> dict[str, str]:
    return {finding.where: f"{finding.severity} {finding.code}" for finding in check_contract(rows, contract)}


def test_training_rows_keep_their_own_contract(contract: Contract) -> None:
    assert check_contract(delivery(), contract) == ()


def test_rows_without_their_label_keep_it(contract: Contract) -> None:
    assert check_contract(delivery().drop("y"), contract) == ()


def test_absent_and_new_columns_are_named_with_the_closest_name(contract: Contract) -> None:
    renamed = delivery().rename({"age": "Age"})
    assert codes(renamed, contract) == {"age": "blocker contract:absent", "Age": "note contract:new"}
    assert "closest name here: 'Age'" in check_contract(renamed, contract)[0].says


@pytest.mark.parametrize(
    ("column", "cells", "code"),
    [
        ("age", ["young"] * N, "blocker contract:kind"),
        ("age", ["young"] + ["30"] * (N - 1), "warning contract:kind"),
        ("day", ["soon"] * N, "blocker contract:kind"),
        ("colour", ["violet"] * N, "warning contract:level"),
        ("age", [150] * N, "warning contract:range"),
        ("day", ["2031-01-01"] * N, "warning contract:range"),
        ("number", ["n1"] * N, "warning contract:repeated"),
    ],
)
def test_changed_values_are_named(contract: Contract, column: str, cells: list[object], code: str) -> None:
    rows = delivery().with_columns(pl.Series(column, cells))
    assert code in codes(rows, contract)[column]


def test_a_column_that_was_never_empty_may_not_be(contract: Contract) -> None:
    rows = delivery().with_columns(pl.Series("colour", [None, *(["red"] * (N - 1))]))
    assert codes(rows, contract) == {"colour": "warning contract:missing"}
    assert "note" not in contract.not_null
