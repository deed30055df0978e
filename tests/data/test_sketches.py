"""Sketches keep their errors, whatever the parts."""

from collections import Counter
from functools import reduce
from operator import add

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artificer.data.hashes import number_hashes, shortened, sorts_of_bytes, text_hashes, texts_of
from artificer.data.scan import scan
from artificer.data.sketches import MOST_COMMON, Commonest, Copies, common_places, commonest, least, registers
from artificer_runtime.schema import Column, Schema


def of(values: list[int]) -> Commonest:
    counted = Counter(map(str, values))
    names = sorted(counted)
    counts = np.array([counted[name] for name in names], np.int64)
    places, over = common_places(counts)
    return commonest([names[place] for place in places], counts[places], over)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 4_000), min_size=1, max_size=8), st.floats(1.05, 2.5))
def test_no_common_value_is_missed_by_more_than_the_error(seed: int, sizes: list[int], slope: float) -> None:
    rng = np.random.default_rng(seed)
    parts = [(rng.zipf(slope, size) % 5_000).tolist() for size in sizes]
    found, truth = reduce(add, map(of, parts)), Counter(str(value) for part in parts for value in part)
    n, held = sum(sizes), dict(found.pairs)
    assert found.error <= n / (MOST_COMMON + 1)
    assert len(held) <= MOST_COMMON
    for value, count in truth.items():
        assert count - found.error <= held.get(value, 0) <= count


def test_one_part_is_counted_exactly() -> None:
    values = [value for value in range(600) for _ in range(600 - value)]
    assert of(values).pairs[:2] == (("0", 600), ("1", 599))
    assert of(list(range(MOST_COMMON))).error == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=40) | st.sampled_from(["x" * 5_000, "x" * 5_001]), max_size=30))
def test_equal_texts_and_only_they_have_equal_hashes(words: list[str]) -> None:
    hashes = text_hashes(texts_of(pl.Series("w", words, pl.String)))
    assert len(set(hashes.tolist())) == len(set(words))
    alone = [int(text_hashes(texts_of(pl.Series("w", [word])))[0]) for word in words]
    assert hashes.tolist() == alone


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 40).flatmap(lambda n: st.lists(st.text("abZ09-", min_size=n, max_size=n), min_size=1, max_size=9))
)
def test_texts_of_one_length_have_the_hashes_that_they_have_among_others(words: list[str]) -> None:
    even = text_hashes(texts_of(pl.Series("w", words)))
    assert even.tolist() == text_hashes(texts_of(pl.Series("w", [*words, "of another length" * 3])))[:-1].tolist()


def test_hashes_do_not_change_with_versions() -> None:
    texts = texts_of(pl.Series("w", ["", "a", "eight by", "longer than eight", "ümlaut"]))
    assert [f"{one:016x}" for one in text_hashes(texts).tolist()] == TEXTS
    assert [f"{one:016x}" for one in number_hashes(np.array([0.0, -0.0, 1.5])).tolist()] == NUMBERS


TEXTS = ["e220a8397b1dcdaf", "5e025f9ade9eaf3e", "4254302b037f2540", "6cccf22f0d5faa8d", "873b5a899d6c963a"]
NUMBERS = ["e220a8397b1dcdaf", "e220a8397b1dcdaf", "d6dab18e1392608a"]


def test_shapes_tell_patterns_apart() -> None:
    texts = shortened(sorts_of_bytes(texts_of(pl.Series("w", ["AB-1234", "x 9", "", "Äb", "12.5%"]))))
    assert [texts.text(place) for place in range(5)] == ["A-9", "a 9", "", "a", "9.9%"]


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9) | st.just(7 << 52), max_size=60))
def test_a_register_holds_where_the_first_bit_is_that_stands_latest(drawn: list[int]) -> None:
    expected = np.zeros(4_096, np.uint8)
    for one in drawn:
        expected[one >> 52] = max(expected[one >> 52], 53 - (one & (1 << 52) - 1).bit_length())
    assert registers(np.array(drawn, np.uint64)).tolist() == expected.tolist()


@pytest.mark.parametrize("n", [0, 10, 3_000, 60_000])
def test_the_least_hashes_are_found_whatever_repeats(n: int) -> None:
    drawn = number_hashes(np.arange(n, dtype=np.float64))
    for hashes in (drawn, np.tile(drawn, 2), drawn // np.uint64(2), np.tile(drawn[:2_000], 9)):
        assert least(hashes).tolist() == sorted(set(hashes.tolist()))[:1_024]


@pytest.mark.parametrize(("most", "rel"), [(1 << 20, 0.0), (2_000, 0.15)])
def test_copies_are_counted_or_estimated(most: int, rel: float) -> None:
    rng = np.random.default_rng(0)
    drawn = number_hashes(rng.integers(0, 20_000, 60_000).astype(np.float64))
    copies = Copies(most)
    for part in np.array_split(drawn, 13):
        copies.add(part)
    truth = len(drawn) - len(np.unique(drawn))
    found, twins, _ = copies.counted()
    assert copies.n_rows == 60_000
    assert found == pytest.approx(truth, rel=rel, abs=0)
    assert found < twins
    assert copies.counted()[0] == found
    assert (copies.halvings > 0) == (rel > 0)


def test_one_row_over_and_over_is_counted_however_little_is_held() -> None:
    copies = Copies(10)
    for _ in range(9):
        copies.add(np.full(7, 2**63, np.uint64))
    assert copies.counted() == (62, 63, 63)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_key_is_found_in_another_table(share: float) -> None:
    n = 30_000
    schema = Schema((Column("key", "identifier"),))
    keys = pl.DataFrame({"key": [f"c{k}" for k in range(n)]})
    n_shared = int(share * n)
    others = pl.DataFrame({"key": [f"c{k}" for k in range(n_shared)] + [f"d{k}" for k in range(n)]})
    one, other = scan(keys, schema).column("key"), scan(others, schema).column("key")
    found, rests_on = one.contained(other)
    assert 300 < rests_on <= 1_024
    assert abs(found - share) <= 4 * np.sqrt(0.25 / rests_on) * (0 < share < 1)
