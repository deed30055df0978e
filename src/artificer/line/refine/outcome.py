"""What the blend's raw output becomes: probabilities as sure as they should be, labels, and intervals of numbers."""

from __future__ import annotations

import numpy as np

from artificer.core.records import Decision
from artificer.core.stages import Outputs
from artificer.line.ask.rows import oriented
from artificer.line.refine.blend import Measured
from artificer.line.refine.multipliers import multipliers
from artificer.line.refine.residuals import residuals
from artificer.line.refine.temperature import temperature
from artificer.measure.labels import turned
from artificer_runtime.outcome import tempered


def outcome(
    measured: Measured, blend: np.ndarray, positive: int, transform: str, *, labels: bool = True
) -> tuple[Outputs, tuple[Decision, ...]]:
    """Choose what is done to the blend, on its out-of-fold predictions.

    Parameters
    ----------
    blend : array of float64, (n_rows, n_classes) or (n_rows, 1)
        In the order of `Asked.classes`; `measured.y` counts success as 1.
    positive : int
        `Asked.positive`.
    labels : bool
        Whether labels may be chosen otherwise than by the likeliest class: not where the brief names a threshold.
    """
    shown = oriented(measured.y, blend, positive)[1]
    heat, of_heat = temperature(measured, shown)
    chosen, of_labels = multipliers(measured, tempered(shown, heat)) if labels else ((), None)
    spread, of_widths = residuals(measured, blend, transform)
    decisions = tuple(one for one in (of_heat, of_labels, of_widths) if one is not None)
    return Outputs(heat, turned(chosen, positive), spread), decisions
