"""One number that makes the blend's probabilities as sure as they should be.

Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", ICML): the mean of
several models is less sure than it could be, a model that stopped late is too sure. One number learns from few rows and
changes no order of two classes.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from artificer.core.records import Decision, Fact
from artificer.line.fit.losses import row_losses
from artificer.line.fit.refined import FEWEST_ROWS, HIGHEST
from artificer.line.refine.blend import MOST_ROWS, PARTS, Measured, drawn, halves
from artificer.measure.compare import compare
from artificer_runtime.outcome import tempered

# Below it, probabilities close to 1 would no longer be told apart.
LOWEST = 0.5
# A temperature this close to 1 moves no probability by a hundredth.
NEAR_ONE = 0.01
DIGITS = 4


def temperature(measured: Measured, blend: np.ndarray) -> tuple[float, Decision | None]:
    """Choose the temperature of class probabilities, 1 where none is shown to help; what was decided, or None for numbers.

    Fitted on one half of the rows and measured on the other, it must lower the log loss; then it is fitted on all.
    """
    if measured.task == "regression" or len(measured.y) < FEWEST_ROWS:
        return 1.0, None
    part = halves(measured)
    other = blend.copy()
    for number in range(PARTS):
        here, there = np.flatnonzero(part == number), np.flatnonzero(part != number)
        other[here] = tempered(blend[here], _fitted(measured.take(there), blend[there]))
    gain = compare("log_loss", measured.y, other, blend, measured.weight, groups=measured.group)
    found = _fitted(measured, blend)
    kept = gain.value > 0 and abs(found - 1.0) > NEAR_ONE
    told = f"{gain.value:+.5f} log_loss ({gain.low:+.5f} to {gain.high:+.5f}, {gain.level:.0%})"
    because = f"fitted on one half of the rows and measured on the other, a temperature of {found:.2f} gains {told}"
    choice = f"tempered by {found:.2f}" if kept else "as they are"
    facts = (Fact("temperature", found if kept else 1.0), Fact("gain", gain.value, "log_loss"))
    alternatives = ("as they are",) if kept else (f"tempered by {found:.2f}",)
    decision = Decision("refine", "How sure are the probabilities?", choice, because, alternatives, facts)
    return found if kept else 1.0, decision


def _fitted(measured: Measured, blend: np.ndarray) -> float:
    """The temperature of least weighted log loss, to four digits so that it is the same wherever it is computed."""
    measured, sampled = drawn(measured, {"": blend}, MOST_ROWS)
    found = minimize_scalar(
        partial(_loss, measured, sampled[""]),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return round(float(np.exp(found.x)), DIGITS)


def _loss(measured: Measured, blend: np.ndarray, logarithm: float) -> float:
    losses = row_losses(measured.task, measured.y, tempered(blend, float(np.exp(logarithm))))
    return float(np.average(losses, weights=measured.weight))
