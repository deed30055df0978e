"""The command that serves."""

from __future__ import annotations

import click

from artificer.later import refusal


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def serve(arguments: tuple[str, ...]) -> int:
    """Serve a package over HTTP."""
    raise refusal("artificer serve")
