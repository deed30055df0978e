"""A cell of a column of several types is spelled alike whatever stands beside it, and whatever library it comes in."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import artificer
from artificer.data.kinds import infer_schema
from artificer.data.readers import read
from artificer.data.table import normalise, stacked
from artificer_runtime.schema import Schema

CELLS = st.one_of(
    st.sampled_from(["u", "True", "true", "1", "1.0", " a ", "b", None]),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(10**17, 10**17 + 3),
    st.sampled_from([1.0, -2.0, 2.5, 1e20]),
)
EXAMPLE: list[Any] = ["u", True, 1, "True", 1.0, False, "1", 2.5, None]


def schema_of(frame: pl.DataFrame) -> Schema:
    return infer_schema(frame.with_columns(pl.lit("a").alias("b")), missing=("none given",))


def codes(schema: Schema, rows: Any) -> list[Any]:
    seen = schema.encode(rows)
    return [*seen.codes[:, 0].tolist()] if seen.codes.shape[1] else [*seen.numbers.tolist(), *seen.texts.tolist()]


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=2, max_size=24))
def test_a_row_is_read_the_same_alone_among_others_and_from_every_library(cells: list[Any]) -> None:
    cells = ["u", True, *cells] * 2
    frame = pd.DataFrame({"a": pd.Series(cells, dtype=object), "b": "a"})
    held = read(frame).frame
    schema = schema_of(held)
    among = codes(schema, frame)
    assert codes(schema, held) == among
    assert codes(schema, normalise(held, schema)) == among
    assert codes(schema, [{"a": cell, "b": "a"} for cell in cells]) == among
    assert codes(schema, read({"a": cells, "b": ["a"] * len(cells)}).frame) == among
    assert (np.array(among) >= 0).all(), "training holds every level"
    for place, cell in enumerate(cells):
        alone = frame[place : place + 1]
        for row in ({"a": cell, "b": "a"}, alone, read(alone).frame, read(alone).frame.to_arrow()):
            assert codes(schema, row) == [among[place]], (cell, type(row))


@pytest.mark.parametrize("lines", [True, False])
def test_json_of_several_types_is_spelled_as_the_runtime_spells_it(tmp_path: Any, lines: bool) -> None:
    for cells in (EXAMPLE, [True, 1, 0.5], [1, True]):
        records = [{"a": cell, "b": "a"} for cell in cells]
        path = tmp_path / "rows.json"
        path.write_text("\n".join(map(json.dumps, records)) if lines else json.dumps(records))
        held = read(path).frame
        schema = schema_of(held)
        assert codes(schema, held) == codes(schema, records)


def test_columns_of_numbers_spell_whole_ones_as_the_runtime_does_when_they_become_texts() -> None:
    whole = stacked(pl.DataFrame({"a": ["u", "1"]}), pl.DataFrame({"a": [1.0, 2.5]}))
    assert whole["a"].to_list() == ["u", "1", "1", "2.5"]


def test_an_estimator_reads_a_row_as_it_reads_a_batch(tmp_path: Any) -> None:
    cells = [["u", True, 1][k % 3] for k in range(300)]
    frame = pd.DataFrame({"a": cells})
    truth = np.where(np.arange(300) % 3 == 1, "p", "q")
    for rows in (frame, frame.to_numpy(dtype=object)):
        model = artificer.Classifier(budget_s=2).fit(rows, truth)
        batch = model.predict_proba(rows[:3])
        assert (model.predict(rows[:3]) == truth[:3]).all()
        alone = np.concatenate([model.predict_proba(rows[k : k + 1]) for k in range(3)])
        np.testing.assert_array_equal(batch, alone)
    model.save(tmp_path / "saved")
    loaded = artificer.load(tmp_path / "saved")
    name = loaded.schema.columns[0].name
    many, one = (
        loaded.predict_proba(frame.set_axis([name], axis=1)),
        [loaded.predict_proba({name: c}) for c in cells[:3]],
    )
    np.testing.assert_allclose(many[:3], batch)
    np.testing.assert_array_equal(many[:3], np.concatenate(one))
