"""Records → a model card, a data sheet, technical documentation after Annex IV of the EU AI Act, and a score, as Markdown.

The model card has the sections of Mitchell et al. (2019), "Model cards for model reporting", FAT*; the data sheet those of
Gebru et al. (2021), "Datasheets for datasets", CACM 64; the documentation those of Annex IV of Regulation (EU) 2024/1689.
What no record of a run tells is left to the provider, in these words; nothing is made up for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from artificer.core.figures import SIGNS, figure, in_chances, with_interval
from artificer.core.records import Estimate, Finding
from artificer.core.report import test_score
from artificer.core.report.page import ReportPage

MOST_COLUMNS = 60
FAIRNESS = ("fairness", "slice", "weak_slice")
CONDUCT = ("effect", "monotone", "invariance", "stability", "recourse")
Section = tuple[str, Iterable[str]]


def cards(page: ReportPage) -> dict[str, str]:
    """The four texts by file name."""
    name = page.brief.name
    return {
        "model-card.md": _text(f"Model card: {name}", _model_card(page)),
        "data-sheet.md": _text(f"Data sheet: the rows that {name} learned from", _data_sheet(page)),
        "annex-iv.md": _text(
            f"Technical documentation of {name}, after Annex IV of Regulation (EU) 2024/1689", _annex(page)
        ),
        "ml-test-score.md": _text(f"ML Test Score of {name}", test_score.told(page)),
    }


def _text(title: str, sections: Iterable[Section]) -> str:
    lines = [f"# {title}", ""]
    for heading, parts in sections:
        lines += [f"## {heading}", "", *(f"- {_plain(one)}" for one in parts), ""]
    return "\n".join(lines).rstrip() + "\n"


def _plain(text: str) -> str:
    """One line: a client's words hold no heading and no markup of their own."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")


def _ask(what: str) -> str:
    return f"**to be filled by the provider:** {what}"


def _or_ask(known: str, told: str, what: str) -> str:
    return told if known else _ask(what)


def _model_card(page: ReportPage) -> Iterable[Section]:
    brief, verdict = page.brief, page.verdict
    yield (
        "Model details",
        (
            *_system(page),
            _or_ask(brief.owner, f"Owner: {brief.owner}", "who owns the model, and a contact"),
            _ask("licence"),
        ),
    )
    yield (
        "Intended use",
        (
            _or_ask(brief.purpose, f"Purpose: {brief.purpose}", "what the model is for"),
            *_decision(page),
            *(f"Not for {one}" for one in verdict.limits),
            _ask("who uses it, and how they are trained to"),
        ),
    )
    protected = brief.features.protected
    yield (
        "Factors",
        (
            f"Groups that were compared: by {', '.join(protected)}"
            if protected
            else _ask("which groups matter ([features] protected)"),
            *(f"{name}: {verdict.metric} {with_interval(one)}" for name, one in verdict.slices),
        ),
    )
    yield "Metrics", (f"{verdict.metric} is what candidates were compared by", *_lines(page))
    yield "Evaluation data", _tested(page)
    yield "Training data", (*_rows(page), "See the data sheet")
    yield "Quantitative analyses", (*_scores(page), *_found(page, FAIRNESS))
    yield "Ethical considerations", (*_found(page, CONDUCT), _ask("risks to persons, and what is done about them"))
    yield "Caveats and recommendations", (*page.asked.questions, *_mended(page))


