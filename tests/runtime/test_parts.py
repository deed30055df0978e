"""Parts: of like sizes, whole groups in one, strata shared out evenly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from artificer_runtime.parts import dealt


@given(st.integers(2, 6), st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 9))
def test_each_part_holds_a_like_share_of_every_stratum(n_parts: int, strata: list[int], seed: int) -> None:
    part = dealt(n_parts, len(strata), np.random.default_rng(seed), strata=np.array(strata))
    assert np.ptp(np.bincount(part, minlength=n_parts)) <= 1
    for one in set(strata):
        assert np.ptp(np.bincount(part[np.array(strata) == one], minlength=n_parts)) <= 1


@given(st.integers(2, 6), st.lists(st.integers(0, 8), min_size=2, max_size=60), st.integers(0, 9))
def test_rows_of_one_group_are_in_one_part_unless_all_are_of_it(n_parts: int, group: list[int], seed: int) -> None:
    groups, strata = np.array(group), np.arange(len(group)) % 2
    part = dealt(n_parts, len(group), np.random.default_rng(seed), strata=strata, group=groups)
    assert len(np.unique(part)) == min(n_parts, len(set(group)) if len(set(group)) > 1 else len(group))
    if len(set(group)) > 1:
        assert all(len(np.unique(part[groups == one])) == 1 for one in set(group))
