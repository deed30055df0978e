"""How many decisions another version would change."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.line.ship.decisions import Rule
from artificer.line.track.meeting import Meeting, Version


def flipped(
    brief: Brief, rows: Meeting, versions: tuple[Version, Version], first: np.ndarray, second: np.ndarray
) -> float:
    """Share of the rows on which two versions decide otherwise, 0 to 1.

    Without a decision in the brief: of classes, the share whose predicted class changes; of numbers, of those whose
    prediction moves by more than the first version's median error.

    Parameters
    ----------
    versions : pair of Version
        Whose labels are compared; of the rows' schema, the first one's holds.
    first, second : array of float64, (n_rows, n_classes) or (n_rows, 1)
    """
    if first.shape[1] == 1:
        typical = float(np.median(np.abs(rows.y - first[:, 0])))
        return float((np.abs(first[:, 0] - second[:, 0]) > typical).mean())
    rule = Rule(brief, versions[0].predictor.schema)
    if first.shape[1] > 2 or not rule.decides:
        one, other = (version.labels(said) for version, said in zip(versions, (first, second), strict=True))
        return float((one != other).mean())
    places = pl.Series([f"{place:09}" for place in range(rows.n_rows)])
    periods = rule.periods(rows.frame)
    acts = [rule.chosen(one[:, 1], places, periods, rule.acts(rows.frame, one[:, 1])) for one in (first, second)]
    return float((acts[0] != acts[1]).mean())
