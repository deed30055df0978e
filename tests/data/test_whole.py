"""Whole numbers of more digits than float64 holds are told apart by every digit; what is measured stays a number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.data.kinds import infer_schema
from artificer.data.moments import as_time
from artificer.data.readers import read
from artificer.data.survey import survey
from artificer.data.table import fingerprint, normalise, row_hashes
from artificer.data.whole import rests, rounded
from artificer_runtime.single import Single

LARGE = pl.Series("i", [2**63 - 1 - n for n in range(500)])
ACCOUNTS = 170_000_000_000_000_000 + np.random.default_rng(0).permutation(10**6)[:2_000]
BANKS = 9 * 10**17 + 1 + np.arange(2_000) % 5


def test_what_float64_rounds_is_known_of_texts_and_of_integers() -> None:
    whole = [2**53 + 1, 2**53, 123, -(2**53) - 1, None, 10**17, 10**17 + 1]
    lost = [True, False, False, True, False, False, True]
    assert rounded(pl.Series(whole)).to_list() == lost
    assert rounded(pl.Series([None if one is None else str(one) for one in whole])).to_list() == lost
    assert rounded(pl.Series(["1" * 40, "1.0000000000000001", "word"])).to_list() == [True, False, False]
    assert rests(pl.Series([1, -5])) is None


@pytest.mark.parametrize("kind", [pl.Int64, pl.UInt64, pl.String])
def test_they_are_names(kind: type[pl.DataType]) -> None:
    frame = pl.DataFrame({"i": LARGE, "account": ACCOUNTS[:500], "bank": BANKS[:500]}).cast(kind)
    schema = infer_schema(frame)
    assert [column.kind for column in schema.columns] == ["identifier", "identifier", "category"]
    assert schema.columns[2].levels == tuple(str(9 * 10**17 + n) for n in range(1, 6))
    assert normalise(frame, schema).equals(frame.cast(pl.String))
    rows = frame.to_dicts()
    for given in (frame, rows, normalise(frame, schema), frame.to_pandas()):
        assert schema.encode(given).codes[:, 0].tolist() == (np.arange(500) % 5 + 1).tolist()
    alone = Single(schema, None, schema.plan, [], []).read(rows[3])  # type: ignore[arg-type]
    assert list(alone.groups["codes"]) == [4]


def test_few_among_smaller_ones_and_all_that_float64_holds_are_numbers() -> None:
    measured = np.arange(1_000) % 77 * 3
    assert infer_schema(pl.DataFrame({"n": [*measured, 2**63 - 1]})).columns[0].kind == "number"
    assert infer_schema(pl.DataFrame({"n": measured * 2**50})).columns[0].kind == "number"
    assert infer_schema(pl.DataFrame({"n": measured * 1e17 / 3})).columns[0].kind == "number"
    assert infer_schema(pl.DataFrame({"n": [f"{one}.5" for one in measured * 10**15]})).columns[0].kind == "number"


def test_each_has_a_hash_of_its_own_and_that_of_an_equal_float() -> None:
    assert len(np.unique(row_hashes(LARGE.to_frame(), ["i"]))) == 500
    known = pl.DataFrame({"i": [0, 5, None, -(2**53), 2**60]})
    assert (row_hashes(known, ["i"]) == row_hashes(known.cast(pl.Float64), ["i"])).all()
    assert fingerprint(known) == fingerprint(known.cast(pl.Float64))
    assert fingerprint(LARGE.to_frame()) != fingerprint(LARGE.sort().to_frame())


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rows_of_a_file_that_differ_in_them_are_no_copies(tmp_path: Path, suffix: str) -> None:
    frame, path = pl.DataFrame({"account": ACCOUNTS, "bank": BANKS}), tmp_path / f"rows.{suffix}"
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    found = survey(path)
    assert [column.kind for column in found.schema.columns] == ["identifier", "category"]
    assert (found.copies, found.twins) == (0, 0)


def test_a_file_with_words_or_fractions_among_them_keeps_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n170000000000000001,170000000000000001\nx,0.5\n")
    assert read(path).frame.to_dict(as_series=False) == {
        "a": ["170000000000000001", "x"],
        "b": ["170000000000000001", "0.5"],
    }


def test_a_step_that_names_rows_is_a_time_in_its_canonical_form_too() -> None:
    frame = pl.DataFrame({"step": range(300), "ns": [1_700_000_000_000_000_001 + 10**9 * n for n in range(300)]})
    normal = normalise(frame, infer_schema(frame))
    assert set(normal.dtypes) == {pl.String}
    for name in frame.columns:
        assert (as_time(normal[name]) == as_time(frame[name])).all()
    assert np.isnan(as_time(pl.Series(["7", "a"]))).all()
