"""The command for who decides what the model does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from artificer.cli.show import brief_argument, document, json_option, typed, workspace_option

if TYPE_CHECKING:
    from artificer.core.review_queue import Review, ReviewQueue

SHOWN = 20


@click.command()
@brief_argument
@click.option(
    "--decide",
    type=(str, click.Choice(["act", "leave", "open"])),
    metavar="KEY act|leave|open",
    help="Decide the row with KEY; open takes a decision back.",
)
@click.option("--all", "every", is_flag=True, help="Those that are decided too, and no more than all.")
@workspace_option
@json_option
def review(brief: Path, decide: tuple[str, str] | None, every: bool, workspace: Path | None, as_json: bool) -> int:
    """List the rows that wait for a person, by [decision] review of BRIEF, and decide them.

    A decision is kept in the ledger: the next `artificer score BRIEF` writes it into the table, and a server answers it
    from the next second on.
    """
    from artificer.core.ledger import ledger_of
    from artificer.line.ask import read_brief
    from artificer.line.ask.start import WORKSPACE

    name, root = read_brief(brief).name, workspace or brief.resolve().parent / WORKSPACE
    _need(root, brief)
    ledger = ledger_of(root)
    try:
        queue = ledger.reviews(name)
        if decide is not None:
            _decide(queue, *decide)
        found = queue.reviews(key=decide[0] if decide else "", state="" if every or decide else "open")
    finally:
        ledger.close()
    if as_json:
        document("review", 0, found)
        return 0
    _show(found, SHOWN if not every else len(found))
    if decide is not None:
        click.echo(f"\nNext: artificer score {typed(brief)} writes it into the table")
    elif found and found[0].state == "open":
        click.echo(f"\nDecide one: artificer review {typed(brief)} --decide {typed_key(found[0].key)} act|leave")
    return 0


def typed_key(key: str) -> str:
    """A key as one types it in a shell."""
    import shlex

    return shlex.quote(key)


def _need(root: Path, brief: Path) -> None:
    from artificer.core.errors import WorkspaceError

    if not root.is_dir():
        raise WorkspaceError(
            f"nothing was scored yet for '{brief}', so nothing waits; `artificer score {brief}` fills the queue"
        )


def _decide(queue: ReviewQueue, key: str, answer: str) -> None:
    from artificer.core.errors import DataError, closest

    if not queue.answer(key, answer):  # type: ignore[arg-type]  # click has checked it
        known = [one.key for one in queue.reviews()]
        near = closest(key, known, "closest key there")
        raise DataError(f"no row '{key}' is in the review queue{near}; `artificer review BRIEF` lists those that wait")


def _show(found: list[Review], most: int) -> None:
    from artificer.core.figures import in_ends

    if not found:
        click.echo("no row waits for a person")
    for one in found[:most]:
        score = "" if one.score is None else f"  {one.said or 'score'} {in_ends(one.score, one.low, one.high)}"
        period = f"  {one.period}" if one.period else ""
        reasons = f"  because of {one.reasons}" if one.reasons else ""
        state = (
            f"for {one.asked} since {one.opened[:10]}"
            if one.state == "open"
            else f"{one.state}, decided {one.decided[:10]}"
        )
        click.echo(f"{one.key}{period}{score}: {one.because}; {state}{reasons}")
    if len(found) > most:
        click.echo(f"and {len(found) - most:,} more: --all, or --json")
