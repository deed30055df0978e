"""Rows on which versions of a model meet: labelled, and later than what any of them has seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.errors import DataError, closest
from artificer.core.figures import counted
from artificer.core.life import Reference
from artificer.core.records import Fact, Finding
from artificer.core.stages import Contract, RunLock
from artificer.core.store import decode, named
from artificer.data.moments import as_time
from artificer.line.ask.labels import has_label, numeric
from artificer.line.ask.rows import codes_of, weights
from artificer.measure.labels import decided, turned
from artificer_runtime import Predictor
from artificer_runtime.outcome import weighed
from artificer_runtime.package import read
from artificer_runtime.schema import canonical_text

# Of the rows that are new, so many are kept for the meeting: enough to show a gain of 0.05 in the area under the ROC
# curve, and few, so that the challenger learns from rows as new as can be.
NEWEST, ENOUGH, ENOUGH_SHARE = 1 / 3, 1_000, 0.1


@dataclass(frozen=True)
class Version:
    """One package: its model, its card, what it was judged on, and the brief that it was made from."""

    path: Path
    predictor: Predictor
    card: dict[str, Any]
    reference: Reference
    brief: Brief
    contract: Contract

    @property
    def name(self) -> str:
        """The version, as the ledger knows it."""
        return self.path.name

    @property
    def metric(self) -> str:
        """What it was judged by."""
        return str(self.card["score"]["metric"])

    @property
    def positive(self) -> int:
        """Index of the class that counts as success; -1 where there is none."""
        classes = self.predictor.contents.classes
        named = self.card.get("positive", "")
        return classes.index(named) if named in classes else -1

    @property
    def success(self) -> str:
        """Of two classes the one that counts as success; "" where there are more, or a number is predicted."""
        classes = self.predictor.contents.classes
        return classes[self.positive] if len(classes) == 2 else ""

    def decided(self, metric: str, prediction: np.ndarray) -> np.ndarray:
        """Oriented predictions as a metric shall see them: where it reads labels, those that this version gives."""
        return decided(metric, prediction, turned(self.predictor.contents.multipliers, self.positive))

    def labels(self, prediction: np.ndarray) -> np.ndarray:
        """Column of each label that this version gives: int64 (n_rows,)."""
        shown = weighed(prediction, turned(self.predictor.contents.multipliers, self.positive))
        return np.asarray(shown.argmax(axis=1))

    def oriented(self, raw: np.ndarray) -> np.ndarray:
        """Raw predictions with the success of two classes last."""
        return raw[:, ::-1] if self.positive == 0 else raw


def opened(path: Path) -> Version:
    """Load a package that `ship` wrote.

    Raises
    ------
    PackageError
        When it is absent or damaged.
    DataError
        When it holds no card or no reference: an earlier version wrote it.
    """
    contents, manifest, files = read(path)
    for name in ("card.json", "reference.json", "contract.json", "run.lock"):
        if name not in files:
            raise DataError(
                f"the package '{path}' holds no {name}, so it cannot be watched or compared; `artificer run BRIEF` makes "
                "one that can"
            )
    card, reference = json.loads(files["card.json"]), decode(files["reference.json"], Reference)
    brief = named(files["run.lock"], RunLock, f"{path}/run.lock").brief
    contract = decode(files["contract.json"], Contract)
    return Version(path, Predictor(contents, str(manifest["model_hash"])), card, reference, brief, contract)


@dataclass(frozen=True)
class Meeting:
    """Labelled rows, as the versions that meet on them see them.

    Attributes
    ----------
    frame : DataFrame
        Without the target.
    places : array of int64, (n_rows,)
        Where they stood among the rows that were given.
    y : array of float64, (n_rows,)
        Class index (of two classes, 1 is success) or value.
    time, weight : array of float64, (n_rows,), or None
        Seconds since 1970; row weights.
    """

    frame: pl.DataFrame
    places: np.ndarray
    y: np.ndarray
    n_classes: int
    time: np.ndarray | None
    weight: np.ndarray | None
    group: np.ndarray | None
    positive: int
    findings: tuple[Finding, ...] = ()

    @property
    def n_rows(self) -> int:
        """How many rows meet."""
        return len(self.y)

    def predicted(self, version: Version) -> np.ndarray:
        """Predictions of one version: float64 (n_rows, n_classes) or (n_rows, 1), of two classes success last."""
        return version.oriented(version.predictor.raw(version.predictor.schema.encode(self.frame)))


def meet(frame: pl.DataFrame, brief: Brief, version: Version) -> Meeting:
    """Take the rows whose label is known, and known to the model.

    Raises
    ------
    DataError
        When a column is absent that the brief gives a role.
    """
    target, data = brief.target.column, brief.data
    if target not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias(target))
    check_roles(frame, brief)
    labelled = has_label(frame, brief).to_numpy() if frame.height else np.zeros(0, bool)
    classes = version.predictor.contents.classes
    strange, findings = (_of_new_classes if classes else _no_numbers)(frame[target], labelled, classes)
    places = np.flatnonzero(labelled & ~strange)
    known = frame[places]
    y = numeric(known[target], classes) if known.height else np.empty(0)
    return Meeting(
        frame=known.drop(target),
        places=places,
        n_classes=len(classes),
        y=1.0 - y if version.positive == 0 else y,
        time=as_time(known[data.time]) if data.time else None,
        weight=weights(known[data.weight]) if data.weight and known.height else None,
        group=codes_of(known[data.group]) if data.group else None,
        positive=version.positive,
        findings=findings,
    )


def check_roles(frame: pl.DataFrame, brief: Brief) -> None:
    """See that the columns are there that the brief gives a role.

    Raises
    ------
    DataError
        When one is absent.
    """
    data = brief.data
    for place, name in (("time", data.time), ("weight", data.weight), ("group", data.group)):
        if name and name not in frame.columns:
            raise DataError(f"the new rows lack '{name}', which [data] {place} names{closest(name, frame.columns)}")


def classes_of(*versions: Version) -> tuple[str, ...]:
    """What any of the versions calls rows: the first one's classes, in its order, and those that others know besides."""
    return tuple(dict.fromkeys(name for one in versions for name in one.predictor.contents.classes))


