"""What flows along the line, part two: what each stage hands on to those after it.

One record a stage. Arrays and rows stand in files of the workspace, named here by path relative to it; what a person
reads stands in the record. A stage's record is saved under a key made from the records it read, so a changed record
makes everything after it run again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from artificer.core.brief import Brief, Task
from artificer.core.description import (
    AtRandom,
    ByLevel,
    Clusters,
    Collinearity,
    Course,
    Gap,
    Map,
    MoreRows,
    Pair,
    Pattern,
)
from artificer.core.records import Decision, Estimate, Fact, Finding, Outcome
from artificer_runtime.outcome import Residuals
from artificer_runtime.recipe import Block
from artificer_runtime.schema import Column, Schema

# Of weights: what several seeds share adds up to the same, and so it does when a lock was read back.
WEIGHT_DIGITS = 12
RuleKind = Literal[
    "present",
    "type",
    "missing",
    "range",
    "set",
    "pattern",
    "unique",
    "reference",
    "relation",
    "sql",
    "polars",
    "rows",
    "fresh",
    "mean",
    "share",
]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in an Arrow file of the workspace.

    Attributes
    ----------
    path : str
        Relative to the workspace.
    fingerprint : str
        Hash of the canonical values, their order and the schema.
    """

    path: str
    n_rows: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """The test rows: nothing reads them but the overlap check (by hash) and the last `judge`."""

    rows: Rows
    hashes: str
    how: Literal["file", "time", "group", "stratified", "drawn"]
    because: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the brief's `[accept]`, made testable.

    Attributes
    ----------
    id : str
        Its key in `[accept]`.
    text : str
        The line in words, for a person.
    at_least, at_most : float or None
        The bound; one of them is set.
    unit : str
        Unit of the bound: "" for scores, "ms", "MB", a currency.
    by : tuple of str
        Of a gap: the columns whose groups are compared.
    """

    id: str
    text: str
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    must: bool = False
    rule: str = ""
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """From `ask`: the brief made precise, and the rows behind it.

    Attributes
    ----------
    task, classes, positive : kind of prediction
        `classes` in sorted order, as text, empty in regression; `positive` is the index of the class that counts as
        success (binary only, else -1).
    schema : Schema
        Kinds of all columns, learned from the training rows alone.
    features : tuple of str
        Columns that may be used to predict.
    questions : tuple of str
        What the data cannot tell.
    n_disguised, n_stray : dict of str to int
        Training cells, by column, that say in words that the value is missing, or that are not of their column's kind;
        both are read as missing.
    """

    task: Task
    train: Rows
    schema: Schema
    features: tuple[str, ...]
    classes: tuple[str, ...] = ()
    positive: int = -1
    sealed: Sealed | None = None
    fingerprint: str = ""
    n_unlabelled: int = 0
    parts: tuple[tuple[str, int], ...] = ()
    requirements: tuple[Requirement, ...] = ()
    questions: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    class_kind: Literal["string", "integer", "number", "boolean"] = "string"
    n_disguised: dict[str, int] = field(default_factory=dict)
    n_stray: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand of a contract.

    Attributes
    ----------
    columns : tuple of str
        What it is about; of a relation, what it reads; empty where it is about the delivery.
    low, high : float or None
        Bounds of a range (moments in seconds since 1970), a share missing, a count, a mean or a share of `values`; of
        freshness, `high` is an age in seconds.
    values : tuple of str
        Of a set, what may occur; of a share, the one level; of a reference, file and column.
    text : str
        A pattern (whole value), an expression, or a query.
    name : str
        What a person calls it.
    allow : float
        Share of rows that may break it in silence.
    severity : str
        "" leaves it to the share of rows that break it.
    about, spread, sd, skew : float
        In place of bounds, what earlier deliveries tell: mean, standard deviation between deliveries beyond what their
        rows explain, and of a mean, standard deviation and skewness between rows. Bounds follow from `Alarms` and the
        number of rows.
    learned : str
        Where it comes from, for a person.
    """

    kind: RuleKind
    columns: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    text: str = ""
    name: str = ""
    allow: float = 0.0
    severity: Literal["", "note", "warning", "blocker"] = ""
    about: float | None = None
    spread: float = 0.0
    sd: float = 0.0
    skew: float = 0.0
    learned: str = ""


