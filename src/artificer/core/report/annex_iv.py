"""Technical documentation after Annex IV of Regulation (EU) 2024/1689, point by point."""

from __future__ import annotations

from collections.abc import Iterable

from artificer.core.figures import figure, with_interval
from artificer.core.report.card_lines import (
    CONDUCT,
    FAIRNESS,
    Section,
    asked_for,
    carded,
    chosen,
    decision,
    demanded,
    found,
    lines,
    members,
    personal,
    read,
    rows,
    scores,
    stated,
    system,
    tested,
)
from artificer.core.report.page import ReportPage
from artificer.core.report.sections import STAGES

MOST_DRIVERS = 8


def annex_iv(page: ReportPage) -> Iterable[Section]:
    """Give its nine points."""
    brief, verdict = page.brief, page.verdict
    yield (
        "1. General description",
        (
            stated("Intended purpose", brief.purpose, "purpose", "intended purpose"),
            stated("Provider or owner", brief.owner, "owner", "name of the provider"),
            carded(page, "contact"),
            *system(page),
            *decision(page),
            f"Form in which it is supplied: a package of {figure(page.shipped.size_mb)} MB that predicts with numpy",
            carded(page, "surroundings"),
            carded(page, "instructions"),
        ),
    )
    yield (
        "2. Elements of the system and how it was developed",
        (
            *chosen(page, STAGES),
            *_built(page),
            *demanded(page),
            *rows(page),
            *personal(page),
            "Provenance, labelling and cleaning of the data: see the data sheet",
            *tested(page),
            *_tests(page),
            *_overseen(page),
            carded(page, "changes"),
            *_secured(page),
        ),
    )
    yield (
        "3. Monitoring, functioning and control",
        (
            *scores(page),
            *lines(page),
            *found(page, FAIRNESS + CONDUCT),
            *(f"Limit: {one}" for one in verdict.limits),
            *(
                f"{one.column} drives the prediction: {verdict.metric} is worse by {with_interval(one.effect)} without it"
                for one in verdict.drivers[:MOST_DRIVERS]
                if one.effect.is_gain
            ),
            *read(page),
            *_inputs(page),
            carded(page, "unintended"),
            carded(page, "oversight"),
        ),
    )
    yield (
        "4. Appropriateness of the metrics",
        (
            f"{verdict.metric} was chosen by this decision: {one.because}"
            for one in page.decisions
            if one.stage == "design" and "compared by" in one.question
        ),
    )
    yield "5. Risk management system (Article 9)", (carded(page, "risks"),)
    yield "6. Changes through the lifecycle", _changed(page)
    yield "7. Harmonised standards applied", (carded(page, "standards"),)
    yield "8. EU declaration of conformity", (carded(page, "declaration"),)
    yield "9. Post-market monitoring plan (Article 72)", (*_watched(page), carded(page, "monitoring"))


def _built(page: ReportPage) -> Iterable[str]:
    trained = page.trained
    yield from members(page)
    if trained.trials:
        seconds = sum(one.seconds for one in trained.trials)
        yield (
            f"Computing: {len(trained.trials)} candidates were tried on {trained.n_folds} folds, {figure(seconds)} s of "
            f"training in all, under a limit of {figure(page.brief.run.limit_s)} s for the whole run"
        )
    if trained.runner_up:
        yield trained.runner_up.in_words


def _tests(page: ReportPage) -> Iterable[str]:
    """The log of the tests."""
    for test in page.verdict.tests:
        says = test.because or "; ".join(one.says for one in test.findings)
        yield f"Test {test.code}, {test.outcome}: {says}"


def _overseen(page: ReportPage) -> Iterable[str]:
    review, reasons = page.brief.decision.review, page.brief.decision.reasons
    yield "To interpret its output: the package tells what each column adds to a prediction"
    if reasons.count:
        yield f"Each score is told with up to {reasons.count} reasons"
    if review.when:
        yield f"A row is decided by a {review.to} where it meets any of: {'; '.join(review.when)}"
    else:
        yield asked_for("which rows a person decides", "[decision] review")


def _secured(page: ReportPage) -> Iterable[str]:
    yield f"A package is read without unpickling, and checked against its hash: model {page.model.model_hash[:16]}"
    yield carded(page, "security")


def _inputs(page: ReportPage) -> Iterable[str]:
    serve = page.brief.serve
    flagged = {"answer": "answered and flagged", "refuse": "refused"}[serve.unknown]
    absent = {"answer": "answered as one whose value is missing", "refuse": "refused"}[serve.missing]
    yield f"A row with a level that training never saw is {flagged}; one without a column that is read is {absent}"


def _changed(page: ReportPage) -> Iterable[str]:
    authority = page.brief.authority
    yield (
        f"Left to the system (alert, ask or act): retraining {authority.retrain}, promotion {authority.promote}, "
        f"going back {authority.roll_back}"
    )
    yield f"A promotion may change {authority.max_flipped:.0%} of the decisions by itself at most"
    if authority.freeze:
        yield f"Nothing is promoted by itself in {', '.join(authority.freeze)}"
    if authority.four_eyes:
        yield "A version answers nobody before someone other than its author has approved it"


def _watched(page: ReportPage) -> Iterable[str]:
    track = page.brief.track
    if not (track.new or track.url_env):
        yield asked_for("what is watched in use", "[track] new")
        return
    every = f", a look every {track.every}" if track.every else ""
    yield f"New rows are watched{every}, with {figure(track.alarms_per_month)} false alarms a month at most"
