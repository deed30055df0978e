"""What a stage found and decided, in a sentence or two for a person who waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from artificer.core.figures import SIGNS, better_by, counted, in_chances, with_interval
from artificer.core.leaderboard import leaderboard, table
from artificer.core.life import Tracked, Updated
from artificer.core.records import Finding
from artificer.core.stages import (
    Asked,
    Audited,
    Chosen,
    Description,
    Encoding,
    Line,
    Model,
    Plan,
    Shipped,
    Trained,
    Verdict,
)
from artificer.measure.metrics import metric

MOST_FINDINGS = 6
MOST_NAMED = 5


def told(stage: str, record: Any) -> Iterator[str]:
    """Lines about a stage's record."""
    return _TELLERS[stage](record)


def line_told(line: Line) -> str:
    """One requirement: its sign, what it asks, and what was found."""
    found = with_interval(line.estimate, line.requirement.unit) if line.estimate else "not measured"
    text = f"{SIGNS[line.outcome]} {line.outcome:9} {line.requirement.text}: {found}"
    if line.outcome == "not shown" and line.n_to_show:
        text += f"; about {line.n_to_show:,} test rows would show it"
    elif line.outcome == "not shown" and line.requirement.id == "latency_ms":
        text += "; measure it again while nothing else runs on the machine"
    elif line.outcome == "not shown" and line.estimate and line.estimate.value == line.estimate.value:
        text += "; no number of rows would show it"
    return f"{text} [{line.note}]" if line.note else text


def finding_told(finding: Finding) -> str:
    """One finding."""
    return f"{finding.severity}: {finding.says}"


def mending_told(findings: Iterable[Finding]) -> Iterator[str]:
    """What mends findings, each remedy once, with the columns that it is for."""
    places: dict[str, dict[str, None]] = {}
    for finding in findings:
        if finding.fix and not finding.fix.startswith("nothing to do"):
            places.setdefault(finding.fix, {})[finding.where] = None
    for fix, where in places.items():
        names = [name for name in where if name]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield f"to mend: {', '.join(names[:MOST_NAMED])}{more}: {fix}" if names else f"to mend: {fix}"


def _ask(record: Asked) -> Iterator[str]:
    rows = f"{record.train.n_rows:,} training rows"
    sealed = f", {record.sealed.rows.n_rows:,} sealed for the last test ({record.sealed.how})" if record.sealed else ""
    yield f"{record.task}: {rows}{sealed}, {counted(len(record.features), 'column')} to predict from"


def _audit(record: Audited) -> Iterator[str]:
    shown = [finding for finding in record.findings if finding.severity != "note" or finding.effect is not None]
    yield from map(finding_told, shown[:MOST_FINDINGS])
    rest = len(record.findings) - len(shown[:MOST_FINDINGS])
    if rest:
        yield f"{counted(rest, 'more finding stands', 'more findings stand')} in the report"
    if not record.findings:
        yield "nothing to report"


def _choose(record: Chosen) -> Iterator[str]:
    yield (
        f"{counted(len(record.features), 'column')}, {record.split.n_folds} folds ({record.split.how}): "
        f"{record.split.because}"
    )


def _describe(record: Description) -> Iterator[str]:
    strong = [column for column in record.columns if column.association is not None]
    strong.sort(key=lambda column: -(column.association.value if column.association else 0.0))
    told = ", ".join(f"{column.name} {column.association.value:.2f}" for column in strong[:4] if column.association)
    yield f"strongest relations to the target: {told}" if told else "no column is related to the target by itself"
    yield from (f"{one.what} by {one.column}: {one.in_words}" for one in record.by_level[:1] if one.above)


def _design(record: Plan) -> Iterator[str]:
    names = ", ".join(candidate.name for candidate in record.candidates)
    yield f"compare by {record.metric}; try {names} on {record.folds_tried} folds"


def _encode(record: Encoding) -> Iterator[str]:
    yield "blocks: " + ", ".join(f"{block.name} ({counted(len(block.columns), 'column')})" for block in record.blocks)


def _fit(record: Trained) -> Iterator[str]:
    finished = [trial for trial in record.trials if trial.score is not None]
    yield f"{len(finished)} of {len(record.trials)} candidates finished {counted(record.n_folds, 'fold')}"
    if record.metric:
        yield from table(leaderboard(record, larger_is_better=metric(record.metric).larger_is_better), record.metric)
    if record.runner_up:
        yield record.runner_up.in_words


def _refine(record: Model) -> Iterator[str]:
    parts = " + ".join(f"{weight:.2f} × {name}" for name, weight in record.weights.items())
    yield f"model: {parts}; out of fold {with_interval(record.score)}"


def _judge(record: Verdict) -> Iterator[str]:
    yield f"{record.metric} {with_interval(record.score)} on {record.n_rows:,} {record.on}"
    for name, gain in (("a constant", record.against_baseline), ("a linear model", record.against_linear)):
        if gain is not None:
            likely = f"; {in_chances(record.chances[name])}" if name in record.chances else ""
            yield f"against {name}: {better_by(gain)}{likely}"
    ran = [test.outcome for test in record.tests if test.outcome != "not run"]
    if ran:
        counts = ", ".join(f"{ran.count(one)} {one}" for one in ("passed", "warned", "failed") if one in ran)
        yield f"{len(ran)} tests of the model: {counts}"


def _ship(record: Shipped) -> Iterator[str]:
    largest = max((float(fact.value) for fact in record.parity), default=0.0)
    yield f"package {record.version}, {record.size_mb:.2f} MB; predicts as its training libraries do, to {largest:.0e}"
    if record.ways:
        rows = max(way.n_rows for way in record.ways)
        yield f"read back from disk and run in {len(record.ways)} ways on {rows:,} rows, edges among them: alike"


def _track(record: Tracked) -> Iterator[str]:
    change = record.measured if record.measured is not None else record.expected
    how = "measured" if record.measured is not None else "expected from the inputs"
    rows = f"{counted(record.n_rows, 'new row')}, {record.n_labelled:,} labelled"
    yield f"{rows}: {record.metric} {better_by(change)}, {how}: {record.harm}"
    yield from (finding_told(finding) for finding in record.findings if finding.severity != "note")


def _update(record: Updated) -> Iterator[str]:
    yield f"champion {record.champion}: {record.metric} {with_interval(record.champion_score)} on {record.n_rows:,} rows"
    yield f"challenger {record.challenger}: {with_interval(record.challenger_score)}; {record.choice}"
    yield from (decision.because for decision in record.decisions)


_TELLERS: dict[str, Callable[[Any], Iterator[str]]] = {
    "ask": _ask,
    "audit": _audit,
    "choose": _choose,
    "describe": _describe,
    "design": _design,
    "encode": _encode,
    "fit": _fit,
    "refine": _refine,
    "judge": _judge,
    "ship": _ship,
    "track": _track,
    "update": _update,
}
