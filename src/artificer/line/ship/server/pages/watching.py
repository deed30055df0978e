"""The page of what came in: how the score went, estimated from inputs and measured on labels, and what moved it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from markupsafe import Markup
from starlette.responses import Response

from artificer.core.ledger import Ledger, Look
from artificer.core.life import Looked, Period, Tracked
from artificer.core.records import Estimate
from artificer.core.report import life, svg
from artificer.core.review_queue import Review
from artificer.core.store import decode
from artificer.line.ship.scorer import Scorer
from artificer.line.ship.server.pages.calibrated import calibrated
from artificer.line.ship.server.pages.frame import Seen, shown

MOST_TICKS, MOST_WAITING = 7, 20


def answer(seen: Seen) -> Response:
    """The page."""
    ledger, name = seen.model.scorer.ledger, seen.model.scorer.brief.name
    looks = ledger.looks(name) if ledger is not None else []
    waiting = _waiting(seen.model.scorer)
    came = calibrated(seen.model.scorer, seen.material)
    if ledger is None or not looks:
        return shown(
            seen,
            "watching.html",
            page=None,
            watched=ledger is not None,
            brief=seen.material.brief,
            waiting=waiting,
            calibrated=came,
        )
    told = [decode(look.body.encode(), Looked) for look in looks]
    page = _life(seen, ledger, name, looks, told)
    return shown(
        seen,
        "watching.html",
        brief=page.brief,
        watched=True,
        waiting=waiting,
        calibrated=came,
        estimated=_estimated(looks, told),
        **life.parts(page),
    )


def _waiting(scorer: Scorer) -> tuple[list[Review], int]:
    """The rows that have waited longest for a person, and how many wait."""
    if scorer.ledger is None or not scorer.brief.decision.review.when:
        return [], 0
    queue = scorer.ledger.reviews(scorer.brief.name)
    return queue.reviews(state="open", most=MOST_WAITING), len(queue.waiting())


def _life(seen: Seen, ledger: Ledger, name: str, looks: Sequence[Look], found: Sequence[Looked]) -> life.LifePage:
    """The model's life as the looks tell it: no row is read again."""
    classes, positive = seen.model.scorer.predictor.contents.classes, seen.model.scorer.positive
    return life.LifePage(
        brief=seen.material.brief,
        metric=found[-1].tracked.metric,
        periods=_periods(found),
        events=tuple((look.at, f"{one.outcome}: {one.because}") for look, one in zip(looks, found, strict=True)),
        tracked=found[-1].tracked,
        meetings=tuple(one.updated for one in found if one.updated is not None),
        history=tuple(ledger.history(name)),
        findings=found[-1].findings or found[-1].tracked.findings,
        decisions=found[-1].decisions,
        reference=found[0].tracked.reference,
        success=classes[positive] if positive >= 0 else "",
        provenance=(),
    )


def _periods(found: Sequence[Looked]) -> tuple[Period, ...]:
    """Each stretch of time as the version saw it that was served when its rows came in.

    A look cuts all rows since its version was made into stretches, so a version's last look tells of all of them.
    """
    last = {one.version: one for one in found}
    kept: list[Period] = []
    for version, one in last.items():
        start = kept[-1].start if kept else -math.inf
        kept += [replace(period, version=version) for period in one.tracked.periods if not period.start <= start]
    return tuple(kept)


def _estimated(looks: Sequence[Look], found: Sequence[Looked]) -> Markup:
    """The score at each look: what the inputs let expect, and what labels showed."""
    if len(found) < 2:
        return Markup("")
    timed = all(math.isfinite(look.until) and look.until > 1e8 for look in looks)
    places = [look.until if timed else float(number) for number, look in enumerate(looks)]
    expected = [_score(one.tracked, one.tracked.expected) for one in found]
    measured = [
        (place, _score(one.tracked, one.tracked.measured))
        for place, one in zip(places, found, strict=True)
        if one.tracked.measured is not None
    ]
    known = len(measured) >= 2
    points = measured if known else list(zip(places, expected, strict=True))
    step = max(1, math.ceil(len(places) / MOST_TICKS))
    form = "%Y-%m" if places[-1] - places[0] > 20 * 86_400 * len(places) else "%m-%d"
    names = [f"{datetime.fromtimestamp(one, UTC):{form}}" if timed else f"look {one + 1:.0f}" for one in places]
    return Markup(
        svg.over_time(
            [(place, one.value, one.low, one.high) for place, one in points],
            [(place, one.value) for place, one in zip(places, expected, strict=True)] if known else [],
            title="the score at each look, "
            + ("measured on labels, and expected" if known else "expected")
            + " from the inputs",
            y_label=found[-1].tracked.metric,
            x_ticks=list(dict(zip(places, names, strict=True)).items())[::step],  # labels may come between two looks
            marks=[],
            level=found[0].tracked.reference.value,
            level_label="when judged",
        )
    )


def _score(tracked: Tracked, change: Estimate | None) -> Estimate:
    """The score after a change, which is positive where it is better: errors fall then."""
    # It brings scipy: a server of whose pages nobody asks for this one does without.
    from artificer.measure.metrics import metric

    assert change is not None
    at, moved = tracked.reference.value, change if metric(tracked.metric).larger_is_better else -change
    return Estimate(at + moved.value, at + moved.low, at + moved.high, change.method, change.n, change.level)
