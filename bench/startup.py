"""Seconds of `import artificer` and of `artificer --help`, each a process of its own: median of 21."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from record import record

N = 21
COMMANDS = {
    "python, nothing imported": ["-c", "pass"],
    "import artificer": ["-c", "import artificer"],
    "artificer --help": ["-m", "artificer", "--help"],
}

for name, arguments in COMMANDS.items():
    took = []
    for _ in range(N + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    took = sorted(took[1:])
    record("startup", name, seconds=round(statistics.median(took), 3), least=round(took[0], 3), most=round(took[-1], 3))
