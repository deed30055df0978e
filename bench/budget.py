"""Asked for 5, 10, 30 and 60 s on many data sets: when do Classifier and Regressor end, from import to loaded package?

`python bench/budget.py DATA [--sets …] [--budgets …]`: each fit in a fresh process, as in `accuracy.py`. `late_s` is what
import, fit, save and load take over the budget; `fit_late_s` is `fit` alone, which is what `budget_s` promises. After each
budget comes how many fits were later than 5% and 2 s. Sets that the manifest marks `report_only` are not opened.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

from peers import lines, split
from peers.compare import is_late, late_s
from peers.process import Asked, measure
from record import record

BUDGETS = (5, 10, 30, 60)


def main(given: list[str] | None = None) -> None:
    """Measure each set at each budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=(), help="default: the sets of peers.jsonl that studies may open")
    parser.add_argument("--budgets", nargs="+", type=float, default=BUDGETS, help="seconds")
    asked = parser.parse_args(given)
    manifest = tomllib.loads((asked.data / "manifest.toml").read_text(encoding="utf-8"))
    known = {about["name"]: about for about in manifest["dataset"] if not about.get("report_only")}
    listed = sorted({line["name"] for line in lines.read(lines.PEERS)} & known.keys())
    for budget in asked.budgets:
        found = [one_fit(asked.data, known[name], budget) for name in asked.sets or listed]
        record(
            "budget",
            f"all, {budget:g} s",
            fits=len(found),
            models=sum("error" in line for line in found),
            late=sum(is_late(line) for line in found),
            late_in_fit=sum(is_late(line, "fit_s") for line in found),
        )


def one_fit(data: Path, about: dict[str, Any], budget: float) -> lines.Line:
    """Fit one set at one budget, and record when it ended."""
    found = measure(Asked("artificer", sys.executable, budget, 0), split.load(data, about, 0))
    line = {"budget": budget, **found}
    late, in_fit = late_s(line), late_s(line, "fit_s")
    figures = {
        "seconds": found.get("all_s"),
        "late_s": None if late is None else round(late, 2),
        "fit_late_s": None if in_fit is None else round(in_fit, 2),
        "error": found.get("error"),
        "failed": found.get("failed"),
    }
    kept = {name: value for name, value in figures.items() if value is not None}
    record("budget", f"{about['name']}, {budget:g} s", **kept)
    return line


if __name__ == "__main__":
    main()
