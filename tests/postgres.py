"""A real PostgreSQL server on loopback, for as long as the tests run."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

OWNER = "artificer_tests"
CONTROLS: dict[str, Callable[[str], None]] = {}  # by URL: "stop" and "start" such a server


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs; Debian keeps them off the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    return Path(folders[-1]) if folders else None


@contextmanager
def server() -> Iterator[str]:
    """Start a server of its own and give its URL; it and its data vanish afterwards."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL's server is not installed (Debian and Ubuntu: postgresql)")
    # The server refuses to run as root.
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="artificer-pg-", dir="/tmp", ignore_cleanup_errors=True) as held:
        home, data = Path(held), Path(held) / "data"
        data.mkdir(mode=0o700)
        if user is not None:
            os.chown(home, user, -1)
            os.chown(data, user, -1)
        settings = {"cwd": home, "user": user, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            [folder / "initdb", "-D", data, "-U", OWNER, "-A", "trust", "--no-sync"],
            check=True,
            timeout=120,
            **settings,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        given = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home} -c fsync=off"
        control = [folder / "pg_ctl", "-D", data, "-w", "-t", "60"]
        how = {"start": ["-o", given, "-l", home / "log"], "stop": ["-m", "immediate"]}

        def do(what: str) -> None:
            subprocess.run([*control, *how[what], what], check=True, timeout=90, **settings)

        url = f"postgresql://{OWNER}@127.0.0.1:{port}/postgres"
        CONTROLS[url] = do
        do("start")
        try:
            yield url
        finally:
            do("stop")
