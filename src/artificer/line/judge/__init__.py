"""judge: a model → a verdict on the client's requirements, measured on rows that did not train it.

The story: predict the rows (the sealed ones where there are any and nothing is replayed, and the ledger counts each model
that sees them; else out of fold, as whenever `refine` asks whether the blend holds a limit), score with an interval,
compare with a constant and a linear model on the same rows, test each line of the brief, and look for rows that are
served worse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import artificer_runtime
from artificer.core.figures import counted
from artificer.core.records import Chances, Estimate, Fact
from artificer.core.run import Run
from artificer.core.stages import Asked, Driver, Model, Verdict
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import Labelled, labelled, oriented
from artificer.line.describe import describe
from artificer.line.design import design
from artificer.line.judge.ale import shapes
from artificer.line.judge.as_examined import as_examined
from artificer.line.judge.classes import of_classes
from artificer.line.judge.contributions import explained_by
from artificer.line.judge.curve import value_curve
from artificer.line.judge.drivers import MOST_COLUMNS, drivers, read_columns
from artificer.line.judge.effects import effects
from artificer.line.judge.examined import Examined
from artificer.line.judge.fairness import fairness
from artificer.line.judge.flips import champion_of, served_version
from artificer.line.judge.limits import limits
from artificer.line.judge.lines import test_lines
from artificer.line.judge.own_model import tests_of
from artificer.line.judge.recourse import counterfactuals, recourse
from artificer.line.judge.retrained import Retrained
from artificer.line.judge.seen import Seen
from artificer.line.judge.slices import sliced_columns, slices
from artificer.line.judge.today import in_words
from artificer.line.judge.trivial import best_constant
from artificer.line.judge.weak_slices import weak_slices
from artificer.measure.bayes import chances, practically
from artificer.measure.calibration import calibration_slope
from artificer.measure.correct import spent
from artificer.measure.labels import decided, turned
from artificer_runtime import Predictor

__all__ = ["Judged", "exit_code", "judge", "judged_rows"]

VERSION = 10
LEVEL = 0.95
MOST_SHAPES = 4
PACKED_S = 2.0  # seconds that packing takes
ALSO = {
    "binary": ("roc_auc", "average_precision", "log_loss", "brier", "accuracy"),
    "multiclass": ("log_loss", "accuracy", "balanced_accuracy"),
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
    reads = (asked, describe(run), design(run).metric, model, opened, n, served_version(run))
    name = _name(run, model, sealed)
    return run.stage(name, VERSION, Verdict, lambda folder, _: _judge(run, asked, model, n), reads)


def _name(run: Run, model: Model, sealed: bool) -> str:
    """The last word on the line's own model is "judge"; a run may judge other models beside it."""
    if not sealed:
        return f"judge-{model.model_hash[:12]}"
    return "judge" if run.results.get("refine") == model else f"judge-sealed-{model.model_hash[:12]}"


def exit_code(verdict: Verdict, *, blocked: bool = False) -> int:
    """0 when every line is met, 3 when one is unmet or a blocker was found, 4 when one is not shown."""
    outcomes = {line.outcome for line in verdict.lines}
    blocked = blocked or any(finding.severity == "blocker" for finding in verdict.findings)
    return 3 if "unmet" in outcomes or blocked else 4 if "not shown" in outcomes else 0


def _judge(run: Run, asked: Asked, model: Model, n_openings: int) -> Verdict:
    seen = _see(run, asked, model, n_openings)
    score = seen.estimate(seen.metric, seen.prediction)
    lines = test_lines(seen)
    slice_scores, slice_findings = slices(seen, sliced_columns(run, asked, describe(run)))
    examined = as_examined(seen)
    known = {"rows", *(one.where for one in slice_findings)}  # "rows" is where nothing was found
    weak = [one for one in weak_slices(examined) if one.where not in known]
    treated = [*fairness(examined), *(recourse(examined) if examined.changeable else ())]
    driving = _drivers(run, seen, examined)
    strongest = [one.column for one in driving if one.effect.is_gain][:MOST_SHAPES]
    again = Retrained.of(run, asked, model)
    baseline = seen.against(np.tile(seen.constant, (len(seen.y), 1)))
    linear = seen.against(seen.linear) if seen.linear is not None else None
    tests, test_findings = tests_of(seen, labelled(run, asked, asked.train), again, sealed=n_openings > 0)
    return Verdict(
        on="sealed rows" if n_openings else "out of fold",
        n_rows=len(seen.y),
        metric=seen.metric,
        score=score,
        lines=lines,
        against_baseline=baseline,
        against_linear=linear,
        scores=tuple(_scores(seen)),
        slices=slice_scores,
        curve=value_curve(seen),
        findings=(*slice_findings, *weak, *treated, *effects(seen), *test_findings),
        n_openings=n_openings,
        facts=tuple(_facts(seen)),
        in_words=in_words(seen),
        limits=tuple(limits(seen, lines, slice_scores, baseline, sealed=n_openings > 0)),
        drivers=driving,
        shapes=shapes(examined, strongest),
        explained=explained_by(seen.predictor, examined),
        turned=counterfactuals(examined),
        tests=tests,
        chances=_chances(seen.metric, score, {"a constant": baseline, "a linear model": linear}),
        classes=of_classes(examined, seen.level),
    )


