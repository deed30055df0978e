"""Conditions of a review, as clients write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.errors import BriefError
from artificer.line.ask.review import condition

SAID = {
    "score": np.array([0.1, 0.4, 0.5, 0.6, 0.9]),
    "interval": np.array([1.0, 2.0, 3.0, 4.0, np.inf]),
    "unseen": np.array([True, False, True, False, True]),
    "outside": np.array([False, False, False, True, True]),
    "clipped": np.zeros(5, bool),
}


@pytest.mark.parametrize(
    ("text", "task", "met"),
    [
        ("unseen", "binary", [0, 2, 4]),
        ("outside training", "binary", [3, 4]),
        (" outside ", "multiclass", [3, 4]),
        ("clipped", "regression", []),
        ("score > 0.5", "binary", [3, 4]),
        ("score>=.5", "binary", [2, 3, 4]),
        ("score <= 0.4", "multiclass", [0, 1]),
        ("score between 0.4 and 0.6", "binary", [1, 2, 3]),
        ("interval > 3", "regression", [3, 4]),
        ("score < -1e3", "regression", []),
        ("unseen and score > 0.2", "binary", [2, 4]),
        ("score between 0.4 and 0.9 and outside training and unseen", "binary", [4]),
    ],
)
def test_which_rows_meet_a_condition(text: str, task: Any, met: list[int]) -> None:
    assert np.flatnonzero(condition(text, task).holds(SAID)).tolist() == met


@pytest.mark.parametrize(
    ("text", "task", "says"),
    [
        ("", "binary", "cannot be read"),
        ("unsene", "binary", "'unsene'"),
        ("unseen or outside", "binary", "cannot be read from 'or outside'"),
        ("score", "binary", "cannot be read"),
        ("score == 0.5", "binary", "cannot be read"),
        ("unseen and", "binary", "cannot be read"),
        ("__import__('os')", "binary", "cannot be read"),
        ("score between 0.6 and 0.4", "binary", "swap them"),
        ("score > 30", "binary", "between 0 and 1"),
        ("interval > 0.3", "binary", "only a predicted number has an interval"),
        ("interval > nan", "regression", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text: str, task: Any, says: str) -> None:
    with pytest.raises(BriefError, match=r"\[decision.review\] when") as refused:
        condition(text, task)
    assert says in str(refused.value)


@given(st.text(alphabet="unseoutid cliprvalbwg<>=.0159-+eE \n\t", max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        found = condition(text, "regression")
    except BriefError:
        return
    assert found.holds(SAID).shape == (5,)
