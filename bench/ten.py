"""The line on ten data sets of all three tasks, text and dates included, on what `artificer ask` drafts, unedited."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from record import record

SETS = (
    "adult",
    "bank_calls",
    "titanic",
    "german_credit",
    "sms_spam",
    "wine_quality",
    "letter_recognition",
    "ames_housing",
    "airbnb_nyc",
    "bike_sharing",
)


def main(data: Path) -> None:
    """Ask and run each set with the default limit of 60 s."""
    known = {one["name"]: one for one in tomllib.loads((data / "manifest.toml").read_text())["dataset"]}
    for name in SETS:
        with tempfile.TemporaryDirectory() as folder:
            brief = Path(folder) / "brief.toml"
            command = [sys.executable, "-m", "artificer"]
            source = data / known[name]["files"][0]
            subprocess.run(
                [*command, "ask", source, "--target", known[name]["target"], "--out", brief],
                check=True,
                capture_output=True,
            )
            began = time.perf_counter()
            ended = subprocess.run([*command, "run", brief, "--json"], capture_output=True, text=True)
            took = time.perf_counter() - began
            found = json.loads(ended.stdout)
            verdict = found["result"]["verdict"]
            record(
                "ten",
                name,
                code=ended.returncode,
                on=verdict["on"],
                rows=verdict["n_rows"],
                metric=verdict["metric"],
                score=round(verdict["score"]["value"], 4),
                low=round(verdict["score"]["low"], 4),
                high=round(verdict["score"]["high"], 4),
                seconds=round(took, 1),
                size_mb=round(found["result"]["shipped"]["size_mb"], 2),
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
