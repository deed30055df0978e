"""Whether another order of the portfolio pays on sets that did not choose it.

`python bench/study/order.py BANK [--limit 60] [--known FILE]`: every move of one candidate to another place is simulated
on every set; then each set in turn is left out, the others choose the move that serves them best, and what it does to
the set left out is the figure: the mean over sets of the change of log(test error), with its standard error. What was
simulated is kept in FILE, so that a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from simulate import Known, simulate

from artificer.line.design.portfolio import MANY_CLASSES, ORDER


def main() -> None:
    """Simulate what is not known yet, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument("--known", type=Path, default=Path("order.jsonl"))
    asked = parser.parse_args()
    sets = [Known(path.parent) for path in sorted(asked.bank.glob("*/set.json"))]
    sets = [one for one in sets if one.candidates and one.about["n_classes"] <= MANY_CLASSES]
    errors = simulated(sets, [ORDER, *moves(ORDER)], asked.limit, asked.known)
    tell([one.folder.name for one in sets], errors)


def moves(order: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every order in which one candidate stands elsewhere."""
    seen = {tuple(order)}
    for name in order:
        rest = [one for one in order if one != name]
        for place in range(len(order)):
            moved = (*rest[:place], name, *rest[place:])
            if moved not in seen:
                seen.add(moved)
                yield moved


def simulated(
    sets: Sequence[Known], orders: Sequence[tuple[str, ...]], limit_s: float, known: Path
) -> dict[tuple[str, ...], list[float]]:
    """Logarithms of test errors: order → one a set."""
    stored = {}
    if known.exists():
        stored = {tuple(key): value for key, value in map(json.loads, known.read_text().splitlines())}
    found: dict[tuple[str, ...], list[float]] = {}
    with known.open("a") as file:
        for order in orders:
            found[order] = []
            for one in sets:
                raced = [name for name in order if name in one.candidates]
                key = (one.folder.name, str(limit_s), *raced)
                if key not in stored:
                    stored[key] = math.log(simulate(one, raced, limit_s).error)
                    file.write(json.dumps([key, stored[key]]) + "\n")
                    file.flush()
                found[order].append(stored[key])
    return found


def tell(names: Sequence[str], errors: dict[tuple[str, ...], list[float]]) -> None:
    """Print the best moves, and what a move chosen without a set does to it."""
    orders = list(errors)
    gains = np.array([errors[order] for order in orders]) - np.array(errors[orders[0]])
    for place in np.argsort(gains.mean(axis=1))[:5]:
        error = gains[place].std(ddof=1) / math.sqrt(len(names))
        print(f"{gains[place].mean():+.4f} ± {error:.4f}  {_moved(orders[0], orders[place])}")
    left_out = []
    for place, name in enumerate(names):
        chosen = int(np.argmin(np.delete(gains, place, axis=1).mean(axis=1)))
        left_out.append(gains[chosen, place])
        print(f"without {name}: {_moved(orders[0], orders[chosen])}, there {gains[chosen, place]:+.4f}")
    error = np.std(left_out, ddof=1) / math.sqrt(len(names))
    print(f"left out: {np.mean(left_out):+.4f} ± {error:.4f} over {len(names)} sets")


def _moved(old: Sequence[str], new: Sequence[str]) -> str:
    if tuple(old) == tuple(new):
        return "no move"
    for name in old:
        if [one for one in old if one != name] == [one for one in new if one != name]:
            return f"{name} to place {new.index(name) + 1}"
    raise AssertionError("more than one candidate moved")


if __name__ == "__main__":
    main()
