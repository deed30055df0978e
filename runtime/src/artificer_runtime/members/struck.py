"""Small trees over many rows, with numpy alone: no row walks; the leaves that it cannot reach are struck out.

A question strikes out the leaves on its left where a row goes right, and the first leaf that stays is the row's
(QuickScorer: Lucchese et al., SIGIR 2015; the compiled walk does the same). All that a tree's questions about one column
strike out hangs on the place of the column's value among all thresholds that the forest has for it. So places are looked up
once for all trees, and a tree reads one table a column, from places to leaves, where a walk takes three steps a question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from artificer_runtime.members.packed import IN_SET, MOST_LEAVES, Forest, packed_nodes, spans

if TYPE_CHECKING:
    from artificer_runtime.members.trees import Trees

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one tree asks one column.

    Attributes
    ----------
    strikes : array of uint32 or uint64
        Leaves struck out, a bit each: of numbers, after none, one, two … of the questions in order of their thresholds; of
        categories, by each question.
    counts : array of int, or None
        Of numbers: how many places in a row have the same strikes.
    sets : array of int
        Of categories: the sets that are asked for, among those of the feature.
    """

    column: int
    strikes: np.ndarray
    counts: np.ndarray | None
    sets: np.ndarray

    def table(self, outside: Sequence[np.ndarray]) -> np.ndarray:
        """Leaves struck out, by place."""
        if self.counts is not None:
            return np.repeat(self.strikes, self.counts)
        right = outside[self.column].take(self.sets, axis=0)
        struck: np.ndarray = np.bitwise_or.reduce(self.strikes[:, None] * right, axis=0)
        return struck


@dataclass(frozen=True, slots=True)
class Struck:
    """The small trees of a forest.

    Attributes
    ----------
    edges : list of array of float32
        Thresholds of each column of numbers.
    trees : list of (questions by column, values of leaves), or None
        None: too large a tree, which is walked.
    """

    edges: Sequence[np.ndarray]
    trees: Sequence[tuple[Sequence[Asked], np.ndarray] | None]

    @classmethod
    def of(cls, trees: Trees) -> Struck:
        """Prepare it."""
        nodes, _ = packed_nodes(trees)
        inner = trees.child > np.arange(len(trees.child))
        forest = Forest.of(trees.child, trees.root)
        n_leaves, first = spans(trees.child, inner, forest)
        in_set = inner & (nodes[:, 3] != -1)
        small = n_leaves[trees.root] <= MOST_LEAVES
        small[forest.tree[in_set & ~((trees.threshold >= 0) & (trees.threshold < 1))]] = False

        asked = np.flatnonzero(inner & small[forest.tree])
        left = n_leaves[trees.child[asked]].astype(np.uint64)
        strike = (_ALL >> (np.uint64(64) - left)) << first[asked].astype(np.uint64)
        edges, rank = _ranked(trees, asked, in_set[asked])
        by_tree: list[list[Asked]] = [[] for _ in trees.root]
        order = np.lexsort((rank, nodes[asked, 1], forest.tree[asked]))
        asked, strike, rank = asked[order], strike[order], rank[order]
        for node, one in _asked(trees, edges, asked, nodes[asked, 1], forest.tree[asked], strike, rank):
            by_tree[forest.tree[node]].append(one)

        ends = np.flatnonzero(~inner)
        ends = ends[np.lexsort((first[ends], forest.tree[ends]))]
        stops = np.cumsum(n_leaves[trees.root]).tolist()
        values = [trees.value[trees.leaf[ends[start:stop]]] for start, stop in pairwise([0, *stops])]
        made = zip(by_tree, values, small.tolist(), strict=True)
        return cls(edges, [(_narrow(questions, len(own)), own) if few else None for questions, own, few in made])


