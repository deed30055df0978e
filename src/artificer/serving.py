"""A model served over HTTP; what a person changes there about what is served is told in the model's story as well."""

from __future__ import annotations

import subprocess
import sys
from functools import partial, wraps
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from artificer.line.ship import server

# The story reads all rows that came in: in a process of its own, no prediction waits for that, nor for its memory.
_TELL = "import sys; from artificer.watch import tell_again; tell_again(*sys.argv[1:])"
_ONE = Lock()  # at a time, so that the latest is written last


@wraps(server.serve)
def serve(subject: str | Path, **options: Any) -> None:
    """As `artificer.line.ship.server.serve`."""
    space = options.get("workspace")
    options.setdefault("changed", partial(_tell_again, str(subject), *([str(space)] if space is not None else [])))
    server.serve(subject, **options)


def _tell_again(*arguments: str) -> None:
    def tell() -> None:
        with _ONE:
            subprocess.run([sys.executable, "-c", _TELL, *arguments], stdin=subprocess.DEVNULL, check=False)

    Thread(target=tell, name="story", daemon=True).start()
