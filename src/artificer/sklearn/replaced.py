"""Whether a model that more time made replaces the one before: compared on the rows that both were measured on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import polars as pl

from artificer.core.run import Run
from artificer.core.stages import Model, Trial
from artificer.line.ask import ask
from artificer.line.ask.rows import oriented
from artificer.line.fit import fit
from artificer.measure.labels import decided, turned
from artificer.measure.metrics import metric, score
from artificer.sklearn.given import TARGET, WEIGHT


def stays(run: Run, model: Model, before: Model, trials: Sequence[Trial]) -> str:
    """Why the model before stays: it alone is refitted, or better on the rows that both were measured on; "" if not.

    Parameters
    ----------
    trials : sequence of Trial
        Of the model before.

    Warns
    -----
    UserWarning
        When nothing new was trained.
    """
    trained = fit(run)
    if model.model_hash == before.model_hash:
        if _n_fits(trained.trials) > _n_fits(trials):
            return "what was trained since gains nothing"
        few = f"{run.brief.run.limit_s:g} s were too few for one more fit; give more"
        because = few if trained.cut else "every candidate had been tried to its end"
        warnings.warn(f"improve trained nothing new: {because}", UserWarning, stacklevel=4)
        return because
    if before.refitted and not model.refitted:
        return "there was no time to fit the new one on all rows; give improve more seconds"
    now, then = out_of_fold(run, model), out_of_fold(run, before)
    shared = ~np.isnan(now).any(axis=1) & ~np.isnan(then).any(axis=1)
    new, old = _score_on(run, model, now, shared), _score_on(run, before, then, shared)
    if metric(trained.metric).sign * (new - old) >= 0:
        return ""
    return (
        f"the new one's {trained.metric} is {new:.5g}, its own {old:.5g}, on the {shared.sum()} rows that measured both"
    )


def out_of_fold(run: Run, model: Model) -> np.ndarray:
    """Out-of-fold predictions by row: float64 (n_rows, n_out), NaN where none was made."""
    with np.load(run.path(model.out_of_fold)) as stored:
        made = np.full((run.frame.height, stored["prediction"].shape[1]), np.nan)
        made[stored["rows"]] = stored["prediction"]
    return made


def _score_on(run: Run, model: Model, prediction: np.ndarray, rows: np.ndarray) -> float:
    """A model's score on some of the rows, given by mask, in the metric that candidates are compared by."""
    name, frame, positive = fit(run).metric, run.frame.filter(pl.Series(rows)), ask(run).positive
    y, shown = oriented(frame[TARGET].to_numpy().astype(np.float64), prediction[rows], positive)
    shown = decided(name, shown, turned(model.outputs.multipliers, positive))
    return score(name, y, shown, frame[WEIGHT].to_numpy() if WEIGHT in frame.columns else None)


def _n_fits(trials: Sequence[Trial]) -> int:
    return sum(len(one.fits) for one in trials)
