"""What is any form of a date looks like a date, so that other texts need not be tried."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain

import polars as pl
import pytest

from artificer.data.forms import AMBIGUOUS, ISO, LOOKS_LIKE_A_DATE, SHORT_AMBIGUOUS, SHORT_WRITTEN, WRITTEN, parsed

FORMS = (*ISO, *WRITTEN, *SHORT_WRITTEN, *chain(*AMBIGUOUS), *chain(*SHORT_AMBIGUOUS))
MOMENTS = [datetime(1987, 1, 2, 3, 4, 5) + timedelta(days=37.3 * n) for n in range(400)]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_looks_like_a_date(form: str) -> None:
    written = pl.Series([one.strftime(form.replace("%.f", ".5").replace("%#z", "+0100")) for one in MOMENTS])
    texts = pl.concat([written, written.str.replace_all(r"\b0", ""), written.str.replace_all(r"([-./])0", "$1 ")])
    read = texts.filter(parsed(texts, form).is_not_null())
    assert len(read) >= len(written)
    assert read.str.contains(LOOKS_LIKE_A_DATE).all()
