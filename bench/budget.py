"""Asked for 10, 30 and 60 s on three data sets: when does `artificer run` end?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import record

SETS = {"adult": "income", "medical_no_shows": "no_show", "airbnb_nyc": "price"}


def main(data: Path) -> None:
    """Measure each set at each budget, imports and start included."""
    import tomllib

    known = {one["name"]: one for one in tomllib.loads((data / "manifest.toml").read_text())["dataset"]}
    for name in SETS:
        for limit_s in (10, 30, 60):
            with tempfile.TemporaryDirectory() as folder:
                brief = Path(folder) / "brief.toml"
                source = data / known[name]["files"][0]
                command = [sys.executable, "-m", "artificer"]
                subprocess.run(
                    [*command, "ask", source, "--target", known[name]["target"], "--out", brief],
                    check=True,
                    capture_output=True,
                )
                began = time.perf_counter()
                ended = subprocess.run(
                    [*command, "run", brief, "--limit", str(limit_s), "--json"], capture_output=True, text=True
                )
                took = time.perf_counter() - began
                score = json.loads(ended.stdout)["result"]["verdict"]["score"]["value"]
                late = took - limit_s
                record(
                    "budget",
                    f"{name}, {limit_s} s",
                    seconds=round(took, 2),
                    late_s=round(late, 2),
                    score=round(score, 4),
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
