"""What is read from another tool's contract, and what all forms share: types, bounds, texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from artificer.core.records import Finding
from artificer.core.stages import Contract, Rule
from artificer.line.audit.contract.breaks import told
from artificer.line.audit.contract.dialects.shapes import Unreadable
from artificer.line.audit.contract.learned import rules_of
from artificer.line.audit.contract.page import EPOCH, is_dated
from artificer_runtime.schema import Column, Kind, Schema

TRUTH = ("false", "true")
TYPES: tuple[tuple[str, Kind], ...] = (
    (r"(?i)bool", "boolean"),
    (r"(?i)date|time", "time"),
    (r"(?i)int|float|double|numeric|decimal|real|number", "number"),
    (r"(?i)char|text|string|str\b|object|category", "text"),
)


@dataclass
class Gathered:
    """Rules read so far."""

    columns: dict[str, Column] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)

    def typed(self, name: str, written: Any) -> None:
        """Note a column's type, where one is given that says its kind."""
        kind = next((kind for form, kind in TYPES if written and re.search(form, str(written))), None)
        if kind is None:
            return
        self.columns[name] = Column(name, kind, TRUTH if kind == "boolean" else ())
        self.rules.append(Rule("type", (name,), severity="blocker"))
        if kind == "boolean":
            self.rules.append(Rule("set", (name,), values=TRUTH, severity="blocker"))

    def skip(self, where: str, what: str) -> None:
        """Note what has no counterpart."""
        self.unread.append((where, what))

    def contract(self) -> Contract:
        """All as a contract."""
        return Contract(Schema(tuple(self.columns.values())), rules=_merged(self.rules))

    def findings(self) -> tuple[Finding, ...]:
        """What is not enforced."""
        return tuple(
            Finding(
                "contract:unread",
                "note",
                where,
                f"{what} of '{where}' is not enforced: it has no counterpart here",
                "write it as [[sql]] into a contract.toml",
            )
            for where, what in self.unread
        )


def _merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules without those that came twice; of a column that has a least and a greatest value apart, one range."""
    merged: dict[Rule, Rule] = {}
    for rule in rules:
        bare = replace(rule, low=None, high=None) if rule.kind == "range" else rule
        found = merged.get(bare)
        one = rule if found is None else _both(found, rule)
        merged[bare if one is not None else rule] = one or rule
    return tuple(merged.values())


def _both(one: Rule, other: Rule) -> Rule | None:
    """The bounds of both; None where nothing could keep them."""
    lows = [end for end in (one.low, other.low) if end is not None]
    highs = [end for end in (one.high, other.high) if end is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    return None if low is not None and high is not None and low > high else replace(one, low=low, high=high)


def bound(value: Any, where: str) -> float | None:
    """A number, or a moment in seconds since 1970."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip().strip("'")
        with suppress(ValueError):
            return float(text)
        try:
            value = datetime.fromisoformat(text)
        except ValueError as error:
            raise Unreadable(f"the bound {value!r} of '{where}' is neither a number nor a moment") from error
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return float(value)


def is_written(rule: Rule, kind: str) -> bool:
    """Whether a form can say a rule of a column of this kind: no limit from history, no moment in years without a date."""
    ends = [end for end in (rule.low, rule.high) if end is not None]
    return rule.about is None and (rule.kind != "range" or kind != "time" or all(map(is_dated, ends)))


def written_bound(value: float, kind: str) -> Any:
    """A bound as YAML holds it: a whole number without a point, a moment as a text."""
    if kind == "time":
        return (EPOCH + timedelta(microseconds=round(value * 1e6))).isoformat().replace("+00:00", "Z")
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value


def levels_of(rule: Rule, kind: str) -> list[Any]:
    """The values of a set as YAML holds those of a column of this kind: of numbers and truth values no texts."""
    if kind == "boolean":
        return [value == "true" if value in TRUTH else value for value in rule.values]
    return [_number(value) for value in rule.values] if kind == "number" else list(rule.values)


def _number(text: str) -> Any:
    try:
        return written_bound(float(text), "number")
    except ValueError:
        return text


def titled(rule: Rule) -> str:
    """What a rule that cannot be said is called."""
    if rule.name or (rule.text and rule.kind != "pattern"):
        return rule.name or rule.text
    return f"{rule.kind} of {', '.join((*rule.columns, *rule.values[:1])) or 'the delivery'}"


def allowance(rule: Rule) -> str:
    """What is lost of a rule that is written without the share that may break it."""
    return f"the allowance of {told(rule.allow)} of {titled(rule)}, which is strict there"


def names_of(contract: Contract) -> Iterable[str]:
    """All columns, in order."""
    typed = [column.name for column in contract.schema.columns]
    return dict.fromkeys([*typed, *(name for rule in rules_of(contract) for name in rule.columns)])


def never_missing(contract: Contract) -> set[str]:
    """Columns of which no value may be missing, or as few as chance takes."""
    return {
        rule.columns[0]
        for rule in rules_of(contract)
        if rule.kind == "missing" and not rule.high and rule.about is None
    }


def short(rules: Sequence[Rule]) -> str:
    """Rules by their kinds and columns, in one line."""
    return ", ".join(f"{rule.kind} of {', '.join(rule.columns)}" for rule in rules)


def severities(blocking: Sequence[Rule]) -> list[str]:
    """What is lost of rules that are written without their severity."""
    return [f"the severity of {short(blocking)}: what breaks it is an error there"] if blocking else []


def readings(contract: Contract, *, dated: bool) -> Iterator[str]:
    """What a form cannot say of how cells are read.

    Parameters
    ----------
    dated : bool
        Whether it says how moments are written.
    """
    for column in contract.schema.columns:
        if column.form and not (dated and column.kind == "time"):
            yield f"how the values of {column.name} are written ({column.form})"
        if column.zone:
            yield f"that the moments of {column.name} must name their time zone"
    if contract.schema.missing:
        yield f"that these mean a missing value: {', '.join(contract.schema.missing)}"
