"""refine: trained candidates → the model that ships.

The story: blend what helps and prove it on rows that did not choose the blend; lay out what else could ship, by accuracy,
time and size, and take from there what the client's limits leave; refit its members on all training rows at the iteration
that the race found; choose what the blend's raw output becomes; measure it as `judge` will, and while a limit of time or
size is broken, do it again with a cheaper blend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from artificer.core.clock import first_interrupt
from artificer.core.records import Decision, Estimate, Fact
from artificer.core.run import Run
from artificer.core.stages import WEIGHT_DIGITS, Choice, Model, Outputs, Requirement
from artificer.core.store import digest
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import oriented
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.design.trained_by import trained_by
from artificer.line.encode import encode
from artificer.line.fit import fit
from artificer.line.fit.course import course
from artificer.line.fit.race import LINEAR
from artificer.line.fit.reading import CALLS_CHOOSING, CALLS_CHOOSING_EACH, CALLS_LAST, call_s
from artificer.line.refine.blend import (
    PARTS,
    Measured,
    Predictions,
    best_single,
    cross_fitted,
    gain_of_blending,
    greedy,
    mixed,
    path,
)
from artificer.line.refine.costs import Costs
from artificer.line.refine.front import cheaper, front, holding, marked
from artificer.line.refine.limits import broken_limits, limits_of
from artificer.line.refine.outcome import outcome
from artificer.line.refine.refit import Refits
from artificer.measure.intervals import estimate
from artificer.measure.labels import decided, turned
from artificer.measure.metrics import metric
from artificer_runtime.outcome import tempered
from artificer_runtime.package import npz

__all__ = ["refine"]

VERSION = 3
# What members may weigh in all and still be left out where there is no time to refit them.
FREE_WEIGHT = 0.34
# Refits are tried up to so many times the time there is: theirs is told with care, and what is cut too early is left out.
OVER = 1.5


def refine(subject: Subject, **options: Any) -> Model:
    """Make the final model.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.
    """
    run = begin(subject, **options)
    asked, trained = ask(run), fit(run)
    reads = (asked, choose(run), design(run), encode(run), trained)

    def work(folder: Path, name: str) -> Model:
        with first_interrupt(run.stop, lambda: run.progress("refine", "ending with what there is; Ctrl-C again stops")):
            return _refine(run)

    return run.stage("refine", VERSION, Model, work, reads)


def _refine(run: Run) -> Model:
    measured, predictions, refits = _gather(run)
    if run.replay is not None:
        refits.refitted = run.replay.refitted
        weights = dict(run.replay.weights)
        found = _chosen(run, measured, _usable(run, measured, predictions, refits))
        told = found.unseen if set(weights) == set(found.weights) and run.replay.outputs is not None else None
        return _model(run, measured, predictions, refits, weights, (), told)
    weights, unseen, choices, decisions = _weights(run, measured, predictions, refits)
    members = set(weights)
    limits = limits_of(ask(run).requirements)
    if limits:
        weights, decisions = _taken(holding(choices, limits), weights, limits, decisions)
    while True:
        weights, decisions = _refitted(refits, weights, decisions)
        model = _model(
            run, measured, predictions, refits, weights, decisions, unseen if set(weights) == members else None
        )
        broken = broken_limits(run, model, limits)
        if broken and refits.more:  # seeds are the first to go
            refits.single = True
            refits.more.clear()
            continue
        other = cheaper(choices, _timely(choices, refits), weights, broken) if broken else None
        if other is None:
            return replace(model, front=marked(choices, weights))
        weights, decisions = _taken(other, weights, [line.requirement for line in broken], decisions)


def _taken(
    choice: Choice, weights: dict[str, float], limits: Sequence[Requirement], decisions: tuple[Decision, ...]
) -> tuple[dict[str, float], tuple[Decision, ...]]:
    if set(choice.weights) == set(weights):
        return weights, decisions
    because = (
        f"{', '.join(weights)} would break a limit: {'; '.join(limit.text for limit in limits)}; this is the most accurate "
        f"that comes close to it or holds it, with {choice.one_ms:.2g} ms a row and {choice.size_mb:.2g} MB"
    )
    told = Decision(
        "refine", "Which blend holds the limits?", ", ".join(choice.weights), because, (", ".join(weights),)
    )
    return dict(choice.weights), (*decisions, told)


def _refitted(
    refits: Refits, weights: dict[str, float], decisions: tuple[Decision, ...]
) -> tuple[dict[str, float], tuple[Decision, ...]]:
    """Refit the blend; what little could not be is left out of it, so that the rest ships refitted."""
    failed = refits.refit(weights)
    if not failed or not refits.refitted or sum(weights[name] for name in failed) > FREE_WEIGHT:
        return weights, decisions
    refits.skipped = True
    told = (
        Decision(
            "refine", f"Does {name} ship?", "no", f"it could not be refitted whole: {refits.failed[name]}", ("yes",)
        )
        for name in sorted(failed)
    )
    rest = {name: weight for name, weight in weights.items() if name not in failed}
    total = sum(rest.values())
    return {name: weight / total for name, weight in rest.items()}, (*decisions, *told)


def _timely(choices: Sequence[Choice], refits: Refits) -> list[Choice]:
    """Choices whose members there is still time to refit, and none of which could not be."""
    sound = [one for one in choices if not refits.failed.keys() & one.weights.keys()]
    return [one for one in sound if refits.seconds(list(one.weights)) <= max(refits.clock.left_s, 0.0)]


def _gather(run: Run) -> tuple[Measured, dict[str, np.ndarray], Refits]:
    asked, plan, trained = ask(run), design(run), fit(run)
    track = course(run, asked, choose(run), plan, encode(run))
    with np.load(run.path(trained.predictions)) as stored:
        predictions = dict(stored)
    rows, y = predictions.pop("rows"), predictions.pop("y")
    weight = track.rows.weight[rows] if track.rows.weight is not None else None
    if weight is not None and not weight.any():  # by time, where later rows weigh nothing: all choose alike
        weight = None
    if weight is not None and not weight.all():  # rows of no weight choose nothing
        counts = weight > 0
        rows, y, weight = rows[counts], y[counts], weight[counts]
        predictions = {name: values[counts] for name, values in predictions.items()}
    measured = Measured(rows, y, plan.metric, asked.task, weight, track.groups(rows))
    clock = trained_by(run).less(CALLS_LAST * call_s(run, track))
    return measured, predictions, Refits(run, track, trained, clock)


def _weights(
    run: Run, measured: Measured, predictions: Predictions, refits: Refits
) -> tuple[dict[str, float], np.ndarray | None, tuple[Choice, ...], tuple[Decision, ...]]:
    """The blend to ship, what it predicts where other rows chose it, the front that it stands on, and why."""
    usable, alone = _choosable(run, measured, _usable(run, measured, predictions, refits), refits)
    usable, decisions = _affordable(measured, usable, design(run).max_members, refits)
    decisions = (*alone, *decisions)
    found = _chosen(run, measured, usable)
    if found.gain is not None:
        decisions = (*decisions, _blending(found.weights, found.gain, measured.metric))
    choices = front(measured, usable, found.weights, found.way, Costs(refits))
    return found.weights, found.unseen, choices, decisions


def _usable(run: Run, measured: Measured, predictions: Predictions, refits: Refits) -> dict[str, np.ndarray]:
    """What may be blended, oriented; a linear model keeps no effect that the brief demands."""
    positive = ask(run).positive
    usable = {name: oriented(measured.y, values, positive)[1] for name, values in predictions.items()}
    if len(usable) > 1 and any(refits.course.effects.values()):
        usable.pop(LINEAR, None)
    return usable


def _choosable(
    run: Run, measured: Measured, usable: dict[str, np.ndarray], refits: Refits
) -> tuple[dict[str, np.ndarray], tuple[Decision, ...]]:
    """What there is time to choose a blend of: where a caller's metric is too slow for that, the best candidate alone."""
    called_s = call_s(run, refits.course)
    seconds = (CALLS_CHOOSING + CALLS_CHOOSING_EACH * len(usable)) * called_s
    if len(usable) == 1 or seconds <= max(refits.clock.left_s, 0.0):
        return usable, ()
    sign = metric(measured.metric).sign
    scores = {name: sign * one.score.value for name, one in refits.trials.items() if one.score is not None}
    best = max(usable, key=lambda name: scores.get(name, -np.inf))
    refits.skipped = True
    because = f"{measured.metric} takes {1000 * called_s:.0f} ms a call: choosing one would take about {seconds:.1f} s"
    told = Decision("refine", "Is there time to choose a blend?", f"no: {best} alone", because, ("yes",))
    return {best: usable[best]}, (told,)