def among(prediction: np.ndarray, version: Version, classes: tuple[str, ...]) -> np.ndarray:
    """Predictions of a version in columns of `classes`; one that it does not know has no chance with it.

    Parameters
    ----------
    prediction : array of float64, (n_rows, n_classes) or (n_rows, 1)
        In the version's own columns.
    """
    own = version.predictor.contents.classes
    if own == classes:
        return prediction
    wide = np.zeros((len(prediction), len(classes)))
    wide[:, [classes.index(name) for name in own]] = prediction
    return wide


def comparable(champion: Version, challenger: Version) -> bool:
    """Whether both can be scored on rows that the champion has names for: it may know fewer classes, of more than two."""
    ours, theirs = (one.predictor.contents.classes for one in (champion, challenger))
    return ours == theirs or (len(ours) > 2 and {*ours} <= {*theirs})


def newest(time: np.ndarray | None, n_rows: int) -> np.ndarray:
    """Mark the newest rows: a third of them, or as many as are enough.

    By time, where rows of one moment stay together, or by their order.

    Returns
    -------
    array of bool, (n_rows,)
    """
    n_kept = int(min(n_rows * NEWEST, max(ENOUGH, n_rows * ENOUGH_SHARE)))
    if time is None or np.isnan(time).all():
        return np.arange(n_rows) >= n_rows - n_kept
    moments = np.sort(time[~np.isnan(time)])
    first = moments[max(0, len(moments) - max(1, n_kept))]
    mask: np.ndarray = time >= first
    return mask


def _of_new_classes(
    column: pl.Series, labelled: np.ndarray, classes: tuple[str, ...]
) -> tuple[np.ndarray, tuple[Finding, ...]]:
    texts = pl.Series([canonical_text(value) for value in column.to_list()], dtype=pl.String)
    strange = labelled & ~texts.is_in(list(classes)).fill_null(False).to_numpy()
    if not strange.any():
        return strange, ()
    n_new = int(strange.sum())
    names = ", ".join(sorted(texts.filter(pl.Series(strange)).unique().to_list())[:3])
    finding = Finding(
        "new_class",
        "warning",
        column.name,
        f"{counted(n_new, 'new row has', 'new rows have')} a class of '{column.name}' that the model does not know: {names}",
        "correct the spelling of the labels, or retrain with the class: `artificer update BRIEF`",
        (Fact("rows", float(n_new), "rows"),),
    )
    return strange, (finding,)


def _no_numbers(column: pl.Series, labelled: np.ndarray, _: tuple[str, ...]) -> tuple[np.ndarray, tuple[Finding, ...]]:
    strange = labelled & ~column.cast(pl.Float64, strict=False).is_finite().fill_null(False).to_numpy()
    if not strange.any():
        return strange, ()
    n_strange = int(strange.sum())
    finding = Finding(
        "label_kind",
        "warning",
        column.name,
        f"{counted(n_strange, 'new label')} in '{column.name}' "
        f"{'is no number; it counts' if n_strange == 1 else 'are no numbers; they count'} as not labelled",
        "correct the labels at their source",
        (Fact("rows", float(n_strange), "rows"),),
    )
    return strange, (finding,)
