"""audit: the training rows → what is wrong with them, what that costs, and what later data must look like.

The story: scan the rows once, let every check look, and measure with a fixed yardstick what leaving out a suspected
leak, or mending what is wrong, does to the score, the largest suspects first. Findings are ranked by severity, then by
that effect; repairs that are proven go on to `choose`. Data without a brief is audited by the checks that need no more
than its profile.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import is_brief
from artificer.core.clock import Clock
from artificer.core.protocols import Check
from artificer.core.records import Decision, Fact, Finding
from artificer.core.run import Run
from artificer.core.stages import Asked, Audited, Contract, Rule
from artificer.core.store import save
from artificer.data.columns import each
from artificer.data.scan import scan
from artificer.data.table import normal_column, row_hashes
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.durations import seconds
from artificer.line.ask.rows import Labelled, labelled
from artificer.line.audit.contract import (
    Held,
    check_contract,
    contract_of,
    contract_text,
    hold,
    read_contract,
    with_history,
)
from artificer.line.audit.contract.freshness import freshness_of
from artificer.line.audit.contract.references import references_of
from artificer.line.audit.periods import DAY_S, today
from artificer.line.audit.plain import audit_data
from artificer.line.audit.price import Prices
from artificer.line.audit.rank import ranked
from artificer.line.audit.seen import Seen
from artificer.line.audit.weigh import weighed

__all__ = [
    "CARRIES_NOTHING",
    "Held",
    "audit",
    "builtin",
    "check_contract",
    "contract_text",
    "hold",
    "ranked",
    "read_contract",
    "with_history",
]

VERSION = 8
# Of the time limit, from the start of the command: what comes after must not starve.
SHARE = 0.25
# Of it, until when problems are mended to see what they cost.
MENDING_SHARE = 0.12
# Until when checks may look.
CHECKS_SHARE = 0.4
# Findings that mean: this column can tell a model nothing that another does not. `choose` leaves it out, so these are looked
# for whatever the time: a replay, which has no clock, must choose the same columns.
CARRIES_NOTHING = ("empty", "constant", "copy")
BUILTIN = (
    "artificer.line.audit.leakage:leakage",
    "artificer.line.audit.overlap:overlap",
    "artificer.line.audit.duplicates:duplicates",
    "artificer.line.audit.conflicts:conflicts",
    "artificer.line.audit.imbalance:imbalance",
    "artificer.line.audit.drift:drift",
    "artificer.line.audit.missing:missing",
    "artificer.line.audit.mixed_types:mixed_types",
    "artificer.line.audit.signed_numbers:signed_numbers",
    "artificer.line.audit.identifiers:identifiers",
    "artificer.line.audit.identifiers:keys",
    "artificer.line.audit.constant:constant",
    "artificer.line.audit.copies:copies",
    "artificer.line.audit.extremes:extremes",
    "artificer.line.audit.rare_levels:rare_levels",
    "artificer.line.audit.label_errors:label_errors",
    "artificer.line.audit.target_arithmetic:target_arithmetic",
    "artificer.line.audit.after_event:after_event",
    "artificer.line.audit.not_knowable:not_knowable",
    "artificer.line.audit.index_leak:index_leak",
    "artificer.line.audit.time_leak:time_leak",
    "artificer.line.audit.group_leak:group_leak",
    "artificer.line.audit.group_overlap:group_overlap",
    "artificer.line.audit.dependent_rows:dependent_rows",
    "artificer.line.audit.redundant:redundant",
    "artificer.line.audit.horizon:horizon",
    "artificer.line.audit.units:units",
    "artificer.line.audit.near_duplicates:near_duplicates",
    "artificer.line.audit.periods:gaps_in_time",
    "artificer.line.audit.periods:freshness",
    "artificer.line.audit.spellings:case_variants",
    "artificer.line.audit.spellings:typos",
    "artificer.line.audit.missing_words:missing_words",
    "artificer.line.audit.near_constant:near_constant",
    "artificer.line.audit.high_cardinality:high_cardinality",
    "artificer.line.audit.skew:skew",
    "artificer.line.audit.uneven_weights:uneven_weights",
    "artificer.line.audit.lone_groups:lone_groups",
    "artificer.line.audit.impossible_dates:impossible_dates",
    "artificer.line.audit.personal:personal",
)


def audit(subject: Subject, **options: Any) -> Audited:
    """Verify the training rows.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run; or path of data
        With `Run.effects` off, nothing is measured. Data may be a file, a glob, a folder of parts, ``x.sqlite#table``: it
        is read once, batch by batch where it is Parquet, Arrow or CSV.
    **options
        As for `begin`; data takes none.

    Returns
    -------
    Audited
        Findings from severe to slight; effects in the metric's units, positive where mending helps.
    """
    if isinstance(subject, str | Path) and not is_brief(Path(subject)):
        return audit_data(subject, builtin())
    run = begin(subject, **options)
    asked = ask(run)
    return run.stage("audit", VERSION, Audited, lambda folder, name: _audit(run, asked, folder, name), reads=(asked,))


def _audit(run: Run, asked: Asked, folder: Path, name: str) -> Audited:
    rows = labelled(run, asked, asked.train)
    profile = scan(_normal(rows.frame, asked, run.brief.target.column), asked.schema)
    save(folder / "profile.json", profile)
    sealed = np.load(run.path(asked.sealed.hashes), allow_pickle=False) if asked.sealed else None
    hashes = row_hashes(rows.frame, asked.features)
    prices = Prices(run.brief, asked, rows, run.limit("audit", SHARE) if run.effects else None)
    seen = Seen(run.brief, asked, profile, rows, hashes, sealed, prices)
    findings, left_out = _found(seen, run.limit("audit", CHECKS_SHARE))
    if left_out:
        run.progress("audit", f"no time was left for the checks {', '.join(dict.fromkeys(left_out))}")
    if run.effects:
        prices.clock = run.limit("audit", MENDING_SHARE)
    result = weighed(seen, findings, run.replay.repairs if run.replay is not None else None)
    return Audited(
        findings=ranked(result.findings),
        contract=_contract(run, asked, rows),
        profile=f"{name}/profile.json",
        metric=prices.metric,
        decisions=(*_decisions(prices, left_out), *result.decisions),
        cut=bool(prices.unmeasured or left_out),
        repairs=tuple(result.repairs),
    )


def _contract(run: Run, asked: Asked, rows: Labelled) -> Contract:
    """What later data must look like; without rules where nothing is judged, and so no package holds them."""
    brief = run.brief
    if not run.judged:
        return Contract(asked.schema, target=brief.target.column, rules=())
    return contract_of(
        rows.frame,
        asked.schema,
        brief.target.column,
        brief.data.key,
        brief.legal.personal,
        _beside(run, asked, rows),
        brief.target.known_after,
        asked.n_stray,
    )


def _found(seen: Seen, clock: Clock) -> tuple[list[Finding], list[str]]:
    """What the checks say, in their order, and those for which no time was left.

    Those that measure share a clock, and look one after the other.
    """
    checks = builtin()
    needed = [check.code in CARRIES_NOTHING for check in checks]
    measuring = [place for place, check in enumerate(checks) if "prices" in check.needs]
    lanes = [measuring, *([place] for place in range(len(checks)) if place not in measuring)]

    def looked(lane: list[int]) -> dict[int, list[Finding]]:
        return {place: list(checks[place](seen)) for place in lane if needed[place] or not clock.expired}

    found = {place: said for lane in each(looked, lanes, seen.rows.n_rows) for place, said in lane.items()}
    left_out = [check.code for place, check in enumerate(checks) if place not in found]
    return [finding for place in sorted(found) for finding in found[place]], left_out


def _normal(frame: pl.DataFrame, asked: Asked, target: str) -> pl.DataFrame:
    """The target too in canonical form: it alone stands as it was read."""
    column = next(one for one in asked.schema.columns if one.name == target)
    return frame.with_columns(normal_column(frame[target], column, asked.schema.missing))


def _beside(run: Run, asked: Asked, rows: Labelled) -> list[Rule]:
    """Rules that the rows alone do not tell: other tables and the clock do."""
    rules = references_of(rows.frame, run.brief.data.tables, run.folder)
    name, every = run.brief.data.time, run.brief.track.every
    if rows.time is None or not any(column.name == name and column.kind == "time" for column in asked.schema.columns):
        return rules
    newest = [float(np.nanmax(rows.time))] if np.isfinite(rows.time).any() else []
    newest += [asked.sealed.newest] if asked.sealed and asked.sealed.newest is not None else []
    period_s = seconds(every, "track.every") if every else 0.0
    return [*rules, *freshness_of(name, rows.time, max(newest, default=0.0), today() * DAY_S, period_s)]


def builtin() -> list[Check]:
    """Import the checks that come with Artificer."""
    found = []
    for place in BUILTIN:
        module, _, name = place.partition(":")
        found.append(getattr(importlib.import_module(module), name))
    return found


def _decisions(prices: Prices, left_out: list[str]) -> tuple[Decision, ...]:
    decisions = []
    if left_out:
        decisions.append(
            Decision(
                "audit",
                "Which checks were left out?",
                ", ".join(dict.fromkeys(left_out)),
                f"{CHECKS_SHARE:.0%} of the time had passed, and the rest belongs to training and what follows it",
                ("give the run more time",),
            )
        )
    if prices.measured:
        decisions.append(
            Decision(
                "audit",
                "How is measured what a column is worth, or a problem costs?",
                f"by {prices.metric}, {prices.how}, with one small boosted model",
                "the same yardstick with and without it, on the same rows, shows the difference and no more",
                ("a rule of thumb", "the final model"),
                (
                    Fact("rows", float(prices.n_rows), "training rows"),
                    Fact("columns", float(prices.n_columns), "columns"),
                ),
            )
        )
    if prices.unmeasured:
        decisions.append(
            Decision(
                "audit",
                "Which effects were left unmeasured?",
                ", ".join(f"'{name}'" for name in prices.unmeasured),
                f"{MENDING_SHARE:.0%} of the time limit had passed ({SHARE:.0%} for leaks), and the rest belongs to training",
                ("give the run more time",),
            )
        )
    return tuple(decisions)
