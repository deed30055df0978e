"""What the prediction log costs a request, and how many answers a second it brings into an SQLite ledger."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from record import record

from artificer.core.brief import Brief, Data, Target
from artificer.core.ledger import Ledger
from artificer.line.ship.server.log import Log, Wanted

N_ROWS = 200_000


def main() -> None:
    """Measure both."""
    brief = Brief(target=Target(column="won"), data=Data(key=("id",)))
    with tempfile.TemporaryDirectory() as held:
        book = Ledger(Path(held) / "ledger.db")
        log = Log(lambda: book, brief, Wanted(most=10 * N_ROWS))
        took = []
        for start in range(0, N_ROWS, 1_000):
            keys = [f"k{number}" for number in range(start, start + 1_000)]
            began = time.perf_counter_ns()
            for key in keys:
                log.keep("v1", key, 0.5, "", "act", "")
            took.append((time.perf_counter_ns() - began) / 1_000_000)
        rows = [{"id": number} for number in range(1_000)]
        answers = [{"prediction": "yes", "score": 0.5, "decision": "act", "flags": []} for _ in rows]
        began = time.perf_counter_ns()
        log.answered("v1", rows, answers)
        whole_us = (time.perf_counter_ns() - began) / 1_000_000
        began_s = time.perf_counter()
        waiting = log.counts().waiting
        log.close()
        seconds = time.perf_counter() - began_s
        record(
            "prediction_log",
            "sqlite",
            keep_us_median=round(float(np.median(took)), 2),
            keep_us_p99=round(float(np.quantile(took, 0.99)), 2),
            answered_us=round(whole_us, 2),
            written_per_s=round(waiting / seconds),
            bytes_per_row=round((Path(held) / "ledger.db").stat().st_size / (N_ROWS + 1_000)),
        )


if __name__ == "__main__":
    main()
