"""Who may use which door: by a key, by a trusted proxy's word, by a session in a browser; or on this machine, anybody.

`Gate.admit` answers from memory in microseconds: all living keys are read again every second, so that one that is
revoked opens nothing from then on. Doors that change what is served, and those of administrators, need a name always:
without one, any page in the browser of a person at this machine could ask for them.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field, replace
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import Request

from artificer.core.access import RIGHTS, Access, Key, Ring, allows, moment, read
from artificer.core.errors import ArtificerError
from artificer.line.ship.server.attempts import Attempts
from artificer.line.ship.server.doors import RefusedError, wrong
from artificer.line.ship.server.origin import Proxies, Scope, host_of, is_own, peer, same_origin
from artificer.line.ship.server.sessions import COOKIE, Sessions

if TYPE_CHECKING:
    from artificer.core.access import Keys

CALLER = "artificer.caller"
ANYBODY = ("predict", "feedback")  # what is open on this machine while no key was ever made
SAFE = ("GET", "HEAD", "OPTIONS")
TOKEN = b"x-csrf-token"
SEND = "send a key as 'Authorization: Bearer …' or 'X-API-Key: …'; `artificer keys add` makes one"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    name : str
        "" for anybody.
    way : str
        "key", "proxy", "session" or "open".
    token : str
        What a form of this session must send as its field `csrf`; "" where none is needed.
    proven : bool
        Whether the request cannot have come from another site.
    """

    name: str
    scopes: tuple[str, ...]
    way: str
    token: str = ""
    proven: bool = True

    def may(self, scope: str) -> bool:
        """Whether they may use a door that needs this scope."""
        return allows(self.scopes, scope)

    def shows(self, token: str) -> bool:
        """Whether this is the token of the session."""
        return hmac.compare_digest(self.token.encode(), token.encode("utf-8", "surrogatepass"))