class Seen:
    """Rows as struck trees see them.

    Parameters
    ----------
    numbers : array of float32, (n_rows, n_columns)
        Without gaps.
    codes : list of array of int64, (n_rows,)
        Places of the codes of each feature with sets.
    outside : list of array of bool, (n_sets, n_places)
        Which of a feature's sets lack a code; the last place is that of unknown codes.
    """

    def __init__(
        self, small: Struck, numbers: np.ndarray, codes: Sequence[np.ndarray], outside: Sequence[np.ndarray]
    ) -> None:
        self._numbers = [*map(np.searchsorted, small.edges, np.ascontiguousarray(numbers.T))]
        self._codes, self._outside, self._n_rows = codes, outside, len(numbers)

    def leaves(self, questions: Sequence[Asked], n_leaves: int) -> np.ndarray:
        """The number of the leaf that each row reaches in a tree, from the left: (n_rows,)."""
        if not questions:
            return np.zeros(self._n_rows, np.int64)
        struck: np.ndarray | None = None
        for one in questions:
            places = self._codes if one.counts is None else self._numbers
            more = one.table(self._outside).take(places[one.column])
            struck = more if struck is None else np.bitwise_or(struck, more, out=struck)
        assert struck is not None
        stay = np.invert(struck, out=struck)
        first = stay & np.negative(stay)
        if n_leaves <= 32:  # the exponent of a power of 2 is the number of its bit
            return np.asarray((first.astype(np.float32).view(np.int32) >> 23) - 127)
        return np.asarray((first.astype(np.float64).view(np.int64) >> 52) - 1023)


def _ranked(trees: Trees, asked: np.ndarray, in_set: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Thresholds of each column of numbers in order, and where those of the questions stand among them."""
    n_columns = int(np.count_nonzero(trees.slot_kind != IN_SET))
    slot, rank = np.where(in_set, n_columns, trees.slot[asked]), np.zeros(len(asked), np.int64)
    order = np.argsort(slot, kind="stable")
    edges = []
    for start, stop in pairwise(np.searchsorted(slot[order], np.arange(n_columns + 1)).tolist()):
        own = order[start:stop]
        found, rank[own] = np.unique(trees.threshold[asked[own]], return_inverse=True)
        edges.append(found)
    return edges, rank


def _asked(
    trees: Trees,
    edges: Sequence[np.ndarray],
    asked: np.ndarray,
    column: np.ndarray,
    tree: np.ndarray,
    strike: np.ndarray,
    rank: np.ndarray,
) -> Iterator[tuple[int, Asked]]:
    """What trees ask columns, each with a node of its tree; the questions stand by tree, column and rank."""
    begins = (np.diff(column, prepend=-1) != 0) | (np.diff(tree, prepend=-1) != 0)
    starts = np.flatnonzero(begins)
    stops, group = np.append(starts, len(asked))[1:], np.cumsum(begins) - 1
    n_columns, sizes = len(edges), np.array([*map(len, edges), 0])
    # In front of a column's questions stands what strikes nothing, and behind them how many places are left.
    strikes, counts = np.zeros(len(asked) + len(starts), np.uint64), np.zeros(len(asked) + len(starts), np.int64)
    at, place = np.arange(len(asked)) + group, np.arange(len(starts))
    strikes[at + 1] = strike
    counts[at] = np.where(begins, rank + 1, np.diff(rank, prepend=0))
    counts[stops + place] = sizes[np.minimum(column[starts], n_columns)] - rank[stops - 1]
    of_sets = trees.slot_feature[n_columns:]
    sets = trees.slot[asked] - n_columns
    sets = sets - np.append(np.searchsorted(of_sets, of_sets), 0)[np.maximum(sets, -1)]
    columns = column[starts].tolist()
    for number, (start, stop, node) in enumerate(
        zip(starts.tolist(), stops.tolist(), asked[starts].tolist(), strict=True)
    ):
        own = slice(start + number, stop + number + 1)
        if columns[number] >= n_columns:
            yield node, Asked(columns[number] - n_columns, strikes[own][1:], None, sets[start:stop])
        else:
            np.bitwise_or.accumulate(strikes[own], out=strikes[own])
            yield node, Asked(columns[number], strikes[own], counts[own], sets[:0])


def _narrow(questions: list[Asked], n_leaves: int) -> list[Asked]:
    """The same with 32 bits where they hold all leaves."""
    return [replace(one, strikes=one.strikes.astype(np.uint32)) for one in questions] if n_leaves <= 32 else questions
