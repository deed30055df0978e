"""More rows: the yardstick's learning curve on the training rows, within describe's share of the time."""

from __future__ import annotations

import numpy as np

from artificer.core.clock import Clock
from artificer.core.description import MoreRows
from artificer.core.records import Estimate
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.line.describe.associations import Readings, readings_of
from artificer.measure.compare import corrected_resampled_t
from artificer.measure.learning_curve import curve, gain, growing, sizes_of
from artificer.measure.means import mean_t
from artificer.measure.metrics import default_metric
from artificer.measure.probe import Folds
from artificer_runtime.parts import dealt

MOST_ROWS = 10_000
MOST_COLUMNS = 30
N_FOLDS = 5
N_POINTS = 24
DAY = 86_400.0
# A probe's cost grows with cells and classes; a curve reads at most so many of each, so that it takes a few seconds.
MOST_CELLS = 200_000


def more_rows(asked: Asked, rows: Labelled, sample: Readings, strongest: list[str], clock: Clock) -> MoreRows | None:
    """Measure the score on growing parts of at most 10,000 training rows.

    Folds are of whole groups where there are groups, and grow by them; all draw rows from the same time, so what is told is
    what more rows, or groups, of that time would bring.

    Returns
    -------
    MoreRows or None
        None where there are fewer than 300 rows, no readable column, a class too rare, or the clock ran out.
    """
    names = strongest[:MOST_COLUMNS]
    most = min(MOST_ROWS, MOST_CELLS // max(len(names), 1) // max(len(asked.classes) - 1, 1))
    few = _few(asked, rows, sample, names, most)
    if not names or few.n_rows < 300 or (asked.classes and _rarest(few.y, len(asked.classes)) < 4 * N_FOLDS):
        return None
    groups = _groups(few.group)
    folds = _folds(few, groups)
    sizes = sizes_of(min(len(train) for train, _ in folds))
    metric, n_train = default_metric(asked.task), rows.n_rows
    y = 1.0 - few.y if asked.positive == 0 else few.y
    X, codes = _matrix(few)
    classes = len(asked.classes)
    scores = growing(
        X, y, asked.task, classes, folds, metric=metric, sizes=sizes, categorical=codes, groups=groups, clock=clock
    )
    if scores is None or not np.isfinite(scores).all():
        return None
    at = np.unique(np.geomspace(sizes[0], 2 * n_train, N_POINTS).astype(np.int64)).tolist()
    n_test = len(folds[0][1])
    measured = [_at(scores[:, place], size, n_test) for place, size in enumerate(sizes)]
    return MoreRows(
        metric=metric,
        measured=tuple(zip(sizes, measured, strict=True)),
        curve=tuple(zip(at, curve(metric, sizes, scores, at), strict=True)),
        n_rows=n_train,
        gain=gain(metric, sizes, scores, n_train, 2 * n_train),
    )


def _at(scores: np.ndarray, n_train: int, n_test: int) -> Estimate:
    """Small parts of different folds hardly overlap, so that only what full ones share widens their interval."""
    whole = n_train >= n_test * (N_FOLDS - 1) // 2
    return corrected_resampled_t(scores, n_train, n_test) if whole else mean_t(scores, method="t over folds")


def _few(asked: Asked, rows: Labelled, sample: Readings, names: list[str], most: int) -> Readings:
    """Some columns on at most `most` rows, of whole groups as they are among all rows: so do rows and groups grow alike."""
    groups = _groups(rows.group)
    if groups is None or rows.n_rows <= most:
        return sample.few(names, most)
    drawn, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(1).permutation(len(drawn))
    taken = order[np.cumsum(sizes[order]) <= most]
    if len(taken) < 2 * N_FOLDS:
        return sample.few(names, most)
    return readings_of(asked, rows, np.flatnonzero(np.isin(place, taken))).few(names, most)


def _groups(group: np.ndarray | None) -> np.ndarray | None:
    """The group of each row; None where there are none, or too few of them for folds."""
    return group if group is not None and len(np.unique(group)) >= N_FOLDS else None


def _folds(few: Readings, groups: np.ndarray | None) -> Folds:
    """Five folds with like shares of every class or tenth of the target, or of whole groups."""
    of_row = dealt(N_FOLDS, few.n_rows, np.random.default_rng(2), strata=few.y, group=groups)
    return [(np.flatnonzero(of_row != fold), np.flatnonzero(of_row == fold)) for fold in range(N_FOLDS)]


def _matrix(few: Readings) -> tuple[np.ndarray, list[int]]:
    """Columns as float32 (n_rows, n_columns), moments in days since the first; and which of them are codes."""
    columns, codes = [], []
    for place, values in enumerate(few.values.values()):
        if values.dtype.kind != "f":
            codes.append(place)
        far = values.dtype.kind == "f" and np.nanmax(np.abs(values), initial=0.0) > 1e9
        columns.append((values - np.nanmin(values)) / DAY if far else values)
    return np.stack(columns, axis=1).astype(np.float32), codes


def _rarest(y: np.ndarray, n_classes: int) -> int:
    return int(np.bincount(y.astype(np.int64), minlength=n_classes).min())
