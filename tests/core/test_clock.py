"""Work is timed often where it is quick, and three times where it is slow."""

from __future__ import annotations

import time

from artificer.core.clock import median_ms


def test_slow_work_is_timed_three_times_beside_the_one_that_fills_caches() -> None:
    calls: list[float] = []

    def slow() -> None:
        calls.append(0.0)
        time.sleep(0.03)

    assert median_ms(slow) >= 30
    assert len(calls) == 4
    assert median_ms(calls.clear) < 30
