"""What a connection is held to before its request is one: a head in time, of bounded size, and so many at once.

uvicorn bounds neither the time nor (with httptools) the size of a request's head.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from artificer.line.ship.server.limits import Limits

MOST_HEAD = 64 * 1024
MOST_HEADERS = 200
FULL = b"503 Service Unavailable"
LINGER_S = 2.0  # for the rest of a body that was refused: a connection closed at once may lose the answer on its way


def protocol(limits: Limits) -> type[asyncio.Protocol]:
    """uvicorn's protocol (httptools where installed, else h11), held to limits."""
    base = _plain()

    class Held(base):  # type: ignore[misc, valid-type]
        """One connection.

        Attributes
        ----------
        _closing : TimerHandle or None
            Set while the head of a request, or the rest of a refused body, is waited for.
        _n_head : int
            Bytes since the last request's end.
        """

        _closing: asyncio.TimerHandle | None = None
        _n_head = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                self._refuse(FULL)
                return
            self._close_in(limits.head_s)

        def data_received(self, data: bytes) -> None:
            try:
                super().data_received(data)
            except MemoryError:
                self._refuse(FULL)
                return
            cycle = self.cycle
            if cycle is not None and not cycle.response_complete:
                if self._closing is not None:
                    self._closing.cancel()
                    self._closing = None
                self._n_head = 0
                return
            refused = cycle is not None and cycle.more_body
            if self._closing is None:
                self._close_in(LINGER_S if refused else limits.head_s)
            self._n_head += 0 if refused else len(data)
            if self._n_head > MOST_HEAD:
                self._refuse(b"431 Request Header Fields Too Large")

        def connection_lost(self, exc: Exception | None) -> None:
            if self._closing is not None:
                self._closing.cancel()
                self._closing = None
            super().connection_lost(exc)

        def _close_in(self, seconds: float) -> None:
            self._closing = self.loop.call_later(seconds, self.transport.abort)

        def _refuse(self, status: bytes) -> None:
            if not self.transport.is_closing():
                head = b"HTTP/1.1 %b\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n"
                self.transport.write(head % status)
                self.transport.close()

        def send_400_response(self, msg: str) -> None:
            """The answer to what is no request; or to one that could not be taken (httptools tells both alike)."""
            error = sys.exception()
            if error is not None and isinstance(error.__context__, MemoryError):
                self._refuse(FULL)
            else:
                super().send_400_response(msg)

        def on_header(self, name: bytes, value: bytes) -> None:
            """A header or, after a body, a trailer (of httptools; h11 bounds both by itself)."""
            if len(self.headers) >= MOST_HEADERS:
                raise ValueError(MOST_HEADERS)  # which httptools tells as a bad request
            super().on_header(name, value)

    return Held


def _plain() -> Any:
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ModuleNotFoundError:
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return H11Protocol
    return HttpToolsProtocol