class _Found(NamedTuple):
    """A blend, the way to it, what it predicts where other rows chose it, and what it gains over the best candidate."""

    weights: dict[str, float]
    way: tuple[dict[str, float], ...] = ()
    unseen: np.ndarray | None = None
    gain: Estimate | None = None


def _chosen(run: Run, measured: Measured, usable: Predictions) -> _Found:
    most = design(run).max_members
    single = {best_single(measured, usable): 1.0}
    if len(usable) == 1 or most == 1 or len(measured.y) < PARTS:
        return _Found(single)
    blend, alone = cross_fitted(measured, usable, most)
    gain = gain_of_blending(measured, blend, alone)
    if gain.high <= 0:
        return _Found(single, (), alone, gain)
    way = path(measured, usable, most)
    return _Found(way[-1], way, blend, gain)


def _affordable(
    measured: Measured, usable: dict[str, np.ndarray], most: int, refits: Refits
) -> tuple[dict[str, np.ndarray], tuple[Decision, ...]]:
    """What there is time to refit: light members are left out, the slowest first, or else nothing is refitted."""
    decisions: list[Decision] = []
    whole, wished = usable, greedy(measured, usable, most)
    weights = wished
    while True:
        seconds = refits.seconds(list(weights))
        if not refits.run.stop.is_set() and seconds <= OVER * refits.clock.left_s:
            break
        if refits.beside and LINEAR not in weights and not refits.run.stop.is_set():
            refits.beside = False
            question = "Is there time to refit the linear model beside the blend?"
            because = f"with it refits would take {seconds:.1f} s, {max(refits.clock.left_s, 0):.1f} s are left"
            decisions.append(Decision("refine", question, "no: the blend is not judged against it", because, ("yes",)))
            continue
        gone = sum(weight for name, weight in wished.items() if name not in usable)
        light = [name for name in weights if gone + wished.get(name, 0.0) <= FREE_WEIGHT]
        slowest = max(light, key=lambda name: refits.seconds([name]), default="")
        left = f"{max(refits.clock.left_s, 0):.1f} s are left"
        because = f"refitting {', '.join(weights)} would take {seconds:.1f} s, {left}"
        if refits.run.stop.is_set() or not slowest or len(usable) == 1:
            because = "the person who runs it wants what there is" if refits.run.stop.is_set() else because
            answer = "no: what ships was trained on the first fold's rows"
            question = "Is there time to refit the blend on all rows?"
            refits.fall_back()
            return whole, (Decision("refine", question, answer, because, ("yes",)),)
        usable = {name: values for name, values in usable.items() if name != slowest}
        weights = greedy(measured, usable, most)
        decisions.append(Decision("refine", f"Is there time to refit {slowest}?", "no", because, ("yes",)))
        refits.skipped = True
    return usable, tuple(decisions)


