"""Records → the ML Test Score: 28 tests of readiness for production, each with the evidence that a run left, and their total.

The tests and their points are those of Breck, Cai, Nielsen, Salib and Sculley (2017), "The ML Test Score", IEEE Big Data:
half a point where something was done, one where it is done by itself each time, and the total is the least of the four
parts. What the records of a run do not show gets none, though it may be there: a team that does it by hand adds its half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite

from artificer.core.figures import better_by
from artificer.core.report.page import ReportPage

NOT_SHOWN = "no record of a run shows it"
Shown = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Scored:
    """One of the 28 tests: its part, what it asks, 0 or a half or a whole point, and what showed it."""

    part: str
    asks: str
    points: float
    evidence: str


def scored(page: ReportPage) -> tuple[Scored, ...]:
    """Score a finished run, in the paper's order."""
    return tuple(Scored(part, asks, *show(page)) for part, tests in PARTS.items() for asks, show in tests)


def total(tests: tuple[Scored, ...]) -> float:
    """The least of the four parts' sums."""
    return min(sum(test.points for test in tests if test.part == part) for part in PARTS)


def told(page: ReportPage) -> Iterator[tuple[str, list[str]]]:
    """Headings with their lines, for a card."""
    tests = scored(page)
    sums = {part: sum(test.points for test in tests if test.part == part) for part in PARTS}
    parts = ", ".join(f"{part.lower()} {points:g}" for part, points in sums.items())
    yield "Total", [f"{total(tests):g}: the least of {parts}, of 7 points each"]
    for part in PARTS:
        yield part, [f"{one.points:g} — {one.asks}: {one.evidence}" for one in tests if one.part == part]


def _none(page: ReportPage) -> Shown:
    return 0.0, NOT_SHOWN


def _tested(*codes: str) -> Callable[[ReportPage], Shown]:
    """A whole point where one of these tests of the model ran, by the verdict's own list."""

    def show(page: ReportPage) -> Shown:
        ran = {test.code: test for test in page.verdict.tests if test.code in codes}
        for test in ran.values():
            if test.outcome != "not run":
                says = next((one.says for one in test.findings), test.outcome)
                return 1.0, f"`{test.code}` {test.outcome}: {says}"
        why = next((test.because for test in ran.values()), "")
        return 0.0, f"`{codes[0]}` was not run{f': {why}' if why else ''}"

    return show


def _found(code: str, otherwise: str) -> Callable[[ReportPage], Shown]:
    """A whole point where a finding of this code is there."""

    def show(page: ReportPage) -> Shown:
        says = next((one.says for one in page.findings if one.code == code), "")
        return (1.0, says) if says else (0.0, otherwise)

    return show


def _line(*names: str) -> Callable[[ReportPage], Shown]:
    def show(page: ReportPage) -> Shown:
        lines = [line for line in page.verdict.lines if line.requirement.id in names]
        told = "; ".join(f"{line.requirement.text}: {line.outcome}" for line in lines)
        return (1.0, told) if lines else (0.0, f"the brief demands none of {', '.join(names)}")

    return show


def _expectations(page: ReportPage) -> Shown:
    columns = len(page.asked.schema.columns)
    return (
        1.0,
        f"the contract in the package says of {columns} columns what later data must look like, and `track` holds it",
    )


def _meta(page: ReportPage) -> Shown:
    features = page.brief.features
    named = {"exclude": features.exclude, "protected": features.protected, "effect": features.effect}
    given = [name for name, value in named.items() if value]
    return (
        (1.0, f"[features] {', '.join(given)} of the brief")
        if given
        else (0.0, "the brief demands nothing of features")
    )


def _privacy(page: ReportPage) -> Shown:
    suspects = [one.where for one in page.findings if one.code == "personal" and one.severity == "warning"]
    if suspects:
        return 0.0, f"{', '.join(suspects)} look like data of persons and are read"
    return 0.5, "audit looked for data of persons and read none; access and retention are for the client's house"


def _feature_code(page: ReportPage) -> Shown:
    alike = ", ".join(f"{fact.name} to {float(fact.value):.0e}" for fact in page.shipped.parity)
    return (1.0, f"the package predicts as training did: {alike}") if page.shipped.parity else (0.0, NOT_SHOWN)


def _specified(page: ReportPage) -> Shown:
    return (
        0.5,
        f"run.lock names data, settings and versions of model {page.model.model_hash[:12]}; a review is for people",
    )


def _tuned(page: ReportPage) -> Shown:
    return 1.0, f"{len(page.plan.candidates)} candidates raced in cross-validation, {page.plan.metric}"


def _simpler(page: ReportPage) -> Shown:
    gain = page.verdict.against_linear
    if gain is None:
        return _tested("against_linear")(page)
    told = f"against a linear model {better_by(gain)}"
    return (0.0, told) if gain.high < 0 else (1.0, told)


def _slices(page: ReportPage) -> Shown:
    shown = _found("weak_slice", "")(page)
    return shown if shown[0] else (1.0, f"{len(page.verdict.slices)} slices scored") if page.verdict.slices else shown


def _replayed(page: ReportPage) -> Shown:
    return (
        0.5,
        "`artificer run --replay` repeats it to the same hash on the same kind of machine; no record shows that it was",
    )


def _verdict(page: ReportPage) -> Shown:
    return (
        1.0,
        f"{len(page.verdict.lines)} lines of the brief tested on {page.verdict.n_rows:,} {page.verdict.on} before it ships",
    )


def _one_row(page: ReportPage) -> Shown:
    told = len(page.verdict.explained)
    return (0.5, f"{told} predictions are explained column by column") if told else (0.0, NOT_SHOWN)


def _numbers(page: ReportPage) -> Shown:
    sound = isfinite(page.verdict.score.value)
    told = (
        f"the predictions of {page.verdict.n_rows:,} rows are finite numbers; rows beyond single precision are flagged"
    )
    return (1.0, told) if sound else (0.0, "the score is no finite number")


PARTS: dict[str, tuple[tuple[str, Callable[[ReportPage], Shown]], ...]] = {
    "Data": (
        ("feature expectations are captured in a schema", _expectations),
        ("all features are beneficial", _tested("unused_features")),
        ("no feature's cost is too much", _line("latency_ms", "size_mb")),
        ("features adhere to demands on them", _meta),
        ("the data pipeline has privacy controls", _privacy),
        ("new features can be added quickly", _none),
        ("all code of features is tested", _feature_code),
    ),
    "Model": (
        ("specifications are reviewed and submitted", _specified),
        ("offline and online metrics go together", _none),
        ("hyperparameters are tuned", _tuned),
        ("the impact of staleness is known", _tested("staleness")),
        ("a simpler model is not better", _simpler),
        ("quality is sufficient on important slices", _slices),
        ("considerations of inclusion are tested", _found("fairness", "the brief names no protected column")),
    ),
    "Infrastructure": (
        ("training is reproducible", _replayed),
        ("model specifications are unit tested", _none),
        ("the pipeline is integration tested", _none),
        ("quality is validated before serving", _verdict),
        ("the model can be debugged step by step", _one_row),
        ("models are tried on few requests before all", _none),
        ("models can be rolled back quickly and safely", _none),
    ),
    "Monitoring": (
        ("changes of dependencies are notified", _none),
        ("invariants hold in training and serving inputs", _none),
        ("training and serving features give the same values", _feature_code),
        ("models are not too stale", _none),
        ("the model is numerically stable", _numbers),
        ("speed, latency and memory have not regressed", _tested("cost")),
        ("quality of predictions has not regressed", _tested("against_previous", "stability")),
    ),
}
