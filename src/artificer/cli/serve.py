"""The command that serves."""

from __future__ import annotations

from pathlib import Path

import click

from artificer.cli.show import workspace_option
from artificer.cli.sign import require_signed_option

OWN = ("127.0.0.1", "localhost", "::1")


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
    show_default=True,
    help="Seconds after which predictions are in the ledger: what a kill may lose.",
)
@click.option("--log-rows", is_flag=True, help="Keep what the rows held too, but for personal columns.")
@workspace_option
def serve(subject: Path, host: str, port: int, window_s: float, log_rows: bool, workspace: Path | None) -> int:
    """Answer over HTTP with a PACKAGE, or with the served version of a BRIEF, and offer a page to try it.

    A version that is promoted meanwhile takes over by itself. Ends with Ctrl-C.
    """
    import artificer
    from artificer.line.ship.server import Wanted

    if host not in OWN:
        click.echo(f"warning: whoever reaches {host} can ask this model; nobody is asked for a password", err=True)

    def ready(address: str) -> None:
        click.echo(f"{address}   a page to try it; predictions: POST {address}/predict", err=False)

    log = Wanted(window_s=window_s, rows=log_rows)
    artificer.serve(subject, host=host, port=port, workspace=workspace, log=log, ready=ready)
    return 0
