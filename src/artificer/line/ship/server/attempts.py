"""Failed attempts by address: after some within a minute, an address is refused for the rest of it."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

MOST, WITHIN_S = 10, 60.0
MOST_ADDRESSES = 10_000  # remembered at once: the oldest are forgotten, so that no one fills the memory


class Attempts:
    """Counts failures.

    A key that opened a door from an address before goes on to do so while the address is refused: one wrong client
    behind a shared address does not shut out the others, and who guesses has no such key.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def refused_s(self, address: str, key: str = "") -> float:
        """Seconds for which an address is refused; 0 where it is not, or this key opened a door from it before."""
        since, count = self._failed.get(_network(address), (0.0, 0)) if self._failed else (0.0, 0)
        if count < MOST or (_network(address), key) in self._known:
            return 0.0
        return max(0.0, since + WITHIN_S - self._clock())

    def failed(self, address: str) -> None:
        """Count a failure."""
        network, now = _network(address), self._clock()
        since, count = self._failed.pop(network, (now, 0))
        if now - since >= WITHIN_S:
            since, count = now, 0
        self._failed[network] = (since, count + 1)
        _shorten(self._failed)

    def passed(self, address: str, key: str) -> None:
        """Remember that a key opened a door from here."""
        place = (_network(address), key)
        if place not in self._known:
            self._known[place] = None
            _shorten(self._known)


def _network(address: str) -> str:
    """An address, or of version 6 the network that one customer is given."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        return address


def _shorten(known: OrderedDict[str, tuple[float, int]] | OrderedDict[tuple[str, str], None]) -> None:
    while len(known) > MOST_ADDRESSES:
        known.popitem(last=False)
