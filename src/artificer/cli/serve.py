"""The command that serves."""

from __future__ import annotations

from pathlib import Path

import click

from artificer.cli.show import workspace_option


@click.command()
@click.argument("subject", metavar="BRIEF|PACKAGE", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", help="Address to listen on; default: this machine alone.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="Port; 0 takes a free one.")
@click.option("--keys", type=click.Path(path_type=Path), help="A file of keys, beside those of the ledger.")
@click.option("--keys-env", metavar="NAME", default="", help="An environment variable that holds such lines.")
@click.option("--trust-proxy", metavar="ADDRESS", multiple=True, help="A proxy, or 10.0.0.0/8, that says who asks.")
@click.option("--identity-header", metavar="NAME", default="X-Forwarded-User", help="Where it says the name.")
@click.option("--scopes-header", metavar="NAME", default="X-Forwarded-Scopes", help="Where it says the scopes.")
@workspace_option
def serve(
    subject: Path, host: str, port: int, workspace: Path | None, trust_proxy: tuple[str, ...], **known: str
) -> int:
    """Answer over HTTP with a PACKAGE, or with the served version of a BRIEF, and offer a page to try it.

    A version that is promoted meanwhile takes over by itself. Callers show a key (`artificer keys add`); without any
    key, this machine alone may ask, and a wider --host is refused. Ends with Ctrl-C.
    """
    import artificer
    from artificer.core.access import Access

    def ready(address: str) -> None:
        click.echo(f"{address}   a page to try it; predictions: POST {address}/predict", err=False)

    access = Access(trust_proxy=trust_proxy, **known)  # type: ignore[arg-type]
    artificer.serve(subject, host=host, port=port, workspace=workspace, access=access, ready=ready)
    return 0
