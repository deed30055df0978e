"""The client's brief, as the line reads it.

The attributes below are the vocabulary of `brief.toml`. They are plain frozen dataclasses; `line.ask` validates the
file against them (with pydantic, by way of `__pydantic_config__`) and refuses what no stage honours yet.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Task = Literal["binary", "multiclass", "regression"]
MonotoneEffect = Literal["increasing", "decreasing", "any"]
Leave = Literal["alert", "ask", "act"]

_STRICT = {"extra": "forbid", "strict": True}
_ENOUGH = 1 << 16  # bytes of a file, to tell what it is


@dataclass(frozen=True, kw_only=True)
class Joined:
    """One more table, whose columns join the rows of the source: at most one of its rows for each of theirs.

    Attributes
    ----------
    source, url_env, query : str
        As in `Data`.
    key : tuple of str
        Columns of both tables, by which rows find each other.
    """

    __pydantic_config__ = _STRICT
    source: str = ""
    url_env: str = ""
    query: str = ""
    key: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where the rows are and what their columns mean.

    Attributes
    ----------
    source : str
        A file, glob or object store's URL, relative to the brief; "" when the rows were given in Python.
    url_env : str
        Name of the environment variable that holds a database's URL, in place of `source`.
    query : str
        The rows to read from it.
    tables : dict of str to Joined
        More tables; their columns are called "table.column".
    key : tuple of str
        Columns that identify a row: never a feature, always in the output.
    time : str
        Column of the moment at which a row was known; folds and test rows follow it. "" when there is none.
    group : str
        Rows of one group stay on one side of every split.
    weight : str
        Column of non-negative row weights.
    test : str
        A file that is the sealed test set; else the last or a drawn fifth of the source is sealed.
    columns : dict of str to str
        What a column means, in the client's words.
    missing : tuple of str
        Spellings of a missing value, beside the usual ones.
    """

    __pydantic_config__ = _STRICT
    source: str = ""
    url_env: str = ""
    query: str = ""
    tables: dict[str, Joined] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    time: str = ""
    group: str = ""
    weight: str = ""
    test: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is predicted.

    Attributes
    ----------
    positive : str
        The class that counts as success; "" lets `ask` choose (and say so).
    horizon : str
        The label is known this long after the row (``"30d"``, ``"12h"``); younger rows are unlabelled, not negative.
    kind : str
        "class" or "number"; "" lets `ask` decide (and say so).
    known_after : tuple of str
        Columns that do not exist yet when the prediction is needed.
    """

    __pydantic_config__ = _STRICT
    column: str
    positive: str = ""
    kind: Literal["", "class", "number"] = ""
    horizon: str = "0d"
    known_after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Features:
    """Limits on what the model may use, and how.

    Attributes
    ----------
    changeable : tuple of str
        Columns that the person whom a row is about can change.
    """

    __pydantic_config__ = _STRICT
    exclude: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    effect: dict[str, MonotoneEffect] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many rows can be acted on in a period: the `top` rows by score in `every` period (``"7d"``)."""

    __pydantic_config__ = _STRICT
    top: int
    every: str = ""


@dataclass(frozen=True, kw_only=True)
class Value:
    """What acting on a row costs and what a success brings, in `currency`: numbers or expressions; a cost is negative."""

    __pydantic_config__ = _STRICT
    currency: str = ""
    acted: float | str = 0.0
    success: float | str = 0.0


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """What is said for a row's score: the columns that moved it most.

    Attributes
    ----------
    count : int
        How many, at most.
    never : tuple of str
        Columns that no reason names.
    of : str
        "acted": rows that are acted on or reviewed; "all": every row.
    """

    __pydantic_config__ = _STRICT
    count: int = 0
    never: tuple[str, ...] = ()
    of: Literal["acted", "all"] = "acted"


@dataclass(frozen=True, kw_only=True)
class Review:
    """Rows that the model does not decide: each that meets one of the conditions `when` waits for a person, called `to`."""

    __pydantic_config__ = _STRICT
    when: tuple[str, ...] = ()
    to: str = "person"


@dataclass(frozen=True, kw_only=True)
class DecisionPart:
    """What is done with the prediction: the rows on a list of limited length, those above a threshold, or those that pay.

    Attributes
    ----------
    control : float
        Share of the rows, 0 to 1, drawn by their keys, that is never acted on.
    """

    __pydantic_config__ = _STRICT
    capacity: Capacity | None = None
    threshold: float | None = None
    value: Value | None = None
    control: float = 0.0
    review: Review = field(default_factory=Review)
    reasons: Reasons = field(default_factory=Reasons)


@dataclass(frozen=True, kw_only=True)
class Accept:
    """One line of `[accept]`: a bound, and whether the line must be met.

    Attributes
    ----------
    at_least, at_most, p99_at_most : float or None
        The bound; which of them applies is fixed by the line's name.
    by : float, tuple of str, or None
        For `beats`, by how much; for a gap, the columns whose groups are compared: else those of `[features] protected`.
    rule : str
        Today's way, for `beats`: an expression over columns.
    where : str
        For `latency_ms`: "package" (one row, in process) is what can be measured so far.
    """

    __pydantic_config__ = _STRICT
    at_least: float | None = None
    at_most: float | None = None
    p99_at_most: float | None = None
    by: float | tuple[str, ...] | None = None
    rule: str = ""
    where: str = ""
    must: bool = False


