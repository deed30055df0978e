"""Fixtures for pytest: tests of a model in a suite of one's own. Artificer is imported when a fixture is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from artificer.line.judge.examination import Examination


@pytest.fixture(scope="session")
def examined() -> Callable[..., Examination]:
    """`examined(model, X, y).assert_passes()`: run every test of a model; see `artificer.examine`."""
    from artificer.line.judge.any_model import examine

    return examine


@pytest.fixture(scope="session")
def examined_predictions() -> Callable[..., Examination]:
    """`examined_predictions(y, predictions).assert_passes()`: see `artificer.examine_predictions`."""
    from artificer.line.judge.any_model import examine_predictions

    return examine_predictions
