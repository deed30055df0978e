"""What later data must look like, column by column, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from artificer.core.figures import figure
from artificer.core.stages import Contract, Rule

MOST_LEVELS = 12


def demands(contract: Contract) -> list[tuple[str, str, list[str]]]:
    """Columns (of relations and deliveries: what they are about), their kind, and what is demanded of them."""
    kinds = {column.name: column.kind for column in contract.schema.columns}
    found: dict[str, list[str]] = {}
    rules = contract.rules or ()
    for place, rule in enumerate(rules):
        about = ", ".join(rule.columns) or "the delivery"
        aside = f" (in {rule.where} alone)" if rule.where else ""
        # Some rows may pass the first range of a column; the wide one after it none may.
        ranges = [one.columns for one in rules[:place] if one.kind == "range" and one.where == rule.where]
        never = not rule.allow and rule.columns in ranges
        found.setdefault(about, []).extend(said + aside for said in _told(rule, kinds.get(about, ""), never=never))
    return [(about, str(kinds.get(about, "")), said) for about, said in found.items()]


def _told(rule: Rule, kind: str, *, never: bool) -> Iterator[str]:
    if rule.kind in ("present", "type"):
        return
    if rule.kind == "missing":
        yield f"at most {100 * rule.high:.1f}% missing" if rule.high else "never missing"
    elif rule.kind == "range":
        yield _beyond(rule.low, rule.high, kind) if never else _between(rule.low, rule.high, kind)
    elif rule.kind == "set":
        more = len(rule.values) - MOST_LEVELS
        yield ", ".join(rule.values[:MOST_LEVELS]) + (f" and {more} more" if more > 0 else "")
    elif rule.kind == "unique":
        yield "no two rows alike"
    elif rule.kind == "pattern":
        yield f"like {rule.text}"
    elif rule.kind == "reference":
        yield f"stands in {' '.join(rule.values)}"
    elif rule.kind in ("rows", "mean", "share"):
        what = {"rows": "number of rows", "mean": "mean", "share": f"share of {' '.join(rule.values)}"}[rule.kind]
        yield (
            f"{what} {_between(rule.low, rule.high, 'number')}"
            if rule.about is None
            else f"{what} near {figure(rule.about)}"
        )
    elif rule.kind == "determined":
        yield f"rows alike in {', '.join(rule.columns[:-1])} are alike in {rule.columns[-1]}"
    elif rule.kind == "fresh":
        yield f"no older than {figure((rule.high or 0.0) / 86_400)} days"
    else:
        yield rule.name or rule.text


def _between(low: float | None, high: float | None, kind: str) -> str:
    least, greatest = (_end(one, kind) if one is not None else "" for one in (low, high))
    if least and greatest:
        return f"{least} to {greatest}"
    return f"at least {least}" if least else f"at most {greatest}"


def _beyond(low: float | None, high: float | None, kind: str) -> str:
    if low is not None and high is not None:
        return f"never beyond {_between(low, high, kind)}"
    return f"never below {_end(low, kind)}" if low is not None else f"never above {_end(high or 0.0, kind)}"


def _end(value: float, kind: str) -> str:
    if kind != "time":
        return figure(value)
    try:
        return datetime.fromtimestamp(value, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return figure(value)
