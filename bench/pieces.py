"""A bench of planted faults in pieces: one fault in one set at a time, so that what is cut off goes on where it was.

Outcomes are kept by commit in the folder of temporary files, of a tree without changes only; a fault is recorded once, when
all of its sets are there. No piece is begun after 150 seconds: run it again until it says that nothing is left.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from record import commit, record, recorded

SETS = (
    "airbnb_nyc",
    "beijing_pm25",
    "elec2",
    "forest_fires",
    "letter_recognition",
    "medical_no_shows",
    "metro_traffic",
    "oil_spill",
    "weight_lifting",
)
MOST_S = 150.0
# Whether the fault was found, and whether the same is said without it; None where it cannot be planted.
Outcome = tuple[bool, bool] | None


@dataclass(frozen=True)
class Asked:
    """What the command is asked for: where data lie, what the manifest says of each set, which sets and faults."""

    data: Path
    about: dict[str, dict[str, Any]]
    sets: tuple[str, ...]
    only: tuple[str, ...]


def options(says: str | None, faults: Collection[str]) -> Asked:
    """Read the command line of such a bench."""
    parser = argparse.ArgumentParser(description=says, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of Parquet files with a manifest.toml")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--only", nargs="+", default=tuple(faults), choices=tuple(faults))
    asked = parser.parse_args()
    manifest = tomllib.loads((asked.data / "manifest.toml").read_text(encoding="utf-8"))
    return Asked(asked.data, {one["name"]: one for one in manifest["dataset"]}, tuple(asked.sets), tuple(asked.only))


def in_pieces(script: str, asked: Asked, outcome: Callable[[str, str], Outcome], without: str) -> None:
    """Measure what is not yet known of (fault, set), and record each fault that is known of all sets.

    `without` names the figure that counts the sets on which the same is said without the fault.
    """
    kept = Path(tempfile.gettempdir()) / f"artificer-{script}-{commit()}.jsonl"
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.is_file() else []
    known: dict[tuple[str, str], Outcome] = {(fault, name): one for fault, name, one in map(json.loads, lines)}
    done, began = recorded(script), time.monotonic()
    due = [(fault, name) for name in asked.sets for fault in asked.only
           if fault not in done and (fault, name) not in known]  # fmt: skip
    while due and time.monotonic() - began < MOST_S:
        fault, name = piece = due.pop(0)
        known[piece] = found = outcome(fault, name)
        print(f"{fault}, {name}: {found}, {time.monotonic() - began:.0f} s", flush=True)
        if not kept.stem.endswith("-changed"):
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps([fault, name, found]) + "\n")
    for fault in asked.only:
        if fault not in done and all((fault, name) in known for name in SETS):
            _tell(script, fault, {name: known[fault, name] for name in SETS}, without)
    print("left:", ", ".join(f"{fault} in {name}" for fault, name in due) or "nothing")


def _tell(script: str, fault: str, outcomes: dict[str, Outcome], without: str) -> None:
    tried = {name: one for name, one in outcomes.items() if one is not None}
    found = sum(one[0] for one in tried.values())
    missed = " ".join(name for name, one in tried.items() if not one[0])
    spoke = [name for name, one in tried.items() if one[1]]
    figures = {"sets": len(tried), "found": found, "recall": round(found / max(len(tried), 1), 2), "missed": missed}
    record(script, fault, **figures, **{without: len(spoke)}, which=" ".join(spoke))
