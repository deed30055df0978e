"""The line's own model, as the tests of any model are shown it: bounded in rows, and by the run's time limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from artificer.core.records import Finding
from artificer.core.stages import ModelTest
from artificer.line.ask.rows import Labelled, oriented
from artificer.line.judge.as_examined import as_examined
from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.retrained import Retrained
from artificer.line.judge.seen import Seen
from artificer.line.judge.tests import about, builtin, run_tests, seed_stability

# Rows that a test predicts anew for each change it tries, and seconds that must be left for that.
MOST_ROWS, LEAST_S = 400, 1.0
INTERVALS = 0.9
# A verdict holds these in any case.
OF_EVERY_VERDICT = ("weak_slice", "fairness", "recourse")


def tests_of(
    seen: Seen, train: Labelled, again: Retrained | str, *, sealed: bool
) -> tuple[tuple[ModelTest, ...], tuple[Finding, ...]]:
    """Run the tests of a model on what a verdict sees; none where effects are off.

    Parameters
    ----------
    train : Labelled
        The rows that trained the model, the target among their columns.
    again : Retrained or str
        What trains it again, or why nothing does.
    sealed : bool
        Whether the judged rows trained nothing; out of fold, the model itself is not what predicted them.
    """
    if not seen.run.effects:
        return (), ()
    shown = _shown(seen, train, again, sealed=sealed)
    tests = [test for test in builtin() if test.code not in OF_EVERY_VERDICT]
    found = run_tests(shown, tests)
    return found, (about(shown, found, tests), *(one for test in found for one in test.findings))


def _shown(seen: Seen, train: Labelled, again: Retrained | str, *, sealed: bool) -> Examined:
    asked, whole = seen.asked, as_examined(seen)
    reasons: dict[str, str] = {}
    more: dict[str, Any] = {}
    if not sealed:
        why = "out of fold, other models than this one predicted the rows, which trained it"
        reasons |= {"predict": why, "train": why, "fit": why}
        more["predict"] = None
    elif seen.run.replay is None and seen.run.clock.left_s < LEAST_S:
        why = "the time limit left no time for it"
        reasons |= {"predict": why, "train": why, "fit": why}
        more["predict"] = None
    else:
        y, _ = oriented(train.y, seen.prediction, asked.positive)
        more["train"] = Rows(train.frame.select(whole.rows.frame.columns), y, train.weight, train.time, train.group)
        n_fits = seed_stability.SEEDS + 2 * (train.time is not None)  # staleness trains on two halves
        if isinstance(again, str):
            reasons["fit"] = again
        elif why := again.lacking(n_fits):
            reasons["fit"] = why
        else:
            more |= {"fit": again, "fitted": again.name, "most_trained": again.affordable(n_fits)}
    if seen.predictor.contents.residuals is not None:
        more["intervals"] = seen.predictor.interval(seen.prediction, INTERVALS)
    return replace(
        whole,
        linear=seen.linear,
        intervals_level=INTERVALS,
        took_ms=seen.took_ms,
        most_rows=MOST_ROWS,
        reasons=reasons,
        **more,
    )
