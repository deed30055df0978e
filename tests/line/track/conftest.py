"""Packages in worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from world import Rows, World, build


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., World]:
    """Make a package that was judged on rows drawn as is said: a folder for each."""
    count = iter(range(1000))

    def one(drawn: Rows | None = None, **more: Any) -> World:
        return build(tmp_path / f"{next(count)}" / "v1", drawn, **more)

    return one
