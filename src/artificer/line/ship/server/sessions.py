"""A person's session in a browser: a signed cookie that names a key, and the token that its forms must send.

Nothing is kept of a session: it lives until its moment, or as long as its key does. It is signed with a secret that the
processes of one server share by their environment, and that dies with them; the ledger does not hold it, so that who
reads the ledger can open no session.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import time

COOKIE = "artificer"
LASTS_S = 12 * 3600
SECRET_ENV = "ARTIFICER_SESSION_SECRET"


class Sessions:
    """Writes and reads the cookie.

    Parameters
    ----------
    secret : str
        Default: of the environment variable ``ARTIFICER_SESSION_SECRET``, which replicas on several machines share;
        drawn where there is none, and put there for this process's workers.
    """

    def __init__(self, secret: str = "") -> None:
        self._secret = (secret or os.environ.setdefault(SECRET_ENV, secrets.token_urlsafe(32))).encode()

    def opened(self, key: str) -> str:
        """A cookie's value for the holder of the key with this id."""
        said = f"{key}.{int(time.time()) + LASTS_S}.{secrets.token_urlsafe(9)}"
        return f"{said}.{self._signed('session', said)}"

    def key(self, value: str) -> str:
        """The id of the key that a cookie names; "" where it is none of ours, or at its end."""
        said, _, signature = value.rpartition(".")
        if not hmac.compare_digest(self._signed("session", said).encode(), signature.encode("utf-8", "surrogatepass")):
            return ""
        id, ends, _ = said.split(".")
        return id if time.time() < int(ends) else ""

    def token(self, value: str) -> str:
        """What forms of this session send, so that no other site can send them."""
        return self._signed("form", value)

    def _signed(self, purpose: str, said: str) -> str:
        mac = hmac.digest(self._secret, f"{purpose}:{said}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
