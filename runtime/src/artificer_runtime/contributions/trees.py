"""Contributions of trees: path-dependent TreeSHAP (Lundberg et al. 2020, Nature Machine Intelligence 2), in one pass a tree.

The value of a set of known groups is what a tree predicts when questions about other groups are answered as training rows
were. A leaf's part in it is a product over the groups on its path: 1 or 0 for a known one, as the row's answers lead there
or not, and z for an unknown one, the share of training rows that they led there. So the share of group i in a leaf's value
v is

    v (o_i - z_i) ∫ Π_{j ≠ i} (t o_j + (1 - t) z_j) dt,    t from 0 to 1, o_j being 1 or 0,

an integral of a polynomial, to which Gauss's rule of half as many points as groups is exact. At each point products go down
the tree and sums come up, so that a row costs nodes times points, as in "Linear TreeShap" (Yu et al. 2022, NeurIPS).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from artificer_runtime import walk
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.packed import Forest, packed_nodes, words
from artificer_runtime.members.trees import NAN_LEFT, Trees

CELLS_AT_ONCE = 1 << 20
TINY = 1e-30  # share of training rows where none came: what is multiplied by it is divided by it again
POINTS = 4  # their number is rounded up to a multiple
NOTHING = 0xFFFFFFFF  # in compiled code, for a node that is not there


@dataclass(frozen=True)
class Shares:
    """Trees, and how the groups of their questions hang together.

    Attributes
    ----------
    scale : float
        Of the leaves, as the member has it.
    group : array of int64, (n_nodes,)
        Of the question that leads to a node.
    parent : array of int64, (n_nodes,)
        A root's is the node number `n_nodes`, which stands for nothing asked.
    above : array of int64, (n_nodes,)
        The last node further up to which a question about the same group led; `n_nodes` where there is none.
    z : array of float64, (n_nodes,)
        Share of training rows that the questions about this group, down to here, led this way.
    n_points : array of int64, (n_trees,)
    """

    trees: Trees
    scale: float
    n_groups: int
    base: np.ndarray
    levels: list[np.ndarray]
    tree: np.ndarray
    group: np.ndarray
    parent: np.ndarray
    above: np.ndarray
    z: np.ndarray
    n_points: np.ndarray

    @classmethod
    def of_trees(
        cls, trees: Trees, group: np.ndarray, n_groups: int, scale: float = 1.0, bias: float | np.ndarray = 0.0
    ) -> Shares:
        """Trees that count their training rows.

        Parameters
        ----------
        group : array of int64, (n_features,)
            The group of each feature, from 0 on.
        """
        n_nodes, forest = len(trees.child), Forest.of(trees.child, trees.root)
        cover = covered(trees, forest)
        parent, asked = np.full(n_nodes, n_nodes), np.full(n_nodes + 1, -1)
        inner = np.flatnonzero(trees.child > np.arange(n_nodes))
        for side in (0, 1):
            parent[trees.child[inner] + side] = inner
            asked[trees.child[inner] + side] = group[trees.slot_feature[trees.slot[inner]]]
        above = _above(parent, asked)
        z, reach, n_asked = (np.ones(n_nodes + 1, kind) for kind in (np.float64, np.float64, np.int64))
        n_asked -= 1
        for at in forest.levels[1:]:
            way = _ways(cover, trees.child, parent[at], at)
            z[at] = np.maximum(z[above[at]] * way, TINY)
            reach[at] = reach[parent[at]] * way
            n_asked[at] = n_asked[parent[at]] + (above[at] == n_nodes)
        most = np.zeros(len(trees.root), np.int64)
        np.maximum.at(most, forest.tree, n_asked[:-1])
        points = -(-np.maximum(most, 1) // (2 * POINTS)) * POINTS
        base = scale * _by_output(trees, reach[:-1], forest.tree) + bias
        return cls(trees, scale, n_groups, base, forest.levels, forest.tree, asked[:-1], parent, above, z[:-1], points)

    @classmethod
    def of_symmetric(cls, member: Oblivious, group: np.ndarray, n_groups: int) -> Shares:
        """Symmetric trees: the questions of the last bit first, as CatBoost explains them."""
        return cls.of_trees(_as_trees(member), group, n_groups, member.scale, member.bias)

    def of(self, X: np.ndarray) -> np.ndarray:
        """Float32 (n_rows, n_features) → float64 (n_rows, n_groups, n_out)."""
        n_out = len(self.base)
        if walk.KERNEL and len(self.trees.root) and X.dtype == np.float32:
            add = partial(walk.KERNEL.shares, self._packed)
            return walk.summed(add, X, self.n_groups * n_out).reshape(len(X), self.n_groups, n_out) * self.scale
        at_once = max(1, CELLS_AT_ONCE // max(len(self.z) * int(self.n_points.max(initial=1)), 1))
        parts = [self._of(X[start : start + at_once]) for start in range(0, max(len(X), 1), at_once)]
        return np.concatenate(parts).reshape(len(X), self.n_groups, n_out) * self.scale

    @cached_property
    def _packed(self) -> tuple[Any, ...]:
        """Nodes, steps, spans, rules, sets, members, values, columns, groups and scratch, as `_walk.shares` reads them."""
        order = np.argsort(self.tree, kind="stable")  # a tree's nodes side by side, parents still before their children
        n_nodes, first = np.bincount(self.tree), np.searchsorted(self.tree[order], np.arange(len(self.n_points)))
        place = np.append(np.empty(len(order), np.int64), NOTHING)
        place[order] = np.arange(len(order)) - first[self.tree[order]]
        nodes, columns = packed_nodes(self.trees)
        steps = np.zeros(len(order), [("z", "f8"), ("parent", "u4"), ("above", "u4"), ("group", "u4"), ("right", "u4")])
        steps["z"], steps["parent"], steps["above"] = self.z[order], place[self.parent[order]], place[self.above[order]]
        steps["group"] = np.maximum(self.group[order], 0)
        steps["right"] = order != np.append(self.trees.child, -1)[self.parent[order]]
        sizes = np.unique(self.n_points)
        rules = [np.concatenate(_rule(int(n))) for n in sizes]
        rule = np.cumsum([0, *map(len, rules)])[np.searchsorted(sizes, self.n_points)]
        out = np.arange(len(first)) % len(self.base)
        return (
            words(nodes[order]),
            steps.tobytes(),
            words(np.stack([first, n_nodes, self.n_points, rule, out], axis=1)),
            np.concatenate(rules).tobytes(),
            words(self.trees.slot_set),
            self.trees.members.tobytes(),
            np.ascontiguousarray(self.trees.node_values[order]).tobytes(),
            words(columns),
            self.n_groups,
            int((n_nodes * (4 * self.n_points + 1)).max()),
        )

    def _of(self, X: np.ndarray) -> np.ndarray:
        """By numpy, level by level through all trees at once."""
        n_nodes, n_out, child = len(self.z), len(self.base), self.trees.child
        t, weight = _rule(int(self.n_points.max(initial=POINTS)))
        right = self.trees.rights(X)
        led, factor, effect, product = (
            np.ones((len(X), n_nodes + 1, *more)) for more in ((), t.shape, t.shape, t.shape)
        )
        effect[:, -1] = 0.0
        for at in self.levels[1:]:
            up, before, z = self.parent[at], self.above[at], self.z[at, None]
            led[:, at] = led[:, before] * (right[:, up] == (at != child[up]))
            known = led[:, at, None]
            factor[:, at] = t * known + (1 - t) * z
            effect[:, at] = (known - z) / factor[:, at]
            product[:, at] = product[:, up] * factor[:, at] / factor[:, before]
        for at in self.levels[1:]:  # those above are not asked any more
            factor[:, at] = (effect[:, at] - effect[:, self.above[at]]) * weight
        shares = np.zeros((len(X), self.n_groups, n_out))
        values = self.trees.node_values
        for out, value in enumerate(values.T if values.ndim == 2 else [values]):
            below = product[:, :-1] * value[:, None]
            for at in self.levels[:0:-1]:
                lefts = at[at == child[self.parent[at]]]
                below[:, self.parent[lefts]] = below[:, lefts] + below[:, lefts + 1]
            added = (factor[:, :-1] * below).sum(axis=2)
            self._add(shares, added, out)
        return shares

    def _add(self, shares: np.ndarray, added: np.ndarray, out: int) -> None:
        n_out = shares.shape[2]
        single = self.trees.value.ndim == 1
        for group in range(self.n_groups):
            of_group = np.flatnonzero(self.group == group)
            for one in range(n_out) if single else [out]:
                asked = of_group[self.tree[of_group] % n_out == one] if single else of_group
                shares[:, group, one] += added[:, asked].sum(axis=1)


def _above(parent: np.ndarray, asked: np.ndarray) -> np.ndarray:
    above = parent.copy()
    nothing = len(parent)
    up = np.append(parent, nothing)
    while len(open_ := np.flatnonzero((above < nothing) & (asked[above] != asked[:-1]))):
        above[open_] = up[above[open_]]
    return above


def covered(trees: Trees, forest: Forest) -> np.ndarray:
    """Training rows that came to each node: float64 (n_nodes,)."""
    assert trees.cover is not None
    found, ends = np.zeros(len(trees.child)), trees.leaves
    found[ends] = trees.cover
    for level in reversed(forest.levels):
        inner = level[~ends[level]]
        found[inner] = found[trees.child[inner]] + found[trees.child[inner] + 1]
    return found


def _ways(cover: np.ndarray, child: np.ndarray, parent: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Share of a parent's training rows that came to a node; a half where none came to either child."""
    both = cover[child[parent]] + cover[child[parent] + 1]
    return np.where(both > 0, cover[at] / np.where(both > 0, both, 1.0), 0.5)


