"""Freed memory is kept for the next use where that is asked."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import sys
import numpy as np
from artificer.core.tasks import keep_freed
if sys.argv[1] == "kept":
    keep_freed()
for _ in range(100):
    arrays = [np.ones(1 << 17) for _ in range(5)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries keep what they keep")
def test_arrays_are_not_faulted_anew_each_time() -> None:
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, check=True).stdout)
        for how in ("kept", "")
    )
    assert kept < given_back / 2
