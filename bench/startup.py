"""Seconds of `import artificer`, of `artificer --help` and of an audit of two rows, each a process of its own: median of 21."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import record

N = 21
ROWS = Path(tempfile.mkdtemp()) / "rows.csv"
ROWS.write_text("size,colour\n1,red\n2,blue\n", encoding="utf-8")
COMMANDS = {
    "python, nothing imported": ["-c", "pass"],
    "import artificer": ["-c", "import artificer"],
    "artificer --help": ["-m", "artificer", "--help"],
    "artificer audit of two rows": ["-m", "artificer", "audit", str(ROWS)],
}

for name, arguments in COMMANDS.items():
    took = []
    for _ in range(N + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    took = sorted(took[1:])
    record("startup", name, seconds=round(statistics.median(took), 3), least=round(took[0], 3), most=round(took[-1], 3))
