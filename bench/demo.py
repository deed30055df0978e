"""The demo's whole time: from the command's start to its end, the first time and again."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time

from record import record


def main() -> None:
    """Run it twice in one folder."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("the first time", "again"):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "artificer", "demo", folder], check=True, capture_output=True)
            record("demo", name, seconds=round(time.perf_counter() - began, 1))


if __name__ == "__main__":
    main()