def _data_sheet(page: ReportPage) -> Iterable[Section]:
    brief, asked = page.brief, page.asked
    yield "Motivation", (_ask("why the data was made, by whom, and who paid for it"),)
    yield "Composition", (*_rows(page), *_columns(page))
    times = [name for name, _ in page.described.target_over_time]
    yield (
        "Collection process",
        (
            f"Source as named in the brief: {brief.data.source}"
            if brief.data.source and "://" not in brief.data.source
            else _ask("where the rows come from"),
            f"Rows lie in time between {times[0]} and {times[-1]}" if times else _ask("when the rows were collected"),
            _ask("how values were observed, whether persons agreed, and whether they were told"),
        ),
    )
    yield (
        "Preprocessing, cleaning and labelling",
        (
            *(
                f"{one.question}: {one.choice}, because {one.because}"
                for one in page.decisions
                if one.stage in ("ask", "choose", "encode")
            ),
            f"Label: {brief.target.column}"
            + (f", known {brief.target.horizon} after the row" if brief.target.horizon != "0d" else ""),
            f"{asked.n_unlabelled:,} rows without a label were counted and not learned from",
            _ask("how labels were made, and how often they are wrong"),
        ),
    )
    yield (
        "Uses",
        (
            _or_ask(brief.purpose, f"Here: {brief.purpose}", "what the data was used for"),
            _ask("what it must not be used for"),
        ),
    )
    yield "Distribution", (_ask("to whom the data is given, and under which licence"),)
    yield (
        "Maintenance",
        (f"Fingerprint of what was read: {asked.fingerprint[:16]}", _ask("who keeps and mends the data")),
    )
    audit = [one for one in page.findings if one.code not in (*FAIRNESS, *CONDUCT)]
    yield "Findings about the data", _told(audit)


