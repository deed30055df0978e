"""Rows of any library become the same arrays, each row by itself."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer_runtime import RowsError
from artificer_runtime.schema import FLOAT32_MAX, Column, Encoded, Schema, canonical_text

SCHEMA = Schema(
    (
        Column("age", "number", low=0.0, high=99.0),
        Column("city", "category", levels=("Oslo", "3", "Rome")),
        Column("member", "boolean", levels=("false", "true")),
        Column("seen", "time", low=0.0, high=4e9),
        Column("note", "text"),
        Column("id", "identifier"),
    ),
    missing=("unknown",),
)


def encoded(**values: Any) -> Encoded:
    """One row, with plain values where none are given."""
    row = {"age": 1.0, "city": "Oslo", "member": True, "seen": "2020-01-01", "note": "a b"}
    return SCHEMA.encode(row | values)


def same(a: Encoded, b: Encoded) -> bool:
    """Whether two encodings are equal to the bit."""
    groups = ("numbers", "codes", "times")
    return (
        all(np.array_equal(getattr(a, group), getattr(b, group), equal_nan=True) for group in groups)
        and a.texts.tolist() == b.texts.tolist()
        and all(np.array_equal(a.flags[name], b.flags[name]) for name in a.flags)
    )


@pytest.mark.parametrize("missing", [None, float("nan"), "", " ? ", "NA", "Unknown", pd.NA, pd.NaT, Decimal("NaN")])
def test_what_is_missing_is_missing_in_every_kind(missing: Any) -> None:
    found = encoded(age=missing, city=missing, member=missing, seen=missing, note=missing)
    assert np.isnan(found.numbers).all()
    assert found.codes.tolist() == [[0, 0]]
    assert np.isnan(found.times).all()
    assert found.texts.tolist() == [[""]]


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3.0), (True, 1.0), (" 12.5 ", 12.5), (Decimal("2.5"), 2.5), (np.float32(0.5), 0.5)]
)
def test_numbers_in_any_dress(value: Any, number: float) -> None:
    assert encoded(age=value).numbers[0, 0] == number


@pytest.mark.parametrize(
    ("value", "code"), [("Oslo", 1), (" Rome ", 3), (3, 2), (3.0, 2), (np.int64(3), 2), ("Paris", -1), (3.5, -1)]
)
def test_codes_of_categories(value: Any, code: int) -> None:
    found = encoded(city=value)
    assert found.codes[0, 0] == code
    assert bool(found.flags["unseen"][0]) == (code == -1)


@pytest.mark.parametrize(
    ("value", "code"),
    [(True, 2), (False, 1), (np.bool_(True), 2), ("true", 2), ("FALSE", 1), (1, 2), (0.0, 1), ("1", 2)],
)
def test_codes_of_truth_values(value: Any, code: int) -> None:
    assert encoded(member=value).codes[0, 1] == code


MOMENT = datetime(2021, 3, 28, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        MOMENT,
        MOMENT.replace(tzinfo=None),
        MOMENT.astimezone(timezone(timedelta(hours=5))),
        np.datetime64("2021-03-28T00:30"),
        pd.Timestamp(MOMENT),
        pd.Timestamp(MOMENT).tz_convert("Europe/Lisbon"),
        "2021-03-28T00:30:00",
        "2021-03-28 00:30:00+00:00",
        "2021-03-28T01:30:00+01:00",
    ],
)
def test_moments_in_any_dress_and_zone(value: Any) -> None:
    assert encoded(seen=value).times[0, 0] == MOMENT.timestamp()


SPANS = [timedelta(days=2, microseconds=7), timedelta(0), None, timedelta(seconds=-90), timedelta(hours=5)]


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize("dress", ["pandas", "polars", "arrow", "numpy", "dicts", "scalars of numpy"])
def test_durations_are_seconds_in_any_dress_by_row_and_by_batch(unit: Any, times: int, dress: str) -> None:
    schema = Schema((Column("wait", "number"),))
    frame = pl.DataFrame({"wait": pl.Series(times * SPANS, dtype=pl.Duration(unit))})
    whole = frame["wait"].to_numpy()
    forms: dict[str, Any] = {
        "pandas": frame.to_pandas(),
        "polars": frame,
        "arrow": frame.to_arrow(),
        "numpy": {"wait": whole},
        "dicts": frame.to_dicts(),
        "scalars of numpy": [{"wait": one} for one in whole],
    }
    expected = np.array([np.nan if one is None else one.total_seconds() for one in times * SPANS])
    expected = np.floor(expected * 1e3) / 1e3 if unit == "ms" else expected
    np.testing.assert_array_equal(schema.encode(forms[dress]).numbers[:, 0], expected)
    lone = {"wait": whole[3]} if dress == "numpy" else forms[dress][3:4]
    assert schema.encode(lone).numbers.tolist() == [[-90.0]]


def test_a_date_is_its_midnight() -> None:
    assert encoded(seen=date(1970, 1, 2)).times[0, 0] == 86_400.0


@pytest.mark.parametrize("value", [1e308, -1e308, float("inf"), float("-inf"), 10**400])
def test_what_single_precision_cannot_hold_is_clipped_and_told(value: Any) -> None:
    found = encoded(age=value)
    assert abs(found.numbers[0, 0]) == FLOAT32_MAX
    assert found.flags["clipped"].tolist() == [True]
    assert found.flags["outside"].tolist() == [True]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"age": "ancient"}, "'age' must hold a number"),
        ({"seen": "soon"}, "'seen' must hold a date"),
        ({"seen": 7}, "'seen'"),
    ],
)
def test_what_cannot_be_its_kind_is_refused_without_showing_it(values: dict[str, Any], says: str) -> None:
    with pytest.raises(RowsError, match=says) as refusal:
        encoded(**values)
    assert "ancient" not in str(refusal.value)


def test_an_absent_column_names_the_closest() -> None:
    with pytest.raises(RowsError, match="closest name here: 'Age'"):
        SCHEMA.encode({"Age": 1, "city": "", "member": "", "seen": "", "note": ""})


def test_rows_of_no_known_form_are_refused() -> None:
    for rows in (7, ["age"], np.zeros(3), np.zeros((2, 9))):
        with pytest.raises(RowsError):
            SCHEMA.encode(rows)
    with pytest.raises(RowsError, match="differ in length"):
        SCHEMA.encode({"age": [1, 2], "city": ["a"], "member": [True], "seen": [None], "note": [None]})


CELLS = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(width=64, allow_nan=False),
        "city": st.none() | st.sampled_from(["Oslo", "3", "Rome", "Paris", "?", " Oslo"]),
        "member": st.none() | st.booleans(),
        "seen": st.none()
        | st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda one: one.replace(microsecond=0)),
        "note": st.none() | st.text(max_size=12),
    }
)
TYPES = {"age": pl.Float64, "city": pl.String, "member": pl.Boolean, "seen": pl.Datetime("us"), "note": pl.String}


@given(st.lists(CELLS, min_size=1, max_size=40))
def test_every_library_and_every_subset_gives_the_same(rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(rows, schema=TYPES)
    found = SCHEMA.encode(rows)
    assert same(found, SCHEMA.encode(frame))
    assert same(found, SCHEMA.encode(frame.to_arrow()))
    assert same(found, SCHEMA.encode(frame.to_pandas()))
    assert same(found, SCHEMA.encode(frame.select(sorted(frame.columns)).with_columns(extra=pl.lit(1))))
    assert same(found, SCHEMA.encode({name: [row[name] for row in rows] for name in TYPES}))
    for at in {0, len(rows) // 2, len(rows) - 1}:
        assert same(found.take(np.array([at])), SCHEMA.encode(rows[at]))


@given(st.one_of(st.integers(-(10**12), 10**12), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_level_is_spelled_the_same_by_numpy(value: Any) -> None:
    assert canonical_text(np.array([value])[0]) == canonical_text(value)


def test_no_rows_give_no_rows() -> None:
    found = SCHEMA.encode(pl.DataFrame(schema=TYPES))
    assert found.n_rows == 0
    assert found.numbers.shape == (0, 1)


@pytest.mark.parametrize("others", ["2", "?", None, 2.5])
@pytest.mark.parametrize("value", ["-1", -1, -1.0, np.int64(-1), Decimal(-1)])
def test_a_number_that_is_named_as_missing_is_missing_in_any_dress_and_company(value: Any, others: Any) -> None:
    schema = Schema((Column("a", "number"), Column("b", "category", levels=("-1", "2"))), missing=("-1",))
    for rows in ([{"a": value, "b": value}], [{"a": value, "b": value}, {"a": others, "b": others}]):
        found = schema.encode(rows)
        assert np.isnan(found.numbers[0, 0])
        assert found.codes[0, 0] == 0


def test_whole_columns_are_coded_as_their_single_values_are() -> None:
    schema = Schema((Column("a", "category", levels=("true", "1", "2.5", "2020-01-01")),))
    day = date(2020, 1, 1)
    for values in ([True, False] * 20, [1, 2] * 20, [1.0, 2.5] * 20, [day, None] * 20, [1, None] * 20):
        single = [schema.encode({"a": value}).codes[0, 0] for value in values]
        frame = pl.DataFrame({"a": values})
        for rows in (frame, frame.to_arrow(), {"a": values}, {"a": frame["a"]}):
            assert schema.encode(rows).codes[:, 0].tolist() == single
    mixed: list[Any] = [True, 1, 1.0, 2.5] * 10
    assert schema.encode({"a": mixed}).codes[:, 0].tolist() == [1, 2, 2, 3] * 10


def test_moments_lose_nanoseconds_alike() -> None:
    frame = pd.DataFrame({"a": pd.to_datetime(["2020-01-01 00:00:00.123456789"] * 40)})
    schema = Schema((Column("a", "time"),))
    found = {schema.encode(rows).times[0, 0] for rows in (frame, frame[:1], pl.from_pandas(frame))}
    assert found == {1577836800.123456}


def test_rows_and_columns_of_pandas_and_polars_in_a_dict() -> None:
    schema = Schema((Column("a", "number"), Column("b", "number")))
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    whole = schema.encode(frame).numbers
    np.testing.assert_array_equal(schema.encode(dict(frame.items())).numbers, whole)
    np.testing.assert_array_equal(schema.encode({"a": pl.Series([1.0, 2.0]), "b": [3, 4]}).numbers, whole)
    np.testing.assert_array_equal(schema.encode(frame.iloc[0]).numbers, whole[:1])
    np.testing.assert_array_equal(schema.encode({"a": np.array(1.0), "b": 3}).numbers, whole[:1])


@pytest.mark.parametrize("n_rows", [1, 2, 40])
def test_two_columns_of_one_name_are_refused_where_the_model_reads_that_name(n_rows: int) -> None:
    schema, cells = Schema((Column("a", "number"),)), np.ones((n_rows, 3))
    for rows in (pd.DataFrame(cells, columns=["a", "b", "a"]), pa.table(list(cells.T), names=["a", "b", "a"])):
        with pytest.raises(RowsError, match="two columns named 'a'; rename or drop one"):
            schema.encode(rows)
    assert len(schema.encode(pd.DataFrame(cells, columns=["b", "b", "a"])).numbers) == n_rows


@pytest.mark.parametrize("n_rows", [1, 40])
def test_numbers_of_128_bits_are_numbers(n_rows: int) -> None:
    for kind in (pl.Int128, pl.UInt128):
        rows = pl.DataFrame({"a": pl.Series([2**100] * n_rows, dtype=kind)})
        assert Schema((Column("a", "number"),)).encode(rows).numbers.ravel().tolist() == [2.0**100] * n_rows


@pytest.mark.parametrize("n_rows", [1, 2])
def test_a_list_in_a_cell_is_no_number(n_rows: int) -> None:
    with pytest.raises(RowsError, match="a list that cannot be read as one") as refused:
        Schema((Column("a", "number"),)).encode([{"a": [1]}] * n_rows)
    assert (refused.value.column, refused.value.row) == ("a", 0)
    assert "row 9 holds a list" in str(refused.value.at(9))


def test_what_is_no_moment_is_told_in_grammar() -> None:
    with pytest.raises(RowsError, match="row 0 holds an object that cannot be read as one"):
        Schema((Column("a", "time"),)).encode([{"a": object()}])


def test_values_that_training_lacked_are_not_kept_in_a_pickle() -> None:
    schema = Schema((Column("a", "category", levels=("x",)),))
    schema.encode({"a": ["x", "a person's name"]})
    assert b"a person's name" not in pickle.dumps(schema)


def test_mended_columns_read_variants_codes_and_far_numbers_as_what_they_mean() -> None:
    x = Column("x", "number", low=-3.0, high=900.0, gaps=(-99.0,), within=(-2.0, 2.0))
    city = Column("city", "category", levels=("Oslo", "Rome"), spellings=(("Osloo", "Oslo"), ("Pariis", "Paris")))
    schema = Schema((x, city))
    rows = {"x": [1.0, -99.0, 800.0, -2.5, 1000.0], "city": ["Osloo", " Osloo ", "Rome", "Pariis", None]}
    encoded = schema.encode(rows)
    np.testing.assert_array_equal(encoded.numbers[:, 0], [1.0, np.nan, 2.0, -2.0, 2.0])
    assert encoded.codes[:, 0].tolist() == [1, 1, 2, -1, 0]
    assert encoded.flags["outside"].tolist() == [False, False, False, False, True]
    assert schema.encode({"x": -99.0, "city": "Osloo"}).codes[0, 0] == 1
    assert np.isnan(schema.encode({"x": -99.0, "city": "Osloo"}).numbers[0, 0])
