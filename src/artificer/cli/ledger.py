"""Commands that look into the ledger."""

from __future__ import annotations

import click

from artificer.later import refusal


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def ledger(arguments: tuple[str, ...]) -> int:
    """Look into the ledger."""
    raise refusal("artificer ledger")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def why(arguments: tuple[str, ...]) -> int:
    """Explain one prediction."""
    raise refusal("artificer why")
