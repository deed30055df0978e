"""Members as arrays: rows on their own, saving and loading, and rules that no library need confirm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_members import LINKS, MAKERS, N_FEATURES, rows

from artificer_runtime.errors import PackageError
from artificer_runtime.members import load
from artificer_runtime.members.linear import Linear
from artificer_runtime.members.trees import IN_SET, NAN_LEFT, NAN_RIGHT, ZERO_RIGHT, Trees


@pytest.mark.parametrize("make", MAKERS)
@given(seed=st.integers(0, 2**32 - 1), n_rows=st.integers(1, 90), link=st.sampled_from(sorted(LINKS)))
def test_a_row_is_predicted_to_the_bit_alike_alone_and_among_others(make, seed, n_rows, link):
    rng = np.random.default_rng(seed)
    member, X = make(rng, link), rows(rng, n_rows)
    together = member.predict(X)
    some = rng.permutation(n_rows)[: rng.integers(1, n_rows + 1)]
    np.testing.assert_array_equal(member.predict(X[some]), together[some])
    np.testing.assert_array_equal(member.predict(X[-1:]), together[-1:])
    np.testing.assert_array_equal(member.predict(np.asfortranarray(X)), together)


@pytest.mark.parametrize("n_features", [1, 2, 7, 9, 130, 1000])
@pytest.mark.parametrize("link", sorted(LINKS))
def test_a_wide_linear_row_does_not_hang_on_the_batch(n_features, link):
    rng = np.random.default_rng(n_features)
    member = Linear(
        rng.normal(size=(LINKS[link], n_features)), np.zeros(LINKS[link]), np.zeros(n_features, np.float32), link
    )
    X = rng.normal(size=(2500, n_features)).astype(np.float32)
    together = member.predict(X)
    for some in (slice(0, 1), slice(7, 9), slice(2300, 2500)):
        np.testing.assert_array_equal(member.predict(X[some]), together[some])


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("link", sorted(LINKS))
def test_what_is_saved_and_loaded_predicts_the_same(make, link, tmp_path):
    rng = np.random.default_rng(3)
    member, X = make(rng, link), rows(rng, 60)
    np.savez(tmp_path / "member.npz", **member.arrays())
    with np.load(tmp_path / "member.npz", allow_pickle=False) as arrays:
        again = load(member.form, arrays, member.meta())
    np.testing.assert_array_equal(again.predict(X), member.predict(X))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("link", sorted(LINKS))
@pytest.mark.parametrize("n_rows", [1, 30, 5000])
def test_predictions_have_a_column_an_output_and_probabilities_sum_to_one(make, link, n_rows):
    rng = np.random.default_rng(4)
    prediction = make(rng, link).predict(rows(rng, n_rows))
    assert prediction.dtype == np.float64
    assert prediction.shape == (n_rows, {"logit": 2, "softmax": 3, "identity": 1}[link])
    if link != "identity":
        np.testing.assert_allclose(prediction.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("make", MAKERS)
def test_extreme_numbers_give_probabilities_without_a_warning(make):
    member = make(np.random.default_rng(5), "logit")
    X = np.full((40, N_FEATURES), np.finfo(np.float32).max, np.float32)
    X[::2] *= -1
    prediction = member.predict(X)
    assert np.isfinite(prediction).all()
    assert ((prediction >= 0) & (prediction <= 1)).all()


def stump(kind: int, threshold: float, inside: tuple[bool, ...] = ()) -> Trees:
    """One question; 1 where the answer is left, 2 where it is right."""
    return Trees(
        slot=np.zeros(3, np.int32),
        child=np.array([1, 1, 2], np.int32),
        threshold=np.array([threshold, np.inf, np.inf], np.float32),
        leaf=np.array([0, 0, 1], np.int32),
        value=np.array([1.0, 2.0]),
        root=np.zeros(1, np.int32),
        depth=np.ones(1, np.int32),
        slot_feature=np.zeros(1, np.int32),
        slot_kind=np.array([kind], np.uint8),
        slot_set=np.array([0, len(inside)], np.int32),
        members=np.array(inside, bool),
        n_out=1,
        link="identity",
    )


@pytest.mark.parametrize("times", [1, 50])
def test_a_number_equal_to_the_threshold_goes_left_and_a_gap_where_training_sent_it(times):
    X = np.repeat(np.array([[0.5], [np.nextafter(np.float32(0.5), np.float32(1))], [np.nan]], np.float32), times, 0)
    assert stump(NAN_LEFT, 0.5).predict(X)[::times, 0].tolist() == [1, 2, 1]
    assert stump(NAN_RIGHT, 0.5).predict(X)[::times, 0].tolist() == [1, 2, 2]


@pytest.mark.parametrize("times", [1, 50])
def test_only_codes_in_the_set_go_left(times):
    X = np.repeat(np.array([[0], [1], [2], [3], [9], [-1], [np.nan], [3e38]], np.float32), times, 0)
    found = stump(IN_SET, 0.5, (True, False, True)).predict(X)[::times, 0]
    assert found.tolist() == [1, 2, 1, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("times", [1, 50])
def test_zero_is_a_gap_where_the_library_says_so(times):
    X = np.repeat(np.array([[0], [1e-36], [-0.5], [np.nan]], np.float32), times, 0)
    assert stump(ZERO_RIGHT, 0.5).predict(X)[::times, 0].tolist() == [2, 2, 1, 2]


def test_a_form_of_another_version_is_refused_by_name():
    with pytest.raises(PackageError, match=r"'trees@9' is not known"):
        load("trees@9", {}, {})
