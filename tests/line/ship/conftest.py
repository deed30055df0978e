"""A client whose package is served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from client import Client, table


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A client whose brief says no more than the key, and whose package v1 is served."""
    return Client(tmp_path).ask().ship().serve()


@pytest.fixture
def rows() -> Callable[..., pl.DataFrame]:
    return table