class Gate:
    """Lets callers through.

    Parameters
    ----------
    ledger : Keys, optional
        Those of the ledger.
    host : str
        Where the server listens; "" where there is no socket, as in tests.

    Raises
    ------
    ArtificerError
        When keys cannot be read or a proxy's address is none; when the host is reached from elsewhere and nobody
        could be told apart.
    """

    def __init__(self, access: Access | None = None, ledger: Keys | None = None, host: str = "") -> None:
        self._access, self._ledger = access or Access(), ledger
        self.proxies = Proxies(self._access.trust_proxy)
        self._identity, self._scopes = (
            name.lower().encode() for name in (self._access.identity_header, self._access.scopes_header)
        )
        self._own = not host or is_own(host)
        self._hosts = {"", "localhost", "127.0.0.1", "[::1]", host.lower(), f"[{host.lower()}]"} if host else set()
        self.sessions, self.attempts = Sessions(), Attempts()
        self._used: set[tuple[str, str]] = set()
        self._noted: set[tuple[str, str]] = set()
        self.trouble = ""
        self._today, self._known = moment()[:10], self._read()
        self._ring = Ring(self._known)
        if not self._own and not self.proxies and not len(self._ring):
            raise ArtificerError(
                f"'{host}' is reached from other machines, and there is no key to tell callers apart: make one with "
                "`artificer keys add NAME --scope predict`, name a file of keys with --keys or a proxy that knows its "
                "users with --trust-proxy, or listen on 127.0.0.1"
            )

    def refresh(self) -> None:
        """Read the keys again, and note which were used; when that fails, those of before hold and `trouble` says why."""
        self._today = moment()[:10]
        try:
            self._known = self._read()
            fresh = self._used - self._noted
            if self._ledger is not None and fresh:
                self._ledger.note(fresh)
                self._noted, self._used = fresh | self._noted, self._used - fresh
            self.trouble = ""
        except ArtificerError as error:
            self.trouble = str(error)
        self._ring = Ring(self._known)

    def admit(self, scope: Scope, needed: str) -> Caller:
        """Who asks, where they may use a door that needs this; also kept in the ASGI scope, see `caller`.

        Raises
        ------
        RefusedError
            401 when nobody is told, 403 when it is not theirs to use, 429 after too many failures.
        """
        found = self.meet(scope, needed)
        if not found.proven:
            raise forged()
        return found

    def meet(self, scope: Scope, needed: str) -> Caller:
        """As `admit`, but a form of a session may still have to prove itself: see `Caller.proven`."""
        seen = self._seen(scope)
        found = self._caller(scope, seen) if needed else self._person(scope, seen) or ANYONE
        scope[CALLER] = found
        if found.may(needed):
            return found
        if found.way == "open":
            raise _nobody(f"this needs a key with the scope '{needed}' here too")
        said = wrong(f"{found.name} lacks the scope '{needed}'", "ask with one that has it")
        raise RefusedError(403, [said], {"www-authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'})

    def holder(self, text: str, address: str) -> Key:
        """Whose key a text is.

        Raises
        ------
        RefusedError
            401 when it opens nothing, 429 after too many failures.
        """
        key = self._ring.holder(text)
        refused_s = self.attempts.refused_s(address, key.id if key else "")
        if key is not None and not refused_s:
            self.attempts.passed(address, key.id)
            self._used.add((key.id, self._today))
            return key
        self.attempts.failed(address)
        if refused_s:
            wait = int(refused_s) + 1
            said = wrong("too many wrong keys came from your address", f"wait {wait} s, then send the right one")
            raise RefusedError(429, [said], {"retry-after": str(wait)})
        raise _nobody("this key opens nothing: it is wrong, revoked, or at its end", ' error="invalid_token"')

    def counted_as(self, scope: Scope) -> str:
        """Whose requests are counted together: those with one key, wherever they come from, else those of one address.

        A key that opens nothing counts for its address: else each wrong one would have a count of its own.
        """
        text = self._seen(scope).key
        key = self._ring.holder(text) if text else None
        return f"key {key.id}" if key is not None else peer(scope)

    def _seen(self, scope: Scope) -> _Seen:
        """What the headers say of who asks; what a stranger says in a proxy's place is taken away."""
        seen, proxied = _Seen(), False
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                seen.key = value[7:].strip().decode("latin-1")
            elif name == b"x-api-key" and not seen.key:
                seen.key = value.strip().decode("latin-1")
            elif name == b"cookie":
                seen.cookie = _cookie(value)
            elif name == self._identity or name == self._scopes:
                proxied = True
            elif name in (b"x-forwarded-for", b"forwarded"):
                seen.forwarded = True
        if proxied and self.proxies.speak(scope):
            seen.names = [value.decode("latin-1").strip() for name, value in scope["headers"] if name == self._identity]
            given = [value.decode("latin-1") for name, value in scope["headers"] if name == self._scopes]
            words = set(" ".join(given).replace(",", " ").split())
            seen.scopes = tuple(one for one in RIGHTS if one in words) if given else ("predict",)
        elif proxied:
            scope["headers"] = [one for one in scope["headers"] if one[0] not in (self._identity, self._scopes)]
        return seen

    def _caller(self, scope: Scope, seen: _Seen) -> Caller:
        if seen.names:
            if len(set(seen.names)) > 1 or not seen.names[0]:
                raise _nobody("the proxy says more than one name, or none: have it replace the header, not add to it")
            if scope.get("method", "GET") not in SAFE and not same_origin(scope):  # the proxy may know them by a cookie
                raise forged()
            return Caller(seen.names[0], seen.scopes, "proxy")
        if seen.key and self._closed:
            key = self.holder(seen.key, self.proxies.client(scope))
            return Caller(key.name, key.scopes, "key")
        person = self._person(scope, seen)
        if person is not None:
            return person
        if self._closed or seen.forwarded:
            raise _nobody("this needs a key")
        self._see_own(scope)
        return Caller("", ANYBODY, "open")

    def _person(self, scope: Scope, seen: _Seen) -> Caller | None:
        """Whose session it is, while their key lives."""
        key = self._ring.of(self.sessions.key(seen.cookie)) if seen.cookie else None
        if key is None:
            return None
        found = Caller(key.name, key.scopes, "session", self.sessions.token(seen.cookie))
        return found if self._proven(scope, found) else replace(found, proven=False)

    @property
    def _closed(self) -> bool:
        given = self._access.keys or self._access.keys_env or self.proxies
        return bool(given) or not self._own or self._ring.any_made

    def _proven(self, scope: Scope, found: Caller) -> bool:
        if scope.get("method", "GET") in SAFE:
            return True
        sent = [value.decode("latin-1") for name, value in scope["headers"] if name == TOKEN]
        sent += [value for name, value in parse_qsl(scope.get("query_string", b"").decode("latin-1")) if name == "csrf"]
        return same_origin(scope) and any(map(found.shows, sent))

    def _see_own(self, scope: Scope) -> None:
        """See that no other site asks by way of a browser on this machine, nor under a name that leads here."""
        if self._hosts and host_of(scope) not in self._hosts:
            said = wrong(
                "this server is open to its own machine alone, by its own name", "ask 127.0.0.1, or with a key"
            )
            raise RefusedError(421, [said])
        if scope.get("method", "GET") not in SAFE and not same_origin(scope):
            raise forged()

    def _read(self) -> list[Key]:
        access, found = self._access, []
        if access.keys is not None:
            try:
                found += read(access.keys.read_text(encoding="utf-8"), f"'{access.keys}'")
            except (OSError, UnicodeDecodeError) as error:
                raise ArtificerError(f"the keys in '{access.keys}' cannot be read: {error}") from error
        if access.keys_env:
            if access.keys_env not in os.environ:
                raise ArtificerError(f"there is no environment variable '{access.keys_env}' to read keys from")
            found += read(os.environ[access.keys_env], f"the variable {access.keys_env}")
        return found + (self._ledger.all() if self._ledger is not None else [])


@dataclass(slots=True)
class _Seen:
    key: str = ""
    cookie: str = ""
    forwarded: bool = False
    names: list[str] = field(default_factory=list)
    scopes: tuple[str, ...] = ()


ANYONE = Caller("", (), "open")


def _cookie(header: bytes) -> str:
    try:
        found = SimpleCookie(header.decode("latin-1")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def caller(request: Request) -> Caller:
    """Who asks, in a door."""
    found: Caller = request.scope.get(CALLER, ANYONE)
    return found


def forged() -> RefusedError:
    """What a request is told that another site may have sent."""
    said = wrong("another site may have sent this", "send the page's own form, or a key in a header")
    return RefusedError(403, [said])


def _nobody(says: str, more: str = "") -> RefusedError:
    challenge = f'Bearer realm="artificer"{"," if more else ""}{more}'
    return RefusedError(401, [wrong(says, SEND)], {"www-authenticate": challenge})
