"""The judged rows in bins: enough to say what a shift does, too little to know a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from world import FEATURES, Rows, build, judged

from artificer.core.life import Bins
from artificer.core.store import encode
from artificer.line.ship.reference import FEWEST_ROWS, MOST_BINS, edges_of, places, summed_up


def bins_of(folder: Path, frame: pl.DataFrame, name: str = "x") -> Bins:
    """The bins of one column of rows that a small package was judged on."""
    build(folder / "v1")
    found = summed_up(judged(folder / "v1", frame, ""), "roc_auc", "binary")
    (bins,) = [one for one in found.columns if one.name == name]
    return bins


@settings(max_examples=200)
@given(
    arrays.arrays(
        np.float64,
        st.integers(0, 300),
        elements=st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6), st.just(float("nan"))),
    ),
    st.integers(2, 32),
)
def test_bins_of_numbers_hold_ten_rows_and_no_row_is_an_edge(values: np.ndarray, n_bins: int) -> None:
    edges = np.array(edges_of(values, n_bins))
    assert len(edges) < n_bins
    assert (np.diff(edges) > 0).all()
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    assert len(known) < FEWEST_ROWS or (counts >= FEWEST_ROWS).all()


def test_a_value_that_many_rows_share_has_a_bin_of_its_own() -> None:
    values = np.concatenate([np.zeros(970), np.arange(1.0, 31.0)])
    assert edges_of(values, 16) == (0.5,)


def test_bins_are_fine_where_success_is() -> None:
    values = np.arange(1000.0)
    rare = values >= 950
    assert sum(edge > 950 for edge in edges_of(values, 16, rare)) >= 4
    assert sum(edge > 950 for edge in edges_of(values, 16)) <= 1


def test_what_lies_beyond_training_has_bins_of_its_own(tmp_path: Path) -> None:
    frame = Rows().draw(1000, 0)
    bins = bins_of(tmp_path, frame)
    assert (bins.counts[1], bins.counts[-1]) == (0, 0)
    assert bins.edges[0] == np.float32(-4.5)
    column = FEATURES.columns[0]
    found = places(bins, column, np.array([np.nan, -4.6, -4.5, 4.5, 4.6], np.float32))
    assert found.tolist() == [0, 1, 2, len(bins.counts) - 2, len(bins.counts) - 1]


@pytest.mark.parametrize(("n_beyond", "counted"), [(9, 0), (10, 10)])
def test_judged_rows_beyond_training_are_told_only_when_ten(tmp_path: Path, n_beyond: int, counted: int) -> None:
    frame = (
        Rows().draw(1000, 0).with_columns(pl.when(pl.int_range(1000) < n_beyond).then(9.0).otherwise("x").alias("x"))
    )
    bins = bins_of(tmp_path, frame)
    assert bins.counts[-1] == counted
    assert sum(bins.counts) == 1000


def test_rare_levels_are_not_named(tmp_path: Path) -> None:
    frame = Rows(shares=(0.995, 0.005)).draw(1000, 0)
    assert (frame["shop"] == "b").sum() < FEWEST_ROWS
    bins = bins_of(tmp_path, frame, "shop")
    assert "b" not in bins.levels
    assert all(count == 0 or count >= FEWEST_ROWS for count in bins.counts[1:])


def test_levels_that_training_lacked_are_among_the_others(tmp_path: Path) -> None:
    frame = Rows(shops=("a", "b", "z"), shares=(0.5, 0.3, 0.2)).draw(1000, 0)
    bins = bins_of(tmp_path, frame, "shop")
    assert bins.levels == ("a", "b")
    assert bins.counts[-1] == (frame["shop"] == "z").sum()
    assert places(bins, FEATURES.columns[1], np.array([0, 1, 2, -1])).tolist() == [0, 1, 2, -1]


def test_sums_over_bins_are_those_over_rows(tmp_path: Path) -> None:
    frame = Rows().draw(2000, 0)
    build(tmp_path / "v1")
    seen = judged(tmp_path / "v1", frame, "")
    found = summed_up(seen, "roc_auc", "binary")
    for bins in found.columns:
        assert sum(bins.counts) == 2000
        assert sum(bins.successes) == seen.y.sum()
        assert sum(bins.influence) == pytest.approx(0, abs=0.05)
        assert sum(bins.won) / sum(bins.pairs) == pytest.approx(found.score.value, abs=1e-3)
        assert len(bins.won) == len(bins.counts) ** 2
        assert len(bins.counts) <= (MOST_BINS + 3 if bins.name else 34)
    assert 0.2 < found.skill < 0.35
    assert found.success == pytest.approx(seen.y.mean())


def test_a_reference_is_small(tmp_path: Path) -> None:
    build(tmp_path / "v1")
    found = summed_up(judged(tmp_path / "v1", Rows().draw(5000, 0), ""), "roc_auc", "binary")
    assert len(encode(found)) < 40_000


def test_the_same_rows_give_the_same_reference(tmp_path: Path) -> None:
    build(tmp_path / "v1")
    frame = Rows().draw(800, 0)
    one, two = (encode(summed_up(judged(tmp_path / "v1", frame, ""), "roc_auc", "binary")) for _ in range(2))
    assert one == two
