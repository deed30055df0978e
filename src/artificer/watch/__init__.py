"""The loop that runs by itself: look at what came in → track → decide → retrain → promote, within the brief's authority.

One look at a time, by the ledger's own lock. All that is computed is found again when a look is repeated; what is
served changes together with the entry of the look, so that a look that was killed has either happened or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from artificer.core.access import person
from artificer.core.errors import ArtificerError, WorkspaceError
from artificer.core.ledger import Action, Ledger, Look, ledger_of
from artificer.core.life import Looked, Served
from artificer.core.run import Progress, Run, silent
from artificer.core.store import encode
from artificer.data.sources import incoming
from artificer.data.table import fingerprint
from artificer.line.ask import Subject, begin
from artificer.line.ship.retention import retire
from artificer.line.ship.versions import Versions
from artificer.line.update import frozen
from artificer.watch.decide import decide
from artificer.watch.scene import Scene, check_feed, keep_labels, scene_of, served_version, waits
from artificer.watch.story import write_story
from artificer_runtime import RuntimeInputError

__all__ = ["NOTHING_DUE", "Watched", "once", "promote", "roll_back", "tell_again", "versions"]

NOTHING_DUE = 99


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look led to.

    Attributes
    ----------
    code : int
        0 when all is well or was mended; 3 when something harms and a person is needed; 99 when nothing was due.
    served : Served
        What is served now.
    looked : Looked or None
        None when nothing was due.
    story : Path or None
        The page that tells the model's life; None before the first look.
    """

    because: str
    code: int
    served: Served
    looked: Looked | None = None
    story: Path | None = None


def once(
    subject: Subject,
    *,
    workspace: str | Path | None = None,
    limit_s: float | None = None,
    progress: Progress = silent,
    anyway: bool = False,
) -> Watched:
    """Take one look at what has come in, and do what the brief's `[authority]` allows.

    Parameters
    ----------
    subject : path of a brief, or Brief
    workspace, limit_s, progress
        As for `artificer.run`; the limit is that of a retraining.
    anyway : bool
        Retrain even if nothing harms and nothing is due: a person asks for it.

    Raises
    ------
    ArtificerError
        When the brief, the new rows or the ledger cannot be used, or nothing has been trained yet.
    """
    state = begin(subject, workspace=workspace, limit_s=limit_s, progress=progress)
    frozen(state.brief.authority.freeze)  # a wrong one is refused before anything is done
    check_feed(state.brief)
    ledger = ledger_of(state.workspace.root)
    try:
        served = served_version(ledger, state.brief.name)
        with ledger.alone(f"watch {state.brief.name}") as alone:
            if not alone:
                return Watched("another watch is looking at this moment", NOTHING_DUE, served)
            gone = retire(ledger, state.brief, state.workspace.root)
            for _, decision in gone.packages:
                state.progress("watch", f"{decision.question} {decision.choice}: {decision.because}")
            return _look(state, ledger, anyway)
    finally:
        ledger.close()


def promote(subject: Subject, version: str, *, because: str = "", workspace: str | Path | None = None) -> Served:
    """Serve another version, because a person says so.

    Raises
    ------
    WorkspaceError
        When there is no such package, it cannot be read, or another change was quicker.
    NotAllowedError
        When the brief wants another person's approval first.
    """
    with versions(subject, workspace=workspace) as found:
        return found.promote(version, because)


def roll_back(subject: Subject, *, because: str = "", workspace: str | Path | None = None) -> Served:
    """End a canary or A/B test that is on, else serve the previous version again, because a person says so.

    Raises
    ------
    WorkspaceError
        When there is none, or another change was quicker.
    """
    with versions(subject, workspace=workspace) as found:
        return found.roll_back(because)[0]


@contextmanager
def versions(subject: Subject, *, workspace: str | Path | None = None, needed: str = "operate") -> Iterator[Versions]:
    """The versions of a brief's model, in the hands of whoever runs this process; what is served then is told in the story.

    Parameters
    ----------
    needed : str
        The scope that a key in ``ARTIFICER_KEY`` must have.
    """
    state = begin(subject, workspace=workspace)
    ledger = ledger_of(state.workspace.root)
    try:
        before = ledger.served(state.brief.name)
        yield Versions(state.brief, ledger, state.workspace.root / "packages", person(ledger.keys, needed))
        served = ledger.served(state.brief.name)
        if served is not None and served != before:
            _tell_again(state, ledger, served)
    finally:
        ledger.close()


def tell_again(subject: Subject, workspace: str | Path | None = None) -> None:
    """Write the story again where there is one, since what is served was changed elsewhere.

    Raises
    ------
    ArtificerError
        When the brief, the workspace or the ledger cannot be used.
    """
    state = begin(subject, workspace=workspace)
    ledger = ledger_of(state.workspace.root)
    try:
        served = ledger.served(state.brief.name)
        if served is not None:
            _tell_again(state, ledger, served)
    finally:
        ledger.close()


def _tell_again(state: Run, ledger: Ledger, served: Served) -> None:
    """Write the story again where there is one; what cannot be read keeps nobody from changing what is served."""
    if not ledger.looks(state.brief.name):
        return
    try:
        loaded = incoming(state.brief, state.folder)
        if loaded is not None:
            write_story(scene_of(state, ledger, served, loaded), renew=True)
    except (ArtificerError, RuntimeInputError) as error:
        state.progress("watch", f"the story is written at the next look: {error}")


def _look(state: Run, ledger: Ledger, anyway: bool) -> Watched:
    served = served_version(ledger, state.brief.name)
    loaded = incoming(state.brief, state.folder)
    if loaded is None:
        return Watched("no new rows have come in", NOTHING_DUE, served)
    scene = scene_of(state, ledger, served, loaded)
    seen = fingerprint(scene.loaded.frame)  # a label that came late makes them other rows
    reason = waits(scene, seen)
    if reason and not anyway:
        story = write_story(scene, renew=False) if scene.looks else None
        return Watched(reason, NOTHING_DUE, served, story=story)
    keep_labels(scene)
    looked = decide(scene, anyway=anyway)
    return _enter(scene, looked, seen)


def _enter(scene: Scene, looked: Looked, seen: str) -> Watched:
    """Do what was decided, and keep the look: both or neither."""
    number = len(scene.looks) + 1
    look = Look(scene.name, number, seen, scene.until, looked.outcome, encode(looked).decode(), at="")
    ledger, served = scene.ledger, scene.served
    if looked.outcome in ("promote", "roll back"):
        action: Action = "promote" if looked.outcome == "promote" else "roll back"
        changed = ledger.serve(
            scene.name, looked.challenger, seen=served.revision, action=action, because=looked.because, look=look
        )
        if changed is None:
            raise WorkspaceError("a person changed what is served during this look; the next look sees what came of it")
        ledger.rollouts.leave(scene.name, looked.challenger, who="watch", because=looked.because)
        served = changed
    else:
        ledger.look(look)
    for finding in looked.findings:
        if finding.severity != "note":
            scene.state.progress("watch", f"{finding.severity}: {finding.says}")
    code = 3 if looked.outcome in ("alert", "ask") else 0
    after = scene.after(ledger)
    return Watched(looked.because, code, served, looked, write_story(after, renew=True))
