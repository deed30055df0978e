"""Trees: what a node asks is laid out as one column a question's kind, so that every node asks `column <= threshold`.

Leaves are added in double precision, and their sum is handed out in single precision: the standard's operator does so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import numpy_helper

from artificer.line.ship.onnx.graph import ML, Graph
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.packed import Forest
from artificer_runtime.members.trees import IN_SET, NAN_LEFT, NAN_RIGHT, ZERO, ZERO_LEFT, ZERO_RIGHT, Trees


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes of all trees, tree by tree and each tree's root first.

    Attributes
    ----------
    tree, number : array of int64, (n_nodes,)
        A node's tree, and its number in it.
    column : array of int64, (n_nodes,)
    threshold : array of float64, (n_nodes,)
    left, right : array of int64, (n_nodes,)
        Numbers of the children; of a leaf, 0.
    leaf : array of bool, (n_nodes,)
    """

    tree: np.ndarray
    number: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    leaf: np.ndarray


def trees(graph: Graph, member: Trees, features: str) -> str:
    """`artificer_runtime.members.trees`."""
    if not len(member.root):
        return _nothing(graph, features, member.n_out)
    tree = Forest.of(member.child, member.root).tree
    order = np.lexsort((np.arange(len(tree)), tree))
    first = np.searchsorted(tree[order], np.arange(len(member.root)))
    number = np.empty(len(tree), np.int64)
    number[order] = np.arange(len(tree)) - first[tree[order]]
    leaf = member.leaves
    left = np.where(leaf, 0, number[member.child])
    right = np.where(leaf, 0, number[np.minimum(member.child + 1, len(tree) - 1)])
    nodes = Nodes(
        *(one[order] for one in (tree, number, member.slot, member.threshold.astype(np.float64), left, right, leaf))
    )
    value = member.node_values[order][nodes.leaf]
    if value.ndim == 2:
        return _summed(graph, _slots(graph, member, features), nodes, value, None)
    return _summed(
        graph,
        _slots(graph, member, features),
        nodes,
        value[:, None],
        nodes.tree[nodes.leaf] % member.n_out,
        member.n_out,
    )


def oblivious(graph: Graph, member: Oblivious, features: str) -> str:
    """`artificer_runtime.members.oblivious`."""
    n_out = member.values.shape[2]
    bias = graph.constant(member.bias)
    if not len(member.feature):
        return graph.add("Add", _nothing(graph, features, n_out), bias)
    parts, values = [], []
    for tree, (feature, border) in enumerate(zip(member.feature, member.border, strict=True)):
        levels = np.flatnonzero(border != np.inf)  # an infinite border fills up a shorter tree
        nodes, leaves = _whole_tree(tree, feature[levels], border[levels], levels)
        parts.append(nodes)
        values.append(member.values[tree][leaves])
    nodes = Nodes(*(np.concatenate([getattr(one, name) for one in parts]) for name in Nodes.__slots__))
    wide = graph.cast(features, "double")
    ready = graph.where(graph.add("IsNaN", wide), graph.constant(-np.inf), wide)  # a gap is above no border
    total = _summed(graph, ready, nodes, np.concatenate(values), None)
    return graph.add("Add", graph.add("Mul", total, graph.constant(member.scale)), bias)


def _whole_tree(tree: int, feature: np.ndarray, border: np.ndarray, bit: np.ndarray) -> tuple[Nodes, np.ndarray]:
    """A symmetric tree node by node, and where its leaves stand among the member's values."""
    depth = len(feature)
    place = np.arange(2 ** (depth + 1) - 1)
    level = np.floor(np.log2(place + 1)).astype(np.int64)
    leaf = level == depth
    asked = np.minimum(level, max(depth - 1, 0))
    column = np.where(leaf, 0, feature[asked]) if depth else np.zeros(1, np.int64)
    threshold = np.where(leaf, 0.0, border[asked].astype(np.float64)) if depth else np.zeros(1)
    left, right = np.where(leaf, 0, 2 * place + 1), np.where(leaf, 0, 2 * place + 2)
    across = np.arange(2**depth)
    leaves = sum(
        ((across >> (depth - 1 - at) & 1) << one for at, one in enumerate(bit.tolist())), np.zeros_like(across)
    )
    return Nodes(np.full(len(place), tree), place, column, threshold, left, right, leaf), leaves


