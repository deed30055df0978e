"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006, Machine Learning 63): scikit-learn's, of drawn split points.

Trees that do not build on one another err in other places than boosted ones do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from artificer.core.clock import Clock
from artificer.core.protocols import Fitted, Fold, Settings
from artificer.line.fit.learners.lightgbm_trees import floor32
from artificer_runtime.members.trees import NAN_LEFT, NAN_RIGHT, Trees
from artificer_runtime.members.written import spread

BATCH = 10  # trees grown between two looks at the clock, which are translated before others are grown
# Part of each probability that is drawn to the classes' shares: leaves of few rows know of no class but their own.
TO_SHARES = 0.005
RAREST = 1e-9  # share of a class that no training row has


@dataclass(frozen=True)
class ExtraTrees:
    """Settings: `trees` (200), `min_samples_leaf` (2), `max_features` (0.5), `rows` (30,000), `most_leaves`, and `rounds`.

    Of more rows than `rows` a sample is drawn. A tree has `most_leaves` leaves at most; without it, as many as its rows give.
    `rounds` fixes how many times ten trees are grown, whatever the clock says.
    """

    API: ClassVar[int] = 1
    name: str = "extra_trees"
    version: int = 3

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Grow ten trees at a time until all stand or the clock has run out."""
        checked = fold.checked
        fold = _thinned(fold, int(settings.get("rows", 30_000)))
        fixed = round(float(settings.get("rounds", 0)))
        n_trees = fixed * BATCH or int(settings.get("trees", 200))
        leaf, trees, told = _Leaf.of(fold), [], []
        cut = False
        for first in range(0, n_trees, BATCH):
            model = self._forest(fold, settings, min(BATCH, n_trees - first), first // BATCH)
            trees += [_Tree.of(one.tree_, leaf, model) for one in model.estimators_]
            told.append(len(model.estimators_) * leaf.native(model, checked))
            if clock.expired and not fixed and len(trees) < n_trees:
                cut = True
                break
        rounds = float(len(told))
        native = np.asarray(np.sum(told, axis=0) / len(trees))
        return Fitted(portable(trees), np.empty(0), 0, cut, native, {"rounds": rounds})

    def _forest(self, fold: Fold, settings: Settings, n_trees: int, number: int) -> Any:
        smallest = int(settings.get("min_samples_leaf", 2))
        most_leaves = int(settings.get("most_leaves", len(fold.X)))
        kind: Any = (
            ExtraTreesRegressor if fold.task == "regression" else partial(ExtraTreesClassifier, criterion="entropy")
        )
        model = kind(
            n_estimators=n_trees,
            min_samples_leaf=smallest,
            max_features=float(settings.get("max_features", 0.5)),
            max_leaf_nodes=most_leaves if len(fold.X) > most_leaves * smallest else None,
            random_state=fold.seed + 11 + number,
            n_jobs=1,
        )
        with np.errstate(invalid="ignore"):  # scikit-learn adds cells up to see whether all are finite
            return model.fit(fold.X, fold.y, sample_weight=fold.weight)


def _thinned(fold: Fold, most: int) -> Fold:
    if len(fold.X) <= most:
        return fold
    rows = np.sort(np.random.default_rng(fold.seed).choice(len(fold.X), most, replace=False))
    return replace(fold, X=fold.X[rows], y=fold.y[rows], weight=fold.weight[rows] if fold.weight is not None else None)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """From what a leaf of scikit-learn's holds to outputs: a column for every class, drawn to `shares` by a part `drawn`."""

    shares: np.ndarray
    drawn: float

    @classmethod
    def of(cls, fold: Fold) -> _Leaf:
        if fold.task == "regression":
            return cls(np.zeros(1), 0.0)
        total = np.bincount(fold.y.astype(np.int64), fold.weight, fold.n_classes)
        shares = np.maximum(total / max(total.sum(), 1e-300), RAREST)
        return cls(shares / shares.sum(), TO_SHARES)

    def spread(self, values: np.ndarray, model: Any) -> np.ndarray:
        """float64 (n, n_seen) → (n, n_out)."""
        if self.drawn == 0:
            return values
        full = np.zeros((len(values), len(self.shares)))
        full[:, model.classes_.astype(np.int64)] = values
        return np.asarray((1 - self.drawn) * full + self.drawn * self.shares)

    def native(self, model: Any, X: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            if self.drawn == 0:
                return np.asarray(model.predict(X), np.float64)[:, None]
            return self.spread(np.asarray(model.predict_proba(X)), model)


def portable(trees: Sequence[_Tree]) -> Trees:
    """Put translated trees together: one that gives the mean of what they say."""
    root = np.cumsum([0] + [len(tree.child) for tree in trees])
    inner = np.concatenate([tree.inner for tree in trees])
    seen = np.concatenate([tree.seen for tree in trees])
    slots, slot = np.unique(seen[inner], return_inverse=True) if inner.any() else (np.zeros(1, np.int64), np.zeros(0))
    first = np.cumsum([0] + [len(tree.value) for tree in trees])
    value, row = _shared(np.concatenate([tree.value for tree in trees]))
    leaf = row[np.concatenate([tree.row + at for tree, at in zip(trees, first, strict=False)])]
    value = value / len(trees)
    return Trees(
        slot=spread(slot, inner),
        child=np.concatenate([tree.child + at for tree, at in zip(trees, root, strict=False)]).astype(np.int32),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        leaf=spread(leaf, ~inner),
        value=value if value.shape[1] > 1 else value[:, 0],
        root=root[:-1].astype(np.int32),
        depth=np.array([tree.depth for tree in trees], np.int32),
        slot_feature=(slots // 2).astype(np.int32),
        slot_kind=np.where(slots % 2 == 0, NAN_LEFT, NAN_RIGHT).astype(np.uint8),
        slot_set=np.zeros(len(slots) + 1, np.int32),
        members=np.zeros(0, bool),
        n_out=value.shape[1],
        link="identity",
        cover=np.concatenate([tree.cover for tree in trees]),
    )


def _shared(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row of values once, and which of them each row is: leaves of one class alone say the same."""
    bits = np.ascontiguousarray(values).view(np.uint64) * (2 * np.arange(values.shape[1], dtype=np.uint64) + 1)
    _, first, row = np.unique(bits.sum(axis=1), return_index=True, return_inverse=True)
    if not np.array_equal(values[first][row], values):  # two that differ have one sum
        return values, np.arange(len(values))
    return values[first], row


@dataclass(frozen=True, slots=True)
class _Tree:
    """One tree, its nodes level by level, the two children of one side by side: the same questions in single precision.

    Attributes
    ----------
    child : array of int64, (n_nodes,)
        The left child, counted from the tree's root; a leaf's is itself.
    seen : array of int64, (n_nodes,)
        Twice the feature, and 1 more where gaps go right.
    value : array of float64, (n_values, n_out)
    row : array of int64, (n_leaves,)
        Of `value`, in the order of the nodes.
    cover : array of float32, (n_leaves,)
    """

    inner: np.ndarray
    child: np.ndarray
    seen: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    row: np.ndarray
    cover: np.ndarray
    depth: int

    @classmethod
    def of(cls, tree: Any, leaf: _Leaf, model: Any) -> _Tree:
        left, right = tree.children_left, tree.children_right
        levels = [np.zeros(1, np.int64)]
        while len(inner := levels[-1][left[levels[-1]] >= 0]):
            levels.append(np.stack([left[inner], right[inner]], axis=1).ravel())
        order = np.concatenate(levels)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        is_inner = left[order] >= 0
        ends = order[~is_inner]
        value, row = _shared(leaf.spread(tree.value[ends, 0, :], model))
        return cls(
            inner=is_inner,
            child=np.where(is_inner, place[left[order]], np.arange(len(order))),
            seen=2 * tree.feature[order] + (tree.missing_go_to_left[order] == 0),
            threshold=np.where(is_inner, _floors32(tree.threshold[order]), np.inf).astype(np.float32),
            value=value,
            row=row,
            cover=tree.weighted_n_node_samples[ends].astype(np.float32),
            depth=len(levels) - 1,
        )


def _floors32(thresholds: np.ndarray) -> np.ndarray:
    return np.array([floor32(one) for one in thresholds.tolist()], np.float32)
