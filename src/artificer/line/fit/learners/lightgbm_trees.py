"""LightGBM (Ke et al. 2017, NeurIPS): histogram gradient boosting, leaf by leaf, with native splits on sets of categories."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import lightgbm
import numpy as np

from artificer.core.clock import Clock
from artificer.core.errors import FitError
from artificer.core.protocols import Fitted, Fold, Settings
from artificer.line.fit.losses import constant, level_of, link_of, log_mean, power_of
from artificer_runtime.members.links import Link
from artificer_runtime.members.trees import AS_ZERO, IN_SET, NAN_LEFT, NAN_RIGHT, ZERO_LEFT, ZERO_RIGHT, Trees
from artificer_runtime.members.written import spread

OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
METRICS = {"binary": "binary_logloss", "multiclass": "multi_logloss", "regression": "rmse"}
OURS = ("max_iterations", "patience")
# Updates in a row that find no split, after which none will: of few columns, those drawn for a tree may hold nothing to split.
MOST_IDLE = 20
FLOAT32_MAX = float(np.finfo(np.float32).max)
NEAR_ZERO = float(np.float32(1e-35))
# LightGBM's text of a model that predicts one number.
NO_TREE = "num_tree_per_iteration=1\nTree=0\nnum_leaves=1\nleaf_value={!r}\n"


@dataclass(frozen=True)
class LightGBM:
    """Settings are LightGBM's own, and `max_iterations` (1000), `patience` (60; 0: never stop early).

    LightGBM refuses to lower a quantile's loss under monotone constraints, as it then sets each leaf to a quantile of its
    rows. There the loss's own slope grows the trees, in steps of at most the learning rate times the target's spread.
    """

    API: ClassVar[int] = 1
    name: str = "lightgbm"
    version: int = 4

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Boost until the validation loss has not fallen for `patience` iterations, or the clock has run out."""
        link = link_of(fold.task, fold.loss)
        if link == "exp" and not fold.y.any():  # which LightGBM refuses
            member = portable(NO_TREE.format(log_mean(fold.y, fold.weight)), link)
            return Fitted(member, np.empty(0), 0, False, member.predict(fold.checked))
        try:
            booster = lightgbm.Booster(self.parameters(fold, settings), self._dataset(fold))
            curve, cut = self._boost(booster, fold, settings, clock)
        except lightgbm.basic.LightGBMError as error:
            raise FitError(f"LightGBM: {error}") from error
        n_iterations = booster.current_iteration()
        member = portable(booster.model_to_string(num_iteration=-1), link, _frame(fold))
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
        slope, unit = _Slope(fold).of if _by_slope(fold) else None, _frame(fold)[1]
        idle = 0
        while booster.current_iteration() < most and idle < MOST_IDLE:
            idle = idle + 1 if booster.update(fobj=slope) else 0
            n_done = booster.current_iteration()  # an update that finds no split adds no tree, but for the first one
            if watched and n_done > len(curve):
                curve.append(float(booster.eval_valid()[0][2]))
                if patience and n_done - 1 - int(np.argmin(curve)) >= patience:
                    return unit * np.array(curve), False
            if clock.expired and n_done < most:
                return unit * np.array(curve), True
        return unit * np.array(curve), False

    def _dataset(self, fold: Fold, *, valid: bool = False, reference: Any = None) -> lightgbm.Dataset:
        X, y, weight = (fold.X_valid, fold.y_valid, fold.weight_valid) if valid else (fold.X, fold.y, fold.weight)
        middle, unit = _frame(fold)
        assert y is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return lightgbm.Dataset(
                X,
                (y - middle) / unit if _by_slope(fold) else y,
                weight=weight,
                reference=reference,
                categorical_feature=list(fold.categorical),
                params={
                    "verbose": -1,
                    "num_threads": fold.threads,
                    "feature_pre_filter": False,
                    **self.dataset_limits(fold),
                },
                free_raw_data=False,
            )

    def dataset_limits(self, fold: Fold) -> dict[str, Any]:
        """What its data set is told about bins."""
        return {"min_data_in_bin": 1 if len(fold.X) < 200 else 3, "max_bin": 255, "max_cat_to_onehot": 4}

    def parameters(self, fold: Fold, settings: Settings) -> dict[str, Any]:
        """What the library is told."""
        given = {name: value for name, value in settings.items() if name not in OURS}
        parameters: dict[str, Any] = {
            **_loss(fold),
            "verbose": -1,
            "num_threads": fold.threads,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "seed": fold.seed + 1,
            "boost_from_average": True,
            **self.dataset_limits(fold),
            **given,
        }
        # A leaf must not need more rows than a small table has.
        parameters["min_data_in_leaf"] = max(1, min(int(given.get("min_data_in_leaf", 20)), len(fold.X) // 20))
        if len(fold.X) * float(parameters.get("bagging_fraction", 1.0)) < 1:  # of a single row, none would be drawn
            parameters["bagging_fraction"] = 1.0
        if fold.task == "multiclass":
            parameters["num_class"] = fold.n_classes
        if _by_slope(fold):
            parameters["objective"] = "none"
        if fold.monotone:
            parameters |= {"monotone_constraints": list(fold.monotone), "monotone_constraints_method": "intermediate"}
        return parameters


def _loss(fold: Fold) -> dict[str, Any]:
    """The objective, and the same as the metric of the validation rows."""
    level, power = level_of(fold.loss), power_of(fold.loss)
    if fold.loss == "absolute":
        return {"objective": "regression_l1", "metric": "l1"}
    if level is not None:
        return {"objective": "quantile", "metric": "quantile", "alpha": level}
    if power == 1:
        return {"objective": "poisson", "metric": "poisson"}
    if power is not None:
        return {"objective": "tweedie", "metric": "tweedie", "tweedie_variance_power": power}
    return {"objective": OBJECTIVES[fold.task], "metric": METRICS[fold.task]}


def _by_slope(fold: Fold) -> bool:
    return bool(fold.monotone) and level_of(fold.loss) is not None


def _frame(fold: Fold) -> tuple[float, float]:
    """What is subtracted from the target, and what it is divided by, before trees are grown by the loss's slope."""
    if not _by_slope(fold):
        return 0.0, 1.0
    return constant(fold.loss, fold.y, fold.weight), float(fold.y.std()) or 1.0


@dataclass(frozen=True)
class _Slope:
    """First and second derivative of a quantile's loss, the second one taken as 1, so that a leaf is a mean slope."""

    fold: Fold

    def of(self, prediction: np.ndarray, data: lightgbm.Dataset) -> tuple[np.ndarray, np.ndarray]:
        level, label = level_of(self.fold.loss), np.asarray(data.get_label())
        assert level is not None
        weight = np.ones(len(label)) if self.fold.weight is None else self.fold.weight
        return weight * ((prediction > label) - level), weight


def native(booster: lightgbm.Booster, fold: Fold) -> np.ndarray:
    """The library's own predictions on the first rows, shaped as a member's."""
    raw = np.asarray(booster.predict(fold.checked, num_threads=1, num_iteration=-1))
    if fold.task == "binary":
        return np.stack([1 - raw, raw], axis=1)
    middle, unit = _frame(fold)
    return (raw * unit + middle if _by_slope(fold) else raw).reshape(len(raw), -1)


def portable(model: str, link: Link, frame: tuple[float, float] = (0.0, 1.0)) -> Trees:
    """Translate LightGBM's text form.

    A threshold is rounded down to single precision: for every x in single precision, x <= t exactly when x <= that. Leaves
    are multiplied by the second number of `frame`, and the first one is added to those of the first tree.
    """
    parts = _parts(model)
    n_out = int(_fields(next(parts))["num_tree_per_iteration"])
    builder, (middle, unit) = _Builder(), frame
    for place, part in enumerate(parts):
        builder.add(_fields(part.split("\nend of trees")[0]), 0.0 if place else middle, unit)
    return builder.build(n_out, link)


def _parts(model: str) -> Iterator[str]:
    """The header, then each tree: cut one at a time, since the text of many classes' trees takes 100 MB by itself."""
    start = 0
    while (end := model.find("\nTree=", start)) >= 0:
        yield model[start:end]
        start = end + len("\nTree=")
    yield model[start:]


def _fields(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class _Builder:
    """Lays trees out with children side by side, and collects slots."""

    def __init__(self) -> None:
        self.slots: dict[tuple[int, int, bytes], int] = {}
        # Slot, child, threshold, value and rows of each node, as plain numbers: objects would take several times as much.
        self.columns: tuple[array[Any], ...] = array("q"), array("q"), array("d"), array("d"), array("d")
        self.nodes: list[tuple[int, int, float, float, float]] = []  # of the tree at hand
        self.roots: list[int] = []
        self.depths: list[int] = []

    def add(self, fields: dict[str, str], shift: float, unit: float) -> None:
        self.roots.append(len(self.columns[0]))
        self._lay(fields, shift, unit)
        for column, values in zip(self.columns, zip(*self.nodes, strict=True), strict=True):
            column.extend(values)
        self.nodes.clear()

    def _lay(self, fields: dict[str, str], shift: float, unit: float) -> None:
        leaves = [float(value) * unit + shift for value in fields["leaf_value"].split()]
        if int(fields["num_leaves"]) == 1:
            self._leaf(leaves[0], 1.0)
            self.depths.append(0)
            return
        left = [int(one) for one in fields["left_child"].split()]
        right = [int(one) for one in fields["right_child"].split()]
        splits = self._splits(fields)
        rows, leaf_rows = ([float(n) for n in fields[name].split()] for name in ("internal_count", "leaf_count"))
        self.nodes.append((0, 0, 0.0, 0.0, 0.0))
        depth, level = 0, [(len(self.nodes) - 1, 0)]
        while level:
            below = []
            for place, split in level:
                child = self._next
                slot, threshold = splits[split]
                self.nodes[place] = (slot, child, threshold, 0.0, rows[split])
                for at in (left[split], right[split]):
                    if at < 0:
                        self._leaf(leaves[~at], leaf_rows[~at])
                    else:
                        below.append((len(self.nodes), at))
                        self.nodes.append((0, 0, 0.0, 0.0, 0.0))
            depth, level = depth + 1, below
        self.depths.append(depth)

    @property
    def _next(self) -> int:
        """Where the next node stands among those of all trees."""
        return len(self.columns[0]) + len(self.nodes)

    def _leaf(self, value: float, rows: float) -> None:
        self.nodes.append((0, self._next, float("inf"), value, rows))

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
        slot, child, threshold, value, cover = map(np.array, self.columns)
        ends = child == np.arange(len(child))
        return Trees(
            slot=moved[slot].astype(np.int32),
            child=child.astype(np.int32),
            threshold=threshold.astype(np.float32),
            leaf=spread(np.arange(ends.sum()), ends),
            value=value[ends],
            root=np.array(self.roots, np.int32),
            depth=np.array(self.depths, np.int32),
            slot_feature=np.array([feature for feature, _, _ in slots], np.int32),
            slot_kind=np.array([kind for _, kind, _ in slots], np.uint8),
            slot_set=np.cumsum([0, *map(len, sets)], dtype=np.int32),
            members=np.concatenate([np.zeros(0, bool), *sets]),
            n_out=n_out,
            link=link,
            cover=cover[ends].astype(np.float32),
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
