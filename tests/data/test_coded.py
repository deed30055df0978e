"""Texts that repeat are looked at once each, and the profile is what looking at every row gives."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artificer.core.store import encode
from artificer.data.coded import coded
from artificer.data.parts import held
from artificer.data.scan import scan_part
from artificer.data.table import normal_column
from artificer_runtime.schema import Column, Kind, Schema

WORDS = (
    st.none()
    | st.sampled_from(["a", " a", "a ", "NA", "n/a", "", "B-7", "b-22", "Äß", "x" * 5_000])
    | st.text(max_size=9)
)


def scanned(cells: pl.Series, kind: Kind) -> tuple[bytes, np.ndarray]:
    """The profile of one column of texts, its kind aside, and the hashes of its rows."""

    def normal(column: pl.Series, like: Column) -> pl.Series:
        return normal_column(column, like, ("n/a",))

    profile, rows = scan_part(held(pl.DataFrame([cells])), Schema((Column("w", kind),)), normal=normal, rows=True)
    return encode(replace(profile.column("w"), kind="category")), rows


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=60))
def test_grouped_or_not_texts_have_one_profile(words: list[str | None]) -> None:
    cells = pl.Series("w", words, pl.String)
    (one, rows), (other, rows_too) = scanned(cells, "category"), scanned(cells, "text")
    assert one == other
    assert rows.tolist() == rows_too.tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | st.booleans(), max_size=30))
def test_truth_values_are_profiled_as_their_texts(values: list[bool | None]) -> None:
    cells = pl.Series("w", values, pl.Boolean)
    (one, rows), (other, rows_too) = scanned(cells, "boolean"), scanned(cells.cast(pl.String), "boolean")
    assert one == other
    assert rows.tolist() == rows_too.tolist()


@pytest.mark.parametrize("start", [0, 3])
def test_codes_name_each_rows_text(start: int) -> None:
    held = coded(pl.Series("w", ["a", None, "b", "a", "NA", "b"])[start:], Column("w", "category"), normal)
    assert held.codes is not None
    assert [held.texts[code] if code >= 0 else None for code in held.codes.tolist()] == [
        "a",
        None,
        "b",
        "a",
        None,
        "b",
    ][start:]
    assert held.n_missing == [2, 1][start // 3]


def normal(texts: pl.Series, column: Column) -> pl.Series:
    return normal_column(texts, column, ())
