"""A scan keeps numbers that add up: parts of a table make the whole."""

import pickle
from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artificer.core.store import decode, encode
from artificer.data.kinds import infer_schema
from artificer.data.parts import held
from artificer.data.scan import ColumnProfile, Profile, edges_of, scan, scan_part
from artificer.data.table import normalise
from artificer_runtime.schema import Column, Schema

SCHEMA = Schema((Column("n", "number"), Column("word", "category", ("a", "b")), Column("when", "time")))
TYPES = {"n": pl.Float64, "word": pl.String, "when": pl.Datetime("us", "UTC")}
ROWS = st.lists(
    st.tuples(
        st.none() | st.floats(-1e6, 1e6, allow_subnormal=False),
        st.none() | st.sampled_from(["a", "b", "a longer one", ""]),
        st.none() | st.datetimes().map(lambda moment: moment.replace(year=2024, day=1)),
    ),
    max_size=40,
)


def table(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TYPES, orient="row")


def agree(one: ColumnProfile, other: ColumnProfile) -> None:
    assert (one.n_rows, one.n_missing, one.low, one.high) == (other.n_rows, other.n_missing, other.low, other.high)
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_array_equal(one.registers, other.registers)
    np.testing.assert_array_equal(one.least, other.least)
    assert (one.n_negative, one.n_zero, one.n_infinite) == (other.n_negative, other.n_zero, other.n_infinite)
    assert one.patterns == other.patterns
    assert one.heavy == other.heavy
    scale = np.array([1.0, *[max(abs(one.low or 0.0), abs(one.high or 0.0), 1.0) ** k for k in (1, 2, 3, 4)]])
    np.testing.assert_allclose(one.moments / scale, other.moments / scale, rtol=1e-9, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(ROWS, ROWS)
def test_parts_add_up_to_the_whole(monday: list[tuple[object, ...]], tuesday: list[tuple[object, ...]]) -> None:
    first = scan(table(monday), SCHEMA)
    both = first + scan(table(tuesday), SCHEMA, like=first)
    whole = scan(table(monday + tuesday), SCHEMA, like=first)
    assert both.n_rows == whole.n_rows == len(monday) + len(tuesday)
    for one, other in zip(both.columns, whole.columns, strict=True):
        agree(one, other)


@settings(max_examples=15, deadline=None)
@given(ROWS, st.lists(st.integers(0, 40), max_size=4))
def test_any_partition_has_one_profile(rows: list[tuple[object, ...]], cuts: list[int]) -> None:
    first = scan(table(rows), SCHEMA)
    places = [0, *sorted(cuts), len(rows)]
    parts = [scan(table(rows[a:b]), SCHEMA, like=first) for a, b in pairwise(places)]
    total = reduce(add, parts)
    for one, other in zip(total.columns, first.columns, strict=True):
        agree(one, other)


@pytest.fixture(scope="module")
def drawn() -> pl.DataFrame:
    rng = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "normal": rng.normal(5, 2, 20_000),
            "skewed": rng.exponential(3, 20_000),
            "word": [f"w{n}" for n in rng.integers(0, 5_000, 20_000)],
            "gap": pl.Series(np.where(rng.random(20_000) < 0.25, np.nan, 1.0)).fill_nan(None),
        }
    )


@pytest.fixture(scope="module")
def profile(drawn: pl.DataFrame) -> Profile:
    return scan(drawn, infer_schema(drawn))


def test_moments_are_those_of_the_rows(drawn: pl.DataFrame, profile: Profile) -> None:
    for name in ("normal", "skewed"):
        values, found = drawn[name].to_numpy(), profile.column(name)
        d = values - values.mean()
        wanted = [len(values), values.mean(), (d**2).sum(), (d**3).sum(), (d**4).sum()]
        np.testing.assert_allclose(found.moments, wanted, rtol=1e-9)
        assert found.std == pytest.approx(values.std(ddof=1))
        assert (found.low, found.high) == (values.min(), values.max())


@pytest.mark.parametrize("q", [0.01, 0.25, 0.5, 0.9, 0.99])
def test_a_quantile_is_right_within_its_bin(drawn: pl.DataFrame, profile: Profile, q: float) -> None:
    for name in ("normal", "skewed"):
        found, values = profile.column(name), np.sort(drawn[name].to_numpy())
        place = int(np.searchsorted(found.edges, values[int(q * len(values))]))
        bounds = [found.low, *found.edges, found.high]
        assert bounds[max(place - 1, 0)] <= found.quantile(q) <= bounds[min(place + 2, len(bounds) - 1)]


def test_distinct_values_are_counted_within_five_percent(drawn: pl.DataFrame, profile: Profile) -> None:
    for name in ("normal", "word"):
        assert profile.column(name).n_distinct == pytest.approx(drawn[name].n_unique(), rel=0.05)


def test_few_distinct_values_are_counted_exactly(profile: Profile) -> None:
    assert profile.column("gap").n_distinct == 1


def test_missing_values_are_counted(drawn: pl.DataFrame, profile: Profile) -> None:
    assert profile.column("gap").n_missing == drawn["gap"].null_count()
    assert 0.2 < profile.column("gap").share_missing < 0.3


