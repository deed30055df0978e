"""Where a request comes from: its peer, the client that a trusted proxy forwards, and the site that a browser names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from artificer.core.errors import ArtificerError

Scope = MutableMapping[str, Any]  # of ASGI


class Proxies:
    """The proxies whose word counts.

    Parameters
    ----------
    places : iterable of str
        Addresses or networks.

    Raises
    ------
    ArtificerError
        When one is none.
    """

    def __init__(self, places: Iterable[str]) -> None:
        self._networks = [_network(one) for one in places]

    def __len__(self) -> int:
        return len(self._networks)

    def speak(self, scope: Scope) -> bool:
        """Whether a request's peer is one of them."""
        if not self._networks:
            return False
        try:
            address = ipaddress.ip_address(peer(scope))
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain.version == one.version and plain in one for one in self._networks)

    def client(self, scope: Scope) -> str:
        """The address of who asks: the peer's, or the one that a trusted peer added last."""
        forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if not forwarded or not self.speak(scope):
            return peer(scope)
        return str(forwarded[-1].decode("latin-1").rpartition(",")[2].strip())

    def encrypted(self, scope: Scope) -> bool:
        """Whether the browser speaks HTTPS: with us, or with a trusted proxy."""
        told = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
        return scope.get("scheme") == "https" or (told[-1:] == [b"https"] and self.speak(scope))


def is_own(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def same_origin(scope: Scope) -> bool:
    """Whether a browser does not say that another site asks; what is no browser says nothing.

    A page that keeps its address to itself sends its own forms with `Origin: null`, as a page without an origin does: then
    the browser's word on the site decides, which no page can write.
    """
    told = {name: value.decode("latin-1") for name, value in scope["headers"]}
    site = told.get(b"sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    origin = told.get(b"origin")
    if origin == "null":
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc.lower() == told.get(b"host", "").lower()


def host_of(scope: Scope) -> str:
    """The name by which the client calls this server, without the port; "" where it says none."""
    told = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
    name, _, port = told[0].rpartition(":") if told else ("", "", "")
    return name if port.isdigit() and name else told[0] if told else ""


def peer(scope: Scope) -> str:
    """The address that a request comes from; "" where there is no socket."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ArtificerError(
            f"'{text}' is no address of a proxy; write 10.1.2.3, or a network as 10.0.0.0/8"
        ) from error
