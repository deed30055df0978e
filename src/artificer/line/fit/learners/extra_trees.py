"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006, Machine Learning 63): scikit-learn's, of drawn split points.

Trees that do not build on one another err in other places than boosted ones do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from artificer.core.clock import Clock
from artificer.core.protocols import Fitted, Fold, Settings
from artificer.line.fit.learners.lightgbm_trees import floor32
from artificer_runtime.members.trees import NAN_LEFT, NAN_RIGHT, Trees

BATCH = 10  # trees grown between two looks at the clock
MOST_BYTES, NODE_BYTES, VALUE_BYTES = 8e6, 12, 8  # of all trees; of a node; and of each output in it
# Part of each probability that is drawn to the classes' shares: leaves of few rows know of no class but their own.
TO_SHARES = 0.005
RAREST = 1e-9  # share of a class that no training row has


@dataclass(frozen=True)
class ExtraTrees:
    """Settings: `trees` (200), `min_samples_leaf` (2), `max_features` (0.5), `rows` (30,000), `bytes` (8e6), and `rounds`.

    Of more rows than `rows` a sample is drawn. `rounds` fixes how many times ten trees are grown, whatever the clock says.
    A tree has no more leaves than keep all trees within `bytes`.
    """

    API: ClassVar[int] = 1
    name: str = "extra_trees"
    version: int = 2

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Grow ten trees at a time until all stand or the clock has run out."""
        checked = fold.checked
        fold = _thinned(fold, int(settings.get("rows", 30_000)))
        fixed = round(float(settings.get("rounds", 0)))
        wanted = int(settings.get("trees", 200))
        n_trees = fixed * BATCH or wanted
        model = self._forest(fold, settings, wanted)
        cut = False
        for grown in range(BATCH, n_trees + BATCH, BATCH):
            model.set_params(n_estimators=min(grown, n_trees))
            with np.errstate(invalid="ignore"):  # scikit-learn adds cells up to see whether all are finite
                model.fit(fold.X, fold.y, sample_weight=fold.weight)
            if clock.expired and not fixed and grown < n_trees:
                cut = True
                break
        leaf = _Leaf.of(fold, model)
        rounds = -(-len(model.estimators_) // BATCH)
        return Fitted(
            portable(model, leaf), np.empty(0), 0, cut, leaf.native(model, checked), {"rounds": float(rounds)}
        )

    def _forest(self, fold: Fold, settings: Settings, n_trees: int) -> Any:
        smallest = int(settings.get("min_samples_leaf", 2))
        bytes_per_leaf = 2 * (NODE_BYTES + VALUE_BYTES * max(fold.n_classes, 1))
        most_leaves = max(2, int(settings.get("bytes", MOST_BYTES) / (n_trees * bytes_per_leaf)))
        parameters: dict[str, Any] = {
            "min_samples_leaf": smallest,
            "max_features": float(settings.get("max_features", 0.5)),
            "max_leaf_nodes": most_leaves if len(fold.X) > most_leaves * smallest else None,
            "random_state": fold.seed + 11,
            "warm_start": True,
            "n_jobs": 1,
        }
        if fold.task == "regression":
            return ExtraTreesRegressor(**parameters)
        return ExtraTreesClassifier(criterion="entropy", **parameters)


def _thinned(fold: Fold, most: int) -> Fold:
    if len(fold.X) <= most:
        return fold
    rows = np.sort(np.random.default_rng(fold.seed).choice(len(fold.X), most, replace=False))
    return replace(fold, X=fold.X[rows], y=fold.y[rows], weight=fold.weight[rows] if fold.weight is not None else None)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """From what a leaf of scikit-learn's holds to outputs: a column for every class, drawn to `shares` by a part `drawn`."""

    columns: np.ndarray
    shares: np.ndarray
    drawn: float

    @classmethod
    def of(cls, fold: Fold, model: Any) -> _Leaf:
        if fold.task == "regression":
            return cls(np.zeros(1, np.int64), np.zeros(1), 0.0)
        total = np.bincount(fold.y.astype(np.int64), fold.weight, fold.n_classes)
        shares = np.maximum(total / max(total.sum(), 1e-300), RAREST)
        return cls(model.classes_.astype(np.int64), shares / shares.sum(), TO_SHARES)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """float64 (n, n_seen) → (n, n_out)."""
        full = np.zeros((len(values), len(self.shares)))
        full[:, self.columns] = values
        return np.asarray((1 - self.drawn) * full + self.drawn * self.shares)

    def native(self, model: Any, X: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            if self.drawn == 0:
                return np.asarray(model.predict(X), np.float64)[:, None]
            return self.spread(np.asarray(model.predict_proba(X)))


def portable(model: Any, leaf: _Leaf) -> Trees:
    """Translate scikit-learn's trees: the same questions, with children side by side and thresholds in single precision."""
    trees = [_Tree.of(one.tree_) for one in model.estimators_]
    root = np.cumsum([0] + [len(tree.child) for tree in trees])
    inner = np.concatenate([tree.inner for tree in trees])
    seen = np.concatenate([tree.seen for tree in trees])
    slots, slot = np.unique(seen[inner], return_inverse=True) if inner.any() else (np.zeros(1, np.int64), np.zeros(0))
    slot_of = np.zeros(len(inner), np.int32)
    slot_of[inner] = slot
    value = leaf.spread(np.concatenate([tree.value for tree in trees])) / len(trees)
    value[inner] = 0.0
    return Trees(
        slot=slot_of,
        child=np.concatenate([tree.child + at for tree, at in zip(trees, root, strict=False)]).astype(np.int32),
        threshold=np.concatenate([tree.threshold for tree in trees]),
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


@dataclass(frozen=True, slots=True)
class _Tree:
    """One tree, its nodes level by level, the two children of one side by side.

    Attributes
    ----------
    child : array of int64, (n_nodes,)
        The left child, counted from the tree's root; a leaf's is itself.
    seen : array of int64, (n_nodes,)
        Twice the feature, and 1 more where gaps go right.
    """

    inner: np.ndarray
    child: np.ndarray
    seen: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    cover: np.ndarray
    depth: int

    @classmethod
    def of(cls, tree: Any) -> _Tree:
        left, right = tree.children_left, tree.children_right
        levels = [np.zeros(1, np.int64)]
        while len(inner := levels[-1][left[levels[-1]] >= 0]):
            levels.append(np.stack([left[inner], right[inner]], axis=1).ravel())
        order = np.concatenate(levels)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        is_inner = left[order] >= 0
        return cls(
            inner=is_inner,
            child=np.where(is_inner, place[left[order]], np.arange(len(order))),
            seen=2 * tree.feature[order] + (tree.missing_go_to_left[order] == 0),
            threshold=np.where(is_inner, _floors32(tree.threshold[order]), np.inf).astype(np.float32),
            value=tree.value[order, 0, :],
            cover=tree.weighted_n_node_samples[order].astype(np.float32),
            depth=len(levels) - 1,
        )


def _floors32(thresholds: np.ndarray) -> np.ndarray:
    return np.array([floor32(one) for one in thresholds.tolist()], np.float32)
