"""A finished run → its report, one HTML file, and its cards, Markdown."""

from __future__ import annotations

from pathlib import Path

from artificer.core.report.cards import cards
from artificer.core.report.page import ReportPage, render
from artificer.core.report.sections import STAGES
from artificer.core.run import Run, versions
from artificer.core.store import write_bytes

NAME = "report.html"


def write_report(run: Run, folder: Path) -> Path:
    """Write the report of a run whose stages have all ended, and give its path."""
    return write_page(report_page(run), folder)


def write_page(page: ReportPage, folder: Path) -> Path:
    """Write what a report shows as HTML, and give its path."""
    path = folder / NAME
    write_bytes(path, render(page).encode())
    return path


def write_cards(page: ReportPage, folder: Path) -> tuple[Path, ...]:
    """Write a model card, a data sheet and technical documentation as Markdown, and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in cards(page).items():
        paths.append(folder / name)
        write_bytes(paths[-1], text.encode())
    return tuple(paths)


def report_page(run: Run) -> ReportPage:
    """Gather what the report shows from the records of the stages."""
    results = run.results
    ended = [results[stage] for stage in STAGES if stage in results]
    return ReportPage(
        brief=run.brief,
        asked=results["ask"],
        described=results["describe"],
        plan=results["design"],
        trained=results["fit"],
        model=results["refine"],
        verdict=results["judge"],
        shipped=results["ship"],
        findings=tuple(finding for record in ended for finding in getattr(record, "findings", ())),
        decisions=tuple(decision for record in ended for decision in getattr(record, "decisions", ())),
        provenance=_provenance(run),
    )


def _provenance(run: Run) -> tuple[tuple[str, str], ...]:
    asked, model, verdict, shipped = (run.results[name] for name in ("ask", "refine", "judge", "ship"))
    opened = f"opened for {verdict.n_openings} model(s)" if verdict.n_openings else "none were opened"
    alike = ", ".join(f"{fact.name} to {float(fact.value):.0e}" for fact in shipped.parity)
    return (
        ("run", run.id),
        ("model", model.model_hash[:16]),
        ("data", asked.fingerprint[:16]),
        ("package", f"{shipped.version}, {shipped.size_mb:.2f} MB"),
        ("sealed rows", opened),
        ("same as its training libraries", alike),
        ("time", f"{run.watch.seconds:.1f} s"),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions().items())),
    )
