"""What flows along the line, part three: the records of a model's life after it was trained.

`ship` leaves a `Reference` in the package; `track` compares new rows with it and gives a `Tracked`; `update` compares
champion and challenger and gives an `Updated`; the ledger says which version is `Served`, and keeps each `Answer` of a server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from artificer.core.records import Decision, Estimate, Finding

Harm = Literal["harmful", "benign", "undecidable"]
Follows = Literal["nothing", "alert", "ask", "keep", "promote", "roll back"]


URL_ENV = "ARTIFICER_LEDGER_URL"  # names the database of the ledger, in place of a workspace's own file


@dataclass(frozen=True, slots=True)
class Bins:
    """One column of the judged rows, in bins: how many rows each holds and what they add to the score.

    No bin but "missing" holds fewer than ten rows, and no value of a row stands here but the names of common levels.

    Attributes
    ----------
    name : str
        The column; "" is the model's own prediction, "the named class" which of several classes it names.
    edges : tuple of float
        Inner bin edges, rising; a value x is in bin `searchsorted(edges, x, side="right")`. Empty for categories.
    levels : tuple of str
        Categories with a bin of their own; the last bin holds all others. Empty for numbers.
    counts, influence, squares : tuple of float, (n_bins,)
        Rows, sum of their influence on the score, and sum of its squares; the first bin holds missing values.
    successes, success_influence, success_squares : tuple of float, (n_bins,)
        The same of the rows of success alone; empty but for two classes.
    won, pairs : tuple of float, (n_bins * n_bins,)
        Where the score is the area under the ROC curve: pairs of a success and a failure that are ranked rightly, and all
        of them, by the bin of the success and the bin of the failure; else empty.
    """

    name: str
    kind: str
    edges: tuple[float, ...]
    levels: tuple[str, ...]
    counts: tuple[float, ...]
    influence: tuple[float, ...]
    squares: tuple[float, ...]
    successes: tuple[float, ...] = ()
    success_influence: tuple[float, ...] = ()
    success_squares: tuple[float, ...] = ()
    won: tuple[float, ...] = ()
    pairs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """What `track` compares new rows with: the judged rows, in bins. Saved as reference.json in the package.

    Attributes
    ----------
    metric : str
        What effects are measured in.
    score : Estimate
        On the judged rows; where they have a time, within stretches of it.
    skill : float
        How much better than a constant the model was on them, in the metric, 0 or more.
    last_time : float
        The latest moment among the judged rows, in seconds since 1970; NaN where rows have no time.
    success : float
        Share of success (of more classes: NaN), or mean of the target.
    rows_per_day : float
        NaN where rows have no time.
    target : Estimate or None
        `success` with its interval, rows of a group not taken for independent; None in packages without it.
    shares : tuple of (str, Estimate)
        Share of each class where there are more than two, in the model's order; empty in packages without them.
    """

    metric: str
    score: Estimate
    skill: float
    n_rows: int
    columns: tuple[Bins, ...]
    last_time: float
    success: float = float("nan")
    rows_per_day: float = float("nan")
    target: Estimate | None = None
    shares: tuple[tuple[str, Estimate], ...] = ()
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Shift:
    """One column that moved.

    Attributes
    ----------
    column : str
        "" is the model's own prediction.
    distance : float
        Total variation between reference and new rows, 0 to 1: the share of rows that would have to change.
    effect : Estimate
        What the move does to the score; positive is better.
    largest : str
        Where it moved most, for a person: "poutcome = success: 3% → 19% of the rows".
    """

    column: str
    distance: float
    effect: Estimate
    harm: Harm
    largest: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of time, scored.

    Attributes
    ----------
    label : str
        Its start, as ISO date; "all rows" where rows have no time.
    start : float
        Seconds since 1970; NaN where rows have no time.
    score : Estimate or None
        Of the version that was served then; None without labels (or with one class only).
    without : Estimate or None
        Of the first version, had nothing ever been promoted.
    success : float
        Share of success, or mean of the target, among the labelled rows; NaN without labels.
    version : str
        What was served.
    """

    label: str
    start: float
    n_rows: int
    n_labelled: int
    score: Estimate | None
    without: Estimate | None = None
    success: float = float("nan")
    version: str = ""


