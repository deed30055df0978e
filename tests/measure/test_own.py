from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, get_scorer, log_loss, make_scorer, mean_absolute_error

from artificer.core.errors import BriefError
from artificer.measure.metrics import metric, score
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


def test_the_same_rows_are_asked_about_once_and_others_are_not_taken_for_them() -> None:
    asked: list[Any] = []

    def hits(y: np.ndarray, p: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
        asked.append((y, p, sample_weight))
        return float(np.average(y == p, weights=sample_weight))

    y, sure = np.array([0.0, 1.0, 1.0]), np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]])
    heavy = np.array([1.0, 1.0, 4.0])
    for weighted in (False, True):
        labelling = Labelling("binary", np.array(["leaves", "stays"], object), weighted=weighted)
        with registered(hits, labelling) as name:
            asked.clear()
            found = [
                score(name, *given)
                for given in ((y, sure), (y, sure.copy()), (y, sure[:, ::-1]), (1 - y, sure), (y, sure[::-1], heavy))
            ]
        assert found[0] == found[1] == 1.0
        assert found[2] == found[3] == 0.0
        assert found[4] == (pytest.approx(1 / 6) if weighted else pytest.approx(1 / 3))
        assert len(asked) == 4
