"""Weighing: what each problem costs, by mending it, the largest suspects first; and which repairs are proven.

A repair is kept when the interval of what it gains lies above zero at a level corrected for all that could be repaired
(Bonferroni), and above zero again on another cut into folds: two models differ by chance too, which an interval over
rows does not see. Where nothing can be mended, more of the problem is put in, and what that costs is told as such.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from artificer.core.clock import Stopwatch
from artificer.core.records import Decision, Estimate, Fact, Finding
from artificer.core.stages import Repair
from artificer.line.audit.price import Prices, in_score
from artificer.line.audit.repairs import Suspect, name_of, suspects
from artificer.line.audit.seen import Seen
from artificer.measure.correct import looks

LEVEL = 0.95
# A probe takes up to a second; beyond so many suspects the rest are too small to matter.
MOST_WEIGHED = 40
# Rows are found anew in at most eight folds and for the final fit, by so many times three folds of the yardstick.
CALLS_IN_FOLDS = 3


@dataclass
class Weighed:
    """Findings with what they cost, the repairs that are proven, and why."""

    findings: list[Finding]
    repairs: list[Repair] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def weighed(seen: Seen, findings: Sequence[Finding], again: Collection[str] | None = None) -> Weighed:
    """Measure what findings cost, within the clock of `seen.prices`.

    Parameters
    ----------
    again : names of repairs, optional
        In a replay: what was proven then; it is measured again, and kept whatever comes out.
    """
    if seen.prices.clock is None:
        return Weighed(list(findings))
    found = suspects(seen, findings)
    level = looks(LEVEL, sum(bool(one.choice) for one in found))
    if again is not None:
        found = [one for one in found if one.name in again]
    weighed = Weighed([])
    effects = {one.name: _weigh(seen.prices, one, level, again is not None, weighed) for one in found[:MOST_WEIGHED]}
    left = {one.name for one in found if effects.get(one.name) is None}
    choices = {one.name: one.choice for one in found}
    kept = {repair.name for repair in weighed.repairs}
    for finding in findings:
        name = name_of(finding)
        effect = effects.get(name)
        if effect is not None:
            weighed.findings.append(_told(finding, effect, seen.prices.metric, choices[name], name in kept))
        elif name in left:
            weighed.findings.append(replace(finding, facts=(*finding.facts, _why_not(name, seen.prices))))
        else:
            weighed.findings.append(finding)
    return weighed


def _weigh(prices: Prices, suspect: Suspect, level: float, again: bool, weighed: Weighed) -> Estimate | None:
    """Measure one; a repair that is proven is kept."""
    watch = Stopwatch()
    probes = suspect.measure(prices, 0)
    took_s = watch.seconds
    effect = prices.effect(probes) if probes is not None else None
    if probes is None or effect is None or not suspect.choice:
        return effect
    surer = prices.effect(probes, level=level, of_groups=True) if effect.is_gain else effect
    second = suspect.measure(prices, 1) if surer is not None and surer.is_gain else None
    other = prices.effect(second, of_groups=True) if second is not None else None
    told = _evidence(effect, surer, other, prices.metric)
    kept = other is not None and other.is_gain
    needed_s = took_s * CALLS_IN_FOLDS * prices.rows.n_rows / prices.n_rows if suspect.in_folds else 0.0
    if kept and prices.clock is not None and needed_s > prices.clock.left_s:
        kept, told = False, f"{told}; to find the rows in every fold takes {needed_s:.0f} s, more than there is"
    if kept or again:
        weighed.repairs.append(Repair(suspect.name, suspect.choice, surer or effect, suspect.column))
    weighed.decisions.append(_decision(suspect, effect, told, prices.metric, kept or again))
    return effect


def _evidence(effect: Estimate, surer: Estimate | None, other: Estimate | None, metric: str) -> str:
    told = in_score(effect, metric, "on the yardstick it")
    if surer is not None and surer.is_gain:
        again = in_score(other, metric, "it") if other is not None else "there was no time to see whether it does"
        return f"{told}, above zero at {surer.level:.2%} too; on another cut into folds {again}"
    return f"{told}, which so many tries may show by chance" if effect.is_gain else told


def _decision(suspect: Suspect, effect: Estimate, told: str, metric: str, kept: bool) -> Decision:
    return Decision(
        "audit",
        f"Does it help that {suspect.choice} ({suspect.name.replace(':', ', ', 1)})?",
        "yes, it is done" if kept else "not shown, nothing is changed",
        told,
        ("leave it as it is",) if kept else ("do it all the same, in the data",),
        (Fact("gain", effect.value, metric),),
    )


def _told(finding: Finding, effect: Estimate, metric: str, choice: str, kept: bool) -> Finding:
    if not choice:
        told = in_score(-effect, metric, "as many gaps again, at random,")
        injected = replace(effect, method=f"{effect.method}, of more gaps put in")
        return replace(finding, says=f"{finding.says}; {told}", effect=injected)
    told = in_score(effect, metric, f"that {choice}")
    return replace(finding, says=f"{finding.says}; {told}" + (": this is done" if kept else ""), effect=effect)


def _why_not(name: str, prices: Prices) -> Fact:
    if name in prices.unmeasured:
        return Fact("effect", "not measured", "its share of the time had passed")
    return Fact("effect", "not measured", "too few rows, or others may cost more")