@dataclass(frozen=True, slots=True)
class Tracked:
    """From `track`: what moved, and what that does to the score.

    Attributes
    ----------
    expected : Estimate
        Change of the score that the moved inputs explain, seen through the model's predictions; needs no labels.
    measured : Estimate or None
        Change of the score on the new labelled rows; None without labels.
    unexplained : Estimate or None
        What of it the inputs do not explain: the relation between inputs and target changed.
    harm : Harm
        Of the whole: by the labels where there are enough of them, else by what the inputs explain.
    shifts : tuple of Shift
        Largest effect first; the prediction among them.
    """

    version: str
    model_hash: str
    metric: str
    n_rows: int
    n_labelled: int
    reference: Estimate
    expected: Estimate
    harm: Harm
    measured: Estimate | None = None
    unexplained: Estimate | None = None
    shifts: tuple[Shift, ...] = ()
    periods: tuple[Period, ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Updated:
    """From `update`: champion against challenger on rows that neither saw, and what follows.

    Attributes
    ----------
    gain : Estimate
        Score of the challenger minus the champion's, paired, positive where the challenger is better.
    flipped : float
        Share of decisions that would change, 0 to 1.
    flips : str
        What `flipped` is the share of; "" where nothing was compared.
    choice : str
        "promote", "keep", or "ask": promoting would be right but needs a person.
    """

    champion: str
    challenger: str
    metric: str
    n_rows: int
    champion_score: Estimate
    challenger_score: Estimate
    gain: Estimate
    flipped: float
    choice: Literal["promote", "keep", "ask"]
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    flips: str = "of the decisions change"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Served:
    """Which version of a model is served, as the ledger says.

    Attributes
    ----------
    revision : int
        Counts the changes; a change names the revision that it saw, and fails when another was quicker.
    previous : str
        What was served before; "" for the first.
    """

    name: str
    version: str
    previous: str
    revision: int
    since: str


@dataclass(frozen=True, slots=True)
class Scored:
    """From `score`: a table was filled.

    Attributes
    ----------
    scoring : str
        Identifies it: the same version on the same rows gives the same name.
    table : str
        Where it stands, for a person; never with a password.
    n_chosen, n_control, n_review : int
        Rows whose decision is to act, that are kept from it by chance, and that wait for a person.
    n_new, n_changed, n_same : int
        Rows that the table did not have, had otherwise, and had alike.
    decided : bool
        Whether the brief says what is done with a score.
    """

    scoring: str
    version: str
    table: str
    n_rows: int
    n_chosen: int
    n_new: int
    n_changed: int
    n_same: int
    seconds: float
    findings: tuple[Finding, ...] = ()
    decided: bool = False
    n_control: int = 0
    n_review: int = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at new rows found and led to: the body of the ledger's `Look`.

    Attributes
    ----------
    version : str
        What was served while these rows came in.
    outcome : str
        "nothing" (all is well), "alert" (it needs a person), "ask" (a yes is waited for), "keep" (a challenger lost),
        "promote" or "roll back".
    challenger : str
        The version that was made, or is asked about; "" without one.
    n_seen : int
        Rows that had come in by then.
    """

    version: str
    outcome: Follows
    because: str
    n_seen: int
    tracked: Tracked
    challenger: str = ""
    updated: Updated | None = None
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """Predictions of one version by one process."""

    id: str
    name: str
    version: str


class Answer(NamedTuple):
    """One prediction, as it was told.

    Attributes
    ----------
    stream : Stream
        The process and version that gave it.
    number : int
        Its place in the stream, from 0.
    at : int
        When, in milliseconds since 1970.
    key : str
        As `artificer.data.keys` writes it; "" where none was known.
    score : float or None
        Probability of success, of the likeliest class where there are more than two, or the predicted value.
    said : str
        The likeliest class where there are more than two.
    low, high : float or None
        Ends of the interval of a number that holds nine values in ten; None where it has no such end.
    row : str
        What the row held, as JSON; "" where that is not kept.
    review : str
        The conditions under which it waits for a person; "" where it does not. The review queue keeps it, and the period.
    period : str
        The start of the row's period; "" without one.
    """

    stream: Stream
    number: int
    at: int
    key: str
    score: float | None
    said: str
    decision: str
    flags: str
    reasons: str = ""
    low: float | None = None
    high: float | None = None
    row: str = ""
    review: str = ""
    period: str = ""

    @property
    def id(self) -> str:
        """What the prediction is named by."""
        return f"{self.stream.id}-{self.number}"