@dataclass(frozen=True, slots=True)
class Alarms:
    """How many false alarms are tolerable, and how much history the limits rest on.

    Attributes
    ----------
    per_month, deliveries_per_month : float
    n_deliveries, n_rows : int
        Of the history.
    """

    per_month: float = 1.0
    deliveries_per_month: float = 30.4
    n_deliveries: int = 0
    n_rows: int = 0


@dataclass(frozen=True, slots=True)
class Contract:
    """What the data must look like: learned from the training rows, enforced on later data.

    Attributes
    ----------
    schema : Schema
        Of all columns but the target, which later rows may have or lack; how their values are read.
    not_null : tuple of str
        Columns that were never missing.
    unique : tuple of str
        Columns that together identified a row.
    rules : tuple of Rule, or None
        All that is demanded; None in packages of Artificer 0.1, where it follows from the above.
    """

    schema: Schema
    not_null: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    target: str = ""
    rules: tuple[Rule, ...] | None = None
    alarms: Alarms | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair that `audit` proved and `choose` makes.

    Attributes
    ----------
    name : str
        Code and place of the finding: ``"duplicates:rows"``.
    choice : str
        What is done, in words.
    effect : Estimate
        What it gains on the yardstick, at the level that is corrected for the number of tries.
    column : Column or None
        How the column is read from now on; None where rows are left out.
    """

    name: str
    choice: str
    effect: Estimate
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """From `audit`: what is wrong with the data, what each problem costs, and what later data must look like.

    Attributes
    ----------
    profile : str
        Where the scan of the training rows is.
    metric : str
        What effects are measured in.
    cut : bool
        Whether the clock left an effect unmeasured.
    repairs : tuple of Repair
        Those that are proven.
    """

    findings: tuple[Finding, ...]
    contract: Contract
    profile: str
    metric: str = ""
    decisions: tuple[Decision, ...] = ()
    cut: bool = False
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """Folds of the training rows.

    Attributes
    ----------
    path : str
        Names an int8 array of each row's fold, -1 where a row measures nothing.
    trains : str
        Names a bool array (n_folds, n_rows) of the rows that train, where the caller gave both or a repair leaves rows
        out; else "".
    left_out : str
        Names a bool array (n_rows,) of the rows that the final fit does not train on either; "" where there are none.
    """

    path: str
    n_folds: int
    how: Literal["stratified", "grouped", "time", "drawn", "given"]
    because: str
    trains: str = ""
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """From `choose`: the columns and rows that serve, and the folds.

    Attributes
    ----------
    mended : tuple of Column
        Columns that are read otherwise than `Asked.schema` says, in training and wherever the model predicts.
    """

    features: tuple[str, ...]
    split: Split
    decisions: tuple[Decision, ...] = ()
    mended: tuple[Column, ...] = ()

    def read_as(self, schema: Schema) -> Schema:
        """The schema with mended columns in the place of those that they mend."""
        mended = {column.name: column for column in self.mended}
        return replace(schema, columns=tuple(mended.get(column.name, column) for column in schema.columns))


@dataclass(frozen=True, slots=True)
class ColumnStory:
    """One column, described.

    Attributes
    ----------
    counts : tuple of int
        Rows in each of at most 24 bins of equal width, or in the commonest levels.
    labels : tuple of str
        What the bins or levels are.
    association : Estimate or None
        Strength of the relation to the target, 0 to 1, and how it was measured.
    estimates : tuple of (str, Estimate)
        Mean, median, quartiles and shares, with intervals.
    """

    name: str
    kind: str
    share_missing: float
    n_distinct: float
    counts: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    association: Estimate | None = None
    estimates: tuple[tuple[str, Estimate], ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """From `describe`: distributions and associations, with intervals.

    Attributes
    ----------
    columns : tuple of ColumnStory
        Of the features and, last, the target.
    pairs : tuple of Pair
        Features that go together most.
    target_over_time : tuple of (str, Estimate)
        Each period's first day, and the share or mean there.
    cut : bool
        Whether the clock left something unmeasured.
    """

    n_rows: int
    columns: tuple[ColumnStory, ...]
    pairs: tuple[Pair, ...] = ()
    together: Map = field(default_factory=Map)
    patterns: tuple[Pattern, ...] = ()
    gaps: tuple[Gap, ...] = ()
    at_random: AtRandom | None = None
    collinearity: Collinearity = field(default_factory=Collinearity)
    courses: tuple[Course, ...] = ()
    clusters: tuple[Clusters, ...] = ()
    by_level: tuple[ByLevel, ...] = ()
    more_rows: MoreRows | None = None
    target_facts: tuple[Fact, ...] = ()
    target_over_time: tuple[tuple[str, Estimate], ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A learner, its settings, and the blocks of features that it reads."""

    name: str
    learner: str
    settings: dict[str, Any] = field(default_factory=dict)
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """From `design`: the system before it is built.

    Attributes
    ----------
    metric : str
        What candidates are compared by.
    transform : str
        "log1p" when learners train on the target's logarithm, else "".
    loss : str
        What learners lower: "" is log loss for classes and squared error for numbers; else "absolute", "quantile:0.9",
        "poisson" or "tweedie:1.5".
    class_weight : tuple of float
        What rows of each class weigh in training, by class index; empty where all weigh alike. Scores never see it.
    candidates : tuple of Candidate
        In the order in which they are tried; `encode` fills in their blocks.
    folds_tried : int
        How many of the folds are trained on.
    n_variants : int
        How many candidates, at the end, are only tried while they help.
    n_seeds : int
        With how many seeds what has chance in it is refitted, where the clock allows.
    search_rows : int
        Rows of each fold that candidates are trained on; 0 is all. The final fit reads all in any case.
    shares : dict of str to float
        Each clocked stage's share of the time limit.
    """

    metric: str
    candidates: tuple[Candidate, ...]
    folds_tried: int
    shares: dict[str, float]
    transform: str = ""
    loss: str = ""
    class_weight: tuple[float, ...] = ()
    max_members: int = 6
    n_variants: int = 0
    n_seeds: int = 1
    search_rows: int = 0
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoding:
    """From `encode`: the proposed representation, not fitted to any row."""

    blocks: tuple[Block, ...]
    candidates: tuple[Candidate, ...]
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class FoldFit:
    """One candidate trained on one fold; its files stand in the folder of its task.

    Attributes
    ----------
    loss, score : float
        On the fold's rows: what the learner lowers, and the plan's metric; NaN in a refit.
    """

    candidate: str
    fold: int
    folder: str
    n_iterations: int
    seconds: float
    cut: bool
    loss: float
    score: float = math.nan
    parity: float = 0.0
    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate's way through the race.

    Attributes
    ----------
    score : Estimate or None
        Out of fold, in the plan's metric; None when it did not finish.
    n_iterations : int
        The one iteration that all folds' predictions are made at (0: the learner has none).
    row_us, size_mb : float
        Microseconds per row in batches, and size, of one fold's member.
    dropped : str
        Why it went no further; "" for those that finished.
    one_ms : float
        Milliseconds that the member takes for one row by itself.
    """

    candidate: Candidate
    fits: tuple[FoldFit, ...] = ()
    score: Estimate | None = None
    n_iterations: int = 0
    seconds: float = 0.0
    row_us: float = 0.0
    size_mb: float = 0.0
    dropped: str = ""
    one_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Trained:
    """From `fit`: what was tried.

    Attributes
    ----------
    predictions : str
        Names an npz of each finished trial's out-of-fold predictions.
    encode_s : float
        Seconds that fitting the representation took, on the slowest fold.
    metric : str
        The plan's, which trials are scored by.
    """

    trials: tuple[Trial, ...]
    predictions: str
    n_folds: int
    cut: bool
    encode_s: float = 0.0
    decisions: tuple[Decision, ...] = ()
    metric: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the final model: a candidate refitted on all training rows, and its weight."""

    candidate: str
    folder: str
    weight: float
    n_iterations: int
    parity: float
    facts: dict[str, float] = field(default_factory=dict)


