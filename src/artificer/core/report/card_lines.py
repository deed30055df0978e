"""Lines that several cards share: what the brief states or does not, and what the records of a run tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from artificer.core.figures import SIGNS, better_by, counted, figure, in_chances, with_interval
from artificer.core.records import Estimate, Finding
from artificer.core.report.page import ReportPage

MOST_READ = 60
FAIRNESS = ("fairness", "slice", "weak_slice")
CONDUCT = ("effect", "monotone", "invariance", "stability", "recourse")
# Keys of [card], and what each says.
CARD = {
    "contact": "who answers for the model, and how to reach them",
    "licence": "under which licence it may be used",
    "citation": "how to cite it",
    "users": "who uses it, and how they are trained to",
    "not_for": "what it must not be used for",
    "risks": "risks to persons, what is done about them, and what remains",
    "unintended": "foreseeable unintended outcomes",
    "oversight": "who oversees it, and how they can overrule and stop it (Article 14)",
    "security": "what guards it against attack",
    "changes": "changes that are foreseen",
    "surroundings": "hardware, user interface, and other systems that it works with",
    "instructions": "where the instructions for use are",
    "standards": "standards that were applied, or how the requirements are met without",
    "declaration": "where the declaration of conformity is",
    "monitoring": "the plan for watching it in use",
    "data_origin": "why the data was made, by whom, and who paid for it",
    "data_collected": "how values were observed, whether persons agreed, and whether they were told",
    "data_not_for": "what the data must not be used for",
    "data_shared": "to whom the data is given, and under which licence",
    "data_keeper": "who keeps and mends the data",
    "labels_made": "how labels were made, and how often they are wrong",
}
Section = tuple[str, Iterable[str]]


def asked_for(what: str, key: str) -> str:
    """What only a person can know, and the key of the brief that says it."""
    return f"**not stated in the brief** (`{key}`): {what}"


def stated(heading: str, said: str, key: str, what: str) -> str:
    """What the brief says under a key, or that it does not."""
    return f"{heading}: {said}" if said else asked_for(what, key)


def carded(page: ReportPage, key: str) -> str:
    """What `[card]` says, or that it does not."""
    heading = key.replace("_", " ").capitalize()
    return stated(heading, getattr(page.brief.card, key), f"[card] {key}", CARD[key])


def system(page: ReportPage) -> Iterable[str]:
    """What it predicts, which version it is, when and with what it was made."""
    asked, model = page.asked, page.model
    classes = f" of {', '.join(asked.classes)}" if 0 < len(asked.classes) <= 10 else ""
    yield f"Predicts {page.brief.target.column}: {asked.task}{classes}"
    yield f"Version {page.shipped.version}, model {model.model_hash[:16]}"
    for what, value in page.provenance:
        if what == "run":
            yield f"Run: {value}, of {value[:4]}-{value[4:6]}-{value[6:8]}"
        elif what == "versions":
            yield f"Made with: {value}"


def members(page: ReportPage) -> Iterable[str]:
    """What the model is a blend of."""
    for name, weight in page.model.weights.items():
        parts = [one for one in page.model.parts if one.candidate == name]
        iterations = f", {parts[0].n_iterations} iterations" if parts[0].n_iterations else ""
        seeds = f", trained with {len(parts)} seeds" if len(parts) > 1 else ""
        yield f"{weight:.2f} × {name}{iterations}{seeds}"


def read(page: ReportPage) -> Iterable[str]:
    """The columns that may be read, with their kinds and ranges in training."""
    columns = [one for one in page.asked.schema.columns if one.name in page.asked.features]
    named = [
        f"`{one.name}` ({one.kind}"
        + (
            f", {figure(one.low)} to {figure(one.high)}"
            if one.kind == "number" and one.low is not None and one.high is not None
            else ""
        )
        + ")"
        for one in columns[:MOST_READ]
    ]
    more = f", and {len(columns) - MOST_READ:,} more" if len(columns) > MOST_READ else ""
    yield f"Columns that may be read: {', '.join(named)}{more}"


def demanded(page: ReportPage) -> Iterable[str]:
    """What the brief demands of the model whatever the data say."""
    effects = [f"{name} {effect}" for name, effect in page.brief.features.effect.items() if effect != "any"]
    if effects:
        yield f"Directions that were demanded: {', '.join(effects)}"
    if page.brief.features.exclude:
        yield f"Columns that may not be used: {', '.join(page.brief.features.exclude)}"
    if page.brief.run.interpretable_only:
        yield "Only linear models were allowed"


def decision(page: ReportPage) -> Iterable[str]:
    """What is done with the prediction."""
    wanted = page.brief.decision
    if wanted.capacity is not None:
        every = f" in every {wanted.capacity.every}" if wanted.capacity.every else ""
        yield f"Acted on: the {wanted.capacity.top:,} rows with the highest prediction{every}"
    elif wanted.threshold is not None:
        yield f"Acted on: rows that score {wanted.threshold:g} or more"
    elif wanted.value is not None:
        yield "Acted on: rows whose expected worth is above 0"
    else:
        yield asked_for("what is done with the prediction", "[decision]")
    if wanted.control:
        yield f"Never acted on: {wanted.control:.0%} of the rows, drawn, so that the effect of acting stays measurable"


def rows(page: ReportPage) -> Iterable[str]:
    """How many rows there are to learn from and to test on."""
    yield f"{page.asked.train.n_rows:,} rows to learn from, {counted(len(page.asked.features), 'column')} that may be used"
    if page.asked.sealed is not None:
        yield f"{page.asked.sealed.rows.n_rows:,} rows sealed for the last test: {page.asked.sealed.because}"


def personal(page: ReportPage) -> Iterable[str]:
    """Which columns hold personal data."""
    named = page.brief.legal.personal
    if named:
        yield f"Personal data: {', '.join(named)}; their values stay out of model, package, report and log"
    else:
        yield asked_for("which columns hold personal data", "[legal] personal")


def tested(page: ReportPage) -> Iterable[str]:
    """On which rows it was tested."""
    verdict = page.verdict
    n = verdict.n_openings
    yield f"{verdict.n_rows:,} rows, {verdict.on}; sealed rows were opened for {counted(n, 'model')}"
    yield "They are encoded by what the training rows taught, and by nothing of their own"


def scores(page: ReportPage) -> Iterable[str]:
    """Every score, and how much better than simpler models."""
    verdict = page.verdict
    yield f"{verdict.metric}: {_told_estimate(verdict.score)}"
    yield from (f"{name}: {_told_estimate(one)}" for name, one in verdict.scores if name != verdict.metric)
    if verdict.against_baseline is not None:
        yield f"Against a constant: {better_by(verdict.against_baseline)}, {_how(verdict.against_baseline)}"
    yield from (f"Against {name}: {in_chances(one)}" for name, one in verdict.chances.items())


def lines(page: ReportPage) -> Iterable[str]:
    """Each requirement and its outcome."""
    if not page.verdict.lines:
        yield asked_for("what is good enough", "[accept]")
    for line in page.verdict.lines:
        found = line.estimate
        shown = f": {_told_estimate(found, line.requirement.unit)}" if found and found.value == found.value else ""
        more = f"; about {line.n_to_show:,} test rows would show it" if line.n_to_show else ""
        why = f": {line.note}" if line.note and not shown else ""
        yield f"{SIGNS[line.outcome]} {line.outcome}: {line.requirement.text}{shown}{more}{why}"


def chosen(page: ReportPage, stages: Sequence[str]) -> Iterable[str]:
    """Decisions of some stages."""
    return (
        f"{one.stage}: {one.question}: {one.choice}, because {one.because}"
        for one in page.decisions
        if one.stage in stages
    )


def found(page: ReportPage, codes: Sequence[str]) -> Iterable[str]:
    """Findings of some codes."""
    return told([one for one in page.findings if one.code in codes])


def mended(page: ReportPage) -> Iterable[str]:
    """What mends the findings that are no mere notes: each remedy once, after what it is for."""
    places: dict[str, dict[str, None]] = {}
    for one in page.findings:
        if one.severity != "note" and one.fix:
            places.setdefault(one.fix, {})[one.where] = None
    return (f"{', '.join(where)}: {fix}" for fix, where in places.items())


def told(findings: Sequence[Finding]) -> Iterable[str]:
    """Findings, one a line, each once: what is demanded is a requirement, and a test of the model too."""
    places = ["" if one.where and one.where in one.says else f", {one.where}" for one in findings]
    yield from dict.fromkeys(f"{one.severity}{at}: {one.says}" for one, at in zip(findings, places, strict=True))
    if not findings:
        yield "Nothing was found"


def _told_estimate(one: Estimate, unit: str = "") -> str:
    return f"{with_interval(one, unit)}, {_how(one)}"


def _how(one: Estimate) -> str:
    return f"{one.method}, n = {one.n:,}"