def _by_output(trees: Trees, reach: np.ndarray, tree: np.ndarray) -> np.ndarray:
    if trees.value.ndim == 2:
        return np.asarray((reach[:, None] * trees.node_values).sum(axis=0))
    return np.bincount(tree % trees.n_out, reach * trees.node_values, trees.n_out)


def _rule(n_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points between 0 and 1, and their weights."""
    points, weights = np.polynomial.legendre.leggauss(n_points)
    return (points + 1) / 2, weights / 2


def _as_trees(member: Oblivious) -> Trees:
    """The same trees with a node for each answer: in a tree the children of node k of a level are 2k + 1 and 2k + 2."""
    assert member.cover is not None
    n_trees, depth = member.feature.shape
    size, n_out = 2 ** (depth + 1) - 1, member.values.shape[2]
    features, slot = np.unique(member.feature, return_inverse=True)
    within = np.arange(size)
    level = np.floor(np.log2(within + 1)).astype(np.int64)
    inner = within < 2**depth - 1
    bit = np.maximum(depth - 1 - level, 0)
    leaf = np.where(inner, 0, within - (2**depth - 1) + 2**depth * np.arange(n_trees)[:, None])
    start = size * np.arange(n_trees)[:, None]
    border = member.border[:, bit] if depth else np.zeros((n_trees, size), np.float32)
    asked = slot.reshape(n_trees, depth)[:, bit] if depth else np.zeros((n_trees, size), np.int64)
    return Trees(
        slot=np.where(inner, asked, 0).ravel().astype(np.int32),
        child=(np.where(inner, 2 * within + 1, within) + start).ravel().astype(np.int32),
        threshold=np.where(inner, border, np.inf).ravel().astype(np.float32),
        leaf=leaf.ravel().astype(np.int32),
        value=member.values.reshape(n_trees * 2**depth, n_out),
        root=start[:, 0].astype(np.int32),
        depth=np.full(n_trees, depth, np.int32),
        slot_feature=(features if len(features) else np.zeros(1)).astype(np.int32),
        slot_kind=np.full(max(len(features), 1), NAN_LEFT, np.uint8),
        slot_set=np.zeros(max(len(features), 1) + 1, np.int32),
        members=np.zeros(0, bool),
        n_out=n_out,
        link=member.link,
        cover=member.cover.ravel(),
    )
