"""audit: the training rows → what is wrong with them, what that costs, and what later data must look like.

The story: scan the rows once, let every check look, and where a finding hangs on a column, measure with a fixed
yardstick what leaving the column out does to the score. Findings are ranked by severity, then by that effect.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from artificer.core.protocols import Check
from artificer.core.records import Decision, Fact, Finding
from artificer.core.run import Run
from artificer.core.stages import Asked, Audited
from artificer.core.store import save
from artificer.data.scan import scan
from artificer.data.table import normalise, row_hashes
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import labelled
from artificer.line.audit.contract import check_contract, contract_of
from artificer.line.audit.price import Prices
from artificer.line.audit.seen import Seen

__all__ = ["audit", "check_contract"]

VERSION = 1
# Of the time limit, from the start of the command: what comes after must not starve.
SHARE = 0.25
BUILTIN = (
    "artificer.line.audit.leakage:leakage",
    "artificer.line.audit.overlap:overlap",
    "artificer.line.audit.duplicates:duplicates",
    "artificer.line.audit.conflicts:conflicts",
    "artificer.line.audit.imbalance:imbalance",
    "artificer.line.audit.drift:drift",
    "artificer.line.audit.missing:missing",
    "artificer.line.audit.mixed_types:mixed_types",
    "artificer.line.audit.identifiers:identifiers",
    "artificer.line.audit.identifiers:keys",
    "artificer.line.audit.constant:constant",
    "artificer.line.audit.copies:copies",
    "artificer.line.audit.extremes:extremes",
    "artificer.line.audit.rare_levels:rare_levels",
    "artificer.line.audit.spellings:case_variants",
    "artificer.line.audit.spellings:typos",
    "artificer.line.audit.missing_words:missing_words",
    "artificer.line.audit.near_constant:near_constant",
    "artificer.line.audit.high_cardinality:high_cardinality",
    "artificer.line.audit.skew:skew",
    "artificer.line.audit.impossible_dates:impossible_dates",
    "artificer.line.audit.personal:personal",
)
_RANK = {"blocker": 0, "warning": 1, "note": 2}


def audit(subject: Subject, **options: Any) -> Audited:
    """Verify the training rows.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
        With `Run.effects` off, nothing is measured.
    **options
        As for `begin`.

    Returns
    -------
    Audited
        Findings from severe to slight; effects in the metric's units, positive where mending helps.
    """
    run = begin(subject, **options)
    asked = ask(run)
    return run.stage("audit", VERSION, Audited, lambda folder, name: _audit(run, asked, folder, name), reads=(asked,))


def _audit(run: Run, asked: Asked, folder: Path, name: str) -> Audited:
    rows = labelled(run, asked, asked.train)
    profile = scan(normalise(rows.frame, asked.schema), asked.schema)
    save(folder / "profile.json", profile)
    sealed = np.load(run.path(asked.sealed.hashes), allow_pickle=False) if asked.sealed else None
    hashes = row_hashes(rows.frame, asked.features)
    prices = Prices(run.brief, asked, rows, run.limit("audit", SHARE) if run.effects else None)
    seen = Seen(run.brief, asked, profile, rows, hashes, sealed, prices)
    findings = [finding for check in builtin() for finding in check(seen)]
    return Audited(
        findings=ranked(findings),
        contract=contract_of(rows.frame, asked.schema, run.brief.target.column, run.brief.data.key),
        profile=f"{name}/profile.json",
        metric=prices.metric,
        decisions=_decisions(prices),
        cut=bool(prices.unmeasured),
    )


def builtin() -> list[Check]:
    """Import the checks that come with Artificer."""
    found = []
    for place in BUILTIN:
        module, _, name = place.partition(":")
        found.append(getattr(importlib.import_module(module), name))
    return found


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by severity, then by size of effect, the largest first; the order of the checks settles ties."""
    return tuple(sorted(findings, key=lambda one: (_RANK[one.severity], -abs(one.effect.value) if one.effect else 0.0)))


def _decisions(prices: Prices) -> tuple[Decision, ...]:
    decisions = []
    if prices.measured:
        decisions.append(
            Decision(
                "audit",
                "How is measured what a column is worth?",
                f"by {prices.metric}, {prices.how}, with one small boosted model",
                "the same yardstick with and without the column, on the same rows, shows the difference and no more",
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
                f"{SHARE:.0%} of the time limit had passed, and the rest belongs to training",
                ("give the run more time",),
            )
        )
    return tuple(decisions)
