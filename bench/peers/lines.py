"""Fits that were measured: JSON lines, the newest of each fit, and those that others measured earlier.

`accuracy.jsonl` is what `accuracy.py` measured; `peers.jsonl` is what peers reached earlier on a machine of the same
kind, in the same form, each line with `earlier`. Where both know a fit, the one measured side by side counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent
OURS, PEERS = HERE / "accuracy.jsonl", HERE / "peers.jsonl"
EARLIER = "earlier, on a machine of the same kind"
SYSTEM_NAMES = {"ag_best": "autogluon_best", "ag_best_ray": "autogluon_best_ray", "lgbm": "lightgbm"}
TAKEN = ("train_rows", "cols", "error", "fit_s", "peak_mb", "one_row_ms", "rows_per_s", "size_mb", "failed")
SMALL_ROWS, SMALL_SEEDS = 2_000, (0, 1, 2)

Line = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    """One fit: a data set, a system, its budget in seconds, and the seed of the split."""

    name: str
    system: str
    budget: float
    seed: int

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Fit:
        """The fit that a line tells of."""
        return cls(line["name"], line["system"], float(line["budget"]), int(line["seed"]))


def measured(ours: Path = OURS, newer_than: str = "") -> dict[Fit, Line]:
    """Read every fit that is known, the newest line of each.

    Parameters
    ----------
    ours : Path
        What was measured here.
    newer_than : str
        A UTC time such as "2026-11-25T12:00Z": lines measured before it do not count, nor do those of peers.jsonl.
    """
    lines = [*read(PEERS), *read(ours)]
    return {Fit.of(line): line for line in lines if line.get("when", "") >= newer_than}


def read(path: Path) -> list[Line]:
    """Lines of a file, none where it is absent."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def append(line: Line, ours: Path = OURS) -> None:
    """Add a fit to those measured here."""
    with ours.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def wanted(fits: Iterable[Fit], known: Mapping[Fit, Line]) -> list[Fit]:
    """Those of the fits that nobody measured yet, in their order."""
    return [fit for fit in fits if fit not in known]


def seeds(about: Mapping[str, Any], asked: Iterable[int] = ()) -> tuple[int, ...]:
    """Seeds of a set's split: those asked for, else three for a small set and one for others."""
    return tuple(asked) or (SMALL_SEEDS if about["rows"] < SMALL_ROWS else (0,))


def take(path: Path, report_only: Iterable[str]) -> None:
    """Write peers.jsonl from a file of scores in the form that README.md here describes, a line per fit."""
    hidden = frozenset(report_only)
    lines = [taken(line, line["name"] in hidden) for line in read(path)]
    PEERS.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def taken(line: Mapping[str, Any], report_only: bool) -> Line:
    """One line of others in our form; what they did not measure stays absent."""
    figures = {name: line[name] for name in TAKEN if line.get(name) is not None}
    if not figures.get("size_mb", 1):
        del figures["size_mb"]  # nothing was saved: 0 MB is no measurement
    return {
        "name": line["name"],
        "system": SYSTEM_NAMES.get(line["system"], line["system"]),
        "budget": float(line["budget"]),
        "seed": int(line["seed"]),
        "report_only": report_only,
        **figures,
        "earlier": EARLIER,
    }
