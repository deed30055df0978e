from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, get_scorer, log_loss, make_scorer, mean_absolute_error

from artificer.core.errors import BriefError
from artificer.measure.metrics import metric
from artificer.measure.own import Labelling, as_metric, registered

CLASSES = Labelling("binary", np.array(["leaves", "stays"]))
NUMBERS = Labelling("regression")


def _refused(given: Callable[..., Any], labelling: Labelling, says: str) -> None:
    with pytest.raises(BriefError, match=says), registered(given, labelling):
        pass


def test_a_scorer_is_refused_by_the_name_of_the_function_to_give() -> None:
    scorer = make_scorer(fbeta_score, beta=2)
    for given in (scorer, as_metric(scorer)):
        _refused(given, CLASSES, r"its function, fbeta_score, or, .*lambda y_true, y_pred: fbeta_score\(")
    _refused(get_scorer("neg_mean_absolute_error"), NUMBERS, "its function, mean_absolute_error")


def test_the_best_score_is_what_right_predictions_score_where_all_rows_agree() -> None:
    loss = as_metric(mean_absolute_error, larger_is_better=False)
    for given, labelling, best in (
        (lambda y, p: fbeta_score(y, p, beta=2, pos_label="stays"), CLASSES, 1.0),
        (lambda y, p: float(np.mean((y == "stays") & (p == "stays"))), CLASSES, np.inf),
        (as_metric(log_loss, larger_is_better=False, needs="proba"), CLASSES, -np.inf),
        (loss, NUMBERS, 0.0),
    ):
        with registered(given, labelling) as name:
            assert metric(name).best == best


def test_a_loss_that_is_not_said_to_be_one_is_refused() -> None:
    for given, labelling in ((mean_absolute_error, NUMBERS), (as_metric(log_loss, needs="proba"), CLASSES)):
        _refused(given, labelling, r"as_metric\(\w+, larger_is_better=False\)")
    gain = as_metric(lambda y, p: float(np.mean(y == p)), larger_is_better=False, name="right")
    _refused(gain, CLASSES, r"as_metric\(right, larger_is_better=True\)")
