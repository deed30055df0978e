"""Members of random arrays, one maker a form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from artificer_runtime.contributions.trees import covered
from artificer_runtime.members.kernel import Kernel, placed
from artificer_runtime.members.linear import Linear
from artificer_runtime.members.network import Network, rounded
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.packed import Forest
from artificer_runtime.members.trees import IN_SET, NAN_LEFT, NAN_RIGHT, ZERO_RIGHT, Trees
from artificer_runtime.members.written import OF_1

N_FEATURES = 5
LINKS = {"logit": 1, "softmax": 3, "identity": 1}


def trees(rng: np.random.Generator, link: Any, n_iterations: int = 12) -> Trees:
    """Complete trees of depth 3 over numbers and, in the last two features, sets of categories."""
    n_out, per_tree = LINKS[link], 15
    n_trees = n_iterations * n_out
    kinds = np.array([NAN_LEFT, NAN_RIGHT, ZERO_RIGHT, IN_SET, IN_SET, IN_SET], np.uint8)
    heap = np.arange(per_tree)
    inner = heap < 7
    slot = rng.integers(0, 6, (n_trees, per_tree))
    threshold = np.where(slot > 2, 0.5, rng.normal(size=slot.shape))
    child = np.where(inner, 2 * heap + 1, heap) + per_tree * np.arange(n_trees)[:, None]
    return Trees(
        slot=np.where(inner, slot, 0).ravel().astype(np.int32),
        child=child.ravel().astype(np.int32),
        threshold=np.where(inner, threshold, np.inf).ravel().astype(np.float32),
        leaf=np.where(inner, 0, heap - 7 + 8 * np.arange(n_trees)[:, None]).ravel().astype(np.int32),
        value=rng.normal(size=8 * n_trees),
        root=(per_tree * np.arange(n_trees)).astype(np.int32),
        depth=np.full(n_trees, 3, np.int32),
        slot_feature=np.array([0, 1, 2, 3, 3, 4], np.int32),
        slot_kind=kinds,
        slot_set=np.array([0, 0, 0, 0, 4, 6, 9], np.int32),
        members=rng.random(9) < 0.5,
        n_out=n_out,
        link=link,
        cover=np.where(rng.random(8 * n_trees) < 0.1, 0, rng.integers(0, 99, 8 * n_trees)).astype(np.float32),
    )


def of_1(member: Trees) -> dict[str, np.ndarray]:
    """Arrays of trees as the first version of their form wrote them."""
    plain = {name: getattr(member, name) for name in OF_1} | {"value": member.node_values}
    if member.cover is None:
        return plain
    return plain | {"cover": covered(member, Forest.of(member.child, member.root)).astype(np.float32)}


def oblivious(rng: np.random.Generator, link: Any) -> Oblivious:
    shape, n_out = (15, 4), LINKS[link]
    return Oblivious(
        rng.integers(0, N_FEATURES, shape).astype(np.int32),
        rng.normal(size=shape).astype(np.float32),
        rng.normal(size=(15, 16, n_out)),
        0.7,
        rng.normal(size=n_out),
        link,
        rng.integers(0, 30, (15, 16)).astype(np.float32),
    )


def linear(rng: np.random.Generator, link: Any) -> Linear:
    n_out = LINKS[link]
    fill = rng.normal(size=N_FEATURES).astype(np.float32)
    return Linear(rng.normal(size=(n_out, N_FEATURES)), rng.normal(size=n_out), fill, link)


def network(rng: np.random.Generator, link: Any) -> Network:
    n_out, hidden = LINKS[link], 24

    def single(*shape: int) -> np.ndarray:
        return (rng.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)

    waves = np.array([0, 2], np.int32)
    stage = {
        "frequency": single(2, 16),
        "phase": single(2, 16),
        "mix": single(2, 16, 3),
        "shift": single(2, 3),
        "gain": single(N_FEATURES + 6),
        "weight0": single(N_FEATURES + 6, hidden),
        "bias0": single(hidden),
        "weight1": single(hidden, n_out),
        "bias1": single(n_out),
    }
    scale = np.array([1, 0.5, 2, 0, 0], np.float32)
    activation = "mish" if link == "identity" else "selu"
    return Network(np.zeros(N_FEATURES, np.float32), scale, waves, (rounded(stage),), activation, link)


def forest(rng: np.random.Generator, link: Any) -> Trees:
    """Trees that give all outputs at once, and whose leaves share values."""
    one, n_values = trees(rng, link), 30
    leaf = np.where(one.leaves, rng.integers(0, n_values, len(one.child)), 0).astype(np.int32)
    return replace(one, leaf=leaf, value=rng.normal(size=(n_values, LINKS[link])))


def kernel(rng: np.random.Generator, link: Any) -> Kernel:
    features = np.array([0, 1, 2, 4], np.int32)
    center, scale = rng.normal(size=4).astype(np.float32), rng.uniform(0.1, 2, 4).astype(np.float32)
    kept = placed(rng.normal(size=(70, 4)).astype(np.float32), center, scale).astype(np.float32)
    n_out = LINKS[link]
    return Kernel(features, center, scale, kept, rng.normal(size=(n_out, 70)), rng.normal(size=n_out), 1.2, link)


MAKERS = (trees, forest, oblivious, linear, network, kernel)


def rows(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    X = rng.normal(size=(n_rows, N_FEATURES)).astype(np.float32)
    X[:, 3:] = rng.integers(-1, 6, (n_rows, 2))
    X[rng.random(X.shape) < 0.1] = np.nan
    X[rng.random(X.shape) < 0.1] = 0
    return X
