"""Binary decision trees, walked by compiled code where it is there (`artificer_runtime.walk`), else by numpy.

numpy walks few rows through all trees at once and more rows tree by tree; of many rows it strikes out leaves where a tree
is small (`struck.py`). The bits are the same each way.

A node asks `slot value <= threshold`. A *slot* is one feature seen in one way: NaN replaced by what sends a missing
value to the side that training chose, or, for a set of categories, 0 where the code is in the set and 1 where not. So the
walk itself knows neither gaps nor categories. The children of a node stand side by side; a leaf is its own child.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np

from artificer_runtime import walk
from artificer_runtime.errors import PackageError
from artificer_runtime.members.links import Link, linked
from artificer_runtime.members.packed import TABLE_BYTES, Forest, packed_trees
from artificer_runtime.members.struck import Seen, Struck
from artificer_runtime.members.written import OF_1, rebuilt, rebuilt_of_1, spread, written

FEW_ROWS = 24
MANY_ROWS = 1024  # from which on it pays to prepare what strikes leaves out: 0.1 s for 1,000 trees
ROWS_AT_ONCE = 4096
CELLS_AT_ONCE = 1 << 22
ZERO = 1e-35  # LightGBM reads what is nearer to 0 as 0
_Table = tuple[int, int, np.ndarray]

# How a slot sees its feature.
AS_ZERO, NAN_LEFT, NAN_RIGHT, ZERO_LEFT, ZERO_RIGHT, IN_SET = range(6)


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees of one model, all nodes in one array.

    They are checked when they are made, so that no damaged package makes compiled code read what it should not.

    Attributes
    ----------
    slot, child : array of int32, (n_nodes,)
        The node's slot, and its left child; the right one follows it.
    threshold : array of float32, (n_nodes,)
        Of a leaf: infinite.
    leaf : array of int32, (n_nodes,)
        The row of `value` that a leaf gives; of others 0.
    value : array of float64, (n_values,) or (n_values, n_out)
        With a column an output, one tree of an iteration gives all outputs. Leaves may share a row.
    root, depth : array of int32, (n_trees,)
        Trees stand iteration by iteration, in each one tree an output or one for all.
    slot_feature : array of int32, (n_slots,)
    slot_kind : array of uint8, (n_slots,)
        Sets of categories stand last, feature by feature.
    slot_set : array of int32, (n_slots + 1,)
        Where a slot's set of categories begins in `members`.
    members : array of bool
        For each code from 0, whether it is in the set.
    cover : array of float32, (n_leaves,), or None
        Training rows that came to each leaf, in the order of nodes, for explanations; packages of earlier versions lack it.

    Raises
    ------
    PackageError
        When the arrays do not make trees.
    """

    slot: np.ndarray
    child: np.ndarray
    threshold: np.ndarray
    leaf: np.ndarray
    value: np.ndarray
    root: np.ndarray
    depth: np.ndarray
    slot_feature: np.ndarray
    slot_kind: np.ndarray
    slot_set: np.ndarray
    members: np.ndarray
    n_out: int
    link: Link
    cover: np.ndarray | None = None
    _packed: tuple[Any, ...] | None = field(init=False, repr=False, compare=False)
    _struck: Struck | None = field(default=None, init=False, repr=False, compare=False)
    form: ClassVar[str] = "trees@2"

    def __post_init__(self) -> None:
        forest = _checked(self)
        object.__setattr__(self, "_packed", packed_trees(self, forest) if walk.KERNEL and len(self.root) else None)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """float32 (n_rows, n_features) → float64 (n_rows, n_out)."""
        return linked(self.raw(X), self.link)

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Before the link."""
        if walk.KERNEL and self._packed and X.dtype == np.float32:
            return walk.summed(partial(walk.KERNEL.trees, self._packed), X, self.n_out)
        if len(X) <= FEW_ROWS:
            return self._few(self._slots(X, None))
        tables = self._tables()
        if len(X) >= MANY_ROWS and self._struck is None:
            object.__setattr__(self, "_struck", Struck.of(self))
        small = self._struck if len(X) >= MANY_ROWS else None
        at_once = ROWS_AT_ONCE
        if small is None or None in small.trees:
            at_once = max(FEW_ROWS, min(at_once, CELLS_AT_ONCE // max(len(self.slot_kind), 1)))
        starts = range(0, len(X), at_once)
        return np.concatenate([self._many(X[start : start + at_once], tables, small) for start in starts])

    def raw_one(self, row: array[float]) -> Sequence[float]:
        """Before the link, of one row in single precision."""
        if walk.KERNEL and self._packed:
            return walk.summed_one(walk.KERNEL.trees, self._packed, row, self.n_out)
        found: list[float] = self.raw(np.frombuffer(row, np.float32)[None])[0].tolist()
        return found

    def truncated(self, n_iterations: int) -> Trees:
        """The model after its first iterations, without the nodes of the others."""
        return self.iterations(0, n_iterations)

    def iterations(self, start: int, stop: int) -> Trees:
        """What the iterations from `start` up to `stop` add, as trees of their own."""
        trees = slice(
            *(min(one * (self.n_out if self.value.ndim == 1 else 1), len(self.root)) for one in (start, stop))
        )
        bounds = [*self.root.tolist(), len(self.child)]
        first = bounds[trees.start]
        nodes = slice(first, bounds[trees.stop])
        ends = self.leaves
        rows, leaf = np.unique(self.leaf[nodes][ends[nodes]], return_inverse=True)
        counted = slice(*(int(ends[:stop].sum()) for stop in (nodes.start, nodes.stop)))
        used, slot = np.unique(self.slot[nodes], return_inverse=True)
        sets = [self.members[self.slot_set[one] : self.slot_set[one + 1]] for one in used]
        return Trees(
            slot=slot.astype(np.int32),
            child=self.child[nodes] - first,
            threshold=self.threshold[nodes],
            leaf=spread(leaf, ends[nodes]),
            value=self.value[rows],
            root=self.root[trees] - first,
            depth=self.depth[trees],
            slot_feature=self.slot_feature[used],
            slot_kind=self.slot_kind[used],
            slot_set=np.cumsum([0, *map(len, sets)], dtype=np.int32),
            members=np.concatenate([np.zeros(0, bool), *sets]),
            n_out=self.n_out,
            link=self.link,
            cover=None if self.cover is None else self.cover[counted],
        )

    def added(self, X: np.ndarray, start: int, stop: int) -> np.ndarray:
        """`iterations(start, stop).raw(X)`; the compiled walk goes through those trees without their being made anew."""
        if not (walk.KERNEL and self._packed and X.dtype == np.float32):
            return self.iterations(start, stop).raw(X)
        per_tree = TABLE_BYTES * (self.n_out if self.value.ndim == 1 else 1)
        nodes, table, *others = self._packed
        tables = (nodes, table[start * per_tree : stop * per_tree], *others)
        return walk.summed(partial(walk.KERNEL.trees, tables), X, self.n_out)

    @property
    def leaves(self) -> np.ndarray:
        """Which nodes are leaves: bool (n_nodes,)."""
        return np.asarray(self.child == np.arange(len(self.child)))

    @property
    def node_values(self) -> np.ndarray:
        """Of leaves their values, of other nodes 0: float64 (n_nodes,) or (n_nodes, n_out)."""
        found = np.zeros((len(self.child), *self.value.shape[1:]))
        ends = self.leaves
        found[ends] = self.value[self.leaf[ends]]
        return found

    def rights(self, X: np.ndarray) -> np.ndarray:
        """Whether each row would go right at each node: bool (n_rows, n_nodes)."""
        return np.asarray(self._slots(X, None)[:, self.slot] > self.threshold)

    def _slots(self, X: np.ndarray, tables: list[_Table] | None) -> np.ndarray:
        n_plain = int(np.count_nonzero(self.slot_kind != IN_SET))
        slots = np.empty((len(X), len(self.slot_kind)), np.float32)
        slots[:, :n_plain] = self._numbers(X, n_plain)
        if tables is None:
            slots[:, n_plain:] = self._outside(X[:, self.slot_feature[n_plain:]], n_plain)
            return slots
        for feature, first, table in tables:
            slots[:, first : first + table.shape[1]] = table.take(_places(X[:, feature], table), axis=0)
        return slots

    def _numbers(self, X: np.ndarray, n_plain: int) -> np.ndarray:
        kind, values = self.slot_kind[:n_plain], X[:, self.slot_feature[:n_plain]]
        gaps = np.isnan(values)
        near_zero = (kind == ZERO_LEFT) | (kind == ZERO_RIGHT)
        if near_zero.any():
            gaps |= near_zero & (np.abs(values) <= ZERO)
        return np.where(gaps, _INSTEAD[kind], values) if gaps.any() else values

    def _outside(self, codes: np.ndarray, n_plain: int) -> np.ndarray:
        start, size = self.slot_set[n_plain:-1], np.diff(self.slot_set)[n_plain:]
        known = (codes >= 0) & (codes < size)
        outside: np.ndarray = ~(self.members[start + np.where(known, codes, 0).astype(np.int32)] & known)
        return outside

    def _tables(self) -> list[_Table]:
        """Per feature that has sets: its first slot, and for each code (the last row: unknown) which sets lack it."""
        sets = np.flatnonzero(self.slot_kind == IN_SET)
        found = []
        for feature in np.unique(self.slot_feature[sets]).tolist():
            of_feature = sets[self.slot_feature[sets] == feature]
            size = int(np.diff(self.slot_set)[of_feature].max())
            outside = np.ones((len(of_feature), size + 1), bool)
            for row, one in zip(outside, of_feature.tolist(), strict=True):
                inside = self.members[self.slot_set[one] : self.slot_set[one + 1]]
                row[: len(inside)] = ~inside
            found.append((feature, int(of_feature[0]), np.ascontiguousarray(outside.T)))
        return found

    def _few(self, slots: np.ndarray) -> np.ndarray:
        n_rows, n_trees = len(slots), len(self.root)
        if n_trees == 0 or n_rows == 0:
            return np.zeros((n_rows, self.n_out))
        flat = slots.ravel()
        base = (np.arange(n_rows) * slots.shape[1])[:, None]
        node = np.broadcast_to(self.root, (n_rows, n_trees))
        for _ in range(int(self.depth.max())):
            node = self.child[node] + (flat[base + self.slot[node]] > self.threshold[node])
        # cumsum adds in order, as the loop over trees does: the same row gives the same bits either way.
        # Added to 0 as there, -0 becomes 0.
        total: np.ndarray = self.value[self.leaf[node]].reshape(n_rows, -1, self.n_out).cumsum(axis=1)[:, -1] + 0.0
        return total

    def _many(self, X: np.ndarray, tables: list[_Table], small: Struck | None) -> np.ndarray:
        total = np.zeros((len(X), self.n_out))
        trees = small.trees if small is not None else [None] * len(self.root)
        if small is not None:
            codes = [_places(X[:, feature], table) for feature, _, table in tables]
            outside = [np.ascontiguousarray(table.T) for _, _, table in tables]
            seen = Seen(small, self._numbers(X, len(small.edges)), codes, outside)
        slots = self._slots(X, tables).ravel() if None in trees else None
        for tree, own in enumerate(trees):
            if own is not None:
                asked, value = own
                end = seen.leaves(asked, len(value))
            else:
                assert slots is not None
                value, end = self.value, self.leaf.take(self._walked(slots, len(X), tree))
            if value.ndim == 2:
                total += value.take(end, axis=0)
            else:
                total[:, tree % self.n_out] += value.take(end)
        return total

    def _walked(self, slots: np.ndarray, n_rows: int, tree: int) -> np.ndarray:
        """The node where each row ends."""
        base = np.arange(n_rows) * len(self.slot_kind)
        node = np.full(n_rows, self.root[tree], np.int64)
        for _ in range(int(self.depth[tree])):
            right = slots.take(self.slot.take(node) + base) > self.threshold.take(node)
            node = self.child.take(node) + right
        return node

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Everything that is an array, as `written.py` has it."""
        return written(self)

    def meta(self) -> Mapping[str, Any]:
        """Outputs and link."""
        return {"n_out": self.n_out, "link": self.link}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Trees:
        """Rebuild what was saved, in either version of the form."""
        try:
            made = rebuilt_of_1(arrays) if "child" in arrays else rebuilt(arrays)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise PackageError(f"a member's trees are damaged ({error}); make or copy the package again") from error
        return cls(**made, n_out=meta["n_out"], link=meta["link"])


