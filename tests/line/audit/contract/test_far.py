"""Values that chance does not bring are put aside, however few; tails may go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.data.kinds import infer_schema
from artificer.line.audit.contract import contract_of, contract_text, hold, read_contract
from artificer.line.audit.contract.dialects import write_yaml
from artificer.line.audit.contract.far import far_of
from artificer.line.audit.contract.learned import rules_of
from artificer_runtime.schema import Column

FRAME = pl.DataFrame({"age": np.random.default_rng(0).integers(18, 90, 4_000), "kind": ["a", "b"] * 2_000})


def test_values_that_chance_does_not_bring_are_put_aside_however_few() -> None:
    contract = contract_of(FRAME, infer_schema(FRAME), "kind", ())
    few = FRAME.head(500).with_row_index("place")
    near, far, low = (
        few.select(pl.when(pl.col("place") < 5).then(value).otherwise("age").alias("age"), "kind")
        for value in (95, 400, -70)
    )
    assert hold(near, contract).findings == ()
    for frame in (far, low):
        held = hold(frame, contract)
        assert [(one.code, one.severity, one.where) for one in held.findings] == [("contract:range", "warning", "age")]
        assert held.positions.tolist() == [0, 1, 2, 3, 4]
        assert "(-53 to 160)" in held.findings[0].says


def test_known_levels_in_other_capitals_are_put_aside_and_new_ones_are_let_through() -> None:
    frame = FRAME.with_columns(pl.Series("kind", ["London", "Paris"] * 2_000), y=pl.lit("a"))
    frame[0, "y"] = "b"
    contract = contract_of(frame, infer_schema(frame), "y", ())
    few = frame.head(500).with_row_index("place")
    new, other = (
        few.select("age", pl.when(pl.col("place") < 3).then(pl.lit(level)).otherwise("kind").alias("kind"))
        for level in ("Rome", " LONDON")
    )
    assert hold(new, contract).findings == ()
    held = hold(
        other.with_columns(pl.when(pl.int_range(500) == 9).then(pl.lit("Rome")).otherwise("kind").alias("kind")),
        contract,
    )
    (told,) = held.findings
    assert told.says == "0.6% of 'kind' holds levels of training in other capitals or with other spaces"
    assert held.positions.tolist() == [0, 1, 2]
    mixed = frame.with_columns(pl.when(pl.int_range(4_000) == 7).then(pl.lit("paris")).otherwise("kind").alias("kind"))
    assert hold(other, contract_of(mixed, infer_schema(mixed), "y", ())).findings == ()  # training mixed them too


@pytest.mark.parametrize("draw", ["normal", "exponential", "lognormal", "standard_cauchy"])
def test_tails_may_go_on(draw: str) -> None:
    rng, broke = np.random.default_rng(0), 0
    for _ in range(50):
        values = pl.DataFrame({"x": getattr(rng, draw)(size=4_000)})
        column = infer_schema(values[:2_000]).columns[0]
        (bounds,) = far_of(column, values["x"][:2_000].to_numpy())
        broke += int(not values["x"][2_000:].is_between(bounds.low, bounds.high).all())
    assert broke <= (8 if draw == "standard_cauchy" else 0)


def test_few_values_and_a_constant_have_none() -> None:
    for values in (np.arange(900.0), np.ones(4_000)):
        assert far_of(Column("x", "number", low=values.min(), high=values.max()), values) == []


def test_a_form_without_allowances_says_the_narrow_range_alone() -> None:
    contract = contract_of(FRAME, infer_schema(FRAME), "kind", ())
    for form in ("dbt", "odcs", "pandera"):
        text, unsaid = write_yaml(contract, form)
        assert text.count("89") == 1
        assert "range of age" not in unsaid


def test_both_ranges_are_read_again(tmp_path: Path) -> None:
    contract = contract_of(FRAME, infer_schema(FRAME), "kind", ())
    (tmp_path / "c.toml").write_text(contract_text(contract)[0])
    again = read_contract(tmp_path / "c.toml")[0]
    ranges = [[(one.low, one.high, one.allow) for one in rules_of(c) if one.kind == "range"] for c in (contract, again)]
    assert ranges[0] == ranges[1]
    assert [bounds[:2] for bounds in ranges[1]] == [(18, 89), (-53, 160)]
