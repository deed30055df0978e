"""What one look sees: what is served, what came in, and which of it the served version has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.errors import BriefError, WorkspaceError
from artificer.core.forgotten import returned
from artificer.core.ledger import Ledger, Look
from artificer.core.life import Looked, Served
from artificer.core.records import Finding
from artificer.core.run import Run
from artificer.core.store import decode
from artificer.data.keys import key_texts
from artificer.data.moments import as_time
from artificer.data.readers import Loaded
from artificer.line.ask.durations import seconds
from artificer.line.ask.labels import has_label
from artificer.line.update import Version, opened
from artificer_runtime.schema import canonical_text


@dataclass(frozen=True)
class Scene:
    """What one look sees.

    Attributes
    ----------
    moment : array of float64, (n_rows,), or None
        Of each row that came in, in seconds since 1970.
    unseen : array of bool, (n_rows,)
        Rows that the served version has neither been trained nor judged on.
    n_known : int
        Rows, from the first on, that had come in when the served version was made of them.
    until : float
        How far the rows reach: the latest moment, or how many there are where rows have no time.
    """

    state: Run
    ledger: Ledger
    served: Served
    champion: Version
    looks: tuple[Look, ...]
    loaded: Loaded
    moment: np.ndarray | None
    unseen: np.ndarray
    n_known: int
    until: float

    @property
    def brief(self) -> Brief:
        """The client's brief."""
        return self.state.brief

    @property
    def name(self) -> str:
        """What the ledger knows the model by."""
        return self.brief.name

    @property
    def fresh(self) -> pl.DataFrame:
        """The unseen rows."""
        return self.loaded.frame.filter(pl.Series(self.unseen))

    @property
    def returned(self) -> tuple[Finding, ...]:
        """What was noticed of persons who were to be forgotten."""
        return tuple(one for one in self.loaded.findings if one.code.startswith("forgotten_"))

    def package(self, version: str) -> Path:
        """Where a version stands."""
        return self.state.workspace.root / "packages" / version

    def after(self, ledger: Ledger) -> Scene:
        """The same rows, once the look has been entered."""
        return replace(self, served=served_version(ledger, self.name), looks=tuple(ledger.looks(self.name)))


def scene_of(state: Run, ledger: Ledger, served: Served, loaded: Loaded) -> Scene:
    """Gather what a look sees.

    Raises
    ------
    PackageError
        When the served version is gone or damaged.
    """
    champion = opened(state.workspace.root / "packages" / served.version)
    keys = key_texts(loaded.frame, state.brief.data.key, loaded.parts)
    back = returned(ledger.forgotten, state.workspace.root, state.brief.name, keys)
    loaded = _with_feedback(replace(loaded, findings=(*loaded.findings, *back)), state.brief, ledger, champion)
    looks = tuple(ledger.looks(state.brief.name))
    time, n_rows = state.brief.data.time, loaded.frame.height
    moment = as_time(loaded.frame[time]) if time and time in loaded.frame.columns else None
    n_known = max((one.n_seen for one in map(told, looks) if one.challenger == served.version), default=0)
    if moment is None or np.isnan(moment).all():
        unseen = np.arange(n_rows) >= n_known
        return Scene(state, ledger, served, champion, looks, loaded, None, unseen, n_known, float(n_rows))
    unseen = ~(moment <= champion.reference.last_time)  # a row without a moment counts as new
    return Scene(state, ledger, served, champion, looks, loaded, moment, unseen, n_known, float(np.nanmax(moment)))


def comes_again(brief: Brief) -> bool:
    """Whether what comes in is read from where the rows to learn from are."""
    data, track = brief.data, brief.track
    return (data.source, data.url_env, data.query) == (track.new, track.url_env, track.query)


def check_feed(brief: Brief) -> None:
    """See that rows that come in can be told from those that were learned from.

    Raises
    ------
    BriefError
        When both are read from one place, and nothing says which are later.
    """
    if comes_again(brief) and not brief.data.time:
        raise BriefError(
            "[track] new is [data] source itself, and without [data] time nobody can tell which of its rows are new: name the "
            "column of their moments, or have what comes in written to files of its own"
        )


def served_version(ledger: Ledger, name: str) -> Served:
    """What is served.

    Raises
    ------
    WorkspaceError
        When nothing is, yet.
    """
    served = ledger.served(name)
    if served is None:
        raise WorkspaceError(
            f"no version of '{name}' is served yet (looked in {ledger.shown}); `artificer run BRIEF` makes the first"
        )
    return served


def told(look: Look) -> Looked:
    """What a look found and led to."""
    return decode(look.body.encode(), Looked)


def waits(scene: Scene, seen: str) -> str:
    """Why nothing is due; "" when a look is.

    Parameters
    ----------
    seen : str
        Fingerprint of what came in.
    """
    if not scene.looks:
        return ""
    last = scene.looks[-1]
    if last.fingerprint == seen:
        return "nothing has come in since the last look"
    every = scene.brief.track.every
    if not every or scene.moment is None or scene.until < last.until:
        return ""
    length = seconds(every, "track.every")
    days = (scene.until - last.until) / 86_400
    if days * 86_400 < length:
        return f'the new rows reach {days:.1f} days beyond the last look, and [track] every is "{every}"'
    return ""


def keep_labels(scene: Scene) -> None:
    """Enter the labels that came in into the ledger, by key."""
    frame, target = scene.loaded.frame, scene.brief.target.column
    if target not in frame.columns:
        return
    known = has_label(frame, scene.brief)
    keys = key_texts(frame, scene.brief.data.key, scene.loaded.parts).filter(known).to_list()
    labels = frame[target].filter(known).to_list()
    pairs = [(key, canonical_text(label)) for key, label in zip(keys, labels, strict=True) if key is not None]
    scene.ledger.labels.keep(scene.name, pairs)


_TYPES = {"string": pl.String, "integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean}


def _with_feedback(loaded: Loaded, brief: Brief, ledger: Ledger, champion: Version) -> Loaded:
    """The rows, those without a label with the one that the ledger holds: it came over HTTP, or at an earlier look."""
    told_labels = ledger.labels.all(brief.name)
    frame, target = loaded.frame, brief.target.column
    if not told_labels:
        return loaded
    found = key_texts(frame, brief.data.key, loaded.parts).replace_strict(
        told_labels, default=None, return_dtype=pl.String
    )
    if target in frame.columns:
        at_once = replace(brief, target=replace(brief.target, horizon="0d"))
        found = found.set(has_label(frame, at_once), None)
    if found.null_count() == frame.height:
        return loaded
    classes = champion.predictor.contents.class_kind if champion.predictor.contents.classes else "number"
    kind = frame.schema[target] if target in frame.columns else _TYPES[classes]
    if kind == pl.Null:
        kind = _TYPES[classes]
    if kind == pl.Boolean:
        values = found.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    else:
        values = found.cast(kind, strict=False)
    held = pl.col(target).cast(kind) if target in frame.columns else pl.lit(None, kind)
    filled = pl.when(values.is_not_null()).then(values).otherwise(held).alias(target)
    return replace(loaded, frame=frame.with_columns(filled))
