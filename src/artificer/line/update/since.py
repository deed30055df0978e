"""Which of the known rows a challenger learns from: all of them, or only the later ones.

After a change, old rows may teach what is no longer so. The yardstick (`measure.probe`) is trained on all rows, on the
later half, and on those that the champion has not seen, and scored on the newest rows of them; all rows stay unless
fewer are shown to be better there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artificer.core.brief import Task
from artificer.core.figures import better_by, with_interval
from artificer.core.records import Decision, Estimate, Fact
from artificer.line.track.meeting import Meeting, Version
from artificer.measure.metrics import default_metric
from artificer.measure.probe import Probe, effect, probe

# With 280 new rows of a relation that turned they were taken in 60 of 60 draws, and of one that stayed in none.
FEWEST_ROWS, FEWEST_OF_A_CLASS = 200, 20
MOST_ROWS = 40_000
MEASURED, MEASURED_OF_NEW = 0.25, 0.3


@dataclass(frozen=True, slots=True)
class Start:
    """From which row on a challenger learns: its place in the order of time, and why."""

    first: int
    decision: Decision


def start_of(version: Version, rows: Meeting, n_seen: int) -> Start:
    """Choose the first row to learn from.

    Parameters
    ----------
    rows : Meeting
        All known rows but the window, in the order of time.
    n_seen : int
        How many of them, the first ones, the champion has seen.
    """
    n_rows = rows.n_rows
    measured = np.arange(n_rows - max(1, int(min(MEASURED * n_rows, (n_rows - n_seen) * MEASURED_OF_NEW))), n_rows)
    starts = {"all rows": 0, "the later half": n_rows // 2, "the rows since the champion": n_seen}
    usable = {name: first for name, first in starts.items() if _enough(rows, first, measured)}
    if len(usable) < 2 or "all rows" not in usable:
        return Start(0, _decision("all rows", "fewer are too few to learn from", usable, {}))
    X, categorical = _features(version, rows)
    probes: dict[str, Probe] = {}
    task: Task = "regression" if not rows.n_classes else "binary" if rows.n_classes == 2 else "multiclass"
    for name, first in usable.items():
        train = np.arange(first, measured[0])
        step = max(1, len(train) // MOST_ROWS)  # the newest of each few rows, so that a change is seen
        probes[name] = probe(
            X,
            rows.y,
            task,
            rows.n_classes,
            [(train[::-1][::step][::-1], measured)],
            metric=default_metric(task),
            categorical=categorical,
        )
    gains = {name: effect(probes["all rows"], found) for name, found in probes.items() if name != "all rows"}
    best = max(gains, key=lambda name: gains[name].value)
    if not gains[best].is_gain:
        because = f"fewer are not shown to be better: with {best} the yardstick's score is {better_by(gains[best])}"
        return Start(0, _decision("all rows", because, usable, gains))
    because = f"they better the yardstick's score on the newest rows by {with_interval(gains[best])}"
    return Start(usable[best], _decision(best, because, usable, gains))


def _enough(rows: Meeting, first: int, measured: np.ndarray) -> bool:
    y = rows.y[first : measured[0]]
    if len(y) < FEWEST_ROWS or not rows.n_classes:
        return len(y) >= FEWEST_ROWS
    counts = [
        np.sort(np.bincount(part.astype(np.int64), minlength=rows.n_classes))[-2] for part in (y, rows.y[measured])
    ]
    return bool(counts[0] >= FEWEST_OF_A_CLASS and counts[1] >= FEWEST_OF_A_CLASS // 2)


def _features(version: Version, rows: Meeting) -> tuple[np.ndarray, list[int]]:
    encoded = version.predictor.schema.encode(rows.frame)
    n_numbers = encoded.numbers.shape[1]
    X = np.concatenate([encoded.numbers, encoded.codes], axis=1).astype(np.float32)
    return X, list(range(n_numbers, X.shape[1]))


def _decision(choice: str, because: str, usable: dict[str, int], gains: dict[str, Estimate]) -> Decision:
    facts = tuple(Fact(name, gain.value, gain.method) for name, gain in gains.items())
    others = tuple(name for name in usable if name != choice)
    return Decision("update", "Which rows does the challenger learn from?", choice, because, others, facts)
