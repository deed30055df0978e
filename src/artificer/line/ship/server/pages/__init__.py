"""The web application: pages for people, rendered on the server, that load nothing from elsewhere."""

from __future__ import annotations

from artificer.line.ship.server.doors import Door
from artificer.line.ship.server.pages import form
from artificer.line.ship.server.served import Serving

__all__ = ["doors"]


def doors(serving: Serving) -> tuple[Door, ...]:
    """The doors of all pages."""
    return form.doors(serving)
