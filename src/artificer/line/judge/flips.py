"""`flips` of `[accept]`: the share of decisions that differ from those of the version in service.

A decision is what the brief does with a prediction: a place on the list, a threshold that is reached, an action that pays;
else the label, or of a number, that it moves by more than the median error of the version in service.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import artificer_runtime
from artificer.core.errors import ArtificerError
from artificer.core.records import Estimate
from artificer.core.run import Run
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled, oriented
from artificer.line.judge.acted import chosen
from artificer.line.judge.seen import Champion, Seen
from artificer.measure.means import share_of
from artificer_runtime import PackageError, RowsError

NAME = "flips"


@dataclass(frozen=True, slots=True)
class Flips:
    """The share of decisions that differ, and what it is told with; no estimate where nothing can be compared."""

    estimate: Estimate | None
    note: str


def served_version(run: Run) -> str:
    """The version in service, where the brief asks for it; "" before the first."""
    served = run.ledger.served(run.brief.name) if NAME in run.brief.accept else None
    return served.version if served else ""


def champion_of(run: Run, asked: Asked, rows: Labelled) -> Champion | None:
    """What the version in service says of rows; None before the first.

    Parameters
    ----------
    rows : Labelled
        Without the target among their columns.
    """
    version = served_version(run)
    if not version:
        return None
    try:
        predictor = artificer_runtime.load(run.path(f"packages/{version}"))
        known = predictor.contents.classes
        if known != asked.classes and min(len(known), len(asked.classes)) < 3:
            return Champion(version, why=f"version {version}, which is in service, knows other classes")
        prediction = predictor.raw(predictor.schema.encode(rows.frame))
    except (ArtificerError, PackageError, RowsError) as error:
        return Champion(version, why=f"version {version}, which is in service, cannot predict these rows: {error}")
    return Champion(version, oriented(rows.y, prediction, asked.positive)[1], predictor)


def flips(seen: Seen) -> Flips:
    """Compare the decisions of both on the same rows."""
    champion = seen.champion
    if champion is None:
        none = Estimate(0.0, 0.0, 0.0, "exact", len(seen.y), seen.level)
        return Flips(none, "no version is in service yet, so no decision changes")
    if champion.prediction is None or champion.predictor is None:
        return Flips(None, champion.why)
    before = replace(seen, prediction=champion.prediction, predictor=champion.predictor)
    differ = _differ(seen, before)
    known = ~np.isnan(differ)
    if not known.any():
        return Flips(None, "no whole period among the rows, so no list can be compared")
    weight, group = (None if one is None else one[known] for one in (seen.rows.weight, seen.rows.group))
    found = share_of(differ[known], weight, group, seen.level)
    return Flips(found, f"against version {champion.version}, which is in service")


def _differ(seen: Seen, before: Seen) -> np.ndarray:
    """How far each row's decisions differ, 0 to 1; NaN in a period that is not whole: float64 (n_rows,)."""
    if seen.asked.task == "binary":
        return np.asarray(np.abs(chosen(seen) - chosen(before)))
    if seen.asked.task == "multiclass":
        one, other = (
            np.array(by.predictor.contents.classes)[by.decided("accuracy", by.prediction).argmax(axis=1)]
            for by in (seen, before)
        )
        return np.asarray(one != other, np.float64)
    then = before.prediction[:, 0]
    return np.asarray(np.abs(seen.prediction[:, 0] - then) > np.median(np.abs(seen.y - then)), np.float64)
