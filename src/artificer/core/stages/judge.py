"""From `judge`: what the model does, on rows that did not train it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from artificer.core.figures import figure
from artificer.core.records import Chances, Estimate, Fact, Finding, Outcome
from artificer.core.stages.ask import Requirement


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement, tested.

    Attributes
    ----------
    n_to_show : int
        For "not shown": how many test rows would show it if the estimate is the truth; 0 where none would.
    """

    requirement: Requirement
    outcome: Outcome
    estimate: Estimate | None
    n_to_show: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Driver:
    """What one column does for the prediction.

    Attributes
    ----------
    effect : Estimate
        How much the score falls when the column's values are shuffled among the rows; positive where it helps.
    direction : str
        "more of it, higher" or "more of it, lower", for numbers; of several classes "more of it, rather a than b"; "" where
        there is no saying.
    """

    column: str
    effect: Estimate
    direction: str = ""


@dataclass(frozen=True, slots=True)
class OfClass:
    """How the rows of one class are told from the others, by the labels that ship.

    Attributes
    ----------
    n_rows : int
        Judged rows that are of it.
    recall, precision : Estimate
        Share of its rows that are called so; share of the rows called so that are of it. NaN where there are none.
    taken_for : str
        What most of its other rows are called; "" where each is found.
    taken : float
        Share of its rows that are called that, 0 to 1.
    """

    name: str
    n_rows: int
    recall: Estimate
    precision: Estimate
    taken_for: str = ""
    taken: float = 0.0


TestOutcome = Literal["passed", "warned", "failed", "not run"]


@dataclass(frozen=True, slots=True)
class ModelTest:
    """One test of a model.

    Attributes
    ----------
    code : str
        Its name; also of its findings, mostly.
    outcome : TestOutcome
        "failed" where it found a blocker, "warned" where a warning.
    because : str
        Why it was not run; else "".
    findings : tuple of Finding
        What it found; notes where it was passed.
    """

    code: str
    outcome: TestOutcome
    because: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """How the prediction changes along one column: accumulated local effects at some of its values, around 0.

    Attributes
    ----------
    of : str
        Of several classes the one whose probability it is; else "".
    """

    column: str
    points: tuple[tuple[float, Estimate], ...]
    of: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """What the columns add to one row's prediction, the largest first.

    Attributes
    ----------
    which : str
        "highest" or "lowest" prediction, of several classes the "surest" or the "least sure": rows are not named.
    prediction : float
        The number, the probability of success, or of several classes that of `of`.
    scale : str
        On which contributions add up, as in `artificer_runtime.Explanations`; "" for that of the prediction.
    of : str
        Of several classes the one that the model names; else "".
    """

    which: str
    prediction: float
    contributions: tuple[tuple[str, Estimate], ...]
    scale: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One value in place of another.

    Attributes
    ----------
    distance : float
        Of a number, in interquartile ranges; 1 of anything else.
    how : str
        "raised to", "lowered to", or "=" of what is no number.
    """

    column: str
    value: Any
    distance: float
    how: str = "="

    def __str__(self) -> str:
        return f"{self.column} {self.how} {f'{self.value:.12g}' if isinstance(self.value, float) else self.value}"


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Changes that together turn a decision, and what they add up to.

    Attributes
    ----------
    chance : float
        After them: the probability of success, or of several classes that of `of`.
    was, of : str
        Of several classes the one that the model names before and after them; else "".
    """

    changes: tuple[Change, ...]
    distance: float
    chance: float
    was: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """What would give one row another label: the nearest change of what a person can change, or why there is none.

    Attributes
    ----------
    which : str
        As in `Explained`.
    """

    which: str
    nearest: Counterfactual | None
    because: str = ""

    def __str__(self) -> str:
        whose = self.which if self.which.startswith("row") else f"the {self.which} prediction"
        if self.nearest is None:
            return f"{whose}: {self.because}"
        way = self.nearest
        would = f"would be {way.of}, and not {way.was}, with" if way.of else "would turn with"
        return f"{whose} {would} {' and '.join(map(str, way.changes))}: {figure(way.chance)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """From `judge`: what the model does, on rows that did not train it.

    Attributes
    ----------
    on : str
        "sealed rows" or "out of fold".
    score : Estimate
        In the plan's metric.
    against_baseline, against_linear : Estimate or None
        Paired differences, positive where the model is better.
    classes : tuple of OfClass
        The commonest first; empty where a number is predicted.
    curve : tuple of (int, Estimate)
        Value per period against list length, where the brief names a capacity and a value.
    in_words : str
        What the model does for the client, and what is done today.
    limits : tuple of str
        What it must not be used for.
    drivers : tuple of Driver
        Columns by what they do for the prediction, the most first.
    shapes : tuple of Shape
        Of the numbers among the strongest drivers.
    explained : tuple of Explained
        Two rows.
    turned : tuple of Turned
        Of the same rows; of two classes as far as success is not their label.
    tests : tuple of ModelTest
        What each test of the model found; their findings stand among `findings` too.
    chances : dict of str to Chances
        How likely the model is better than "a constant" and "a linear model".
    """

    on: str
    n_rows: int
    metric: str
    score: Estimate
    lines: tuple[Line, ...] = ()
    against_baseline: Estimate | None = None
    against_linear: Estimate | None = None
    scores: tuple[tuple[str, Estimate], ...] = ()
    slices: tuple[tuple[str, Estimate], ...] = ()
    curve: tuple[tuple[int, Estimate], ...] = ()
    findings: tuple[Finding, ...] = ()
    n_openings: int = 0
    facts: tuple[Fact, ...] = ()
    in_words: str = ""
    limits: tuple[str, ...] = ()
    drivers: tuple[Driver, ...] = ()
    shapes: tuple[Shape, ...] = ()
    explained: tuple[Explained, ...] = ()
    tests: tuple[ModelTest, ...] = ()
    chances: dict[str, Chances] = field(default_factory=dict)
    classes: tuple[OfClass, ...] = ()
    turned: tuple[Turned, ...] = ()

    def _repr_html_(self) -> str:
        from artificer.core.report.notebook import verdict_html

        return verdict_html(self)
