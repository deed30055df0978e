"""A package over HTTP: predictions with an error for each wrong field, health, readiness and metrics, and pages for people.

The schema of what goes in and out is derived from the package. What was answered is kept in the ledger, under the row's
key; what the row held is not, unless that is asked for, and nothing of a request is written to the process's own log.
"""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from artificer.core.access import Access
from artificer.core.errors import ArtificerError
from artificer.line.ship.scorer import scorer_of
from artificer.line.ship.server.limits import Limits
from artificer.line.ship.server.log import Wanted
from artificer.line.ship.server.memory import hold_memory
from artificer.line.ship.server.metrics import Metrics
from artificer.line.ship.server.origin import is_own
from artificer.line.ship.server.served import Serving
from artificer.line.ship.server.sessions import Sessions
from artificer.line.ship.server.workers import forked

if TYPE_CHECKING:
    from artificer.line.ship.scorer import Scorer
    from artificer.line.ship.server.access import Gate

__all__ = ["Access", "Limits", "Serving", "Wanted", "serve"]


def serve(
    subject: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workspace: str | Path | None = None,
    access: Access | None = None,
    limits: Limits | None = None,
    log: Wanted | None = None,
    workers: int = 1,
    ready: Callable[[str], None] = print,
    changed: Callable[[], None] | None = None,
) -> None:
    """Serve a package, or what the ledger says is served of a brief, until the process is told to end.

    Requests under way at SIGTERM are answered.

    Parameters
    ----------
    subject : path of a package or a brief
        Of a brief, a version that is promoted meanwhile takes over without a request being lost.
    host : str
        Any other than this machine's own is refused where there is neither a key nor a trusted proxy.
    port : int
        0 takes a free one.
    access : Access, optional
        How callers are known, besides by the keys of the ledger.
    limits : Limits, optional
        Sizes, times and rates that requests are held to; each worker holds to them by itself.
    log : Wanted, optional
        How the prediction log is to be kept.
    workers : int
        Processes that answer, of one port; one that dies is started again.
    ready : callable
        Told the address once requests are answered.
    changed : callable, optional
        Called once a person has changed over HTTP what is served; it must not take long.

    Raises
    ------
    ArtificerError
        When the package cannot be read, the port is taken, the host is open to others and there is no key, or starlette
        and uvicorn are not installed.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise ArtificerError(
            f"serving needs {error.name}: install Artificer with its extra 'serve' (starlette and uvicorn)"
        ) from error
    if workers < 1:
        raise ArtificerError(f"workers is {workers}; at least one must answer")
    limits = limits or Limits()
    metrics = Metrics(workers)
    space = Path(workspace) if workspace is not None else None
    Sessions()  # before workers fork, so that they share its secret
    if not is_own(host):  # before anything listens
        _gate(scorer_of(Path(subject), workspace=space), access, host)
    with _listening(host, port) as listener:
        address = f"http://{host}:{listener.getsockname()[1]}"

        def work(place: int, started: Callable[[], None]) -> None:
            metrics.worker(place)
            serving = Serving.of(Path(subject), space, limits, log)
            serving.metrics = metrics
            serving.changed = changed or serving.changed
            serving.gate = _gate(serving.model.scorer, access, host)
            serving.follow()
            _run(serving, listener, started)

        if workers == 1:
            work(0, lambda: ready(address))
        else:
            forked(workers, work, lambda: ready(address))


def _gate(scorer: Scorer, access: Access | None, host: str) -> Gate:
    from artificer.line.ship.server.access import Gate

    return Gate(access, scorer.ledger.keys if scorer.ledger is not None else None, host)


def _run(serving: Serving, listener: socket.socket, started: Callable[[], None]) -> None:
    """Answer until told to end."""
    import uvicorn

    from artificer.line.ship.server.app import application
    from artificer.line.ship.server.connections import protocol

    limits = serving.limits
    config = uvicorn.Config(
        application(serving, started=started),
        http=protocol(limits),
        ws="none",
        lifespan="on",
        log_level="error",  # it warns of each request that is none: whoever sends them would write our log
        access_log=False,
        server_header=False,
        proxy_headers=False,  # else whoever is on this machine could name another's address
        timeout_keep_alive=limits.idle_s,  # type: ignore[arg-type]
        timeout_graceful_shutdown=limits.stop_s,  # type: ignore[arg-type]
    )
    hold_memory(limits.memory_mb)
    gc.collect()
    gc.freeze()  # what is loaded stays: no collection while requests wait looks at it again
    server = uvicorn.Server(config)

    def end(*_: object) -> None:
        """Told before uvicorn listens for it, or by uvicorn, which ends in order and raises the signal once more."""
        server.should_exit = True

    before = signal.signal(signal.SIGTERM, end)
    try:
        server.run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, asyncio sends each answer at once; else it waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ArtificerError(
            f"port {port} of '{host}' cannot be listened on: {error}; name another with --port, or 0 for a free one"
        ) from error
    return listener
