"""What a notebook shows of a record: small tables in HTML, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from artificer.core.figures import SIGNS, mended, with_interval

if TYPE_CHECKING:
    from artificer.core.records import Finding
    from artificer.core.stages import Model, Verdict

COLOURS = {"met": "#0b6e4f", "not shown": "#946200", "unmet": "#b3261e"}


def finding_html(finding: Finding) -> str:
    """A finding: what it says, what it does to the score, how to mend it."""
    rows = [("says", finding.says), ("effect", mended(finding)), ("fix", finding.fix)]
    rows += [(fact.name, f"{fact.value:g}" if isinstance(fact.value, float) else fact.value) for fact in finding.facts]
    title = f"{finding.severity}: {finding.code} in {finding.where}"
    return _table(title, ((name, value) for name, value in rows if value))


def verdict_html(verdict: Verdict) -> str:
    """A verdict: the score, then each requirement with its sign."""
    rows: list[tuple[object, ...]] = []
    for line in verdict.lines:
        sign = Markup('<span style="color:{}">{} {}</span>').format(
            COLOURS[line.outcome], SIGNS[line.outcome], line.outcome
        )
        found = with_interval(line.estimate, line.requirement.unit) if line.estimate else "not measured"
        rows.append((sign, line.requirement.text, found, line.note))
    return _table(f"{verdict.metric} {with_interval(verdict.score)}, on {verdict.n_rows:,} {verdict.on}", rows)


def model_html(model: Model) -> str:
    """A model: its score and its parts."""
    iterations = {part.candidate: part.n_iterations for part in model.parts}
    rows = [(name, f"weight {weight:.2f}", f"{iterations[name]} iterations") for name, weight in model.weights.items()]
    return _table(f"out of fold {with_interval(model.score)}; {model.model_hash[:12]}", rows)


def _table(title: str, rows: Iterable[Sequence[object]]) -> str:
    cells = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
        for row in rows
    )
    return str(Markup("<table><caption><b>{}</b></caption><tbody>{}</tbody></table>").format(escape(title), cells))
