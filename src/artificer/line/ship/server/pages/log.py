"""The log of decisions: what was chosen at every stage and why, and what was decided since."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from artificer.core.ledger import Ledger
from artificer.core.life import Looked
from artificer.core.records import Decision
from artificer.core.report.sections import STAGES
from artificer.core.rollout import Act
from artificer.core.store import decode
from artificer.line.ship.server.pages.frame import Seen, shown
from artificer.line.ship.server.pages.material import Material

SINCE = ("track", "update", "serve")
TRIED = dict.fromkeys(("shadow", "canary", "A/B", "end"), "What is tried out beside it?") | {
    "approve": "Who approved a version?"
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision, and when it was made where that is known."""

    stage: str
    decision: Decision
    at: str = ""


def answer(seen: Seen) -> Response:
    """The page."""
    scorer = seen.model.scorer
    entries = _made(seen.material, scorer.ledger)
    if scorer.ledger is not None:
        entries += _since(scorer.ledger, scorer.brief.name)
    stages = [stage for stage in (*STAGES, *SINCE) if any(one.stage == stage for one in entries)]
    wanted = seen.request.query_params.get("stage", "")
    picked = [one for one in entries if one.stage == wanted] if wanted in stages else entries
    counts = [(stage, sum(one.stage == stage for one in entries)) for stage in stages]
    grouped = [(stage, [one for one in picked if one.stage == stage]) for stage in stages]
    return shown(
        seen, "log.html", counts=counts, wanted=wanted if wanted in stages else "", n=len(entries), grouped=grouped
    )


def _made(told: Material, ledger: Ledger | None) -> list[Entry]:
    """What the run decided that made the version."""
    if told.report is not None:
        return [Entry(one.stage, one) for one in told.report.decisions]
    maker = ledger.maker(told.version) if ledger is not None else ""
    return [Entry(one.stage, one) for one in ledger.told(maker)[0]] if ledger is not None and maker else []


def _since(ledger: Ledger, name: str) -> list[Entry]:
    """What was decided about the model since, and which version was served when."""
    entries = []
    for look in ledger.looks(name):
        looked = decode(look.body.encode(), Looked)
        made = looked.decisions or (Decision("track", "What follows from this look?", looked.outcome, looked.because),)
        entries += [Entry(one.stage if one.stage in SINCE else "update", one, look.at) for one in made]
    served = [
        Entry(
            "serve",
            Decision("serve", "Which version is served?", f"{one.action} {one.version}", one.because),
            one.at,
        )
        for one in ledger.history(name)
    ]
    tried = [
        Entry("serve", Decision("serve", TRIED[one.action], f"{one.action} {one.version}", _by(one)), one.at)
        for one in ledger.rollouts.acts(name)
        if one.action in TRIED
    ]
    return entries + sorted([*served, *tried], key=lambda one: one.at)


def _by(act: Act) -> str:
    return (act.who or "a person") + (f": {act.because}" if act.because else " did it")
