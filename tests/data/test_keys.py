"""Rows have one name each."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.errors import DataError
from artificer.data.keys import key_texts

TEXT = st.text("ab|\\", max_size=4)


def test_a_row_without_a_key_is_known_by_its_source_and_position() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3]})
    assert key_texts(frame, (), (("one.csv", 2), ("two.csv", 1))).to_list() == ["one.csv:0", "one.csv:1", "two.csv:0"]


def test_a_key_reads_the_same_whatever_type_its_numbers_have() -> None:
    whole, broken = pl.DataFrame({"id": [7, 8]}), pl.DataFrame({"id": [7.0, 8.0]})
    assert key_texts(whole, ("id",), ()).to_list() == key_texts(broken, ("id",), ()).to_list() == ["7", "8"]


def test_a_missing_part_of_a_key_leaves_the_row_without_one() -> None:
    assert key_texts(pl.DataFrame({"a": [1, None], "b": ["x", "y"]}), ("a", "b"), ()).to_list() == ["1|x", None]


def test_an_absent_column_is_named_with_the_closest_one() -> None:
    with pytest.raises(DataError, match=r"'client_id'.*closest name here: 'Client_ID'"):
        key_texts(pl.DataFrame({"Client_ID": [1]}), ("client_id",), ())


@given(st.tuples(TEXT, TEXT), st.tuples(TEXT, TEXT))
def test_different_keys_have_different_texts(one: tuple[str, str], other: tuple[str, str]) -> None:
    frame = pl.DataFrame([one, other], schema=["a", "b"], orient="row")
    first, second = key_texts(frame, ("a", "b"), ()).to_list()
    assert (first == second) == (one == other)
