"""Tests of a model, ours or any other, on rows that did not train it; each is one file and one code.

The story: run each test whose needs are there, tell the others as not run and why, and widen every interval so that all
tests together are as sure as one alone would be. A test that finds a fault gives a warning or a blocker; one that is
passed gives notes, which say what it could have seen.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace

from artificer.core.protocols import Check
from artificer.core.records import Fact, Finding
from artificer.core.stages import ModelTest, TestOutcome
from artificer.line.judge.examined import Examined, UnfinishedError
from artificer.line.judge.foreign import ModelRaisedError
from artificer.measure.correct import looks

__all__ = ["BUILTIN", "builtin", "run_tests"]

_HERE = "artificer.line.judge.tests"
BUILTIN = (
    f"{_HERE}.leakage:leakage",
    f"{_HERE}.leakage:overlap",
    f"{_HERE}.against_trivial:against_trivial",
    f"{_HERE}.against_linear:against_linear",
    f"{_HERE}.against_previous:against_previous",
    f"{_HERE}.overfit:overfit",
    f"{_HERE}.calibration:calibration",
    f"{_HERE}.robustness:robustness",
    f"{_HERE}.unused_features:unused_features",
    f"{_HERE}.seed_stability:seed_stability",
    f"{_HERE}.staleness:staleness",
    f"{_HERE}.cost:cost",
    "artificer.line.judge.weak_slices:weak_slices",
    "artificer.line.judge.classes:classes",
    "artificer.line.judge.fairness:fairness",
    "artificer.line.judge.invariance:invariance",
    "artificer.line.judge.monotone:monotone",
    "artificer.line.judge.stability:stability",
    "artificer.line.judge.recourse:recourse",
    f"{_HERE}.power:power",
)
NEEDS = {
    "predict": "the model itself, not its predictions alone",
    "train": "the rows that trained it",
    "fit": "an estimator that can be trained again",
    "time": "the moment of each row",
    "previous": "predictions of the model in use",
    "linear|train": "the rows that trained it",
    "train|verdict": "the rows that trained it",
    "protected": "protected columns",
    "changeable": "columns that a person can change",
    "effects": "effects that the client demands",
    "group": "the group of each row",
    "classes": "classes to tell apart",
    "folder": "the model's files",
}


def run_tests(seen: Examined, tests: Sequence[Check] = ()) -> tuple[ModelTest, ...]:
    """Run tests, by default all that come with Artificer.

    The level of each interval is that of `seen`, shared among the tests that run (Bonferroni): all of them hold together.

    Returns
    -------
    tuple of ModelTest
        In the order of the tests; the same for the same model and rows, but for times.
    """
    chosen = tests or builtin()
    shared = replace(seen, level=level_of_each(seen, chosen))
    return tuple(_tested(test, shared) if _can_run(test, seen) else _not_run(test, seen) for test in chosen)


def level_of_each(seen: Examined, tests: Sequence[Check] = ()) -> float:
    """Level of each test's intervals."""
    return looks(seen.level, sum(_can_run(test, seen) for test in tests or builtin()))


def builtin() -> list[Check]:
    """Import the tests that come with Artificer."""
    found = []
    for place in BUILTIN:
        module, _, name = place.partition(":")
        found.append(getattr(importlib.import_module(module), name))
    return found


def about(seen: Examined, found: Sequence[ModelTest], tests: Sequence[Check] = ()) -> Finding:
    """How many tests ran, at which level, and which did not and why."""
    ran = [test for test in found if test.outcome != "not run"]
    left = [f"{test.code} ({test.because})" for test in found if test.outcome == "not run"]
    each = level_of_each(seen, tests)
    return Finding(
        "tests",
        "note",
        "model",
        f"{len(ran)} tests ran, each interval at {each:.2%}, so that all hold together at {seen.level:.0%}"
        + (f"; not run: {', '.join(left)}" if left else ""),
        "bring what the others need" if left else "nothing to do",
        (
            Fact("tests", float(len(ran)), "that ran"),
            Fact("not_run", float(len(left)), "tests"),
            Fact("level", each, "of each interval"),
        ),
    )


def _can_run(test: Check, seen: Examined) -> bool:
    return all(map(seen.has, test.needs))


def _tested(test: Check, seen: Examined) -> ModelTest:
    try:
        findings = tuple(test(seen))
    except (UnfinishedError, ModelRaisedError) as error:
        return ModelTest(test.code, "not run", str(error))
    if not findings:
        return ModelTest(
            test.code, "not run", "these rows do not tell it: too few, or the metric is not defined on them"
        )
    severities = {one.severity for one in findings}
    outcome: TestOutcome = "failed" if "blocker" in severities else "warned" if "warning" in severities else "passed"
    return ModelTest(test.code, outcome, "", findings)


def _not_run(test: Check, seen: Examined) -> ModelTest:
    lacking = [need for need in sorted(test.needs) if not seen.has(need)]
    told = [seen.reasons[need] for need in lacking if need in seen.reasons]
    needs = f"it needs {', and '.join(dict.fromkeys(NEEDS.get(need, need) for need in lacking))}"
    return ModelTest(test.code, "not run", told[0] if told else needs)
