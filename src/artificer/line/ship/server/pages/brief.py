"""The first page: what was asked for, each requirement with its outcome, and what ships."""

from __future__ import annotations

from starlette.responses import Response

from artificer.core.brief import Brief
from artificer.core.figures import figure
from artificer.core.report import sections
from artificer.core.stages import Verdict
from artificer.line.ship.server.pages.frame import Seen, shown


def answer(seen: Seen) -> Response:
    """The page."""
    told = seen.material
    parts: sections.Parts = {"verdict": told.verdict, "brief": told.brief, "sentence": "", "counts": {}}
    if told.verdict is not None:
        counts = sections.counted(told.verdict)
        parts["sentence"] = sections.sentence(told.brief, told.verdict, counts)
        parts |= sections.requirements(told.verdict)
    ships = seen.model.scorer.predictor.contents.members
    return shown(
        seen,
        "brief.html",
        asked_for=_asked_for(told.brief, told.card.get("positive", "")),
        latency=_latency(told.verdict),
        n_members=len(ships),
        **parts,
    )


def _asked_for(brief: Brief, positive: str) -> list[tuple[str, str]]:
    """What the client said, line by line."""
    capacity, value, horizon = brief.decision.capacity, brief.decision.value, brief.target.horizon
    authority = brief.authority
    said = [
        ("Owner", brief.owner),
        ("Predict", f"{brief.target.column}" + (f" = {positive}" if positive else "")),
        ("Known", f"{horizon} after the row" if horizon not in ("", "0d") else ""),
        ("A row is named by", ", ".join(brief.data.key)),
        ("Ordered by", brief.data.time),
        (
            "Capacity",
            f"{capacity.top:,} rows" + (f" every {capacity.every}" if capacity.every else "") if capacity else "",
        ),
        ("Act from", figure(brief.decision.threshold) if brief.decision.threshold is not None else ""),
        ("Acting on a row", _worth(value.acted, value.currency) if value else ""),
        ("A success brings", _worth(value.success, value.currency) if value else ""),
        ("A person decides", _left_to_persons(brief)),
        (
            "Never acted on",
            f"{100 * brief.decision.control:.3g}% of keys, drawn by chance" if brief.decision.control else "",
        ),
        ("Not used to predict", ", ".join((*brief.target.known_after, *brief.features.exclude))),
        ("Protected", ", ".join(brief.features.protected)),
        ("By itself", f"retrain: {authority.retrain}, promote: {authority.promote}, roll back: {authority.roll_back}"),
    ]
    return [(name, what) for name, what in said if what]


def _left_to_persons(brief: Brief) -> str:
    review = brief.decision.review
    return ", or ".join(review.when) + (f" ({review.to})" if review.when and review.to else "")


def _worth(amount: float | str, currency: str) -> str:
    return f"{amount if isinstance(amount, str) else figure(amount)} {currency}".strip()


def _latency(verdict: Verdict | None) -> str:
    """How long one row takes, where it was measured."""
    facts = {fact.name: fact.value for fact in verdict.facts} if verdict else {}
    middle, tail = facts.get("latency_p50_ms"), facts.get("latency_p99_ms")
    if not isinstance(middle, float) or not isinstance(tail, float):
        return ""
    return f"{figure(middle)} ms, 99 in 100 within {figure(tail)} ms"
