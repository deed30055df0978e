"""Periods of pandas are moments and its intervals categories: in training, in batches and alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import artificer
from artificer.data.kinds import infer_schema
from artificer.data.readers import read
from artificer.data.table import fingerprint, normalise

PERIODS = pd.period_range("2020-01", periods=60, freq="M")
X = np.random.default_rng(0).normal(size=60)
CUT = pd.cut(X, 4)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.Series(PERIODS), "time"),
        (pd.Series([*PERIODS[:-1], pd.NaT], dtype=PERIODS.dtype), "time"),
        (pd.Series(PERIODS).astype("category"), "time"),
        (pd.Series(CUT), "category"),
        (pd.Series(pd.IntervalIndex(CUT)), "category"),
        (pd.Series([*CUT[:-1], None]), "category"),
        (pd.Series(CUT).astype(object), "category"),
    ],
)
def test_a_row_is_read_the_same_alone_and_among_others(values: Any, kind: str) -> None:
    frame = pd.DataFrame({"a": values, "x": X})
    held = read(frame).frame
    schema = infer_schema(held)
    assert schema.columns[0].kind == kind
    assert len(fingerprint(held)) == 32

    def cells(rows: Any) -> list[float]:
        seen = schema.encode(rows)
        return list((seen.times if kind == "time" else seen.codes)[:, 0])

    among = cells(frame)
    np.testing.assert_array_equal(among, cells(held))
    np.testing.assert_array_equal(among, cells(normalise(held, schema)))
    np.testing.assert_array_equal(among, cells(frame.to_dict("records")))
    assert not np.isnan(among[:-1]).any()
    assert min(among[:-1]) > 0
    for place in (0, 1, 59):
        alone = frame[place : place + 1]
        for rows in (alone, read(alone).frame, alone.to_dict("records")[0]):
            np.testing.assert_array_equal(cells(rows), among[place : place + 1])


def test_estimators_read_them() -> None:
    frame = pd.DataFrame({"month": PERIODS.repeat(5), "part": pd.Series(CUT.repeat(5))})
    truth = np.where(X.repeat(5) > 0, "p", "q")
    frame.loc[7, "month"] = pd.NaT
    for rows in (frame, frame.to_numpy(dtype=object)):
        model = artificer.Classifier(budget_s=2).fit(rows, truth)
        batch = model.predict_proba(rows[:10])
        np.testing.assert_array_equal(batch, np.concatenate([model.predict_proba(rows[k : k + 1]) for k in range(10)]))
