"""Data without a brief → what is wrong with it: one pass, and the checks that need no more than the profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from artificer.core.brief import Brief, Target
from artificer.core.figures import counted
from artificer.core.protocols import Check
from artificer.core.records import Decision, Finding
from artificer.core.stages import Asked, Audited, Contract, Rows
from artificer.data.survey import Survey, survey
from artificer.line.audit.duplicates import stored_twice
from artificer.line.audit.extremes import ends
from artificer.line.audit.impossible_dates import dates_at_ends
from artificer.line.audit.missing import gaps
from artificer.line.audit.mixed_types import strays
from artificer.line.audit.personal import persons
from artificer.line.audit.rank import ranked
from artificer.line.audit.seen import Copied, Seen
from artificer.line.audit.signed_numbers import read_signs
from artificer.line.audit.spellings import capitals, letters

# What looks for the same in a profile as a check that needs more.
INSTEAD: tuple[Any, ...] = (*(gaps, strays, ends, stored_twice, capitals, letters, dates_at_ends, persons, read_signs),)
HAVE = frozenset({"profile", "copied"})
KEY = re.compile(r"\[(?:data|target|features)\] \w+")
_NOT_HELD: Any = None  # no check reads it: those that need rows, hashes or prices are not run


def audit_data(source: str | Path, checks: Sequence[Check]) -> Audited:
    """Audit plain data.

    Parameters
    ----------
    source : path of a file, a glob, or a folder whose files are parts of one table
    checks : sequence of Check
        Those that need more than the profile are not run, and the decision says which.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    surveyed = survey(source)
    seen = _seen(surveyed)
    run: list[Check] = [*INSTEAD, *(check for check in checks if check.needs <= HAVE)]
    left_out = {check.code for check in checks} - {check.code for check in run}
    findings = [*surveyed.findings, *(finding for check in run for finding in check(seen))]
    not_null = tuple(column.name for column in surveyed.profile.columns if not column.n_missing)
    return Audited(
        findings=ranked(map(_with_a_brief, findings)),
        contract=Contract(surveyed.schema, not_null),
        profile="",
        decisions=(_decision(surveyed, sorted(left_out)),) if left_out else (),
    )


def _with_a_brief(finding: Finding) -> Finding:
    """A remedy that is a key of a brief names the brief too, since there is none yet."""
    return replace(finding, fix=KEY.sub(r"\g<0> of a brief", finding.fix))


def _seen(surveyed: Survey) -> Seen:
    columns, n_rows = surveyed.schema.columns, surveyed.profile.n_rows
    asked = Asked(
        task="regression",
        train=Rows("", n_rows, ""),
        schema=surveyed.schema,
        features=tuple(column.name for column in columns if column.kind not in ("identifier", "constant")),
        n_stray=surveyed.n_stray,
        stray_words=surveyed.stray_words,
        findings=surveyed.findings,
    )
    copied = Copied(surveyed.copies, surveyed.twins, surveyed.most_copied, surveyed.counted)
    brief = Brief(target=Target(column=""))
    return Seen(brief, asked, surveyed.profile, _NOT_HELD, _NOT_HELD, None, _NOT_HELD, copied)


def _decision(surveyed: Survey, left_out: Sequence[str]) -> Decision:
    return Decision(
        "audit",
        "Which checks were not run?",
        ", ".join(left_out),
        f"they read a target or the rows again, and {counted(surveyed.profile.n_rows, 'row')} of "
        f"{counted(len(surveyed.schema.columns), 'column')} "
        "were read once, without a brief",
        ("`artificer ask DATA --target COLUMN` drafts a brief, and `artificer audit BRIEF` runs them all",),
    )
