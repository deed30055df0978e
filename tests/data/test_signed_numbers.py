"""Numbers with signs around them are numbers: in training, in a batch, alone, and from every library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import artificer
from artificer.core.brief import Brief, Target
from artificer.core.records import Finding
from artificer.data.kinds import infer_schema
from artificer.data.numbers import as_numbers
from artificer.data.table import normalise
from artificer.line.ask.draft import draft_brief
from artificer.line.audit import audit
from artificer_runtime.schema import Column
from artificer_runtime.values import SIGNED, number_of

THOUSANDS = [f"{1000 + 37 * k:,}" for k in range(300)]
DECIMAL_COMMAS = [f"{1000 + 37 * k:,}".replace(",", ".") + f",{k % 10}" for k in range(300)]


def of(values: list[Any]) -> Column:
    return infer_schema(pl.DataFrame({"x": values})).columns[0]


@pytest.mark.parametrize(
    ("cells", "kind", "form"),
    [
        (THOUSANDS, "number", "1,234.5"),
        ([*THOUSANDS, "see note"], "number", "1,234.5"),
        ([f"{990 + k:,}" for k in range(300)], "number", "1,234.5"),
        ([str(k) for k in range(290)] + ["1,234"] * 10, "number", "1,234.5"),
        ([f"$ {k}.50" for k in range(300)], "number", "1,234.5"),
        ([f"-{k},000 €" for k in range(1, 300)], "number", "1,234.5"),
        ([f"{k / 8}%" for k in range(300)], "number", "1,234.5%"),
        ([f"{k / 8} %" for k in range(300)], "number", "1,234.5%"),
        ([f"{k}%" if k % 2 else f"0.{k}" for k in range(300)], "category", ""),
        (DECIMAL_COMMAS, "category", ""),
        ([f"{k},5 €" for k in range(300)], "category", ""),
        ([f"0,{k:03d}" for k in range(300)], "category", ""),
        ([f"{k},{k % 7}" for k in range(300)], "category", ""),
        ([f"{k} bhp" for k in range(300)], "category", ""),
        ([f"{k:03d}" for k in range(300)], "identifier", ""),
    ],
)
def test_kind_and_form(cells: list[str], kind: str, form: str) -> None:
    assert (of(cells).kind, of(cells).form) == (kind, form)


CELLS = st.one_of(
    st.from_regex(r"\A[+-]?[$€]? ?[+-]?[0-9]{1,4}(,[0-9]{2,4}){0,2}(\.[0-9]{0,2})? ?[%$]?\Z"),
    st.sampled_from(["1e5", ".5", "-.5", "$", ",", "%", "1,234", " 5% ", "--5", "words"]),
)


@given(CELLS, st.sampled_from(["", *SIGNED]))
def test_the_runtime_reads_a_text_as_training_does(cell: str, form: str) -> None:
    (trained,) = as_numbers(pl.Series([cell]).str.strip_chars(), form).to_list()
    try:
        served: float | None = number_of(cell, (), form)
    except ValueError:
        served = None
    assert served == trained


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["1,234", "$ 5.50", "7", 8.5, 9, "", None, "see note"]), min_size=1, max_size=20))
def test_a_row_is_read_the_same_alone_among_others_and_from_every_library(cells: list[Any]) -> None:
    schema = infer_schema(pl.DataFrame({"x": [*THOUSANDS, "see note"], "y": "a"}))
    frame = pd.DataFrame({"x": pd.Series(cells, dtype=object), "y": "a"})
    among = schema.encode(frame).numbers[:, 0]
    records = [{"x": cell, "y": "a"} for cell in cells]
    np.testing.assert_array_equal(schema.encode(records).numbers[:, 0], among)
    for place in range(len(cells)):
        for row in (frame[place : place + 1], records[place], pl.DataFrame([records[place]])):
            np.testing.assert_array_equal(schema.encode(row).numbers[0], among[place])


def told(folder: Path, cells: list[str]) -> list[Finding]:
    frame = pl.DataFrame({"x": cells, "y": np.arange(300.0) % 17, "t": ["p", "q"] * 150})
    found = audit(Brief(target=Target(column="t")), frame=frame, workspace=folder, limit_s=600).findings
    assert "identifier" not in [one.code for one in found]
    return [one for one in found if one.code == "signed_numbers"]


def test_how_they_are_read_is_told(tmp_path: Path) -> None:
    (read,) = told(tmp_path, THOUSANDS)
    assert (read.severity, read.where) == ("note", "x")
    assert "1,234 is read as 1234" in read.says
    (unread,) = told(tmp_path, DECIMAL_COMMAS)
    assert unread.severity == "warning"
    assert "1005.5 for 1.005,5" in unread.fix


def test_a_draft_makes_no_key_of_them(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    for cells in (THOUSANDS, DECIMAL_COMMAS, [f"${k}" for k in range(300)], [f"{k}%" for k in range(300)]):
        pl.DataFrame({"x": cells, "t": ["p", "q"] * 150}).write_csv(path, separator=";")
        assert "key = []" in draft_brief(path, "t", folder=tmp_path)


def test_a_column_that_tells_all_tells_it_however_it_is_written(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-5_000, 5_000, 300).round(2)
    frame = pd.DataFrame({"x": [f"{value:,}" for value in x]})
    schema = infer_schema(pl.from_pandas(frame))
    np.testing.assert_array_equal(normalise(pl.from_pandas(frame), schema)["x"].to_numpy(), x)
    np.testing.assert_array_equal(schema.encode(frame).numbers[:, 0], x)
    truth = np.where(x > 0, "p", "q")
    model = artificer.Classifier(budget_s=3).fit(frame, truth)
    assert (model.predict(frame) == truth).mean() > 0.97
    model.save(tmp_path / "saved")
    loaded = artificer.load(tmp_path / "saved")
    batch = loaded.predict_proba(frame)
    np.testing.assert_array_equal(batch, model.predict_proba(frame))
    for place in range(3):
        for cell in (frame["x"][place], float(x[place])):
            np.testing.assert_array_equal(loaded.predict_proba({"x": cell})[0], batch[place])
