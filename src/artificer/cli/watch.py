"""Commands that renew a model."""

from __future__ import annotations

import click

from artificer.later import refusal


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def watch(arguments: tuple[str, ...]) -> int:
    """Track, and retrain when that pays."""
    raise refusal("artificer watch")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def update(arguments: tuple[str, ...]) -> int:
    """Decide whether to retrain."""
    raise refusal("artificer update")
