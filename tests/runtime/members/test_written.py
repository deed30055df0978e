"""Trees are written as one bit a node, and read back as what they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_members import forest, of_1, rows, trees

from artificer_runtime.errors import PackageError
from artificer_runtime.members.trees import Trees
from artificer_runtime.members.written import narrow


@given(seed=st.integers(0, 2**32 - 1), wide=st.booleans(), n_iterations=st.integers(0, 6), shuffled=st.booleans())
def test_what_is_read_back_says_the_same_and_is_written_the_same(seed, wide, n_iterations, shuffled):
    rng = np.random.default_rng(seed)
    member = forest(rng, "softmax") if wide else trees(rng, "softmax", n_iterations)
    given_ = disordered(rng, member) if shuffled else member
    again = Trees.from_arrays(given_.arrays(), given_.meta())
    X = rows(rng, 30)
    assert again.raw(X).tobytes() == member.raw(X).tobytes()
    assert sorted(again.cover.tolist()) == sorted(member.cover.tolist())
    assert_same(again.arrays(), given_.arrays())
    assert_same(again.arrays(), member.arrays())


def disordered(rng: np.random.Generator, member: Trees) -> Trees:
    """The same trees with pairs of children in another order, each still behind its parent."""
    start = np.append(member.root, len(member.child))
    order = np.concatenate([_preorder(member, root) for root in member.root] or [np.zeros(0, np.int64)]).astype(int)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    assert len(order) == start[-1]
    covered = np.zeros(len(order))
    covered[member.leaves] = member.cover
    return replace(
        member,
        slot=member.slot[order],
        child=place[member.child[order]].astype(np.int32),
        threshold=member.threshold[order],
        leaf=member.leaf[order],
        root=place[member.root].astype(np.int32),
        cover=covered[order][member.leaves[order]].astype(np.float32),
    )


def _preorder(member: Trees, node: int) -> list[int]:
    """A node, then its right child's pairs before its left child's."""
    found, open_ = [node], [node]
    while open_:
        at = open_.pop()
        if member.child[at] != at:
            found += [member.child[at], member.child[at] + 1]
            open_ += [member.child[at], member.child[at] + 1]
    return found


def assert_same(found: dict, wanted: dict) -> None:
    assert found.keys() == wanted.keys()
    for name, one in found.items():
        assert one.dtype == wanted[name].dtype, name
        np.testing.assert_array_equal(one, wanted[name])


@given(seed=st.integers(0, 2**32 - 1), wide=st.booleans())
def test_the_first_version_is_read(seed, wide):
    rng = np.random.default_rng(seed)
    member = forest(rng, "softmax") if wide else trees(rng, "softmax")
    again = Trees.from_arrays(of_1(member), member.meta())
    X = rows(rng, 30)
    assert again.raw(X).tobytes() == member.raw(X).tobytes()
    np.testing.assert_array_equal(again.cover, member.cover)


def test_it_takes_a_third_of_the_first_version():
    member = trees(np.random.default_rng(0), "softmax", 60)
    assert 3 * size(member.arrays()) < size(of_1(member))


def size(arrays: dict) -> int:
    return sum(one.nbytes for one in arrays.values())


def test_leaves_that_say_the_same_share_what_they_say():
    member = forest(np.random.default_rng(0), "softmax")
    assert len(member.arrays()["value"]) == 30
    assert member.arrays()["leaf"].dtype == np.uint8
    few = replace(member, leaf=np.zeros_like(member.leaf))
    assert len(few.arrays()["value"]) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"inner": np.array([0b11000000], np.uint8)}, "do not end"),
        ({"inner": np.array([0b00000000], np.uint8)}, "do not end"),
        ({"inner": np.array([0b01000000], np.uint8)}, "do not end"),
        ({"inner": np.zeros(0, np.uint8)}, "damaged"),
        ({"threshold": np.zeros(2, np.float32)}, "damaged"),
        ({"leaf": np.array([0, 7], np.uint8)}, "without a value"),
        ({"cover": np.ones(3, np.uint8)}, "counts"),
        ({"slot": np.array([3], np.uint8)}, "slots"),
    ],
)
def test_what_is_wrong_is_said(change, says):
    plain = {
        "inner": np.array([0b10000000], np.uint8),
        "slot": np.zeros(1, np.uint8),
        "threshold": np.zeros(1, np.float32),
        "value": np.array([1.0, 2.0]),
        "slot_feature": np.zeros(1, np.int32),
        "slot_kind": np.ones(1, np.uint8),
        "slot_set": np.zeros(2, np.int32),
        "members": np.zeros(0, bool),
    }
    meta = {"n_out": 1, "link": "identity"}
    assert Trees.from_arrays(plain, meta).raw(np.array([[-1.0], [1.0]], np.float32)).ravel().tolist() == [1.0, 2.0]
    with pytest.raises(PackageError, match=says):
        Trees.from_arrays(plain | change, meta)


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([0, 255], np.uint8),
        ([256.0], np.uint16),
        ([2.0**31], np.uint32),
        ([2.0**32], np.float32),
        ([0.5, 1.0], np.float32),
        ([], np.uint8),
    ],
)
def test_counts_take_as_many_bytes_as_the_largest_needs(numbers, kind):
    found = narrow(np.array(numbers, np.float32))
    assert found.dtype == kind
    np.testing.assert_array_equal(found, numbers)
