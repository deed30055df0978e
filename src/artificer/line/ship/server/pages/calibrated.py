"""Whether what the served version says comes true as often as it says: its answers against the labels that came in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from artificer.core.records import Estimate
from artificer.core.report import plots
from artificer.line.ship.scorer import Scorer
from artificer.line.ship.server.pages.material import Material

MOST_LABELS = 20_000  # the newest: a page is waited for


@dataclass(frozen=True)
class Calibrated:
    """Answers against labels.

    Attributes
    ----------
    of : str
        What is predicted: the class of success, or "the class that was said" where there are more than two.
    chart : Markup
        "" for too few labels.
    slope, shipped : Estimate or None
        Calibration slope on these rows, and on those that the version was judged on; None where not defined or not kept.
    """

    version: str
    of: str
    n: int
    chart: Markup
    slope: Estimate | None
    shipped: Estimate | None

    @property
    def newest(self) -> bool:
        """Whether older labels were left out."""
        return self.n >= MOST_LABELS


def calibrated(scorer: Scorer, told: Material) -> Calibrated | None:
    """How what the served version said fares; None without labels of rows that it answered or scored, and for numbers."""
    classes = scorer.predictor.contents.classes
    if scorer.ledger is None or not classes:
        return None
    found = scorer.ledger.answers.outcomes(scorer.brief.name, scorer.version, MOST_LABELS)
    two = len(classes) == 2
    if not two:  # of rows in an older table the ledger holds how likely the class was, and not which
        found = [one for one in found if one[1]]
    if not found:
        return None
    # It brings scipy: a server of whose pages nobody asks for this one does without.
    from artificer.measure.calibration import calibration_slope, reliability

    success = str(classes[scorer.positive]) if two else "the class that was said"
    y = np.array([float(label == (success if two else said)) for _, said, label in found])
    chance = np.array([score for score, _, _ in found])
    points = reliability(y, chance)
    slope = calibration_slope(y, np.stack([1 - chance, chance], axis=1)) if points else None
    return Calibrated(
        version=scorer.version,
        of=success,
        n=len(found),
        chart=Markup(
            plots.reliability(
                points,
                title=f"predicted probability of {success} against the share that came, on {len(found):,} labelled rows",
                x_label=f"predicted probability of {success}",
                y_label="share that came",
            )
            if points
            else ""
        ),
        slope=slope if slope is not None and np.isfinite(slope.value) else None,
        shipped=dict(told.verdict.scores).get("calibration_slope") if told.verdict is not None else None,
    )
