"""Words among numbers are missing values, in training and in rows to predict, and never make a column a name of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import artificer
from artificer.core.brief import Brief, Legal, Target
from artificer.data.kinds import infer_schema
from artificer.data.table import normalise
from artificer.line.ask.draft import draft_brief
from artificer.line.audit import audit
from artificer_runtime import single
from artificer_runtime.package import Contents
from artificer_runtime.schema import Column, Schema

N = 300
WORDS = {7: "see note", 90: "12.0 kg"}


def rows(words: dict[int, str] = WORDS, n: int = N) -> tuple[pd.DataFrame, np.ndarray]:
    x = np.random.default_rng(0).normal(size=n).round(4)
    cells = [words.get(place, str(value)) for place, value in enumerate(x)]
    return pd.DataFrame({"x": cells, "noise": np.random.default_rng(1).normal(size=n)}), np.where(x > 0, "p", "q")


def of(values: list[Any], name: str = "x") -> Column:
    return infer_schema(pl.DataFrame({name: pl.Series(values, strict=False)})).columns[0]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([*map(str, range(97)), "a", "b", "c"], "number"),
        ([str(k * 7 % 97) + ".5" for k in range(96)] + ["a", "b", "c", "d"], "number"),
        ([f"{k}.5" for k in range(90)] + ["abcdefghij"[k] for k in range(10)], "identifier"),
        ([str(k % 5) for k in range(96)] + ["other"] * 4, "category"),
        ([*(f"2024-01-{1 + k % 28:02d}T{k % 24:02d}:{k % 60:02d}:00" for k in range(98)), "soon", "later"], "time"),
        ([f"{1 + k % 12:02d}/{1 + k % 12:02d}/2024" for k in range(98)] + ["13/01/2024", "14/01/2024"], "time"),
    ],
)
def test_nearly_all_values_tell_the_kind(cells: list[str], kind: str) -> None:
    assert of(cells).kind == kind


def test_whole_numbers_called_an_id_stay_one_with_a_last_line_of_totals() -> None:
    assert of([*map(str, range(1000, 1100)), "Total"], "customer_id").kind == "identifier"
    assert of([*map(str, range(1000, 1100)), "Total"], "amount").kind == "number"


@pytest.mark.parametrize("personal", [(), ("noise",)])
def test_the_words_are_told_unless_data_are_personal(tmp_path: Path, personal: tuple[str, ...]) -> None:
    frame, truth = rows()
    brief = Brief(target=Target(column="t"), legal=Legal(personal=personal))
    found = audit(brief, frame=pl.from_pandas(frame.assign(t=truth)), workspace=tmp_path, limit_s=600)
    (told,) = [one for one in found.findings if one.code == "mixed_types"]
    assert told.severity == "warning"
    assert told.where == "x"
    assert ("'12.0 kg', 'see note'" in told.says) == (not personal)
    assert "2 cells of 'x' (0.67%)" in told.says
    assert "identifier" not in [one.code for one in found.findings]


def test_a_draft_makes_no_key_of_such_a_column_nor_of_one_with_a_line_of_totals(tmp_path: Path) -> None:
    frame, truth = rows()
    path = tmp_path / "rows.csv"
    frame.assign(t=truth).to_csv(path, index=False)
    assert "key = []" in draft_brief(path, "t", folder=tmp_path)
    path.write_text(
        "x,y,t\n" + "".join(f"{k * 37 % 1009},{k % 7},{'ab'[k % 2]}\n" for k in range(300)) + "Total,9900,\n"
    )
    assert "key = []" in draft_brief(path, "t", folder=tmp_path)
    (told,) = [one for one in audit(path).findings if one.code == "mixed_types" and one.where == "x"]
    assert told.says.startswith("1 cell of 'x' (0.33%) is not a number, as the others are ('Total'); it is read")


def test_words_are_read_alike_in_training_in_batches_and_alone() -> None:
    frame, _ = rows()
    held = pl.from_pandas(frame)
    schema = infer_schema(held)
    among = schema.encode(frame)
    assert np.isnan(among.numbers[:, 0]).sum() == 2
    assert np.flatnonzero(among.flags["unseen"]).tolist() == sorted(WORDS)
    np.testing.assert_array_equal(schema.encode(normalise(held, schema)).numbers, among.numbers)
    for place in (6, 7, 90):
        for row in (frame[place : place + 1], held[place], held[place].to_arrow(), held[place].to_dicts()[0]):
            alone = schema.encode(row)
            np.testing.assert_array_equal(alone.numbers[0], among.numbers[place])
            assert alone.flags["unseen"][0] == (place in WORDS)


def test_a_truth_value_among_such_numbers_is_a_word_however_it_comes() -> None:
    schema = Schema((Column("x", "number", low=0.0, high=1.0, stray=True),))
    few = pd.DataFrame({"x": [True, 0.5]}, dtype=object)
    for given in (few, pd.concat([few] * 20), {"x": True}, pd.DataFrame({"x": [True]}), pl.DataFrame({"x": [True]})):
        assert np.isnan(schema.encode(given).numbers[0, 0])
    prepared = single.Single(schema, None, schema.plan, [], [])  # type: ignore[arg-type]
    with pytest.raises(single.UnusualError):
        prepared.read({"x": True})


def test_an_estimator_reads_the_column_and_predicts_rows_with_words(tmp_path: Path) -> None:
    frame, truth = rows()
    model = artificer.Classifier(budget_s=3).fit(frame, truth)
    assert (model.predict(frame) == truth).mean() > 0.95
    batch = model.predict_proba(frame[5:10])
    alone = np.concatenate([model.predict_proba(frame[place : place + 1]) for place in range(5, 10)])
    np.testing.assert_array_equal(batch, alone)
    model.save(tmp_path / "saved")
    loaded = artificer.load(tmp_path / "saved")
    assert isinstance(loaded.contents, Contents)
    np.testing.assert_array_equal(loaded.predict_proba(frame[5:10]), batch)
    for place, row in enumerate(frame[5:10].to_dict("records")):
        np.testing.assert_allclose(loaded.predict_proba(row)[0], batch[place], rtol=1e-12)
