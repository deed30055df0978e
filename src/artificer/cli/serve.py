"""The command that serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from artificer.cli.show import workspace_option
from artificer.cli.sign import require_signed_option
from artificer.cli.subject import Subject, what

POSITIVE = click.FloatRange(0, min_open=True)
PAGES = "what was asked, a form to try, files, the model, its data, what came in, versions, the log"


@click.command()
@click.argument("subject", metavar="BRIEF|PACKAGE", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", help="Address to listen on; default: this machine alone.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="Port; 0 takes a free one.")
@require_signed_option
@click.option(
    "--log-window-s",
    "window_s",
    type=click.FloatRange(0.01, 3600),
    default=1.0,
    help="Seconds until predictions are in the ledger, which a kill may lose; default: 1.",
)
@click.option("--log-rows", is_flag=True, help="Keep what the rows held too, but for personal columns.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes that answer; default: 1.")
@click.option("--max-mb", type=POSITIVE, default=16.0, help="Largest body of a request, in MiB; default: 16.")
@click.option("--max-rows", type=click.IntRange(1), default=10_000, help="Most rows of a request; default: 10,000.")
@click.option("--timeout-s", type=POSITIVE, default=30.0, help="Seconds that a client may take to send or to receive.")
@click.option("--rate", type=click.FloatRange(0), default=0.0, help="Requests a second of one client; 0: any number.")
@click.option("--at-once", type=click.IntRange(1), default=256, help="Requests under way in a worker; default: 256.")
@click.option("--memory-mb", type=click.IntRange(0), default=0, help="Memory that a worker may take; 0: any.")
@click.option("--keys", type=click.Path(path_type=Path), help="A file of keys, beside those of the ledger.")
@click.option("--keys-env", metavar="NAME", default="", help="An environment variable that holds such lines.")
@click.option("--trust-proxy", metavar="ADDRESS", multiple=True, help="A proxy, or 10.0.0.0/8, that says who asks.")
@click.option("--identity-header", metavar="NAME", default="X-Forwarded-User", help="Where it says the name.")
@click.option("--scopes-header", metavar="NAME", default="X-Forwarded-Scopes", help="Where it says the scopes.")
@workspace_option
def serve(
    subject: Path,
    host: str,
    port: int,
    workers: int,
    window_s: float,
    log_rows: bool,
    workspace: Path | None,
    **more: Any,
) -> int:
    """Answer over HTTP with a PACKAGE, or with the served version of a BRIEF, and show pages about it in a browser.

    A version that is promoted meanwhile takes over by itself. Callers show a key (`artificer keys add`); without any
    key, this machine alone may ask, and a wider --host is refused. Ends with Ctrl-C or SIGTERM, once what is under way
    is answered.
    """
    from dataclasses import fields

    if subject.is_file() and what(subject) == "data":
        Subject("brief").convert(subject, None, None)  # it says that this is data, and what drafts a brief
    from artificer.line.ship.server import Access, Limits, Wanted
    from artificer.serving import serve as begin

    def ready(address: str) -> None:
        click.echo(f"{address}   POST {address}/predict predicts; in a browser: {PAGES}")

    access = Access(**{one.name: more.pop(one.name) for one in fields(Access)})
    limits = Limits(**more)
    log = Wanted(window_s=window_s, rows=log_rows)
    begin(
        subject,
        host=host,
        port=port,
        workspace=workspace,
        access=access,
        limits=limits,
        log=log,
        workers=workers,
        ready=ready,
    )
    return 0
