"""What pages are made from: the records of the served package, and of the run that made it where a workspace has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from artificer.core.brief import Brief, Target
from artificer.core.errors import WorkspaceError
from artificer.core.life import Reference
from artificer.core.report.page import SUMMARY, ReportPage, Summary
from artificer.core.stages import Contract, Verdict
from artificer.core.store import decode, encode, load
from artificer.line.ship.scorer import Scorer
from artificer_runtime.package import read


@dataclass(frozen=True)
class Material:
    """All that is known of one version.

    Attributes
    ----------
    brief : Brief
        That it was made from.
    verdict, contract, reference : record or None
        None where the package holds none.
    report : ReportPage or None
        What its run told; None where the run is not in the workspace, or there is no workspace.
    seconds : float
        That the run took; 0 without it.
    size_mb : float
        Of the package.
    """

    version: str
    brief: Brief
    card: dict[str, Any]
    model_hash: str
    size_mb: float
    verdict: Verdict | None
    contract: Contract | None
    reference: Reference | None
    report: ReportPage | None
    seconds: float = 0.0

    @property
    def what(self) -> str:
        """What is predicted, for a chart."""
        return "probability" if self.card.get("classes") else str(self.card.get("target", "prediction"))


def material(scorer: Scorer) -> Material:
    """What is known of the version that answers."""
    return of_version(scorer, scorer.package, scorer.version)


def of_version(scorer: Scorer, package: Path, version: str) -> Material:
    """What is known of a version of the same workspace.

    Raises
    ------
    PackageError
        When the package is absent or damaged.
    """
    maker = scorer.ledger.maker(version) if scorer.ledger is not None else ""
    run = package.resolve().parent.parent / "runs" / maker / SUMMARY
    found = _read(package, version, run if maker and run.is_file() else None)
    return found if found.report is not None else replace(found, brief=scorer.brief)


@lru_cache(maxsize=8)
def _read(package: Path, version: str, run: Path | None) -> Material:
    _, manifest, files = read(package)
    summary = _told(lambda: load(run, Summary)) if run is not None else None
    return Material(
        version=version,
        brief=summary.page.brief if summary else Brief(target=Target(column="")),
        card=json.loads(files.get("card.json", b"{}")),
        model_hash=str(manifest["model_hash"]),
        size_mb=_size_mb(package),
        verdict=summary.page.verdict if summary else _told(lambda: _verdict(files["verdict.json"])),
        contract=_told(lambda: decode(files["contract.json"], Contract)),
        reference=_told(lambda: decode(files["reference.json"], Reference)),
        report=summary.page if summary else None,
        seconds=summary.seconds if summary else 0.0,
    )


def _told(read_one: Callable[[], Any]) -> Any:
    """A record; None where it is absent, or was written by a version that this one does not read."""
    try:
        return read_one()
    except (KeyError, WorkspaceError):
        return None


def _verdict(data: bytes) -> Verdict:
    """The verdict as others read it: null stands where a figure is not a number."""
    return decode(encode(_with_nan(json.loads(data))), Verdict)


def _with_nan(value: Any) -> Any:
    if isinstance(value, dict):
        figures = ("value", "low", "high") if "value" in value else ()
        return {
            name: float("nan") if name in figures and one is None else _with_nan(one) for name, one in value.items()
        }
    return [_with_nan(one) for one in value] if isinstance(value, list) else value


def _size_mb(package: Path) -> float:
    if package.is_file():
        return package.stat().st_size / 1e6
    return sum(path.stat().st_size for path in package.rglob("*") if path.is_file()) / 1e6
