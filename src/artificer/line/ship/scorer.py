"""From a brief or a package to all that scoring needs: the predictor, the brief that it serves, and its ledger."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artificer.core.brief import Brief, Data, Target, Task
from artificer.core.errors import BriefError, WorkspaceError
from artificer.core.life import URL_ENV
from artificer.core.stages import Contract, RunLock
from artificer.core.store import decode, named
from artificer.line.ship.stored import PACKAGES, found
from artificer_runtime import Predictor
from artificer_runtime.package import is_package, read
from artificer_runtime.schema import Schema

# A server of a bare package starts within a second: what reads briefs and ledgers is imported where one is read.
if TYPE_CHECKING:
    from artificer.core.ledger import Ledger


@dataclass(frozen=True)
class Scorer:
    """A package in use.

    Attributes
    ----------
    version : str
        The package's own; of one that does not say it, the start of its model hash.
    brief : Brief
        As it stands now; of a bare package, the one that it was made from.
    schema : Schema
        Of all columns of its training rows but the target.
    positive : int
        Index of the class that counts as success; -1 but for two classes.
    workspace : Path or None
        Where its ledger is; None where the package lies in no workspace and ``ARTIFICER_LEDGER_URL`` names none.
    folder : Path or None
        Where relative paths of the brief start; None for a bare package.
    package : Path
        Where the package stands.
    """

    predictor: Predictor
    version: str
    brief: Brief
    schema: Schema
    positive: int
    workspace: Path | None
    folder: Path | None
    package: Path

    @cached_property
    def ledger(self) -> Ledger | None:
        """The workspace's ledger, opened when it is first asked for; None where the package lies in no workspace.

        Raises
        ------
        WorkspaceError
            When it cannot be opened.
        """
        if self.workspace is None:
            return None
        from artificer.core.ledger import ledger_of

        return ledger_of(self.workspace)

    @property
    def task(self) -> Task:
        """ "binary", "multiclass" or "regression"."""
        task: Task = self.predictor.task  # type: ignore[assignment]
        return task


def scorer_of(subject: Path, version: str = "", workspace: Path | None = None) -> Scorer:
    """Open a package, or the one that a brief's ledger says is served.

    Parameters
    ----------
    version : str
        Of the brief's packages, in place of the served one.
    workspace : Path, optional
        Default: ``artificer-work/`` beside the brief.

    Raises
    ------
    BriefError, PackageError
        When the brief or the package is none.
    WorkspaceError
        When nothing is served yet, the version is absent or another model's, or it predicts another column than the brief.
    """
    if subject.is_dir() or (subject.exists() and is_package(subject)):
        if version:
            raise BriefError("a version is chosen among a brief's packages; a package is one version already")
        return _of_package(subject)
    from artificer.core.ledger import ledger_of
    from artificer.line.ask import read_brief
    from artificer.line.ask.start import WORKSPACE

    brief, folder = read_brief(subject), subject.resolve().parent
    root = workspace or folder / WORKSPACE
    if not (root / PACKAGES).is_dir():
        raise WorkspaceError(
            f"nothing is served yet for '{brief.name}'; `artificer run {subject}` makes a first package"
        )
    served = ledger_of(root).served(brief.name)
    if not version and served is None:
        raise WorkspaceError(
            f"nothing is served yet for '{brief.name}'; `artificer run {subject}` makes a first package"
        )
    version = version or (served.version if served else "")
    return _opened(found(root / PACKAGES, version, brief.name), brief, version, root, folder)


def _of_package(package: Path) -> Scorer:
    inside = package.resolve().parent
    root = inside.parent
    own = inside.name == PACKAGES and (root / "ledger.db").exists()
    shared = bool(os.environ.get(URL_ENV))  # a package in an image has no workspace, and may have a ledger
    return _opened(package, None, package.resolve().name if own else "", root if own or shared else None, None)


def _opened(package: Path, brief: Brief | None, version: str, workspace: Path | None, folder: Path | None) -> Scorer:
    contents, manifest, extra = read(package)
    card: dict[str, Any] = json.loads(extra.get("card.json", b"{}"))
    if brief is not None and brief.target.column != contents.target:
        raise WorkspaceError(
            f"the version '{version}' of '{brief.name}' predicts '{contents.target}', and the brief asks for "
            f"'{brief.target.column}': give each brief of a folder a name of its own (name = \"…\") and run it again, or "
            "promote a version that this brief made"
        )
    if brief is None and "run.lock" in extra:
        brief = named(extra["run.lock"], RunLock, "run.lock").brief
    if brief is None:
        brief = Brief(target=Target(column=contents.target), data=Data(key=tuple(card.get("key", ()))))
    schema = decode(extra["contract.json"], Contract).schema if "contract.json" in extra else contents.recipe.schema
    return Scorer(
        predictor=Predictor(contents, str(manifest["model_hash"])),
        version=version or str(manifest.get("package") or manifest["model_hash"])[:12],
        brief=brief,
        schema=schema,
        positive=_positive(contents.classes, card, brief),
        workspace=workspace,
        folder=folder,
        package=package,
    )


def _positive(classes: tuple[str, ...], card: dict[str, Any], brief: Brief) -> int:
    if len(classes) != 2:
        return -1
    name = card.get("positive") or brief.target.positive
    return classes.index(name) if name in classes else 1
