"""judge: a model → a verdict on the client's requirements, measured on rows that did not train it.

The story: predict the rows (out of fold as often as `refine` wishes; the sealed ones when the last word is asked for;
the ledger counts each model that sees them), score with an interval, compare with a constant and a linear model on
the same rows, test each line of the brief, and look at slices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import artificer_runtime
from artificer.core.records import Fact
from artificer.core.run import Run
from artificer.core.stages import Asked, Model, Verdict
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import Labelled, labelled, oriented
from artificer.line.design import design
from artificer.line.judge.curve import value_curve
from artificer.line.judge.effects import effects
from artificer.line.judge.lines import test_lines
from artificer.line.judge.seen import Seen
from artificer.line.judge.slices import slices
from artificer.measure.correct import looks

__all__ = ["exit_code", "judge"]

VERSION = 1
LEVEL = 0.95
ALSO = {
    "binary": ("roc_auc", "average_precision", "log_loss", "brier", "accuracy"),
    "multiclass": ("log_loss", "accuracy", "balanced_accuracy", "f1_macro"),
    "regression": ("rmse", "mae", "r2"),
}


def judge(subject: Subject, model: Model, *, sealed: bool = True, **options: Any) -> Verdict:
    """Test a model.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    model : Model
    sealed : bool
        On the sealed rows, if there are any and nothing is replayed; else out of fold.
    **options
        As for `begin`.
    """
    run = begin(subject, **options)
    asked = ask(run)
    opened = sealed and asked.sealed is not None and run.replay is None
    # Counted before anything is read: the same model again is no new look, another one is.
    n = run.ledger.open_seal(asked.sealed.rows.fingerprint, model.model_hash, run.id) if opened and asked.sealed else 0
    name = "judge" if sealed else f"judge-{model.model_hash[:12]}"
    reads = (asked, design(run).metric, model, opened, n)
    return run.stage(name, VERSION, Verdict, lambda folder, _: _judge(run, asked, model, n), reads)


def exit_code(verdict: Verdict, *, blocked: bool = False) -> int:
    """0 when every line is met, 3 when one is unmet or a blocker was found, 4 when one is not shown."""
    outcomes = {line.outcome for line in verdict.lines}
    return 3 if "unmet" in outcomes or blocked else 4 if "not shown" in outcomes else 0


def _judge(run: Run, asked: Asked, model: Model, n_openings: int) -> Verdict:
    seen = _see(run, asked, model, n_openings)
    score = seen.estimate(seen.metric, seen.prediction)
    slice_scores, slice_findings = slices(seen)
    return Verdict(
        on="sealed rows" if n_openings else "out of fold",
        n_rows=len(seen.y),
        metric=seen.metric,
        score=score,
        lines=test_lines(seen),
        against_baseline=seen.against(_constant(seen)),
        against_linear=seen.against(seen.linear) if seen.linear is not None else None,
        scores=tuple((name, seen.estimate(name, seen.prediction)) for name in ALSO[asked.task]),
        slices=slice_scores,
        curve=value_curve(seen),
        findings=(*slice_findings, *effects(seen)),
        n_openings=n_openings,
        facts=_facts(seen),
    )


def _see(run: Run, asked: Asked, model: Model, n_openings: int) -> Seen:
    predictor = artificer_runtime.load(run.path(model.folder))
    train = labelled(run, asked, asked.train)
    if n_openings and asked.sealed is not None:
        rows = labelled(run, asked, asked.sealed.rows)
        prediction = predictor.raw(predictor.schema.encode(rows.frame))
        reference = artificer_runtime.load(run.path(model.reference)) if model.reference else None
        linear = reference.raw(reference.schema.encode(rows.frame)) if reference else None
    else:
        with np.load(run.path(model.out_of_fold)) as stored:
            prediction, linear, places = stored["prediction"], stored["linear"], stored["rows"]
        rows = _taken(train, places)
    y, turned = oriented(rows.y, prediction, asked.positive)
    return Seen(
        run=run,
        asked=asked,
        rows=rows,
        y=y,
        prediction=turned,
        linear=oriented(rows.y, linear, asked.positive)[1] if linear is not None else None,
        train_y=1 - train.y if asked.positive == 0 else train.y,
        metric=design(run).metric,
        level=looks(LEVEL, n_openings),
        predictor=predictor,
        folder=run.path(model.folder),
    )


def _taken(rows: Labelled, places: np.ndarray) -> Labelled:
    def some(values: np.ndarray | None) -> np.ndarray | None:
        return values[places] if values is not None else None

    return Labelled(rows.frame[places], rows.y[places], some(rows.weight), some(rows.time), some(rows.group))


def _constant(seen: Seen) -> np.ndarray:
    """What one would predict without looking: class shares, the median for absolute errors, else the mean."""
    if seen.asked.classes:
        counts = np.bincount(seen.train_y.astype(np.int64), minlength=len(seen.asked.classes))
        return np.tile(counts / counts.sum(), (len(seen.y), 1))
    by_median = seen.metric in ("mae", "mape", "median_absolute_error")
    value = float(np.median(seen.train_y) if by_median else seen.train_y.mean())
    return np.full((len(seen.y), 1), value)


def _facts(seen: Seen) -> tuple[Fact, ...]:
    facts = [Fact("level", seen.level, "of each interval")]
    if seen.asked.task == "binary":
        predicted, happened = float(seen.prediction[:, 1].mean()), float(seen.y.mean())
        facts += [Fact("predicted_share", predicted, "share"), Fact("actual_share", happened, "share")]
    if seen.periods is not None:
        facts.append(Fact("periods", float(seen.n_periods), "whole periods"))
    return tuple(facts)
