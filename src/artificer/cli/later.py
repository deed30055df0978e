"""Commands that come with a later version: refused by name."""

from __future__ import annotations

import click

from artificer.later import refusal


def _not_built(name: str, about: str) -> click.Command:
    @click.command(name, help=f"{about} Comes with a later version.", context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1)
    def command(arguments: tuple[str, ...]) -> int:
        raise refusal(f"artificer {name}")

    return command


track = _not_built("track", "Find differences in new data that matter.")
update = _not_built("update", "Decide whether to retrain.")
score = _not_built("score", "Score a table again and again.")
serve = _not_built("serve", "Serve a package over HTTP.")
watch = _not_built("watch", "Track, and retrain when that pays.")
ledger = _not_built("ledger", "Look into the ledger.")
why = _not_built("why", "Explain one prediction.")
