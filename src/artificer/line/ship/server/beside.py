"""Versions beside the served one, as this process runs them: which of them answers a row, and what the shadow says.

A row goes by a hash of its key, so that one key stays with one version, in every process. A version that cannot answer,
or is not here, is stood in for by the served one: nothing that is tried out fails a request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from artificer.core.errors import ArtificerError
from artificer.core.rollout import Rollout
from artificer.data.row_key import key_of
from artificer.line.ship.server.shadow import Shadow
from artificer_runtime import RuntimeInputError

if TYPE_CHECKING:
    from artificer.core.rollout import Rollouts
    from artificer.line.ship.server.served import Model

Row = dict[str, Any]
Ask = Callable[["Model", Sequence[Row]], list[Row]]
T = TypeVar("T")


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

    @property
    def sharing(self) -> tuple[str, ...]:
        """Versions that answer a share of the rows, and run here."""
        models = self._models
        return tuple(version for version in self._wanted.shares if version in models)

    def answering(self, version: str) -> Model | None:
        """A version that answers a share of the rows; None where it does not, or does not run here."""
        return self._models.get(version) if version in self._wanted.shares else None

    def predictions(self, model: Model, rows: Sequence[Row]) -> Answered:
        """Predictions of rows whose fields have been checked for the served version; the shadow hears of them."""
        found = self.answers(model, rows, predictions)
        self.heard(model, lambda: (rows, found.answers))
        return found

    def heard(self, model: Model, told: Callable[[], tuple[Sequence[Row], Sequence[Row]]]) -> None:
        """Let the shadow, where there is one, hear of rows and of the answers to them."""
        shadow = self._models.get(self._wanted.shadow)
        if shadow is not None and shadow.scorer.version != model.scorer.version:
            self._shadow.offer(shadow, model.scorer.version, *told())

    def answers(self, model: Model, rows: Sequence[Row], ask: Ask) -> Answered:
        """Answers to rows, one a row.

        While several versions answer, each answer says by `version` who gave it.

        Parameters
        ----------
        ask : callable
            Asks one version for the answers to some of the rows.
        """
        scorer = model.scorer
        split = self.split(model, rows)
        if split is None:
            return Answered(ask(model, rows), scorer.version, scorer.predictor.model_hash)
        found: list[Row] = [{}] * len(rows)
        told = {}
        for version, places in split.items():
            answers, who = self.asked(version, model, partial(_asked, ask, [rows[place] for place in places]))
            told[who.scorer.version] = who.scorer.predictor.model_hash
            for place, answer in zip(places, answers, strict=True):
                found[place] = answer | {"version": who.scorer.version}
        (by,) = told.items() if len(told) == 1 else [(scorer.version, scorer.predictor.model_hash)]
        return Answered(found, *by)

    def split(self, model: Model, rows: Sequence[Row]) -> dict[str, list[int]] | None:
        """Places of the rows that fall to each version, "" for the served one; None where it alone answers."""
        shares, key = self._wanted.shares, model.key
        if not shares:
            return None
        places: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(drawn(row, key, shares), []).append(place)
        return places

    def asked(self, version: str, served: Model, ask: Callable[[Model], T]) -> tuple[T, Model]:
        """What a version answers, or where it is not here or fails, what the served one does; and who it was."""
        model = None if version in ("", served.scorer.version) else self._models.get(version)
        if model is not None:
            try:
                return ask(model), model
            except Exception as error:  # noqa: BLE001 - a version on trial may fail in any way: the served one answers then
                self._failed[version] = (
                    f"'{version}' failed on a request, which the served version answered: {type(error).__name__}"
                )
        return ask(served), served


def _asked(ask: Ask, rows: Sequence[Row], model: Model) -> list[Row]:
    return ask(model, rows)


def predictions(model: Model, rows: Sequence[Row]) -> list[Row]:
    """Ask one version for predictions."""
    return model.predictions(list(rows))


def drawn(row: Row, key: Sequence[str], shares: Mapping[str, float]) -> str:
    """The version to which a row's key falls; "" is the served one.

    A key keeps its version while the shares stay as they are, and while a canary's share grows. A row without a key,
    or with one that is null or empty, falls by all that it holds.

    >>> drawn({"id": 7}, ["id"], {"v2": 1.0})
    'v2'
    """
    text = key_of([row.get(name) for name in key]) if key else ""
    if not text:
        text = msgspec.json.encode(row, order="deterministic").decode()
    versions = sorted(shares)
    place = hashlib.sha256(f"{','.join(versions)}\n{text}".encode("utf-8", "surrogatepass")).digest()[:8]
    left = int.from_bytes(place, "big") / 2**64
    for version in versions:
        if left < shares[version]:
            return version
        left -= shares[version]
    return versions[-1] if sum(shares.values()) > 1 - 1e-9 else ""
