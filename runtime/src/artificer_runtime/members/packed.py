"""Tables that the compiled walk reads, made once a member of arrays that were checked.

They are bytes, so that nobody can change them afterwards. What stands in a row of each says `_walk.c`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from artificer_runtime.errors import PackageError

if TYPE_CHECKING:
    from artificer_runtime.members.oblivious import Oblivious
    from artificer_runtime.members.trees import Trees

IN_SET, AS_IT_IS = 5, 6
TABLE_BYTES = 32  # of a tree in the table of trees: eight numbers of 32 bits
LEAF = -2  # what stands in a leaf in place of a set: this less its row of values
MOST_LEAVES = 64  # that a tree may have to be struck out of a word
MOST_SETS = 16  # questions for sets of categories in such a tree; with more of them a walk is quicker


@dataclass(frozen=True, slots=True)
class Forest:
    """How nodes hang together.

    Attributes
    ----------
    levels : list of array
        The nodes of each depth, over all trees, children of one node side by side in the order of the nodes.
    tree : array of int64, (n_nodes,)
        The tree that a node is in.
    height : array of int64, (n_trees,)
        The most steps from a tree's root to a leaf of it.
    """

    levels: list[np.ndarray]
    tree: np.ndarray
    height: np.ndarray

    @classmethod
    def of(cls, child: np.ndarray, root: np.ndarray) -> Forest:
        """Follow the children, which are in range and behind their parents, from the roots.

        Raises
        ------
        PackageError
            When a node is in no tree, or in two places.
        """
        inner = child > np.arange(len(child))
        reached = np.concatenate([root, child[inner], child[inner] + 1])
        if len(reached) != len(child) or (np.bincount(reached, minlength=len(child)) != 1).any():
            raise PackageError(
                "a member's trees are damaged (nodes in no tree or in two); make or copy the package again"
            )
        tree, height = np.zeros(len(child), np.int64), np.zeros(len(root), np.int64)
        tree[root] = np.arange(len(root))
        levels = [root]
        while len(parents := levels[-1][inner[levels[-1]]]):
            below = np.stack([child[parents], child[parents] + 1], axis=1)
            tree[below] = tree[parents][:, None]
            height[tree[parents]] = len(levels)
            levels.append(below.ravel())
        return cls(levels, tree, height)


def packed_trees(trees: Trees, forest: Forest) -> tuple[Any, ...]:
    """Nodes, trees, marks, rows of leaves, sets, members, columns, values and whether they are wide, as `_walk.trees` reads."""
    nodes, columns = packed_nodes(trees)
    asks_set = (nodes[:, 3] != -1) & (trees.child > np.arange(len(trees.child)))
    marks, leaves, table = _marks(trees, forest, nodes[:, 1], asks_set)
    return (
        *map(words, (nodes, table, marks, leaves, trees.slot_set)),
        trees.members.tobytes(),
        words(columns),
        np.ascontiguousarray(trees.value),
        trees.value.ndim == 2,
    )


def packed_nodes(trees: Trees) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (threshold, column, child, set) and columns (feature, how it is seen), as compiled code reads them.

    In place of a set a question about a number has -1, and a leaf `LEAF` less its row of values.
    """
    in_set = trees.slot_kind == IN_SET
    n_plain = int(np.count_nonzero(~in_set))
    of_sets, place = np.unique(trees.slot_feature[in_set], return_inverse=True)
    column = np.concatenate([np.arange(n_plain), n_plain + place])[trees.slot].astype(np.uint32)
    own = np.where(trees.leaves, LEAF - trees.leaf.astype(np.int64), np.where(in_set[trees.slot], trees.slot, -1))
    nodes = np.stack([trees.threshold.view(np.uint32), column, trees.child, own], axis=1)
    features = np.concatenate([trees.slot_feature[:n_plain], of_sets])
    return nodes, np.stack(
        [features, np.concatenate([trees.slot_kind[:n_plain], np.full(len(of_sets), IN_SET)])], axis=1
    )


def packed_oblivious(trees: Oblivious) -> tuple[Any, ...]:
    """Questions, columns, values and depth, as `_walk.oblivious` reads them."""
    features, column = np.unique(trees.feature, return_inverse=True)
    asks = np.stack([trees.border.view(np.uint32), column.reshape(trees.feature.shape)], axis=-1)
    columns = np.stack([features, np.full(len(features), AS_IT_IS)], axis=1)
    return words(asks), words(columns), np.ascontiguousarray(trees.values), trees.feature.shape[1]


def words(table: np.ndarray) -> bytes:
    """A table of whole numbers of 32 bits."""
    return table.astype(np.uint32).tobytes()


def _marks(
    trees: Trees, forest: Forest, column: np.ndarray, asks_set: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Questions as masks of the leaves that "left" or "right" keeps, rows of leaves in order, and the table of trees."""
    n_trees, tree = len(trees.root), forest.tree
    inner = trees.child > np.arange(len(trees.child))
    n_leaves, first = spans(trees.child, inner, forest)
    n_sets = np.bincount(tree[asks_set], minlength=n_trees)
    odd = asks_set & ~((trees.threshold >= 0) & (trees.threshold < 1))
    small = (n_leaves[trees.root] <= MOST_LEAVES) & (n_sets <= MOST_SETS)
    small[tree[odd]] = False

    asked = np.flatnonzero(inner & small[tree])
    asked = asked[np.lexsort((asks_set[asked], tree[asked]))]
    left = n_leaves[trees.child[asked]].astype(np.uint64)
    kept = ~(((np.uint64(1) << left) - np.uint64(1)) << first[asked].astype(np.uint64))
    number = np.where(asks_set, trees.slot.astype(np.uint32), trees.threshold.view(np.uint32))[asked]
    marks = np.stack([number, column[asked], kept & np.uint64(0xFFFFFFFF), kept >> np.uint64(32)], axis=1)

    ends = np.flatnonzero(~inner & small[tree])
    ends = ends[np.lexsort((first[ends], tree[ends]))]
    n_asked, n_ends = (np.bincount(tree[some], minlength=n_trees) for some in (asked, ends))
    table = [trees.root, trees.depth, n_sets > 0, np.cumsum(n_asked) - n_asked, n_asked - n_sets * small]
    table += [n_sets * small, np.cumsum(n_ends) - n_ends, n_ends]
    return marks, trees.leaf[ends], np.stack(table, axis=1)


def spans(child: np.ndarray, inner: np.ndarray, forest: Forest) -> tuple[np.ndarray, np.ndarray]:
    """How many leaves hang below each node, and how many leaves of its tree stand left of them."""
    n_leaves, first = np.ones(len(child), np.int64), np.zeros(len(child), np.int64)
    parents = [level[inner[level]] for level in forest.levels]
    for at in reversed(parents):
        n_leaves[at] = n_leaves[child[at]] + n_leaves[child[at] + 1]
    for at in parents:
        first[child[at]] = first[at]
        first[child[at] + 1] = first[at] + n_leaves[child[at]]
    return n_leaves, first
