"""A fifth is sealed: the latest, whole groups, or of each stratum; nothing where it would show nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.line.ask.seal import choose_sealed

seeds = st.integers(0, 2**32 - 1)


def labels(rng: np.random.Generator, n_rows: int = 1000, share: float = 0.3) -> np.ndarray:
    return (rng.random(n_rows) < share).astype(np.float64)


@given(seeds, st.integers(10, 2000))
def test_by_time_all_that_is_sealed_is_later_than_all_that_trains(seed: int, n_moments: int) -> None:
    rng = np.random.default_rng(seed)
    time = rng.integers(0, n_moments, 1000).astype(np.float64)
    sealed = choose_sealed(labels(rng), 2, time, None)
    assert sealed.how == "time"
    assert time[sealed.mask].min() > time[~sealed.mask].max()
    assert abs(sealed.mask.mean() - 0.2) <= 0.5 * max(np.unique(time, return_counts=True)[1]) / 1000 + 1e-9


def test_rows_without_a_time_are_never_sealed() -> None:
    rng = np.random.default_rng(0)
    time = np.where(rng.random(1000) < 0.1, np.nan, rng.random(1000))
    sealed = choose_sealed(labels(rng), 2, time, None)
    assert not np.isnan(time[sealed.mask]).any()


def test_one_moment_alone_orders_nothing_and_is_drawn_from() -> None:
    sealed = choose_sealed(labels(np.random.default_rng(0)), 2, np.ones(1000), None)
    assert sealed.mask.sum() == 200


@given(seeds, st.integers(2, 300), st.booleans())
def test_groups_stay_whole(seed: int, n_groups: int, timed: bool) -> None:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, n_groups, 1000)
    sealed = choose_sealed(labels(rng), 2, rng.random(1000) if timed else None, group)
    assert sealed.how == "group"
    assert not set(group[sealed.mask]) & set(group[~sealed.mask])
    assert sealed.mask.any()
    assert not sealed.mask.all()


@given(seeds, st.sampled_from([(20, 50), (2_000, 10)]))
def test_whole_groups_are_drawn_so_that_a_class_of_few_groups_gives_its_share(
    seed: int, sizes: tuple[int, int]
) -> None:
    n_groups, n_each = sizes
    group = np.repeat(np.random.default_rng(seed).permutation(n_groups), n_each)
    y = (group < 5).astype(np.float64)
    sealed = choose_sealed(y, 2, None, group)
    assert sealed.mask.sum() == len(group) / 5
    assert y[sealed.mask].sum() == n_each


def test_with_time_the_groups_seen_last_are_sealed() -> None:
    group = np.repeat(np.arange(100), 10)
    sealed = choose_sealed(labels(np.random.default_rng(0)), 2, group.astype(float), group)
    assert set(group[sealed.mask]) == set(range(80, 100))


@given(seeds)
def test_each_class_gives_a_fifth(seed: int) -> None:
    y = labels(np.random.default_rng(seed))
    sealed = choose_sealed(y, 2, None, None)
    for one in (0, 1):
        assert sealed.mask[y == one].sum() == round(0.2 * (y == one).sum())


def test_each_tenth_of_a_number_gives_a_fifth() -> None:
    y = np.random.default_rng(0).normal(size=1000)
    sealed = choose_sealed(y, 0, None, None)
    assert sealed.mask.sum() == pytest.approx(200, abs=5)
    low, high = np.quantile(y, [0.1, 0.9])
    assert sealed.mask[y < low].sum() == sealed.mask[y > high].sum() == 20


def test_the_draw_is_the_same_each_time() -> None:
    y = labels(np.random.default_rng(0))
    assert (choose_sealed(y, 2, None, None).mask == choose_sealed(y, 2, None, None).mask).all()


@pytest.mark.parametrize(
    ("counts", "seals"),
    [((250, 249), False), ((250, 250), True), ((951, 49), False), ((950, 50), True), ((500, 450, 3), True)],
)
def test_nothing_is_sealed_where_it_would_show_nothing(counts: tuple[int, ...], seals: bool) -> None:
    y = np.repeat(np.arange(len(counts)), counts).astype(np.float64)
    sealed = choose_sealed(y, len(counts), None, None)
    assert sealed.mask.any() == seals
    assert ("fewer than" in sealed.because) != seals


def test_a_group_or_a_moment_of_most_rows_is_never_sealed() -> None:
    y = labels(np.random.default_rng(0))
    for large in (0, 99):
        group = np.where(np.arange(1000) < 900, large, 1 + np.arange(1000) % 10)
        for time in (None, np.where(group == large, 2.0, 1.0)):
            sealed = choose_sealed(y, 2, time, group)
            assert sealed.mask.sum() == 100
            assert not (sealed.mask & (group == large)).any()
    time = np.where(np.arange(1000) < 100, 1.0, 2.0)
    sealed = choose_sealed(y, 2, time, None)
    assert sealed.how == "stratified"
    assert sealed.mask.sum() == pytest.approx(200, abs=1)
    assert sealed.because.endswith("no moment parts the latest rows from the others")
    assert not choose_sealed(y, 2, None, np.zeros(1000, np.int64)).mask.any()


def test_of_groups_that_span_the_time_it_is_said_how_much_of_the_test_is_later() -> None:
    y, group = labels(np.random.default_rng(0)), np.arange(1000) % 50
    spanning = choose_sealed(y, 2, np.arange(1000.0), group)
    assert "; 5% of the test rows are later than all that train" in spanning.because
    following = choose_sealed(y, 2, np.repeat(np.arange(50.0), 20), np.repeat(np.arange(50), 20))
    assert "100% of the test rows are later" in following.because
