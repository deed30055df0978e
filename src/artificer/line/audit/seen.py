"""What a check of `audit` is shown, and how a function becomes a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from artificer.core.brief import Brief
from artificer.core.records import Finding
from artificer.core.stages import Asked
from artificer.data.scan import Profile
from artificer.line.ask.rows import Labelled
from artificer.line.audit.price import Prices


@dataclass(frozen=True, slots=True)
class Copied:
    """Rows that repeat an earlier one in every column, rows with a twin, and how often the commonest row occurs.

    Attributes
    ----------
    counted : bool
        Whether these are counts; else they are estimates.
    """

    n_copies: int
    n_twins: int
    n_most: int
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the training rows; a check reads `brief`, `asked`, and what it says it needs.

    Attributes
    ----------
    profile : Profile
        The one scan of the training rows.
    rows : Labelled
        The training rows themselves.
    hashes : array of uint64, (n_rows,)
        Of each training row's features, as `Asked.sealed` has them of the sealed rows.
    sealed : array of uint64, or None
        Hashes of the sealed rows' features; None where nothing is sealed.
    prices : Prices
        Measures what leaving a column out does to the score.
    copied : Copied or None
        Of data that is not held: its copies, by hash.
    """

    brief: Brief
    asked: Asked
    profile: Profile
    rows: Labelled
    hashes: np.ndarray
    sealed: np.ndarray | None
    prices: Prices
    copied: Copied | None = None

    def part(self, places: np.ndarray) -> Seen:
        """The same of some of the training rows, by position; the scan stays that of all."""
        rows = self.rows.take(places)
        prices = Prices(self.brief, self.asked, rows, self.prices.clock)
        return replace(self, rows=rows, hashes=self.hashes[places], prices=prices)


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A check made from a function; see `artificer.core.protocols.Check`."""

    code: str
    needs: frozenset[str]
    look: Callable[[Seen], Iterable[Finding]]
    API: ClassVar[int] = 1

    def __call__(self, seen: Seen) -> Iterable[Finding]:
        """Report what was found."""
        return self.look(seen)


def check(code: str, *needs: str) -> Callable[[Callable[[Seen], Iterable[Finding]]], BuiltIn]:
    """Make a check of a function: `needs` names the attributes of `Seen` that it reads."""
    return lambda look: BuiltIn(code, frozenset(needs), look)