def shares(parts: Sequence[Part]) -> dict[str, float]:
    """What each candidate weighs, all its seeds together, in the order of the parts; to twelve decimals.

    >>> one = Part("lightgbm", "", 0.1, 5, 0.0)
    >>> shares([one, one, one])
    {'lightgbm': 0.3}
    """
    names = dict.fromkeys(part.candidate for part in parts)
    return {name: round(sum(part.weight for part in parts if part.candidate == name), WEIGHT_DIGITS) for name in names}


@dataclass(frozen=True, slots=True)
class Choice:
    """One blend that could ship: what it scores out of fold and what it would cost to use.

    Attributes
    ----------
    weights : dict of str to float
        Weight of each candidate in it.
    row_us : float
        Microseconds a row in batches, of its members alone.
    one_ms : float
        Milliseconds of one row by itself, from a dict to its prediction; predicted from its parts.
    size_mb : float
        Size of its members' arrays.
    chosen : bool
        Whether this is what ships.
    """

    weights: dict[str, float]
    score: Estimate
    row_us: float
    one_ms: float
    size_mb: float
    chosen: bool = False

    @property
    def heaviest(self) -> tuple[tuple[str, float], ...]:
        """Members and their weights, the heaviest first."""
        return tuple(sorted(self.weights.items(), key=lambda one: (-one[1], one[0])))


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is done to the blend of a model's members before it is handed out; see `artificer_runtime.package.Contents`."""

    temperature: float = 1.0
    multipliers: tuple[float, ...] = ()
    residuals: Residuals | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """From `refine`: the model as it would ship, in a folder of the workspace that the runtime can load.

    Attributes
    ----------
    reference : str
        Folder of the linear model it is compared with, which is not shipped; "" where there is none.
    refitted : bool
        Whether its parts were trained on all training rows; else they are those of the first fold, for want of time.
    score : Estimate
        The blend's out-of-fold score.
    cut : bool
        Whether the clock cut any fit that is in it.
    front : tuple of Choice
        Blends that no other one beats in score, time and size alike, the most accurate first; empty in a replay.
    """

    folder: str
    parts: tuple[Part, ...]
    reference: str
    score: Estimate
    model_hash: str
    out_of_fold: str
    cut: bool = False
    refitted: bool = True
    decisions: tuple[Decision, ...] = ()
    front: tuple[Choice, ...] = ()
    outputs: Outputs = Outputs()

    @property
    def weights(self) -> dict[str, float]:
        """What each candidate weighs in the blend, all its seeds together."""
        return shares(self.parts)

    def _repr_html_(self) -> str:
        from artificer.core.report.notebook import model_html

        return model_html(self)


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
        "more of it, higher" or "more of it, lower", for numbers; "" where there is no saying.
    """

    column: str
    effect: Estimate
    direction: str = ""


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
    """How the prediction changes along one column: accumulated local effects at some of its values, around 0."""

    column: str
    points: tuple[tuple[float, Estimate], ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """What the columns add to one row's prediction, the largest first.

    Attributes
    ----------
    which : str
        "highest" or "lowest" prediction: rows are not named.
    scale : str
        On which contributions add up, as in `artificer_runtime.Explanations`; "" for that of the prediction.
    """

    which: str
    prediction: float
    contributions: tuple[tuple[str, Estimate], ...]
    scale: str = ""


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
    tests : tuple of ModelTest
        What each test of the model found; their findings stand among `findings` too.
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

    def _repr_html_(self) -> str:
        from artificer.core.report.notebook import verdict_html

        return verdict_html(self)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a package, compared.

    Attributes
    ----------
    name : str
        What was compared: "training libraries", "one row at a time", "numpy walk", "zip file" …
    largest, tolerance : float
        Largest difference of a prediction, relative above one, and what is allowed; 0 asks for equal bits.
    """

    name: str
    n_rows: int
    largest: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Shipped:
    """From `ship`: where the package is, and what certifies that it predicts as training did.

    Attributes
    ----------
    parity : tuple of Fact
        By candidate, how far its portable form lies from its training library.
    ways : tuple of Way
        The packed package, read back, against training and in each way to run it; also in its parity.json.
    """

    package: str
    version: str
    model_hash: str
    size_mb: float
    parity: tuple[Fact, ...]
    ways: tuple[Way, ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Where one fit stopped: its fold (-1: the refit on all rows), iterations, and what else it settled on."""

    candidate: str
    fold: int
    n_iterations: int
    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunLock:
    """What a replay needs: every choice that hung on the clock, and what it led to.

    Attributes
    ----------
    folder : str
        Where relative paths of the brief start; "" in a package.
    dropped : dict of str to str
        Candidates that went no further, and why.
    weights : dict of str to float
        The blend.
    refitted : bool
        Whether it was trained on all training rows.
    outputs : Outputs or None
        What is done to it; None in the lock of an earlier version.
    repairs : tuple of str
        Names of those that were made: which were measured hung on the clock.
    """

    run_id: str
    brief: Brief
    folder: str
    fingerprint: str
    model_hash: str
    versions: dict[str, str]
    stops: tuple[Stop, ...]
    dropped: dict[str, str]
    weights: dict[str, float]
    refitted: bool = True
    outputs: Outputs | None = None
    repairs: tuple[str, ...] = ()
    VERSION: ClassVar[int] = 1
