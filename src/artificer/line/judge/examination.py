"""What the tests of one model found, all together: for a person, for a test suite, and for continuous integration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from artificer.core.figures import with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.core.stages import ModelTest
from artificer.line.judge.examined import Examined
from artificer.line.judge.tests import about, run_tests

ONE_CLASS = "one_class"
SIGNS = {"passed": "✓", "warned": "?", "failed": "✗", "not run": "–"}
_OUTCOMES = {"note": "passed", "warning": "warned", "blocker": "failed"}


@dataclass(frozen=True, slots=True)
class Examination:
    """What tests of a model found.

    Attributes
    ----------
    metric : str
    score : Estimate
        On the judged rows.
    n_rows : int
    tests : tuple of ModelTest
    findings : tuple of Finding
        Of all tests, and first how many of them ran.
    """

    metric: str
    score: Estimate
    n_rows: int
    tests: tuple[ModelTest, ...]
    findings: tuple[Finding, ...]

    def faults(self, *, strict: bool = False) -> tuple[Finding, ...]:
        """Blockers; where it is `strict`, warnings too."""
        bad = ("blocker", "warning") if strict else ("blocker",)
        return tuple(one for one in self.findings if one.severity in bad)

    def exit_code(self, *, strict: bool = False) -> int:
        """3 where there are faults, else 0."""
        return 3 if self.faults(strict=strict) else 0

    def assert_passes(self, *, strict: bool = False) -> None:
        """Raise AssertionError where there are faults.

        It names each fault and what mends it, the smallest fall of the score that these rows could have shown, and the
        tests that were not run.
        """
        __tracebackhide__ = True  # pytest then shows the line of the suite, not this one
        faults = self.faults(strict=strict)
        if not faults:
            return
        failed = dict.fromkeys(one.code for one in faults)
        told = [
            f"  {SIGNS[_OUTCOMES[one.severity]]} {one.code}, {one.where}: {one.says}\n    to mend: {one.fix}"
            for one in faults
        ]
        skipped = [test.code for test in self.tests if test.outcome == "not run"]
        power = [one.says for test in self.tests if test.code == "power" for one in test.findings]
        raise AssertionError(
            "\n".join(
                [
                    f"the model fails {', '.join(failed)}; {self.metric} {with_interval(self.score)} on {self.n_rows:,} rows",
                    *told,
                    *([] if "power" in failed else power),
                    *([f"not run: {', '.join(skipped)}; print the examination for why"] if skipped else []),
                ]
            )
        )

    def junit(self, *, strict: bool = False) -> str:
        """The tests as JUnit XML: a test case each."""
        suite = ElementTree.Element("testsuite", name="artificer judge", tests=str(len(self.tests)))
        counts = {"failures": 0, "errors": 0, "skipped": 0}
        for test in self.tests:
            case = ElementTree.SubElement(suite, "testcase", classname="artificer.judge", name=test.code)
            if test.outcome == "not run":
                counts["skipped"] += 1
                ElementTree.SubElement(case, "skipped", message=_plain(test.because))
                continue
            if test.outcome == "failed" or (strict and test.outcome == "warned"):
                counts["failures"] += 1
                bad = [one for one in test.findings if one.severity != "note"]
                failure = ElementTree.SubElement(case, "failure", message=_plain(bad[0].says), type=bad[0].severity)
                failure.text = _plain("\n".join(f"{one.severity}: {one.says}; {one.fix}" for one in bad))
            told = "\n".join(f"{one.severity}: {one.says}" for one in test.findings)
            ElementTree.SubElement(case, "system-out").text = _plain(told)
        suite.attrib.update({name: str(count) for name, count in counts.items()})
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"

    def __str__(self) -> str:
        one_class = [one.says for one in self.findings if one.code == ONE_CLASS]
        score = [f"{self.metric} {with_interval(self.score)} on {self.n_rows:,} rows"]
        # Each test that was not run stands below, with the reason.
        lines = [*(one_class or score), self.findings[0].says.partition("; not run: ")[0]]
        for test in self.tests:
            lines += [f"{SIGNS[_OUTCOMES[one.severity]]} {test.code:17} {one.says}" for one in test.findings]
            lines += [f"{SIGNS[test.outcome]} {test.code:17} {test.because}"] * (not test.findings)
        return "\n".join(lines)


def examined(seen: Examined) -> Examination:
    """Run all tests that come with Artificer."""
    tests = run_tests(seen)
    score = seen.score()
    findings = (about(seen, tests), *_one_class(seen, score), *(one for test in tests for one in test.findings))
    return Examination(seen.metric, score, len(seen.rows), tests, findings)


def _one_class(seen: Examined, score: Estimate) -> tuple[Finding, ...]:
    """That a score cannot be told where rows of one class alone are there."""
    present = np.unique(seen.rows.y)
    if not seen.classes or len(present) != 1 or not math.isnan(score.value):
        return ()
    only = seen.classes[int(present[0])]
    others = ", ".join(repr(one) for one in seen.classes if one != only)
    n = len(seen.rows)
    those = f"all {n:,} rows are of one class, '{only}'" if n > 1 else f"the only row is of the class '{only}'"
    says = f"{seen.metric} cannot be told: {those}, and it says how well classes are told apart"
    fact = Fact("rows", float(len(seen.rows)), "rows")
    return (Finding(ONE_CLASS, "warning", "the rows", says, f"bring rows of {others} too", (fact,)),)


def _plain(text: str) -> str:
    """Text without the signs that XML 1.0 does not allow."""
    return "".join(sign for sign in text if sign in "\t\n" or (sign >= " " and sign not in "\ufffe\uffff"))