def _drivers(run: Run, seen: Seen, examined: Examined) -> tuple[Driver, ...]:
    """What drives the prediction, as far as half of the time allows that packing leaves."""
    columns, numbers = read_columns(seen, describe(run))
    clock = run.clock.less(PACKED_S).share(0.5)
    found = drivers(examined, columns, numbers, clock)
    those = f"of {len(columns)} columns"
    if clock.expired and len(found) < min(len(columns), MOST_COLUMNS):
        told = f"the time limit left time to see what {counted(len(found), f'{those} is', f'{those} are')} worth to the model"
        run.progress("judge", told)
    return found


def _chances(metric: str, score: Estimate, gains: dict[str, Estimate | None]) -> dict[str, Chances]:
    found = {name: chances(gain, practically(metric, score.value)) for name, gain in gains.items() if gain is not None}
    return {name: one for name, one in found.items() if one is not None}


@dataclass(frozen=True)
class Judged:
    """The rows that a verdict rests on, as the model's tests see them.

    Attributes
    ----------
    rows : Labelled
        Without the target among their columns.
    y, prediction : array
        Of two classes, success is 1 and last.
    linear : array or None
        Predictions of the linear model on the same rows.
    positive : int
        `Asked.positive`.
    """

    rows: Labelled
    y: np.ndarray
    prediction: np.ndarray
    linear: np.ndarray | None
    predictor: Predictor
    positive: int = -1

    def decided(self, metric: str) -> np.ndarray:
        """Predictions as a metric shall see them: where it reads labels, those that the model gives."""
        return decided(metric, self.prediction, turned(self.predictor.contents.multipliers, self.positive))


def judged_rows(run: Run, asked: Asked, model: Model, *, sealed: bool) -> Judged:
    """Predict the sealed rows, which the ledger must have counted, or take the training rows as predicted out of fold."""
    predictor = artificer_runtime.load(run.path(model.folder))
    if sealed and asked.sealed is not None:
        rows = _blind(run, labelled(run, asked, asked.sealed.rows))
        reference = artificer_runtime.load(run.path(model.reference)) if model.reference else None
        prediction, linear = _predicted(predictor, rows), _predicted(reference, rows) if reference else None
    else:
        with np.load(run.path(model.out_of_fold)) as stored:
            prediction, places = stored["prediction"], stored["rows"]
            linear = stored.get("linear")
        rows = _blind(run, _taken(labelled(run, asked, asked.train), places))
    y, shown = oriented(rows.y, prediction, asked.positive)
    other = oriented(rows.y, linear, asked.positive)[1] if linear is not None else None
    return Judged(rows, y, shown, other, predictor, asked.positive)


def _see(run: Run, asked: Asked, model: Model, n_openings: int) -> Seen:
    train, metric = labelled(run, asked, asked.train), design(run).metric
    judged = judged_rows(run, asked, model, sealed=n_openings > 0)
    return Seen(
        run=run,
        asked=asked,
        rows=judged.rows,
        y=judged.y,
        prediction=judged.prediction,
        linear=judged.linear,
        constant=_constant(asked, train, metric),
        metric=metric,
        level=spent(LEVEL, n_openings),
        predictor=judged.predictor,
        folder=run.path(model.folder),
        champion=champion_of(run, asked, judged.rows),
    )


def _predicted(predictor: Predictor, rows: Labelled) -> np.ndarray:
    prediction: np.ndarray = predictor.raw(predictor.schema.encode(rows.frame))
    return prediction


def _blind(run: Run, rows: Labelled) -> Labelled:
    """The rows without the target among their columns: no prediction can have read it."""
    return replace(rows, frame=rows.frame.drop(run.brief.target.column))


def _taken(rows: Labelled, places: np.ndarray) -> Labelled:
    def some(values: np.ndarray | None) -> np.ndarray | None:
        return values[places] if values is not None else None

    return Labelled(rows.frame[places], rows.y[places], some(rows.weight), some(rows.time), some(rows.group))


def _constant(asked: Asked, train: Labelled, metric: str) -> np.ndarray:
    """Class shares, success last where there are two; of numbers what loses least: the mean, the median, a quantile."""
    found = best_constant(train.y, train.weight, len(asked.classes), metric)
    return found[::-1] if asked.positive == 0 else found


def _scores(seen: Seen) -> Iterator[tuple[str, Estimate]]:
    for name in ALSO[seen.asked.task]:
        yield name, seen.estimate(name, seen.prediction)
    if seen.asked.task == "binary":
        slope = calibration_slope(seen.y, seen.prediction, seen.rows.weight, groups=seen.rows.group, level=seen.level)
        yield "calibration_slope", slope


def _facts(seen: Seen) -> Iterator[Fact]:
    yield Fact("level", seen.level, "of each interval")
    if seen.asked.task == "binary":
        yield Fact("predicted_share", float(np.average(seen.success, weights=seen.rows.weight)), "share")
        yield Fact("actual_share", float(np.average(seen.y, weights=seen.rows.weight)), "share")
    if seen.period_s and seen.n_periods:
        yield Fact("periods", float(seen.n_periods), "whole periods")
        yield Fact("binding_periods", float(seen.n_binding), "whole periods with more rows than the list")
        yield Fact("rows_per_period", float(np.median(seen.sizes)), "rows, median")
    for name, share in (("latency_p50_ms", 0.5), ("latency_p99_ms", 0.99)):
        yield Fact(name, float(np.quantile(seen.took_ms, share)), "ms")
