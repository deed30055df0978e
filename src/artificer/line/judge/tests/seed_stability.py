"""Seeds: how much of the score, and of the labels, is the luck of the draw in training."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from artificer.core.figures import figure
from artificer.core.records import Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.measure.metrics import score

SEEDS, MOST_ROWS = 3, 20_000
LARGEST_FLIPS = 0.1


@examination("seed_stability", "train", "fit")
def seed_stability(seen: Examined) -> Iterator[Finding]:
    """Train with three seeds; a warning where they differ by more than the score's interval, or one decision in ten flips.

    A number flips where it moves by more than the model's median error, as in `stability`.
    """
    assert seen.train is not None
    assert seen.fit is not None
    wanted = min(len(seen.train), MOST_ROWS)
    train = seen.train.sampled(min(wanted, seen.most_trained))
    predictions = [seen.fit(train, seed)(seen.rows.frame) for seed in range(SEEDS)]
    scores = [score(seen.metric, seen.rows.y, seen.as_scored(one), seen.rows.weight) for one in predictions]
    spread, held = max(scores) - min(scores), seen.score()
    half = (held.high - held.low) / 2
    if not np.isfinite([spread, half]).all():
        return
    flips = _flips(seen, predictions)
    unstable = spread > half or flips > LARGEST_FLIPS
    of = f" of {seen.fitted}," if seen.fitted else ""
    what = "of the labels flip" if seen.classes else "of the predictions move by more than the median error"
    yield Finding(
        "seed_stability",
        # Fewer rows hang more on the seed: what is calm on them is calm, what is not may be so on all.
        "warning" if unstable and len(train) == wanted else "note",
        "seeds",
        f"over {SEEDS} seeds{of} {seen.metric} lies between {figure(min(scores))} and {figure(max(scores))}, "
        f"{'more' if spread > half else 'less'} apart than chance in the rows alone ({figure(half)}); {flips:.1%} {what} "
        "between two seeds",
        "average several seeds, or choose a calmer algorithm" if unstable else "nothing to do",
        (
            Fact("spread", spread, f"{seen.metric}, highest less lowest"),
            Fact("half_interval", half, f"{seen.metric}, of the score"),
            Fact("flips", flips, "share of rows, mean over pairs of seeds"),
            Fact("seeds", float(SEEDS), f"trained on {len(train):,} rows"),
        ),
    )


def _flips(seen: Examined, predictions: list[np.ndarray]) -> float:
    """Mean share of rows whose label differs between two seeds, or whose number does by more than the median error."""
    if seen.classes:
        labels = [seen.labels(one) for one in predictions]
        return float(np.mean([(one != other).mean() for one, other in combinations(labels, 2)]))
    error = float(np.median(np.abs(seen.rows.y - seen.prediction[:, 0])))
    return float(np.mean([(np.abs(one - other) > error).mean() for one, other in combinations(predictions, 2)]))
