"""Who was forgotten does not come back through a server that still runs: looked at before each write, and again after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from artificer.core.errors import UnreadError
from artificer.core.life import Answer

if TYPE_CHECKING:
    from artificer.core.ledger import Ledger

LOG = logging.getLogger("artificer.serve")


class Forgetting:
    """What of a model's answers may be kept.

    Parameters
    ----------
    secret : callable
        Gives the secret that marks of forgotten persons are read with, or None; asked only where somebody was forgotten.
    """

    def __init__(self, name: str, secret: Callable[[], bytes | None]) -> None:
        self._name, self._secret = name, secret
        self._told = False

    def permitted(self, ledger: Ledger, batch: Sequence[Answer]) -> list[Answer]:
        """The answers to all others; where nobody can be recognised, all of them, with nothing that tells whose they are.

        Raises
        ------
        WorkspaceError
            When the ledger or the secret cannot be read.
        """
        if not ledger.forgotten.any(self._name):
            return list(batch)
        try:
            gone = ledger.forgotten.met(self._name, self._secret(), {one.key for one in batch if one.key})
        except UnreadError as error:
            if not self._told:
                LOG.warning("predictions are kept without keys, rows and reasons: %s", error)
            self._told = True
            return [one._replace(key="", row="", reasons="") for one in batch]
        self._told = False
        return [one for one in batch if one.key not in gone]

    def overtaken(self, ledger: Ledger, keys: Iterable[str]) -> None:
        """Forget anew who was forgotten while these keys were written.

        Raises
        ------
        WorkspaceError
            When the ledger cannot be used, or the secret not be read.
        """
        if not ledger.forgotten.any(self._name):
            return
        secret = self._secret()
        try:
            gone = ledger.forgotten.met(self._name, secret, {key for key in keys if key})
        except UnreadError:  # `permitted` tells it
            return
        for key, mark in gone.items():
            assert secret is not None
            ledger.forgotten.forget(self._name, key, secret, mark.models)
