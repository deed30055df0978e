"""Faults that must do no harm, full-sized: ``python bench/faults.py package PACKAGE`` flips random bits of a package.

Each of 1,000 flips, in its zip and in its folder in turns, must be refused or leave predictions equal to the bit.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from artificer.data.edges import edge_rows
from artificer_runtime import PackageError, Predictor, load
from artificer_runtime.package import zipped


def main() -> None:
    """Flip and tell; ends with 1 when a flip changed a prediction or ended otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("package",))
    parser.add_argument("package", type=Path, help="folder of a package")
    parser.add_argument("--flips", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    start = time.perf_counter()
    told = flips(given.package, given.flips, np.random.default_rng(given.seed))
    seconds = time.perf_counter() - start
    print(
        f"{given.flips:,} flips of a bit in {seconds:.0f} s: " + ", ".join(f"{n:,} {what}" for what, n in told.items())
    )
    raise SystemExit(1 if set(told) - {"refused", "equal to the bit"} else 0)


def flips(package: Path, n_flips: int, draw: np.random.Generator) -> Counter[str]:
    """Flip one bit at a time; how each flip ended."""
    told: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy, packed = Path(folder) / "package", Path(folder) / "package.zip"
        shutil.copytree(package, copy)
        zipped(copy, packed)
        files = sorted(path for path in copy.rglob("*") if path.is_file())
        rows, wanted = edge_rows(load(copy).schema), load(copy)
        raw = wanted.raw(wanted.schema.encode(rows))
        # A file is drawn by its size, so that each byte of the package is as likely as another.
        sizes = np.array([path.stat().st_size for path in files], float)
        for turn in range(n_flips):
            path = packed if turn % 2 else files[int(draw.choice(len(files), p=sizes / sizes.sum()))]
            whole = path.read_bytes()
            changed = bytearray(whole)
            changed[int(draw.integers(len(whole)))] ^= 1 << int(draw.integers(8))
            path.write_bytes(changed)
            told[_ended(packed if turn % 2 else copy, rows, raw, wanted)] += 1
            path.write_bytes(whole)
    return told


def _ended(path: Path, rows: list, raw: np.ndarray, wanted: Predictor) -> str:
    try:
        found = load(path)
        alike = np.array_equal(found.raw(found.schema.encode(rows)), raw, equal_nan=True)
        same = (found.model_hash, found.task, found.contents.target, found.contents.classes)
        whole = same == (wanted.model_hash, wanted.task, wanted.contents.target, wanted.contents.classes)
    except PackageError:
        return "refused"
    except Exception as error:  # noqa: BLE001 - what is looked for is whatever else can happen
        return f"ended with {type(error).__name__}"
    return "equal to the bit" if alike and whole else "changed what is predicted"


if __name__ == "__main__":
    main()
