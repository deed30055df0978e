"""How many decisions another version would change."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.line.ship.decisions import Rule
from artificer.line.track.meeting import Meeting, Version


def flipped(
    brief: Brief, rows: Meeting, versions: tuple[Version, Version], first: np.ndarray, second: np.ndarray
) -> tuple[float, str]:
    """Share of the rows on which two versions decide otherwise, 0 to 1, and in words what they do there.

    Without a decision in the brief, and of more than two classes: of classes, the share whose predicted class changes; of
    numbers, of those whose prediction moves by more than the first version's median error.

    Parameters
    ----------
    versions : pair of Version
        Whose labels are compared; of the rows' schema, the first one's holds.
    first, second : array of float64, (n_rows, n_classes) or (n_rows, 1)
    """
    rule, n_out = Rule(brief, versions[0].predictor.schema), first.shape[1]
    if n_out <= 2 and rule.decides:
        places = pl.Series([f"{place:09}" for place in range(rows.n_rows)])
        periods, scores = rule.periods(rows.frame), [one[:, -1] for one in (first, second)]
        acts = [rule.chosen(score, places, periods, rule.acts(rows.frame, score)) for score in scores]
        return float((acts[0] != acts[1]).mean()), "of the decisions change"
    if n_out == 1:
        typical = float(np.median(np.abs(rows.y - first[:, 0])))
        moved = np.abs(first[:, 0] - second[:, 0]) > typical
        return float(moved.mean()), "of the predictions move by more than the champion's median error"
    one, other = (
        np.array(version.predictor.contents.classes)[version.labels(said)]
        for version, said in zip(versions, (first, second), strict=True)
    )
    return float((one != other).mean()), "of the predicted classes change"
