"""From `ask`: the brief made precise and testable, and the rows behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from artificer.core.brief import Task
from artificer.core.records import Decision, Finding
from artificer_runtime.schema import Schema


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
    """The test rows: nothing reads them but the overlap check (by hash) and the last `judge`.

    Attributes
    ----------
    newest : float or None
        Their latest moment, in seconds since 1970: when data were fresh is told by all rows.
    """

    rows: Rows
    hashes: str
    how: Literal["file", "time", "group", "stratified", "drawn"]
    because: str
    newest: float | None = None


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
    stray_words : dict of str to tuple of str
        Some of the latter; none where the brief declares personal data.
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
    stray_words: dict[str, tuple[str, ...]] = field(default_factory=dict)