def test_commonest_values_are_spelt_as_levels() -> None:
    frame = pl.DataFrame({"n": [2.0, 2.0, 0.5], "word": ["a", "b", "b"]})
    found = scan(frame, Schema((Column("n", "number"), Column("word", "category"))))
    assert found.column("n").heavy == (("2", 2), ("0.5", 1))
    assert found.column("word").heavy == (("b", 2), ("a", 1))


def test_awkward_values_and_names_are_profiled_and_saved() -> None:
    frame = pl.DataFrame(
        {
            'a "b"': [1e308, -1e308, float("inf"), 3.0],
            "A": [1.0, 2.0, 3.0, 4.0],
            "a": [4.0, 4.0, 4.0, 5.0],
            "none": [None] * 4,
            "one": ["x"] * 4,
        },
        schema_overrides={"none": pl.String},
    )
    schema = infer_schema(frame)
    found = scan(normalise(frame, schema), schema)
    twice = found + found
    assert twice.column("none").n_missing == 8
    assert twice.column("none").low is None
    assert (found.column("A").mean, found.column("a").mean) == (2.5, 4.25)
    assert twice.column('a "b"').high == 1e308
    back = decode(encode(twice), Profile)
    for one, other in zip(back.columns, twice.columns, strict=True):
        np.testing.assert_array_equal(one.moments, other.moments)
        assert (one.low, one.heavy, one.n_rows) == (other.low, other.heavy, other.n_rows)


def test_numbers_below_zero_at_zero_and_without_end_are_counted() -> None:
    frame = pl.DataFrame({"n": [-1.0, 0.0, -0.0, 2.0, float("inf"), float("-inf"), None]})
    found = scan(frame, Schema((Column("n", "number"),))).column("n")
    assert (found.n_negative, found.n_zero, found.n_infinite, found.n_missing) == (2, 2, 2, 1)
    assert (found.low, found.high, found.counts.sum()) == (-1.0, 2.0, 4)


def test_a_part_of_many_batches_is_scanned_like_one(drawn: pl.DataFrame, profile: Profile) -> None:
    edges = [column.edges for column in profile.columns]
    found, hashes = scan_part(held(drawn, at_once=3_000), infer_schema(drawn), edges, rows=True)
    for one, other in zip(found.columns, profile.columns, strict=True):
        assert (one.n_rows, one.low, one.high, one.n_missing) == (other.n_rows, other.low, other.high, other.n_missing)
        assert one.n_distinct == other.n_distinct
        np.testing.assert_array_equal(one.counts, other.counts)
    whole = scan_part(held(drawn), infer_schema(drawn), rows=True)[1]
    assert hashes.tolist() == whole.tolist()


def test_rows_have_one_hash_where_they_are_alike_in_every_column() -> None:
    rows = [("a", "b", 1.0), ("b", "a", 1.0), ("a", "b", 1.0), ("a", None, 1.0), (None, "a", 1.0), ("a", "b", -1.0)]
    frame = pl.DataFrame(rows, schema=["one", "two", "n"], orient="row")
    hashes = scan_part(held(frame), infer_schema(frame), rows=True)[1].tolist()
    assert hashes[0] == hashes[2]
    assert len(set(hashes)) == 5


@pytest.mark.parametrize("name", ["normal", "word", "gap"])
def test_edges_are_told_without_a_profile(drawn: pl.DataFrame, profile: Profile, name: str) -> None:
    schema = infer_schema(drawn)
    edges = edges_of(drawn, schema, lambda cells, column: cells)[drawn.columns.index(name)]
    assert edges.tolist() == profile.column(name).edges.tolist()


def test_nothing_is_profiled_as_nothing() -> None:
    empty = scan(table([]), SCHEMA)
    assert (empty.n_rows, empty.column("n").n_distinct, empty.column("n").share_missing) == (0, 0, 0)
    assert np.isnan(empty.column("n").quantile(0.5))
    assert np.isnan(empty.column("n").mean)


def test_there_are_never_more_different_values_than_values() -> None:
    for seed in range(8):
        drawn = np.random.default_rng(seed).random(5_000)
        frame = pl.DataFrame({"n": drawn, "gaps": [None, *drawn[1:]]})
        profile = scan(frame, Schema((Column("n", "number"), Column("gaps", "number"))))
        assert profile.column("n").n_distinct <= 5_000
        assert profile.column("gaps").n_distinct <= 4_999


def test_a_profile_that_was_asked_is_saved_and_pickled_as_before() -> None:
    asked, fresh = (scan(table([(1.0, "a", None), (2.0, "b", None)]), SCHEMA) for _ in range(2))
    assert [asked.column(name).name for name in TYPES] == list(TYPES)
    assert encode(asked) == encode(fresh)
    assert pickle.loads(pickle.dumps(asked)).column("word").heavy == fresh.column("word").heavy
    assert decode(encode(asked), Profile).column("n").mean == 1.5


def test_a_column_of_many_is_found_without_a_search() -> None:
    class Watched(tuple):
        __slots__ = ()

        def __iter__(self) -> Iterator[object]:
            searched.append(1)
            return super().__iter__()

    searched: list[int] = []
    profile = scan(table([(1.0, "a", None)]), SCHEMA)
    watched = Profile(1, Watched(profile.columns))
    assert [watched.column(name).name for name in [*TYPES] * 5] == [*TYPES] * 5
    assert len(searched) == 1
