"""Directions: whether the prediction moves one way as one number rises, where that is demanded, and where it mostly does.

Each row's prediction is followed as one column alone runs over its quantiles (individual conditional expectations,
Goldstein et al. 2015, JCGS 24). Demanded directions must hold on every row. Others are mined: where the mean of the
rows moves one way all along, rows that move the other way are told; knowledge of the column may say that none should.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import stats

from artificer.core.records import Fact, Finding
from artificer.line.judge.examined import Examined, examination

ROWS, STEPS, MOST_COLUMNS = 200, 12, 15
TOLERANCE = 1e-9
ONE_WAY, LEAST_RANGE = 0.95, 0.1  # rank correlation of the mean with the number; its range in spreads of the prediction
AGAINST, FEW = 0.1, 0.01  # of the mean's range that a row must fall to count; of the rows that must, to be told


@examination("monotone", "predict")
def monotone(seen: Examined) -> Iterator[Finding]:
    """Follow at most 200 rows through each demanded column, and through the 15 first other numbers."""
    if seen.task == "multiclass":
        yield Finding("monotone", "note", "model", "more than two classes have no one direction", "nothing to do")
        return
    rng = np.random.default_rng(0)
    frame = seen.rows.frame[np.sort(rng.permutation(len(seen.rows))[:ROWS])]
    for name, effect in seen.effects.items():
        if effect != "any" and name in frame.columns:
            yield _demanded(seen, frame, name, effect)
    numbers = [name for name in frame.columns if frame[name].dtype.is_numeric() and name not in seen.effects]
    found = [one for name in numbers[:MOST_COLUMNS] if (one := _mined(seen, frame, name)) is not None]
    yield from found
    if numbers and not found:
        says = f"in none of {min(len(numbers), MOST_COLUMNS)} numbers do rows move against a direction that holds on average"
        yield Finding("monotone", "note", "model", says, "nothing to do")


def paths(seen: Examined, frame: pl.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Predictions as one column runs over the quantiles of the judged rows.

    Returns
    -------
    grid : array of float64, (n_steps,)
        Values that occur, ascending.
    paths : array of float64, (n_rows, n_steps)
        Probability of success, or value.
    """
    assert seen.predict is not None
    values = seen.rows.frame[name]
    numbers = values.cast(pl.Float64).fill_nan(None).drop_nulls()
    cuts = {numbers.quantile(share, "nearest") for share in np.linspace(0, 1, STEPS)}
    grid = np.array(sorted(one for one in cuts if one is not None))
    if not len(grid):
        return grid, np.zeros((len(frame), 0))
    # All steps in one call: a call costs more than its rows.
    each = frame[np.repeat(np.arange(len(frame)), len(grid))]
    swept = seen.predict(each.with_columns(pl.Series(name, np.tile(grid, len(frame))).cast(values.dtype)))
    return grid, np.asarray(swept[:, -1], np.float64).reshape(len(frame), len(grid))


def _demanded(seen: Examined, frame: pl.DataFrame, name: str, effect: str) -> Finding:
    _, each = paths(seen, frame, name)
    sign = 1 if effect == "increasing" else -1
    share = float((sign * np.diff(each, axis=1) < -TOLERANCE).any(axis=1).mean())
    facts = (Fact("share_violated", share, f"share of {len(frame)} rows"),)
    if share == 0:
        says = f"the prediction is {effect} in '{name}' on every row that was tried"
        return Finding("monotone", "note", name, says, "nothing to do", facts)
    says = f"the prediction is to be {effect} in '{name}', and is not on {share:.0%} of the rows"
    return Finding("monotone", "blocker", name, says, "train with a monotone constraint on this column", facts)


def _mined(seen: Examined, frame: pl.DataFrame, name: str) -> Finding | None:
    grid, each = paths(seen, frame, name)
    if len(grid) < 4:
        return None
    mean = each.mean(axis=0)
    reach = float(np.ptp(mean))
    if reach < LEAST_RANGE * max(float(np.std(seen.prediction[:, -1])), 1e-12):
        return None
    direction = float(stats.spearmanr(grid, mean).statistic)
    if abs(direction) < ONE_WAY:
        return None
    sign = np.sign(direction)
    # The deepest fall from the highest point before it, all along the path.
    falls = (np.maximum.accumulate(sign * each, axis=1) - sign * each).max(axis=1)
    share = float((falls > AGAINST * reach).mean())
    if share < FEW:
        return None
    word, other, effect = ("rises", "falls", "increasing") if sign > 0 else ("falls", "rises", "decreasing")
    says = f"as '{name}' rises the prediction {word} on average, yet it {other} somewhere on {share:.0%} of the rows"
    fix = f'if that cannot be so, demand it: [features] effect = {{ {name} = "{effect}" }}'
    return Finding("monotone", "note", name, says, fix, (Fact("share_against", share, f"share of {len(frame)} rows"),))