def _summed(
    graph: Graph, columns: str, nodes: Nodes, value: np.ndarray, target: np.ndarray | None, n_out: int = 0
) -> str:
    """Sums of leaves.

    Parameters
    ----------
    value : array of float64, (n_leaves, n_out), or (n_leaves, 1) with `target`
    target : array of int64, (n_leaves,), or None
        The output that a leaf belongs to; None where each has all.
    """
    n_out = n_out or value.shape[1]
    width = value.shape[1]
    targets = np.tile(np.arange(width), len(value)) if target is None else target
    at = np.flatnonzero(nodes.leaf).repeat(width)
    total = graph.add(
        "TreeEnsembleRegressor",
        columns,
        domain=ML,
        nodes_treeids=nodes.tree.tolist(),
        nodes_nodeids=nodes.number.tolist(),
        nodes_featureids=nodes.column.tolist(),
        nodes_values_as_tensor=_doubles(np.where(nodes.leaf, 0.0, nodes.threshold)),
        nodes_modes=["LEAF" if one else "BRANCH_LEQ" for one in nodes.leaf.tolist()],
        nodes_truenodeids=nodes.left.tolist(),
        nodes_falsenodeids=nodes.right.tolist(),
        target_treeids=nodes.tree[at].tolist(),
        target_nodeids=nodes.number[at].tolist(),
        target_ids=targets.tolist(),
        target_weights_as_tensor=_doubles(value.ravel()),
        n_targets=n_out,
        aggregate_function="SUM",
        post_transform="NONE",
    )
    return graph.cast(total, "double")


def _doubles(values: np.ndarray) -> object:
    return numpy_helper.from_array(np.ascontiguousarray(values, np.float64), "doubles")


def _nothing(graph: Graph, features: str, n_out: int) -> str:
    rows = graph.add("Shape", features, start=0, end=1)
    shape = graph.add("Concat", rows, graph.constant([n_out], np.int64), axis=0)
    return graph.add("Expand", graph.constant(0.0), shape)


def _slots(graph: Graph, member: Trees, features: str) -> str:
    n_plain = int(np.count_nonzero(member.slot_kind != IN_SET))
    parts = [_numbers(graph, member, n_plain, features)] if n_plain else []
    sets = np.arange(n_plain, len(member.slot_kind))
    for feature in np.unique(member.slot_feature[n_plain:]).tolist():
        of_feature = sets[member.slot_feature[n_plain:] == feature]
        size = int(np.diff(member.slot_set)[of_feature].max())
        outside = np.ones((size + 1, len(of_feature)))
        for column, one in enumerate(of_feature.tolist()):
            inside = member.members[member.slot_set[one] : member.slot_set[one + 1]]
            outside[: len(inside), column] = ~inside
        parts.append(graph.looked_up(outside, graph.cast(graph.columns(features, [feature]), "int64")))
    return graph.beside(parts)


def _numbers(graph: Graph, member: Trees, n_plain: int, features: str) -> str:
    kind = member.slot_kind[:n_plain]
    values = graph.cast(graph.columns(features, member.slot_feature[:n_plain]), "double")
    gaps = graph.add("IsNaN", values)
    near_zero = (kind == ZERO_LEFT) | (kind == ZERO_RIGHT)
    if near_zero.any():
        small = graph.add("LessOrEqual", graph.add("Abs", values), graph.constant(np.float64(np.float32(ZERO))))
        gaps = graph.add("Or", gaps, graph.both(graph.constant(near_zero, np.bool_), small))
    instead = np.zeros(n_plain)
    instead[(kind == NAN_LEFT) | (kind == ZERO_LEFT)] = -np.inf
    instead[(kind == NAN_RIGHT) | (kind == ZERO_RIGHT)] = np.inf
    return graph.where(gaps, graph.constant(instead), values)
