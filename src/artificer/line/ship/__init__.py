"""ship: the judged model → a package that numpy alone can use, certified against the libraries that trained it.

The story: judge the model on the sealed rows, write model, verdict, contract, card, run.lock, list of parts and rows to
verify with beside each other, see that nothing of a person is in them, read them back and see that they predict what the
training libraries do in each way to run them, and only then give the package its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# The server is part of this stage and starts within a second: what ships is imported when something is shipped.
if TYPE_CHECKING:
    from artificer.core.stages import Shipped
    from artificer.line.ask import Subject

__all__ = ["ship"]


def ship(subject: Subject, **options: Any) -> Shipped:
    """Certify and pack the model.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.

    Raises
    ------
    FaultError
        When the package predicts anything but what training did, or holds what the brief's `[legal]` keeps in.
    """
    from artificer.line.ask import ask, begin
    from artificer.line.judge import judge
    from artificer.line.refine import refine
    from artificer.line.ship.packing import packed

    run = begin(subject, **options)
    if "ship" not in run.results:
        model = refine(run)
        verdict = judge(run, model)
        run.results["ship"] = packed(run, ask(run), model, verdict)
    shipped: Shipped = run.results["ship"]
    return shipped
