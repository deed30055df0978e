"""Leakage: columns that tell the target too well, and the price of those that the brief says are known too late.

A column that does not exist yet when the prediction is needed makes every score a fiction. The brief's `known_after`
names such columns; those that it does not name betray themselves by telling nearly all by themselves. Whether they
exist in time no data can say, so a suspect stays in until the brief leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.records import Estimate, Fact, Finding, Severity
from artificer.line.audit.price import in_score
from artificer.line.audit.seen import Seen, check

# Of what there is to tell (2 AUC - 1, or share of variance), alone.
SUSPECT, CERTAIN = 0.9, 0.99
NEARLY = 0.5
# Times what the next column tells. Over 40 public tables this singles out call lengths that are known too late, and
# four columns that are plainly strong: hence a note.
FURTHER = 1.8
MOST_PRICED = 8
FEWEST_ROWS = 20  # of 4 rows a column of words tells all by chance one time in seven, of 10 one in two hundred


@check("leakage", "prices")
def leakage(seen: Seen) -> Iterator[Finding]:
    """Report suspects and `known_after` columns, each with the effect of leaving it out."""
    enough = seen.prices.n_rows >= FEWEST_ROWS
    told = {name: seen.prices.alone[name] for name in seen.asked.features if enough and name in seen.prices.alone}
    order = sorted(told, key=lambda name: -told[name])
    suspects = [name for name in order if told[name] >= SUSPECT][:MOST_PRICED]
    for name in seen.brief.target.known_after:
        yield _known_after(seen, name, seen.prices.leaving_out(name, suspects))
    for name in suspects:
        yield _suspect(seen, name, told[name], seen.prices.leaving_out(name, suspects))
    if not suspects and len(order) > 1 and told[order[0]] >= max(NEARLY, FURTHER * told[order[1]]):
        yield _leaning(seen, order[0], told[order[0]], seen.prices.leaving_out(order[0]))


def _known_after(seen: Seen, name: str, effect: Estimate | None) -> Finding:
    target = seen.brief.target.column
    told = seen.prices.alone.get(name)
    how = "nearly tells" if told is not None and told >= NEARLY else "tells little of"
    alone = f"'{name}' alone {how} '{target}' ({in_words(told, seen)}); it" if told is not None else f"'{name}'"
    return Finding(
        code="leakage",
        severity="note",
        where=name,
        says=f"{alone} is known only afterwards, so it is left out{_price(effect, seen)}",
        fix="nothing to do; if it is known in time after all, take it out of [target] known_after",
        facts=_facts(told),
        effect=effect,
    )


def _suspect(seen: Seen, name: str, told: float, effect: Estimate | None) -> Finding:
    severity: Severity = "blocker" if told >= CERTAIN else "warning"
    return Finding(
        code="leakage",
        severity=severity,
        where=name,
        says=f"'{name}' alone tells nearly all of '{seen.brief.target.column}' ({in_words(told, seen)}), which is too "
        f"good unless it is known in time; it stays in until the brief excludes it{_price(effect, seen)}",
        fix=f'if it is known only afterwards, name it in [target] known_after = ["{name}"]; if it repeats the target '
        f'in other words, in [features] exclude = ["{name}"]',
        facts=_facts(told),
        effect=effect,
    )


def _leaning(seen: Seen, name: str, told: float, effect: Estimate | None) -> Finding:
    return Finding(
        code="leakage",
        severity="note",
        where=name,
        says=f"'{name}' alone tells far more of '{seen.brief.target.column}' ({in_words(told, seen)}) than any "
        f"other column{_price(effect, seen)}",
        fix=f'make sure that it is known in time; if it is not, name it in [target] known_after = ["{name}"]',
        facts=_facts(told),
        effect=effect,
    )


def in_words(told: float, seen: Seen) -> str:
    """What a column tells alone, in the words of the task."""
    if seen.asked.task == "binary":
        return f"AUC {0.5 + told / 2:.3f}"
    if seen.asked.task == "regression":
        return f"{told:.1%} of the variance of its values, or of their ranks"
    return f"{told:.1%} of what there is to tell"


def _price(effect: Estimate | None, seen: Seen) -> str:
    return f"; {in_score(effect, seen.prices.metric, 'leaving it out')}" if effect is not None else ""


def _facts(told: float | None) -> tuple[Fact, ...]:
    return (Fact("told_alone", told, "share of what there is to tell"),) if told is not None else ()
