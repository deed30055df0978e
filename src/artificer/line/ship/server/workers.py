"""Several processes that answer at one port: forked before anything heavy is loaded, started again when one dies."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from artificer.core.errors import ArtificerError
from artificer_runtime import RuntimeInputError

Work = Callable[[int, Callable[[], None]], None]

LOOK_S = 0.2  # between two looks whether workers that have not answered yet still live
YOUNG_S = 5.0  # a worker that dies sooner than this after its start is not started again
_READY = b"+"


def forked(n_workers: int, work: Work, ready: Callable[[], None]) -> None:
    """Run workers until SIGTERM or Ctrl-C; each then ends its requests.

    Parameters
    ----------
    work : callable
        Given a worker's place, from 0, and what it is to call once it answers.
    ready : callable
        Called once all of them answer.

    Raises
    ------
    ArtificerError
        When one cannot start, or the system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise ArtificerError("this system cannot fork: serve with one worker, or start several behind a proxy")
    team = _Team(work)
    before = {one: signal.signal(one, team.stop) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        for place in range(n_workers):
            team.start(place)
        if team.all_answer():
            ready()
        team.keep()
    finally:
        team.stop()
        for one, handler in before.items():
            signal.signal(one, handler)


class _Team:
    def __init__(self, work: Work) -> None:
        self.work, self.stopping = work, False
        self.places: dict[int, int] = {}
        self.began: dict[int, float] = {}  # by process, on the monotonic clock
        self.read, self.write = os.pipe()
        self.orphaned, self.alive = os.pipe()  # nothing is written: its end is the end of this process

    def start(self, place: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        # Held back meanwhile: told between the fork and the note of it, the new one would never hear of it.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
        try:
            if self.stopping:
                return
            process = os.fork()
            if process == 0:
                os._exit(self._child(place, held))
            self.places[process], self.began[process] = place, time.monotonic()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def _child(self, place: int, held: set[Any]) -> int:
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        os.close(self.alive)
        threading.Thread(target=self._end_with_parent, daemon=True).start()
        try:
            self.work(place, self._answers)
        except (ArtificerError, RuntimeInputError) as error:
            os.write(self.write, str(error).encode()[:4000])  # less than a pipe holds, so it is written at once
            return 2
        except KeyboardInterrupt:
            return 0
        except Exception as error:  # noqa: BLE001 - a child must not go on as a second parent
            os.write(self.write, f"a worker failed to start: {type(error).__name__}".encode())
            return 70
        return 0

    def _end_with_parent(self) -> None:
        os.read(self.orphaned, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _answers(self) -> None:
        os.write(self.write, _READY)

    def all_answer(self) -> bool:
        """Wait for every worker; False when told to stop meanwhile.

        Raises
        ------
        ArtificerError
            When one cannot start.
        """
        n_ready, n_workers = 0, len(self.places)
        while n_ready < n_workers and not self.stopping:
            if not select.select([self.read], [], [], LOOK_S)[0]:
                self._see_alive()
                continue
            said = os.read(self.read, 4096)
            told = said.replace(_READY, b"") if said.strip(_READY) else b""
            if told:
                raise ArtificerError(told.decode("utf-8", "replace"))
            n_ready += len(said)
        self.began = dict.fromkeys(self.began, -YOUNG_S)  # these have shown that they can start
        return not self.stopping

    def _see_alive(self) -> None:
        """A worker that is killed says nothing more."""
        process, status = os.waitpid(-1, os.WNOHANG)
        if process and self.places.pop(process, None) is not None and not self.stopping:
            raise ArtificerError(f"a worker ended before it answered ({_ending(status)}); see what it logged")

    def keep(self) -> None:
        """Start again what dies, until told to stop and all have ended.

        Raises
        ------
        ArtificerError
            When one died just after its start.
        """
        while self.places:
            try:
                process, status = os.waitpid(-1, 0)
            except ChildProcessError:
                return
            place = self.places.pop(process, None)
            if place is None or self.stopping:
                continue
            if time.monotonic() - self.began[process] < YOUNG_S:
                raise ArtificerError(f"a worker ended just after its start ({_ending(status)}); see what it logged")
            print(f"a worker ended ({_ending(status)}); another takes its place", file=sys.stderr, flush=True)
            self.start(place)

    def stop(self, *_: object) -> None:
        """Tell all to end."""
        self.stopping = True
        for process in list(self.places):
            try:
                os.kill(process, signal.SIGTERM)
            except ProcessLookupError:
                continue


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"by signal {-code}" if code < 0 else f"with code {code}"
