"""The compiled walk gives the bits that numpy gives, and no damaged trees get as far as it.

Where it is not built, numpy is compared with itself: all of this must hold there too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_members import of_1

from artificer_runtime import walk
from artificer_runtime.errors import PackageError
from artificer_runtime.members import trees
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.trees import IN_SET, Trees
from artificer_runtime.members.written import OF_1

N_FEATURES = 4
KINDS = np.array([0, 1, 2, 3, 4, 1, 5, 5, 5], np.uint8)
FEATURES = np.array([0, 1, 2, 0, 1, 3, 2, 3, 3], np.int32)
ODD = np.array([0.0, -0.0, 1e-36, -1e-36, 1e-35, 1e-42, -1e-42, 0.5, 1, 3.4e38, -3.4e38, np.inf, -np.inf], np.float32)


def numbers(rng: np.random.Generator, shape: Any) -> np.ndarray:
    plain = rng.normal(size=shape).astype(np.float32)
    return np.where(rng.random(shape) < 0.4, rng.choice(ODD, shape), plain)


def rows(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    X = numbers(rng, (n_rows, N_FEATURES))
    codes = rng.random(X.shape) < 0.4
    X[codes] = rng.integers(-2, 9, int(codes.sum()))
    X[rng.random(X.shape) < 0.1] = np.nan
    return X


def tree(rng: np.random.Generator, n_leaves: int) -> tuple[np.ndarray, int]:
    """Children of a tree that grew leaf by leaf at random, and its depth."""
    child, depth = [0], [0]
    for _ in range(n_leaves - 1):
        leaf = rng.choice([at for at, below in enumerate(child) if below == at])
        child[leaf] = len(child)
        child += [len(child), len(child) + 1]
        depth += [depth[leaf] + 1] * 2
    return np.array(child), max(depth)


def forest(rng: np.random.Generator, n_iterations: int, most_leaves: int, n_out: int, wide: bool) -> Trees:
    grown = [tree(rng, rng.integers(1, most_leaves + 1)) for _ in range(n_iterations * (1 if wide else n_out))]
    root = np.cumsum([0, *(len(child) for child, _ in grown)])
    child = np.concatenate([child + at for (child, _), at in zip(grown, root, strict=False)])
    inner = child != np.arange(len(child))
    slot = np.where(inner, rng.integers(0, rng.choice([6, 9]), len(child)), 0)
    threshold = numbers(rng, len(child))
    threshold[(KINDS[slot] == IN_SET) & (rng.random(len(child)) < 0.9)] = 0.5
    threshold[~inner] = np.inf
    value = rng.normal(size=(len(child), n_out) if wide else len(child)) * 10.0 ** rng.integers(-9, 9)
    value[rng.random(len(value)) < 0.1] = -0.0
    return Trees(
        slot=slot.astype(np.int32),
        child=child.astype(np.int32),
        threshold=threshold.astype(np.float32),
        leaf=np.arange(len(child), dtype=np.int32),
        value=value,
        root=root[:-1].astype(np.int32),
        depth=np.array([depth for _, depth in grown], np.int32) + (n_iterations > 3),
        slot_feature=FEATURES,
        slot_kind=KINDS,
        slot_set=np.array([0, 0, 0, 0, 0, 0, 0, 3, 8, 9], np.int32),
        members=rng.random(9) < 0.5,
        n_out=n_out,
        link="identity",
    )


def symmetric(rng: np.random.Generator, n_trees: int, depth: int, n_out: int) -> Oblivious:
    values = rng.normal(size=(n_trees, 2**depth, n_out))
    values[rng.random(values.shape) < 0.1] = -0.0
    feature = rng.integers(0, N_FEATURES, (n_trees, depth)).astype(np.int32)
    return Oblivious(feature, numbers(rng, (n_trees, depth)), values, 0.7, rng.normal(size=n_out), "identity")


def assert_same_bits(member: Trees | Oblivious, X: np.ndarray) -> None:
    found = member.predict(X)
    with patch.object(walk, "KERNEL", None):
        wanted = member.predict(X)
    assert found.shape == wanted.shape
    assert found.tobytes() == wanted.tobytes()


@given(
    seed=st.integers(0, 2**32 - 1),
    n_iterations=st.integers(1, 20),
    most_leaves=st.sampled_from([1, 8, 32, 33, 64, 90]),
    n_out=st.integers(1, 3),
    wide=st.booleans(),
    n_rows=st.sampled_from([0, 1, 2, 3, 4, 15, 16, 17, 25, 70]),
)
def test_trees_are_walked_to_the_same_bits(seed, n_iterations, most_leaves, n_out, wide, n_rows):
    rng = np.random.default_rng(seed)
    member, X = forest(rng, n_iterations, most_leaves, n_out, wide), rows(rng, n_rows)
    assert_same_bits(member, X)
    first = member.truncated(n_iterations // 2)
    assert_same_bits(first, X[::-1])
    rest = member.iterations(n_iterations // 2, n_iterations)
    np.testing.assert_allclose(first.raw(X) + rest.raw(X), member.raw(X), atol=1e-9)
    for part, ends in ((first, (0, n_iterations // 2)), (rest, (n_iterations // 2, n_iterations))):
        assert member.added(X, *ends).tobytes() == part.raw(X).tobytes()


@given(
    seed=st.integers(0, 2**32 - 1),
    n_iterations=st.integers(1, 12),
    most_leaves=st.sampled_from([1, 2, 8, 32, 33, 64, 90]),
    n_out=st.integers(1, 3),
    wide=st.booleans(),
)
def test_numpy_alone_strikes_leaves_out_to_the_same_bits_as_it_walks(seed, n_iterations, most_leaves, n_out, wide):
    rng = np.random.default_rng(seed)
    member, X = forest(rng, n_iterations, most_leaves, n_out, wide), rows(rng, 70)
    with patch.object(walk, "KERNEL", None):
        walked = member.raw(X)
        with patch.object(trees, "MANY_ROWS", 30):
            assert member.raw(X).tobytes() == walked.tobytes()
            assert member._struck is not None
            assert (None in member._struck.trees) <= (most_leaves > 64 or bool((member.slot_kind == IN_SET).any()))


@given(
    seed=st.integers(0, 2**32 - 1),
    n_trees=st.integers(0, 40),
    depth=st.integers(0, 8),
    n_out=st.integers(1, 3),
    n_rows=st.sampled_from([0, 1, 2, 16, 17, 33, 70]),
)
def test_symmetric_trees_are_asked_to_the_same_bits(seed, n_trees, depth, n_out, n_rows):
    rng = np.random.default_rng(seed)
    assert_same_bits(symmetric(rng, n_trees, depth, n_out), rows(rng, n_rows))


@pytest.mark.parametrize("n_features", [N_FEATURES, 3000])
def test_threads_blocks_and_wide_rows_change_no_bit(n_features):
    rng = np.random.default_rng(1)
    X = np.concatenate([rows(rng, 7000), np.zeros((7000, n_features - N_FEATURES), np.float32)], axis=1)
    member = forest(rng, 40, 70, 2, False)
    if n_features > N_FEATURES:
        member = replace(member, slot_feature=np.arange(9, dtype=np.int32) * 300)
    with patch.object(walk, "_n_cores", lambda: 1):
        alone = member.predict(X)
    with patch.object(walk, "_n_cores", lambda: 3):
        np.testing.assert_array_equal(member.predict(X), alone)
        np.testing.assert_array_equal(member.predict(np.asfortranarray(X)), alone)
    assert_same_bits(member, X)


def test_more_columns_than_a_block_holds_change_no_bit():
    rng = np.random.default_rng(2)
    n_slots, member = 4000, forest(rng, 60, 60, 1, False)
    slot = rng.integers(0, n_slots, len(member.child)).astype(np.int32)
    member = replace(
        member,
        slot=slot,
        slot_feature=np.arange(n_slots, dtype=np.int32),
        slot_kind=np.full(n_slots, 1, np.uint8),
        slot_set=np.zeros(n_slots + 1, np.int32),
    )
    assert_same_bits(member, numbers(rng, (50, n_slots)))


ARRAYS = ("inner", "slot", "threshold", "leaf", "value", "slot_feature", "slot_kind", "slot_set", "members")
ODD_PLACES = st.sampled_from([-(2**31), -2, -1, 0, 1, 2, 5, 9, 40, 4096, 2**31 - 1])


def damaged(arrays: dict[str, np.ndarray], name: str, at: int, by: int, how: str) -> dict[str, np.ndarray]:
    one = arrays[name].copy()
    if how == "set" and one.size:
        flat = one.reshape(-1)
        flat[at % one.size] = np.array(by).astype(one.dtype)
    elif how == "cut":
        one = one[: at % (len(one) + 1)]
    elif how == "doubled":
        one = np.concatenate([one, one])
    elif how == "shape":
        one = one[None]
    else:
        one = one.astype(np.float64 if one.dtype != np.float64 else np.float32)
    return {**arrays, name: one}


def check_damage(make: Any, arrays: dict[str, np.ndarray], meta: Any, X: np.ndarray) -> None:
    """Refused when made, or as good as any; a feature that the rows lack is an IndexError either way."""
    try:
        member = make(arrays, meta)
    except PackageError:
        return
    try:
        found = member.predict(X)
    except IndexError:
        found = None
    with patch.object(walk, "KERNEL", None):
        if found is None:
            with pytest.raises(IndexError):
                member.predict(X)
        else:
            assert found.tobytes() == member.predict(X).tobytes()


DAMAGE = st.tuples(
    st.integers(0, 10**6), ODD_PLACES, st.sampled_from(["set", "set", "set", "set", "cut", "doubled", "shape", "kind"])
)


@given(seed=st.integers(0, 2**16), name=st.sampled_from(ARRAYS), damage=DAMAGE, n_rows=st.sampled_from([1, 40]))
def test_damaged_trees_are_refused_or_harmless(seed, name, damage, n_rows):
    rng = np.random.default_rng(seed)
    member = forest(rng, 5, 12, 1, False)
    shared = replace(member, leaf=np.where(member.leaves, rng.integers(0, 3, len(member.leaf)), 0).astype(np.int32))
    arrays = damaged(dict(shared.arrays()), name, *damage)
    check_damage(Trees.from_arrays, arrays, member.meta(), rows(rng, n_rows))


@given(seed=st.integers(0, 2**16), name=st.sampled_from(OF_1), damage=DAMAGE, n_rows=st.sampled_from([1, 40]))
def test_damaged_trees_of_the_first_form_are_refused_or_harmless(seed, name, damage, n_rows):
    rng = np.random.default_rng(seed)
    member = forest(rng, 5, 12, 1, False)
    check_damage(Trees.from_arrays, damaged(of_1(member), name, *damage), member.meta(), rows(rng, n_rows))


@given(
    seed=st.integers(0, 2**16),
    name=st.sampled_from(["feature", "border", "values", "bias"]),
    damage=DAMAGE,
    n_rows=st.sampled_from([1, 40]),
)
def test_damaged_symmetric_trees_are_refused_or_harmless(seed, name, damage, n_rows):
    rng = np.random.default_rng(seed)
    member = symmetric(rng, 6, 3, 1)
    arrays = damaged(dict(member.arrays()), name, *damage)
    check_damage(Oblivious.from_arrays, arrays, member.meta(), rows(rng, n_rows))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"child": [1, 1, 3]}, "children"),
        ({"child": [0, 1, 2]}, "thresholds"),
        ({"slot": [7, 0, 0]}, "slots"),
        ({"root": [-1]}, "roots"),
        ({"depth": [0]}, "deeper"),
        ({"slot_feature": [-1]}, "feature"),
        ({"root": [1]}, "in no tree"),
    ],
)
def test_what_is_wrong_is_said(change, says):
    arrays = {
        "slot": [0, 0, 0],
        "child": [1, 1, 2],
        "root": [0],
        "depth": [1],
        "slot_feature": [0],
        "slot_set": [0, 0],
    }
    made = {name: np.array(numbers, np.int32) for name, numbers in {**arrays, **change}.items()}
    made |= {"threshold": np.array([0.5, np.inf, np.inf], np.float32), "value": np.array([0.0, 1.0, 2.0])}
    made |= {"slot_kind": np.array([1], np.uint8), "members": np.zeros(0, bool)}
    with pytest.raises(PackageError, match=says):
        Trees.from_arrays(made, {"n_out": 1, "link": "identity"})


def test_the_environment_switches_it_off():
    program = "from artificer_runtime import walk; print(walk.KERNEL is None)"
    built = find_spec("artificer_runtime._walk") is not None
    for value, off in (("numpy", "True"), ("", str(not built))):
        ended = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, walk.SWITCH: value},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stdout.strip() == off


def test_rows_that_do_not_fit_are_refused():
    member = forest(np.random.default_rng(3), 5, 12, 1, False)
    X, out = np.zeros((8, N_FEATURES), np.float32), np.zeros((8, 1))
    with pytest.raises(IndexError):
        member.predict(X[:, :3])
    if walk.KERNEL is not None:
        for rows_, width, answers in ((X[:7], N_FEATURES, out), (X, 3, out), (X, N_FEATURES, out[:5])):
            with pytest.raises(ValueError, match="do not fit"):
                walk.KERNEL.trees(member._packed, rows_, width, answers, 1)