def _blending(weights: dict[str, float], gain: Estimate, metric: str) -> Decision:
    facts = tuple(Fact(name, weight, "weight") for name, weight in weights.items())
    told = f"{gain.value:+.4f} {metric} ({gain.low:+.4f} to {gain.high:+.4f}, {gain.level:.0%})"
    if len(weights) > 1:
        shown = "gains" if gain.value > 0 else "is not shown to lose, as it seldom does:"
        because = f"chosen on one half of the rows and measured on the other, blending {shown} {told}"
        return Decision(
            "refine", "One candidate or a blend?", f"a blend of {', '.join(weights)}", because, tuple(weights), facts
        )
    shown = "gains nothing" if gain.high > 0 else "loses"
    because = f"chosen on one half of the rows and measured on the other, blending {shown}: {told}"
    return Decision("refine", "One candidate or a blend?", next(iter(weights)), because, ("a blend",), facts)


def _model(
    run: Run,
    measured: Measured,
    predictions: Predictions,
    refits: Refits,
    weights: dict[str, float],
    decisions: tuple[Decision, ...],
    unseen: np.ndarray | None = None,
) -> Model:
    """Refit, choose the outputs and score the blend: by `unseen`, where other rows chose what each is predicted by.

    On the rows that chose it, a blend of 300 rows of noise is too good by .02 of the area under the ROC curve.
    """
    # The same order and digits as in a lock that was read back.
    weights = dict(sorted(((name, round(weight, WEIGHT_DIGITS)) for name, weight in weights.items()), key=_heaviest))
    refits.parts(weights)
    if refits.refitted:
        refits.seeded(list(weights), design(run).n_seeds)
    parts = refits.parts(weights)
    # A reference that could not be refitted is none: the blend beside it stays as it is.
    known = LINEAR in (refits.done if refits.refitted else refits.trials)
    reference = refits.parts({LINEAR: 1.0}) if run.judged and known else ()
    positive = ask(run).positive
    blend = oriented(measured.y, unseen, positive)[1] if unseen is not None else mixed(predictions, weights)
    given, of_outputs = _outputs(run, measured, blend)
    if ask(run).classes:
        blend = tempered(blend, given.temperature)
    shown = oriented(measured.y, blend, positive)[1]
    shown = decided(measured.metric, shown, turned(given.multipliers, positive))
    score = estimate(measured.metric, measured.y, shown, measured.weight, groups=measured.group)
    decisions = (*decisions, *of_outputs)

    def work(folder: Path, name: str) -> Model:
        model_hash = refits.write(parts, folder / "model", given)
        kept = {"rows": measured.rows, "prediction": blend}
        if reference:
            refits.write(reference, folder / "reference")
            kept |= {"linear": predictions[LINEAR]}
        (folder / "out_of_fold.npz").write_bytes(npz(kept))
        places = (f"{name}/model", f"{name}/reference" if reference else "", f"{name}/out_of_fold.npz")
        return Model(
            folder=places[0],
            parts=parts,
            reference=places[1],
            score=score,
            model_hash=model_hash,
            out_of_fold=places[2],
            cut=fit(run).cut or refits.cut or refits.skipped,
            refitted=refits.refitted,
            decisions=decisions,
            outputs=given,
        )

    return run.task(f"blend-{digest(VERSION, parts, reference, fit(run).predictions, decisions, given)}", Model, work)


def _heaviest(one: tuple[str, float]) -> tuple[float, str]:
    return -one[1], one[0]


def _outputs(run: Run, measured: Measured, blend: np.ndarray) -> tuple[Outputs, tuple[Decision, ...]]:
    """What is done to the blend: as the replayed run did, for its folds may have been cut where these are not."""
    if run.replay is not None and run.replay.outputs is not None:
        return run.replay.outputs, ()
    labels = run.brief.decision.threshold is None
    return outcome(measured, blend, ask(run).positive, design(run).transform, labels=labels)