@dataclass(frozen=True, kw_only=True)
class Serve:
    """What is done with rows that are not as training's were, at the server and in `score`.

    Attributes
    ----------
    unknown : str
        A category that training never saw: the row is answered and flagged "unseen", or refused.
    missing : str
        A column that the model reads and that is not sent: refused, or answered as if its value were missing.
    """

    __pydantic_config__ = _STRICT
    unknown: Literal["answer", "refuse"] = "answer"
    missing: Literal["answer", "refuse"] = "refuse"


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where `score` writes.

    Attributes
    ----------
    table : str
        A file (.parquet, .csv, .jsonl, .arrow) relative to the brief; with `url_env`, a table of a database.
    url_env : str
        Name of the environment variable that holds the database's URL.
    """

    __pydantic_config__ = _STRICT
    table: str = ""
    url_env: str = ""


@dataclass(frozen=True, kw_only=True)
class Track:
    """What comes in, and how it is watched.

    Attributes
    ----------
    new : str
        A file, glob or object store's URL, relative to the brief.
    url_env, query : str
        As in `Data`, in place of `new`.
    labels : str
        A file with keys and labels, where they come apart from the rows; else labels are in the same rows.
    every : str
        New rows are due for a look when they reach this much later than the last look (``"7d"``); "" at every call.
    alarms_per_month : float
        False ones that are tolerable.
    """

    __pydantic_config__ = _STRICT
    new: str = ""
    url_env: str = ""
    query: str = ""
    labels: str = ""
    every: str = ""
    alarms_per_month: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Authority:
    """What may happen without a person, for each action: "alert" says so, "ask" waits for a yes, "act" does it.

    Attributes
    ----------
    max_flipped : float
        Largest share of decisions that a promotion may change by itself, 0 to 1.
    freeze : tuple of str
        Stretches of days, "2008-12-15/2009-01-06", in which nothing is promoted by itself.
    four_eyes : bool
        A version answers nobody before someone other than its author has approved it.
    """

    __pydantic_config__ = _STRICT
    retrain: Leave = "ask"
    promote: Leave = "ask"
    roll_back: Leave = "ask"
    max_flipped: float = 1.0
    freeze: tuple[str, ...] = ()
    four_eyes: bool = False


@dataclass(frozen=True, kw_only=True)
class Keep:
    """For how long things are kept (``"400d"``, ``"3y"``); "" is for ever.

    Attributes
    ----------
    predictions : str
        Predictions with their keys, of tables and servers, and labels.
    rows : str
        What the rows held that a server answered, where it was asked to keep that; at most as long as predictions.
    models : str
        Packages; the served one stays.
    """

    __pydantic_config__ = _STRICT
    predictions: str = ""
    rows: str = "0d"
    models: str = ""


@dataclass(frozen=True, kw_only=True)
class Legal:
    """What the law asks of the data.

    Attributes
    ----------
    personal : tuple of str
        Columns that hold personal data: their values stay out of models, packages, reports and logs. Where any are named,
        the rows are about persons, and no level or word of fewer than ten training rows leaves them either.
    keep : Keep
        For how long what is kept of persons is kept.
    """

    __pydantic_config__ = _STRICT
    personal: tuple[str, ...] = ()
    keep: Keep = field(default_factory=Keep)


@dataclass(frozen=True, kw_only=True)
class Card:
    """What only a person can know, in sentences: it stands on the cards as it is (`core.report.card_lines` says what of)."""

    __pydantic_config__ = _STRICT
    contact: str = ""
    licence: str = ""
    citation: str = ""
    users: str = ""
    not_for: str = ""
    risks: str = ""
    unintended: str = ""
    oversight: str = ""
    security: str = ""
    changes: str = ""
    surroundings: str = ""
    instructions: str = ""
    standards: str = ""
    declaration: str = ""
    monitoring: str = ""
    data_origin: str = ""
    data_collected: str = ""
    data_not_for: str = ""
    data_shared: str = ""
    data_keeper: str = ""
    labels_made: str = ""


@dataclass(frozen=True, kw_only=True)
class RunPart:
    """Limits on the run itself.

    Attributes
    ----------
    limit_s : float
        Seconds from the command's start to package and verdict.
    learners, exclude : tuple of str
        Learners or candidates to try, where any are named, and those not to try.
    cores : int
        Fits that may run side by side; 0 is one a core.
    memory_gb : float
        What training may use, about; 0 is what the machine has free.
    """

    __pydantic_config__ = _STRICT
    limit_s: float = 60.0
    interpretable_only: bool = False
    learners: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    cores: int = 0
    memory_gb: float = 0.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Brief:
    """All that the client said; everything but the target has a default.

    Attributes
    ----------
    brief : int
        Version of the vocabulary.
    accept : dict of str to Accept
        By the requirement's id: a metric's name ("roc_auc", "quantile_loss:0.9"), or list_precision, value_per_week,
        beats, calibration, a gap between groups ("recall_gap", "mae_gap"), latency_ms, size_mb.
    """

    __pydantic_config__ = _STRICT
    target: Target
    brief: int = 1
    name: str = "model"
    purpose: str = ""
    owner: str = ""
    data: Data = field(default_factory=Data)
    features: Features = field(default_factory=Features)
    decision: DecisionPart = field(default_factory=DecisionPart)
    accept: dict[str, Accept] = field(default_factory=dict)
    serve: Serve = field(default_factory=Serve)
    output: Output = field(default_factory=Output)
    track: Track = field(default_factory=Track)
    authority: Authority = field(default_factory=Authority)
    legal: Legal = field(default_factory=Legal)
    card: Card = field(default_factory=Card)
    run: RunPart = field(default_factory=RunPart)


def is_brief(path: Path) -> bool:
    """Whether a file is a brief: it says so by its name, or is TOML that names a target."""
    if path.suffix.lower() == ".toml":
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(_ENOUGH)
    try:
        return "target" in tomllib.loads(start.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
