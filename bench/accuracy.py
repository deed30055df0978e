"""Test error, time, memory, speed and size on many data sets, side by side with peers.

`python bench/accuracy.py DATA [--systems …] [--budget 60] [--sets …] [--seeds …] [--tune-only]`, on a machine that
does nothing else. Every fit runs in a fresh process of its system's own environment, on the same split, two cores and
budget; what has a line is not measured again, so a run that was cut off goes on. `python bench/tables.py` makes tables.

Sets that the manifest marks `report_only` are for the final table: no study opens them, and with `--tune-only` this
does not either.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from peers import lines, split
from peers.environments import SYSTEMS, python_of
from peers.lines import Fit, Line
from peers.process import Asked, measure
from record import commit, machine, now


def main(given: list[str] | None = None) -> None:
    """Measure what nobody measured yet, a line each."""
    asked = options(given)
    manifest = tomllib.loads((asked.data / "manifest.toml").read_text(encoding="utf-8"))
    known = {about["name"]: about for about in manifest["dataset"]}
    if asked.peers:
        lines.take(asked.peers, (name for name, about in known.items() if about.get("report_only")))
    wanted = fits(asked, known)
    left = wanted if asked.again else lines.wanted(wanted, lines.measured(asked.lines, asked.newer_than))
    print(f"{len(wanted)} fits asked for, {len(left)} left", file=sys.stderr)
    given_pythons = dict(one.split("=", 1) for one in asked.env)
    pythons = {system: python_of(system, given_pythons) for system in sorted({fit.system for fit in left})}
    for fit in left:
        line = measured(fit, pythons[fit.system], asked.data, known[fit.name])
        lines.append(line, asked.lines)
        print(json.dumps({name: value for name, value in line.items() if name not in ("machine", "when")}), flush=True)


def options(given: list[str] | None) -> argparse.Namespace:
    """What the command is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of Parquet files with a manifest.toml")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--budget", type=float, default=60, help="seconds that a fit may take")
    parser.add_argument("--sets", nargs="+", default=(), help="default: the sets of peers.jsonl")
    parser.add_argument("--seeds", nargs="+", type=int, default=(), help="default: 0, and 0 1 2 below 2,000 rows")
    parser.add_argument("--tune-only", action="store_true", help="only sets that studies may open")
    parser.add_argument("--again", action="store_true", help="measure again what has a line")
    parser.add_argument(
        "--newer-than",
        default="",
        metavar="UTC",
        help="lines before 2026-11-25T12:00Z, say, do not count, nor peers.jsonl",
    )
    parser.add_argument(
        "--env", nargs="+", action="extend", default=[], metavar="SYSTEM=PYTHON", help="default: made in bench/.envs"
    )
    parser.add_argument("--peers", type=Path, help="scores of peers measured earlier: they become peers.jsonl")
    parser.add_argument("--lines", type=Path, default=lines.OURS, help="where lines are read and added")
    return parser.parse_args(given)


def fits(asked: argparse.Namespace, known: Mapping[str, Mapping[str, Any]]) -> list[Fit]:
    """Every fit that is asked for, the systems of a set one after another, so that the machine is the same for them."""
    names: Iterable[str] = asked.sets or sorted({line["name"] for line in lines.read(lines.PEERS)})
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"the manifest has no set {', '.join(unknown)}; it has {', '.join(known)}")
    return [
        Fit(name, system, asked.budget, seed)
        for name in names
        if not (asked.tune_only and known[name].get("report_only"))
        for seed in lines.seeds(known[name], asked.seeds)
        for system in asked.systems
    ]


def measured(fit: Fit, python: str, data: Path, about: Mapping[str, Any]) -> Line:
    """Fit once and give its line."""
    cut = split.load(data, about, fit.seed)
    figures = measure(Asked(fit.system, python, fit.budget, fit.seed), cut)
    return {
        "name": fit.name,
        "system": fit.system,
        "budget": fit.budget,
        "seed": fit.seed,
        "report_only": bool(about.get("report_only")),
        "train_rows": len(cut.train),
        "cols": cut.train.shape[1],
        **figures,
        "commit": commit(),
        "machine": machine(),
        "when": now(),
    }


if __name__ == "__main__":
    main()
