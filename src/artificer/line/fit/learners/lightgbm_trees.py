"""LightGBM (Ke et al. 2017, NeurIPS): histogram gradient boosting, leaf by leaf, with native splits on sets of categories."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import lightgbm
import numpy as np

from artificer.core.clock import Clock
from artificer.core.errors import FitError
from artificer.core.protocols import Fitted, Fold, Settings
from artificer_runtime.members.links import Link
from artificer_runtime.members.trees import AS_ZERO, IN_SET, NAN_LEFT, NAN_RIGHT, ZERO_LEFT, ZERO_RIGHT, Trees

OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
METRICS = {"binary": "binary_logloss", "multiclass": "multi_logloss", "regression": "rmse"}
LINKS: dict[str, Link] = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}
OURS = ("max_iterations", "patience")
CHECKED_ROWS = 2000
FLOAT32_MAX = float(np.finfo(np.float32).max)
NEAR_ZERO = float(np.float32(1e-35))


@dataclass(frozen=True)
class LightGBM:
    """Settings are LightGBM's own, and `max_iterations` (1000), `patience` (60; 0: never stop early)."""

    API: ClassVar[int] = 1
    name: str = "lightgbm"
    version: int = 1

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Boost until the validation loss has not fallen for `patience` iterations, or the clock has run out."""
        try:
            booster = lightgbm.Booster(self._parameters(fold, settings), self._dataset(fold))
            curve, cut = self._boost(booster, fold, settings, clock)
        except lightgbm.basic.LightGBMError as error:
            raise FitError(f"LightGBM: {error}") from error
        n_iterations = booster.current_iteration()
        member = portable(booster.model_to_string(num_iteration=-1), LINKS[fold.task])
        return Fitted(member, curve, n_iterations, cut, native(booster, fold))

    def _boost(
        self, booster: lightgbm.Booster, fold: Fold, settings: Settings, clock: Clock
    ) -> tuple[np.ndarray, bool]:
        most, patience = int(settings.get("max_iterations", 1000)), int(settings.get("patience", 60))
        watched = fold.X_valid is not None
        if watched:
            valid = self._dataset(fold, valid=True, reference=booster.train_set)
            booster.add_valid(valid, "valid")
        curve: list[float] = []
        for iteration in range(most):
            finished = booster.update()
            if watched:
                curve.append(float(booster.eval_valid()[0][2]))
                if patience and iteration - int(np.argmin(curve)) >= patience:
                    return np.array(curve), False
            if finished:
                break
            if clock.expired and iteration + 1 < most:
                return np.array(curve), True
        return np.array(curve[: booster.current_iteration()]), False  # an update that finds no split adds no tree

    def _dataset(self, fold: Fold, *, valid: bool = False, reference: Any = None) -> lightgbm.Dataset:
        X, y, weight = (fold.X_valid, fold.y_valid, fold.weight_valid) if valid else (fold.X, fold.y, fold.weight)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return lightgbm.Dataset(
                X,
                y,
                weight=weight,
                reference=reference,
                categorical_feature=list(fold.categorical),
                params={
                    "verbose": -1,
                    "num_threads": fold.threads,
                    "feature_pre_filter": False,
                    **self._dataset_limits(fold),
                },
                free_raw_data=False,
            )

    def _dataset_limits(self, fold: Fold) -> dict[str, Any]:
        return {"min_data_in_bin": 1 if len(fold.X) < 200 else 3, "max_bin": 255, "max_cat_to_onehot": 4}

    def _parameters(self, fold: Fold, settings: Settings) -> dict[str, Any]:
        given = {name: value for name, value in settings.items() if name not in OURS}
        parameters: dict[str, Any] = {
            "objective": OBJECTIVES[fold.task],
            "metric": METRICS[fold.task],
            "verbose": -1,
            "num_threads": fold.threads,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "seed": fold.seed + 1,
            "boost_from_average": True,
            **self._dataset_limits(fold),
            **given,
        }
        # A leaf must not need more rows than a small table has.
        parameters["min_data_in_leaf"] = max(1, min(int(given.get("min_data_in_leaf", 20)), len(fold.X) // 20))
        if fold.task == "multiclass":
            parameters["num_class"] = fold.n_classes
        if fold.monotone:
            parameters |= {"monotone_constraints": list(fold.monotone), "monotone_constraints_method": "intermediate"}
        return parameters


def native(booster: lightgbm.Booster, fold: Fold) -> np.ndarray:
    """The library's own predictions on the first rows, shaped as a member's."""
    raw = np.asarray(booster.predict(fold.X[:CHECKED_ROWS], num_threads=1, num_iteration=-1))
    if fold.task == "binary":
        return np.stack([1 - raw, raw], axis=1)
    return raw.reshape(len(raw), -1)


def portable(model: str, link: Link) -> Trees:
    """Translate LightGBM's text form.

    A threshold is rounded down to single precision: for every x in single precision, x <= t exactly when x <= that.
    """
    header, *parts = model.split("\nTree=")
    n_out = int(_fields(header)["num_tree_per_iteration"])
    builder = _Builder()
    for part in parts:
        builder.add(_fields(part.split("\nend of trees")[0]))
    return builder.build(n_out, link)


def _fields(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class _Builder:
    """Lays trees out with children side by side, and collects slots."""

    def __init__(self) -> None:
        self.slots: dict[tuple[int, int, bytes], int] = {}
        self.nodes: list[tuple[int, int, float, float]] = []  # slot, child, threshold, value
        self.roots: list[int] = []
        self.depths: list[int] = []

    def add(self, fields: dict[str, str]) -> None:
        leaves = [float(value) for value in fields["leaf_value"].split()]
        self.roots.append(len(self.nodes))
        if int(fields["num_leaves"]) == 1:
            self._leaf(leaves[0])
            self.depths.append(0)
            return
        left = [int(one) for one in fields["left_child"].split()]
        right = [int(one) for one in fields["right_child"].split()]
        splits = self._splits(fields)
        self.nodes.append((0, 0, 0.0, 0.0))
        depth, level = 0, [(len(self.nodes) - 1, 0)]
        while level:
            below = []
            for place, split in level:
                child = len(self.nodes)
                slot, threshold = splits[split]
                self.nodes[place] = (slot, child, threshold, 0.0)
                for at in (left[split], right[split]):
                    if at < 0:
                        self._leaf(leaves[~at])
                    else:
                        below.append((len(self.nodes), at))
                        self.nodes.append((0, 0, 0.0, 0.0))
            depth, level = depth + 1, below
        self.depths.append(depth)

    def _leaf(self, value: float) -> None:
        self.nodes.append((0, len(self.nodes), float("inf"), value))

    def _splits(self, fields: dict[str, str]) -> list[tuple[int, float]]:
        features = [int(one) for one in fields["split_feature"].split()]
        kinds = [int(one) for one in fields["decision_type"].split()]
        thresholds = [float(one) for one in fields["threshold"].split()]
        bounds = [int(one) for one in fields.get("cat_boundaries", "0").split()]
        words = np.array(fields.get("cat_threshold", "").split(), dtype=np.uint32)
        splits = []
        for feature, kind, threshold in zip(features, kinds, thresholds, strict=True):
            if kind & 1:
                at = int(threshold)
                bits = np.unpackbits(words[bounds[at] : bounds[at + 1]].view(np.uint8), bitorder="little")
                splits.append((self._slot(feature, IN_SET, bits.astype(bool).tobytes()), 0.5))
            else:
                splits.append((self._slot(feature, _way(kind), b""), around_zero(floor32(threshold))))
        return splits

    def _slot(self, feature: int, kind: int, inside: bytes) -> int:
        return self.slots.setdefault((feature, kind, inside), len(self.slots))

    def build(self, n_out: int, link: Link) -> Trees:
        written = list(self.slots) or [(0, AS_ZERO, b"")]
        order = sorted(range(len(written)), key=lambda place: (written[place][1] == IN_SET, written[place][0]))
        slots, moved = [written[place] for place in order], np.argsort(order)
        sets = [np.frombuffer(inside, bool) for _, _, inside in slots]
        slot, child, threshold, value = zip(*self.nodes, strict=True) if self.nodes else ((), (), (), ())
        return Trees(
            slot=moved[np.array(slot, np.int64)].astype(np.int32),
            child=np.array(child, np.int32),
            threshold=np.array(threshold, np.float32),
            value=np.array(value, np.float64),
            root=np.array(self.roots, np.int32),
            depth=np.array(self.depths, np.int32),
            slot_feature=np.array([feature for feature, _, _ in slots], np.int32),
            slot_kind=np.array([kind for _, kind, _ in slots], np.uint8),
            slot_set=np.cumsum([0, *map(len, sets)], dtype=np.int32),
            members=np.concatenate([np.zeros(0, bool), *sets]),
            n_out=n_out,
            link=link,
        )


def _way(kind: int) -> int:
    """LightGBM's decision type → how a slot sees gaps: bit 1 is "missing goes left", bits 2 and 3 what is missing."""
    to_left, missing = bool(kind & 2), (kind >> 2) & 3
    if missing == 0:
        return AS_ZERO
    if missing == 1:
        return ZERO_LEFT if to_left else ZERO_RIGHT
    return NAN_LEFT if to_left else NAN_RIGHT


def floor32(value: float) -> float:
    """The largest finite number of single precision that is not above `value`; a split of gaps alone has an infinite one."""
    single = np.float32(np.clip(value, -FLOAT32_MAX, FLOAT32_MAX))
    return float(single if float(single) <= value else np.nextafter(single, np.float32(-np.inf)))


def around_zero(threshold: float) -> float:
    """Move a threshold out of what LightGBM reads as 0 when it predicts, so that the walk need not look for it."""
    if 0 <= threshold < NEAR_ZERO:
        return NEAR_ZERO
    if -NEAR_ZERO <= threshold < 0:
        return float(np.nextafter(np.float32(-NEAR_ZERO), np.float32(-np.inf)))
    return threshold