_INSTEAD = np.array([0.0, -np.inf, np.inf, -np.inf, np.inf, 0.0], np.float32)


def _places(codes: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Rows of a table of codes, whose last one is for unknown codes."""
    known = (codes >= 0) & (codes < len(table) - 1)  # NaN is in no set
    return np.where(known, codes, len(table) - 1).astype(np.int64)


def _checked(trees: Trees) -> Forest:
    """How the trees hang together, when all that is looked up is there and every walk ends on a leaf."""
    wrong = _misfit(trees)
    if not wrong:
        forest = Forest.of(trees.child, trees.root)
        if (forest.height <= trees.depth).all():
            return forest
        wrong = "a tree is deeper than it says"
    raise PackageError(f"a member's trees are damaged ({wrong}); make or copy the package again")


def _misfit(trees: Trees) -> str:
    """What is wrong with arrays one by one; "" where nothing is."""
    arrays = {name: np.asarray(getattr(trees, name)) for name in (*OF_1, "leaf")}
    for name, kind in _KINDS.items():
        if arrays[name].dtype.kind not in kind or arrays[name].ndim != 1 + (name == "value" and trees.value.ndim == 2):
            return f"'{name}' is not what it should be"
    n_nodes, n_slots, n_out = len(trees.child), len(trees.slot_kind), trees.n_out
    if trees.threshold.dtype != np.float32 or trees.value.dtype != np.float64:
        return "numbers of another precision"
    if not isinstance(n_out, int) or n_out < 1 or trees.value.shape[1:] not in ((), (n_out,)):
        return "another number of outputs"
    if trees.value.ndim == 1 and len(trees.root) % n_out:
        return "a last iteration that is not whole"
    if not covers(trees.cover, (int(trees.leaves.sum()),)):
        return "counts of rows that are none"
    sizes = {"slot": n_nodes, "threshold": n_nodes, "leaf": n_nodes, "depth": len(trees.root)}
    sizes |= {"slot_feature": n_slots, "slot_set": n_slots + 1}
    for name, size in sizes.items():
        if len(arrays[name]) != size:
            return f"'{name}' is too long or too short"
    return _nodes_misfit(trees) or _slots_misfit(trees)


def _nodes_misfit(trees: Trees) -> str:
    n_nodes, place = len(trees.child), np.arange(len(trees.child))
    inner = ~trees.leaves
    if not _within(trees.slot, len(trees.slot_kind)) or not _within(trees.root, n_nodes):
        return "slots or roots that are not there"
    if (trees.child < place).any() or (trees.child[inner] >= n_nodes - 1).any():
        return "children that are not there"
    if np.isnan(trees.threshold).any() or not (trees.threshold[~inner] == np.inf).all():
        return "thresholds that are none"
    if not _within(trees.leaf[~inner], len(trees.value)):
        return "leaves without a value"
    return "" if _within(trees.depth, n_nodes) else "depths that cannot be"


def _slots_misfit(trees: Trees) -> str:
    in_set, sizes = trees.slot_kind == IN_SET, np.diff(trees.slot_set)
    if not _within(trees.slot_kind, IN_SET + 1) or not _within(trees.slot_feature, _MOST_FEATURES):
        return "slots of no known kind or feature"
    if (np.diff(in_set.astype(np.int8)) < 0).any() or (np.diff(trees.slot_feature[in_set]) < 0).any():
        return "sets that do not stand last, feature by feature"
    if not _within(trees.slot_set, len(trees.members) + 1) or (sizes < in_set).any():
        return "sets that are empty or not there"
    return ""


def covers(cover: np.ndarray | None, shape: tuple[int, ...]) -> bool:
    """Whether counts of training rows, where there are any, are of this shape, and counts."""
    return cover is None or bool(
        cover.dtype == np.float32 and cover.shape == shape and (cover >= 0).all() and (cover < np.inf).all()
    )


def _within(places: np.ndarray, n: int) -> bool:
    return bool(((places >= 0) & (places < n)).all())


_MOST_FEATURES = 1 << 31
_KINDS = dict.fromkeys(("slot", "child", "leaf", "root", "depth", "slot_feature", "slot_kind", "slot_set"), "iu")
_KINDS |= {"threshold": "f", "value": "f", "members": "b"}
