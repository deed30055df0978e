"""Versions beside the served one, as this process runs them: which of them answers a row, and what the shadow says.

A row goes by a hash of its key, so that one key stays with one version, in every process. A version that cannot answer,
or is not here, is stood in for by the served one: nothing that is tried out fails a request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from artificer.core.errors import ArtificerError
from artificer.core.rollout import Rollout
from artificer.line.ship.server.shadow import Shadow
from artificer_runtime import RuntimeInputError
from artificer_runtime.schema import canonical_text

if TYPE_CHECKING:
    from artificer.core.rollout import Rollouts
    from artificer.line.ship.server.served import Model

Row = dict[str, Any]


class Answered(NamedTuple):
    """Answers to rows, and who gave them: the one version, or the served one where several did."""

    answers: list[Row]
    version: str
    model_hash: str


class Beside:
    """What runs beside the served version.

    Attributes
    ----------
    trouble : str
        Why a version that is wanted does not run; "" when all do.
    idle : bool
        Whether nothing is wanted: the served version alone answers.
    """

    def __init__(self) -> None:
        self.trouble, self.idle = "", True
        self._wanted = Rollout()
        self._models: dict[str, Model] = {}
        self._failed: dict[str, str] = {}
        self._shadow = Shadow()

    def refresh(self, name: str, rollouts: Rollouts, load: Callable[[str], Model]) -> None:
        """Come to what the ledger wants, and give it what the shadow's comparison has counted."""
        try:
            wanted = rollouts.wanted(name)
            self._shadow.flush(name, rollouts)
        except ArtificerError as error:
            self.trouble = str(error)
            return
        models = {version: one for version, one in self._models.items() if version in wanted.versions}
        troubles = []
        for version in wanted.versions:
            if version in models:
                continue
            try:
                models[version] = load(version)
            except (ArtificerError, RuntimeInputError) as error:
                troubles.append(f"'{version}' does not run: {error}")
        self._failed = {version: says for version, says in self._failed.items() if version in models}
        self.trouble = "; ".join([*troubles, *self._failed.values()])
        self._models, self._wanted = models, wanted
        self.idle = not wanted.versions

    def predictions(self, model: Model, rows: Sequence[Row]) -> Answered:
        """Answers to rows whose fields have been checked for the served version.

        While several versions answer, each answer says by `version` who gave it.
        """
        scorer = model.scorer
        served = scorer.version, scorer.predictor.model_hash
        wanted = self._wanted
        if not wanted.shares:
            found = model.predictions(list(rows))
        else:
            found, versions = self._shared(model, rows, wanted.shares)
            if len(versions) == 1 and versions != {scorer.version}:
                (other,) = versions
                served = other, self._models[other].scorer.predictor.model_hash
        shadow = self._models.get(wanted.shadow)
        if shadow is not None and wanted.shadow != scorer.version:
            self._shadow.offer(shadow, scorer.version, rows, found)
        return Answered(found, *served)

    def _shared(self, model: Model, rows: Sequence[Row], shares: Mapping[str, float]) -> tuple[list[Row], set[str]]:
        places: dict[str, list[int]] = {}
        key = model.scorer.brief.data.key
        for place, row in enumerate(rows):
            places.setdefault(drawn(row, key, shares), []).append(place)
        found: list[Row] = [{}] * len(rows)
        versions = set()
        for version, own in places.items():
            asked = [rows[place] for place in own]
            answers = self._tried(version, asked) if version not in ("", model.scorer.version) else None
            told = version if answers is not None else model.scorer.version
            versions.add(told)
            for place, answer in zip(own, answers or model.predictions(asked), strict=True):
                found[place] = answer | {"version": told}
        return found, versions

    def _tried(self, version: str, rows: list[Row]) -> list[Row] | None:
        """The answers of a version on trial; None where it has none."""
        model = self._models.get(version)
        if model is None:
            return None
        try:
            return model.predictions(rows)
        except Exception as error:  # noqa: BLE001 - a version on trial may fail in any way: the served one answers then
            self._failed[version] = (
                f"'{version}' failed on a request, which the served version answered: {type(error).__name__}"
            )
            return None


def drawn(row: Row, key: Sequence[str], shares: Mapping[str, float]) -> str:
    """The version to which a row's key falls; "" is the served one.

    A key keeps its version while the shares stay as they are, and while a canary's share grows. A row without a key
    falls by all that it holds.

    >>> drawn({"id": 7}, ["id"], {"v2": 1.0})
    'v2'
    """
    if key and all(name in row for name in key):
        text = "|".join(canonical_text(row[name]) for name in key)
    else:
        text = msgspec.json.encode(row, order="deterministic").decode()
    versions = sorted(shares)
    place = hashlib.sha256(f"{','.join(versions)}\n{text}".encode("utf-8", "surrogatepass")).digest()[:8]
    left = int.from_bytes(place, "big") / 2**64
    for version in versions:
        if left < shares[version]:
            return version
        left -= shares[version]
    return versions[-1] if sum(shares.values()) > 1 - 1e-9 else ""
