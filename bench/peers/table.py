"""Lines of fits → the section of results.md that sets Artificer beside its peers."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from peers.aims import aims
from peers.compare import Figures, Runner, errors, failures, is_late, late_s, mean_ranks, pair, runners

MARK, EARLIER = "†", "‡"


def section(figures: Figures) -> list[str]:
    """All tables, as lines of Markdown; nothing where nothing was measured by us."""
    if not any(fit.system == "artificer" for fit in figures):
        return []
    return [
        "",
        "## Artificer beside its peers",
        "",
        "How each figure is measured stands in `accuracy.py` and `peers/`. Error: 1 − ROC AUC (two classes), log loss",
        "(more), RMSE (numbers; of their logarithm where a set is scored so).",
        f"{MARK}: a set that no study opened. {EARLIER}: all figures of this system were measured earlier, on a machine of",
        "the same kind. Empty: not measured.",
        "",
        *_table(("aim at 60 s", "holds on", "of", "needed", ""), _aims(figures)),
        "",
        "### Pairs: log(error / the other's error), mean over sets; below 0 is better",
        "",
        *_table(
            (
                "system",
                "beside",
                "sets",
                "mean",
                "95% from",
                "to",
                "wins",
                f"sets {MARK}",
                f"mean {MARK}",
                f"wins {MARK}",
            ),
            _pairs(figures),
        ),
        "",
        "### What it takes: median (worst) over fits",
        "",
        "Late: seconds over the budget, of `fit` alone and of import, fit, save and load (all). Counted are fits that were",
        "late by more than 5% and 2 s, by all where it was measured. LightGBM takes no budget.",
        "",
        *_table(COSTS, _costs(figures)),
        "",
        "### Test error of each set, mean over its seeds",
        "",
        *_table(("set", "seeds", *(_named(one, figures) for one in runners(figures))), _sets(figures)),
        *_failed(figures),
        "",
        *_measured(figures),
    ]


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _named(runner: Runner, figures: Figures) -> str:
    mine = [line for fit, line in figures.items() if (fit.system, fit.budget) == runner]
    return f"{runner[0]}, {runner[1]:g} s{f' {EARLIER}' if all('earlier' in line for line in mine) else ''}"


def _aims(figures: Figures) -> Iterator[Sequence[str]]:
    for aim in aims(figures):
        yield aim.says, str(aim.n_met), str(aim.n), f"{aim.least:.0%}", aim.verdict


def _pairs(figures: Figures) -> Iterator[Sequence[str]]:
    """Artificer beside everyone, then peers of one budget beside each other."""
    hidden = {fit.name for fit, line in figures.items() if line.get("report_only")}
    for one, other in combinations(runners(figures), 2):
        compared = pair(figures, one, other)
        if not compared.ratios or (one[0] != "artificer" and one[1] != other[1]):
            continue
        interval = compared.interval()
        ends = [f"{end:.3f}" for end in interval] if interval else ["", ""]
        unseen = [ratio for name, ratio in compared.ratios.items() if name in hidden]
        yield (
            _named(one, figures),
            _named(other, figures),
            str(len(compared.ratios)),
            f"{compared.mean:.3f}",
            *ends,
            str(compared.wins),
            str(len(unseen)),
            f"{statistics.fmean(unseen):.3f}" if unseen else "",
            str(sum(ratio < 0 for ratio in unseen)) if unseen else "",
        )


COSTS = (
    "system",
    "fits",
    "models",
    "mean rank",
    "of sets",
    "fit s",
    "all s",
    "late, fit",
    "late, all",
    "fits late",
    "peak MB",
    "one row ms",
    "from a dict ms",
    "rows/s",
    "MB",
)


def _costs(figures: Figures) -> Iterator[Sequence[str]]:
    ranks = {budget: mean_ranks(figures, budget) for _, budget in runners(figures)}
    for one in runners(figures):
        mine = [line for fit, line in figures.items() if (fit.system, fit.budget) == one]
        mean, n_ranked = ranks[one[1]][0].get(one), ranks[one[1]][1]
        timed = [line for line in mine if "fit_s" in line]
        n_late = sum(is_late(line, "all_s" if "all_s" in line else "fit_s") for line in timed)
        yield (
            _named(one, figures),
            str(len(mine)),
            str(sum("error" in line for line in mine)),
            *((f"{mean:.2f}", str(n_ranked)) if mean else ("", "")),
            *(_spread([line.get(name) for line in mine]) for name in ("fit_s", "all_s")),
            *(_spread([late_s(line, name) for line in mine]) for name in ("fit_s", "all_s")),
            f"{n_late} of {len(timed)}",
            *(_spread([line.get(name) for line in mine]) for name in ("peak_mb", "one_row_ms", "one_row_dict_ms")),
            _spread([line.get("rows_per_s") for line in mine], worst=min),
            _spread([line.get("size_mb") for line in mine]),
        )


def _spread(found: Iterable[float | None], worst: Callable[[list[float]], float] = max) -> str:
    """Median and worst of what was measured."""
    values = [value for value in found if value is not None]
    return f"{_short(statistics.median(values))} ({_short(worst(values))})" if values else ""


def _short(value: float) -> str:
    """Three digits that say something, and whole numbers above a hundred."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _sets(figures: Figures) -> Iterator[Sequence[str]]:
    found = {one: errors(figures, one) for one in runners(figures)}
    for name in sorted({fit.name for fit in figures}):
        lines = {fit: line for fit, line in figures.items() if fit.name == name}
        hidden = any(line.get("report_only") for line in lines.values())
        cells = []
        for one, sets in found.items():
            if name in sets:
                n_seeds = len(sets[name])
                cells.append(f"{statistics.fmean(sets[name].values()):.5g}{f' ({n_seeds})' if n_seeds > 1 else ''}")
            else:
                cells.append("no model" if any((fit.system, fit.budget) == one for fit in lines) else "")
        seeds = sorted({fit.seed for fit in lines})
        yield f"{name} {MARK}" if hidden else name, " ".join(map(str, seeds)), *cells


def _failed(figures: Figures) -> list[str]:
    """Why there is no model, a line each."""
    lines = [f"- {fit.system}, {fit.budget:g} s, {fit.name}, seed {fit.seed}: {why}" for fit, why in failures(figures)]
    return ["", "No model:", "", *lines] if lines else []


def _measured(figures: Figures) -> list[str]:
    """Versions, commits and machines of what was measured here."""
    here = [line for line in figures.values() if "earlier" not in line]
    versions = sorted({f"{line['system']} {line['version']}" for line in here if "version" in line})
    commits = sorted({line["commit"] for line in here if line["system"] == "artificer"})
    machines = sorted({line["machine"] for line in here})
    return [f"Measured: {', '.join(versions)}; Artificer at {', '.join(commits)}; on {'; '.join(machines)}."]
