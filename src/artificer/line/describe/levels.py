"""The target by the levels of the columns that tell most of it, small levels drawn towards the mean of all."""

from __future__ import annotations

import numpy as np

from artificer.core.description import Above, ByLevel, Level
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.line.describe.associations import Readings
from artificer.line.describe.columns import OTHERS, text
from artificer.line.describe.over_time import shown_class
from artificer.measure.any_shape import equal_bins
from artificer.measure.bayes import Levels, shrunk_means, shrunk_rates
from artificer.measure.clusters import extra_rows, likeness
from artificer.measure.means import mean_of_rows, share_of

MOST_COLUMNS = 6
MOST_LEVELS = 10
N_BINS = 8
# Levels of fewer rows may name a person.
FEWEST_ROWS = 10
MISSING = "missing"


def by_level(asked: Asked, rows: Labelled, sample: Readings, names: list[str]) -> tuple[ByLevel, ...]:
    """Estimate the target in the levels of up to six columns; numbers and moments are cut into eight bins.

    Levels of fewer than ten rows, and all after the ten commonest, are shown together. Where rows are in groups, what is
    believed of a level rests on what its rows are worth.
    """
    positive = shown_class(asked, rows) if asked.classes else -1
    y = (sample.y == positive).astype(np.float64) if asked.classes else sample.y
    what = f"share of '{asked.classes[positive]}'" if asked.classes else "mean"
    columns = {column.name: column for column in asked.schema.columns}
    mean = share_of if asked.classes else mean_of_rows
    overall = mean(y, None, sample.group, level=0.95)
    found = []
    for name in names[:MOST_COLUMNS]:
        column, values = columns[name], sample.values[name]
        labels, place = _bins(column.kind, values) if values.dtype.kind == "f" else _levels(column.levels, values)
        if len(labels) > 1:
            levels, believed = _believed(labels, place, y, sample.group, shares=bool(asked.classes))
            found.append(ByLevel(name, what, overall, levels, believed.prior_rows, _above(labels, believed)))
    return tuple(found)


def _believed(
    labels: list[str], place: np.ndarray, y: np.ndarray, group: np.ndarray | None, *, shares: bool
) -> tuple[tuple[Level, ...], Levels]:
    n = np.bincount(place, minlength=len(labels))
    means = np.bincount(place, weights=y, minlength=len(labels)) / n
    rows = n.astype(np.float64) if group is None else _worth(place, y - means[place], group)
    if shares:
        believed = shrunk_rates(means * rows, rows)
    else:
        within = float(((y - means[place]) ** 2).sum()) / max(len(y) - len(labels), 1)
        believed = shrunk_means(means, rows, within)
    levels = zip(labels, n.tolist(), means.tolist(), believed.each, strict=True)
    return tuple(Level(*one) for one in levels), believed


def _worth(place: np.ndarray, left: np.ndarray, group: np.ndarray) -> np.ndarray:
    """How many independent rows each level's rows are worth: fewer, the more of them are of one group, and the more alike.

    Kish's design effect (1965, 5.4) in each level, by the likeness of what the levels leave of the target.
    """
    alike = likeness(left, group)
    return np.array([(place == one).sum() / (1 + extra_rows(group[place == one]) * alike) for one in np.unique(place)])


def _above(labels: list[str], believed: Levels) -> tuple[Above, ...]:
    """The highest level against the next and the lowest; what stands for several levels is none."""
    named = [place for place, label in enumerate(labels) if label != OTHERS]
    ranked = sorted(named, key=lambda place: -believed.each[place].value)
    others = dict.fromkeys((*ranked[1:2], *ranked[2:][-1:]))
    return tuple(Above(labels[ranked[0]], labels[one], float(believed.above[ranked[0], one])) for one in others)


def _bins(kind: str, values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Labels and each row's place in them: bins in rising order, and missing last."""
    known = ~np.isnan(values)
    place = np.full(len(values), -1, np.int64)
    place[known] = equal_bins(values[known], min(N_BINS, int(known.sum()) // (2 * FEWEST_ROWS)))
    labels = []
    for one in range(int(place.max(initial=-1)) + 1):
        inside = values[place == one]
        ends = dict.fromkeys(text(kind, end) for end in (inside.min(), inside.max()))
        labels.append(" – ".join(ends))
    return _with_missing(labels, place)


def _levels(names: tuple[str, ...], codes: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Labels and each row's place in them: the commonest levels first, then all others, and missing last."""
    counts = np.bincount(np.maximum(codes, 0), minlength=len(names) + 1)
    counts[0] = 0
    shown = [one for one in np.argsort(-counts, kind="stable")[:MOST_LEVELS] if counts[one] >= FEWEST_ROWS]
    table = np.full(len(counts), len(shown), np.int64)
    table[shown], table[0] = np.arange(len(shown)), -1
    place = table[np.maximum(codes, 0)]
    labels = [names[one - 1] for one in shown]
    return _with_missing([*labels, OTHERS] if (place == len(shown)).any() else labels, place)


def _with_missing(labels: list[str], place: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Give rows without a value a level of their own; so few that they may name a person go to the others."""
    gone = place < 0
    if not gone.any():
        return labels, place
    name = MISSING if gone.sum() >= FEWEST_ROWS else OTHERS
    labels = labels if name in labels else [*labels, name]
    return labels, np.where(gone, labels.index(name), place)