def _annex(page: ReportPage) -> Iterable[Section]:
    brief, verdict, shipped = page.brief, page.verdict, page.shipped
    yield (
        "1. General description",
        (
            _or_ask(brief.purpose, f"Intended purpose: {brief.purpose}", "intended purpose"),
            _or_ask(brief.owner, f"Provider or owner: {brief.owner}", "name of the provider"),
            *_system(page),
            *_decision(page),
            f"Form in which it is supplied: a package of {figure(shipped.size_mb)} MB that predicts with numpy",
            _ask("hardware, user interface, instructions for use, and other systems that it interacts with"),
        ),
    )
    yield (
        "2. Elements of the system and how it was developed",
        (
            *(f"{one.stage}: {one.question}: {one.choice}, because {one.because}" for one in page.decisions),
            *_rows(page),
            *_tested(page),
            *(
                f"{one.candidate}: {one.weight:.2f} of the blend, {one.n_iterations} iterations"
                for one in page.model.parts
            ),
            _ask("assessment of human oversight (Article 14), cybersecurity, and changes that are foreseen"),
        ),
    )
    yield (
        "3. Monitoring, functioning and control",
        (
            *_scores(page),
            *_lines(page),
            *_found(page, FAIRNESS + CONDUCT),
            *(f"Limit: {one}" for one in verdict.limits),
            *(
                f"{one.column} drives the prediction: {verdict.metric} falls by {with_interval(one.effect)} without it"
                for one in verdict.drivers[:8]
            ),
            _ask("foreseeable unintended outcomes, and measures of human oversight"),
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
    yield "5. Risk management system (Article 9)", (_ask("risks, measures, and what remains of them"),)
    authority = brief.authority
    yield (
        "6. Changes through the lifecycle",
        (
            f"Left to the system (alert, ask or act): retraining {authority.retrain}, promotion {authority.promote}, "
            f"going back {authority.roll_back}",
            f"A promotion may change {authority.max_flipped:.0%} of the decisions by itself at most",
            *(["A version answers nobody before someone other than its author has approved it"] * authority.four_eyes),
        ),
    )
    yield "7. Harmonised standards applied", (_ask("standards, or how the requirements are met without"),)
    yield "8. EU declaration of conformity", (_ask("a copy of it"),)
    tracked = brief.track.new or brief.track.url_env
    watched = f"New rows are watched, with {figure(brief.track.alarms_per_month)} false alarms a month at most"
    yield (
        "9. Post-market monitoring plan (Article 72)",
        (_or_ask(tracked, watched, "what is watched in use ([track] new)"), _ask("the plan itself")),
    )


def _system(page: ReportPage) -> Iterable[str]:
    asked, model = page.asked, page.model
    classes = f" of {', '.join(asked.classes)}" if 0 < len(asked.classes) <= 10 else ""
    yield f"Predicts {page.brief.target.column}: {asked.task}{classes}"
    yield f"Version {page.shipped.version}, model {model.model_hash[:16]}"
    yield "Blend of " + ", ".join(f"{weight:.2f} × {name}" for name, weight in model.weights.items())
    for what, value in page.provenance:
        if what in ("run", "versions"):
            yield f"{what.capitalize()}: {value}"


def _decision(page: ReportPage) -> Iterable[str]:
    decision = page.brief.decision
    if decision.capacity is not None:
        every = f" in every {decision.capacity.every}" if decision.capacity.every else ""
        yield f"Acted on: the {decision.capacity.top:,} rows with the highest prediction{every}"
    elif decision.threshold is not None:
        yield f"Acted on: rows that score {decision.threshold:g} or more"
    elif decision.value is not None:
        yield "Acted on: rows whose expected worth is above 0"
    else:
        yield _ask("what is done with the prediction ([decision])")


def _rows(page: ReportPage) -> Iterable[str]:
    yield f"{page.asked.train.n_rows:,} rows to learn from, {len(page.asked.features)} columns that may be used"
    if page.asked.sealed is not None:
        yield f"{page.asked.sealed.rows.n_rows:,} rows sealed for the last test: {page.asked.sealed.because}"


def _tested(page: ReportPage) -> Iterable[str]:
    verdict = page.verdict
    yield f"{verdict.n_rows:,} rows, {verdict.on}; sealed rows were opened for {verdict.n_openings} model(s)"


def _scores(page: ReportPage) -> Iterable[str]:
    verdict = page.verdict
    yield f"{verdict.metric}: {_told_estimate(verdict.score)}"
    yield from (f"{name}: {_told_estimate(one)}" for name, one in verdict.scores if name != verdict.metric)
    if verdict.against_baseline is not None:
        yield f"Better than a constant by {_told_estimate(verdict.against_baseline)}"
    yield from (f"Against {name}: {in_chances(one)}" for name, one in verdict.chances.items())


def _lines(page: ReportPage) -> Iterable[str]:
    if not page.verdict.lines:
        yield _ask("what is good enough ([accept] is empty)")
    for line in page.verdict.lines:
        shown = (
            f": {_told_estimate(line.estimate)}" if line.estimate and line.estimate.value == line.estimate.value else ""
        )
        yield f"{SIGNS[line.outcome]} {line.outcome}: {line.requirement.text}{shown}"


def _columns(page: ReportPage) -> Iterable[str]:
    meaning = page.brief.data.columns
    for one in page.described.columns[:MOST_COLUMNS]:
        told = f", {meaning[one.name]}" if one.name in meaning else ""
        yield f"`{one.name}`: {one.kind}{told}; {one.share_missing:.1%} missing, {figure(one.n_distinct)} different values"
    if len(page.described.columns) > MOST_COLUMNS:
        yield f"and {len(page.described.columns) - MOST_COLUMNS:,} more columns, in the report"
    if len(meaning) < len(page.described.columns):
        yield _ask("what the columns mean ([data] columns)")


def _found(page: ReportPage, codes: Sequence[str]) -> Iterable[str]:
    return _told([one for one in page.findings if one.code in codes])


def _mended(page: ReportPage) -> Iterable[str]:
    return (f"{one.where}: {one.fix}" for one in page.findings if one.severity != "note")


def _told(findings: Sequence[Finding]) -> Iterable[str]:
    for one in findings:
        yield f"{one.severity}, {one.where}: {one.says}"
    if not findings:
        yield "Nothing was found"


def _told_estimate(one: Estimate) -> str:
    return f"{with_interval(one)}, {one.method}, n = {one.n:,}"
