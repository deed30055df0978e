"""The command that looks at new rows."""

from __future__ import annotations

import click

from artificer.later import refusal


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def track(arguments: tuple[str, ...]) -> int:
    """Find differences in new data that matter."""
    raise refusal("artificer track")
