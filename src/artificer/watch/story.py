"""The model's life so far: its score over time with and without retraining, as a page in the workspace."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from artificer.core.life import Period
from artificer.core.report.life import LifePage, life_page
from artificer.core.store import write_bytes
from artificer.line.ship.stretches import stretches
from artificer.line.track.meeting import among, classes_of, comparable
from artificer.line.track.periods import scored
from artificer.line.update import Meeting, Version, meet, opened
from artificer.watch.scene import Scene, told

NAME = "life.html"


def write_story(scene: Scene, *, renew: bool) -> Path:
    """Write the page and give its path; one that is there stays unless it is to be renewed or another version is served."""
    path = scene.state.workspace.root / NAME
    if renew or not path.exists() or _served(scene) not in path.read_text(encoding="utf-8"):
        write_bytes(path, life_page(story_of(scene)).encode())
    return path


def story_of(scene: Scene) -> LifePage:
    """Gather what the page shows from the ledger and the rows that came in."""
    looks = [told(look) for look in scene.looks]
    first = _first(scene)
    return LifePage(
        brief=scene.brief,
        metric=first.reference.metric,
        periods=periods(scene, first),
        events=tuple((look.at, f"{one.outcome}: {one.because}") for look, one in zip(scene.looks, looks, strict=True)),
        tracked=looks[-1].tracked if looks else None,
        meetings=tuple(one.updated for one in looks if one.updated is not None),
        history=tuple(scene.ledger.history(scene.name)),
        findings=looks[-1].findings if looks else (),
        decisions=tuple(decision for one in looks for decision in one.decisions),
        reference=first.reference.score,
        success=first.success,
        provenance=_provenance(scene),
    )


def periods(scene: Scene, first: Version) -> tuple[Period, ...]:
    """Score of what was served when rows came in, and of the first version, had nothing been promoted."""
    rows = meet(scene.loaded.frame, scene.brief, first)
    if scene.moment is None:
        starts, place = _by_look(scene)
    else:
        starts, place = stretches(scene.moment, scene.moment > first.reference.last_time)
    served = _served_versions(scene)
    told_by, without = _predicted(scene, rows, served, first)
    return tuple(
        _period(scene, rows, label, start, place == number, served, (told_by, without))
        for number, (label, start) in enumerate(starts)
    )


def _first(scene: Scene) -> Version:
    """The first version, or the served one where that is gone."""
    history = scene.ledger.history(scene.name)
    path = scene.package(history[0].version) if history else scene.champion.path
    return opened(path) if path.is_dir() and path != scene.champion.path else scene.champion


def _served_versions(scene: Scene) -> np.ndarray:
    """What was served when each row came in: names (n_rows,)."""
    n_rows = scene.loaded.frame.height
    reach = np.arange(1, n_rows + 1, dtype=float) if scene.moment is None else np.nan_to_num(scene.moment, nan=np.inf)
    names = np.full(n_rows, scene.served.version, dtype=object)
    for look in reversed(scene.looks):
        names[reach <= look.until] = told(look).version
    return names


def _predicted(scene: Scene, rows: Meeting, served: np.ndarray, first: Version) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of what was served when each row came in, and of the first version, in the same columns."""
    if not rows.n_rows:
        return np.empty((0, 1)), np.empty((0, 1))
    names = sorted({*served[rows.places]} - {first.name})
    known = {name: opened(scene.package(name)) for name in names if scene.package(name).is_dir()}
    known = {name: one for name, one in known.items() if comparable(first, one)}
    classes = classes_of(first, *known.values())
    without = among(rows.predicted(first), first, classes)
    prediction = without.copy()
    for name, version in known.items():
        here = served[rows.places] == name
        prediction[here] = among(rows.predicted(version)[here], version, classes)
    return prediction, without


def _by_look(scene: Scene) -> tuple[list[tuple[str, float]], np.ndarray]:
    bounds = [look.until for look in scene.looks]
    place = np.searchsorted(bounds, np.arange(1, scene.loaded.frame.height + 1), side="left")
    n = int(place.max()) + 1 if len(place) else 0
    return [(f"look {number + 1}", float("nan")) for number in range(n)], place


def _period(
    scene: Scene,
    rows: Meeting,
    label: str,
    start: float,
    inside: np.ndarray,
    served: np.ndarray,
    predictions: tuple[np.ndarray, np.ndarray],
) -> Period:
    here = inside[rows.places]
    y = rows.y[here]
    scores = [scored(scene.champion.reference.metric, rows, here, one) for one in predictions]
    success = float(y.mean()) if len(y) and rows.n_classes <= 2 else float("nan")
    versions = served[inside]
    return Period(label, start, int(inside.sum()), len(y), scores[0], scores[1], success, str(versions[-1]))


def _provenance(scene: Scene) -> tuple[tuple[str, str], ...]:
    return (
        ("model", scene.name),
        ("served", _served(scene)),
        ("rows that came in", f"{scene.loaded.frame.height:,}"),
        ("looks", f"{len(scene.looks)}"),
        ("written", datetime.now(UTC).isoformat(timespec="seconds")),
    )


def _served(scene: Scene) -> str:
    return f"{scene.served.version}, revision {scene.served.revision}, since {scene.served.since}"
