"""The command that fills a table."""

from __future__ import annotations

import click

from artificer.later import refusal


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def score(arguments: tuple[str, ...]) -> int:
    """Score a table again and again."""
    raise refusal("artificer score")
