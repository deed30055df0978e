"""The verdict's first sentence, in the client's own measure: how many of those acted on succeed, and how many today."""

from __future__ import annotations

import numpy as np

from artificer.core.figures import figure
from artificer.data.expression import amounts
from artificer.line.judge.acted import chosen
from artificer.line.judge.seen import Seen
from artificer.measure.intervals import estimate
from artificer.measure.lists import list_precision, lists
from artificer.measure.means import share_of

PERIODS = {"1d": "a day", "7d": "a week", "30d": "a month"}


def in_words(seen: Seen) -> str:
    """Say what the model does for the client, beside what is done today or what chance would do."""
    decision = seen.run.brief.decision
    if seen.periods is not None and decision.capacity is None and decision.threshold is None:
        return _of_those_that_pay(seen)
    if seen.periods is not None and seen.n_periods and seen.chooses and seen.top:
        return _of_the_list(seen)
    if seen.asked.task == "regression":
        return _of_errors(seen)
    if seen.asked.task == "binary":
        return _of_pairs(seen)
    return _of_classes(seen)


def _of_the_list(seen: Seen) -> str:
    found = lists(seen.listed, seen.success, seen.room)
    precision = list_precision(found, level=seen.level)
    capacity = seen.run.brief.decision.capacity
    # A list that is not full shows the share of a full one, as far as the shorter lists tell.
    a_list = capacity.top if capacity and seen.n_binding else round(float(found.chosen.mean()))
    n, low, high = (figure(round(a_list * one)) for one in (precision.value, precision.low, precision.high))
    every = PERIODS.get(capacity.every, f"in {capacity.every}") if capacity and capacity.every else ""
    acted = f"Of {a_list:,} acted on{f' {every}' if every else ''}"
    short = seen.n_periods - seen.n_binding
    note = (
        f" {short} of {seen.n_periods} periods had fewer rows than that."
        if capacity and seen.n_binding > 0 and short
        else ""
    )
    return f"{acted}, about {n} succeed ({low} to {high}); {_today(seen, a_list, seen.room)}.{note}"


def _of_those_that_pay(seen: Seen) -> str:
    pays, counted = chosen(seen) > 0, seen.listed.counted
    room = float(counted[pays].sum())
    n_acted, rows = round(room), f"of {round(counted.sum()):,} rows"
    if not pays.any():
        return f"None {rows} pays to act on: its expected worth is above 0 for none."
    weight, group = (one[pays] if one is not None else None for one in (seen.rows.weight, seen.rows.group))
    share = share_of(seen.y[pays], weight, group, seen.level)
    n, low, high = (figure(round(n_acted * one)) for one in (share.value, share.low, share.high))
    acted = f"{n_acted:,} {rows} pay to act on, and about {n} of them succeed"
    return f"{acted} ({low} to {high}); {_today(seen, n_acted, room)}."


def _today(seen: Seen, a_list: int, room: float) -> str:
    rule = seen.run.brief.accept.get("beats")
    if rule is not None and rule.rule:
        held = amounts(rule.rule, seen.rows.frame, "accept.beats")
        how, found = "by today's rule", lists(seen.listed, held, room)
    else:
        how, found = "chosen at random", lists(seen.listed, np.zeros(len(seen.y)), room)
    return f"{how}, {figure(round(a_list * found.share)) if found.chosen.sum() else 0}"


def _of_pairs(seen: Seen) -> str:
    area = seen.estimate("roc_auc", seen.prediction)
    if not np.isfinite(area.value):
        return ""
    n, low, high = (round(100 * one) for one in (area.value, area.low, area.high))
    return f"Of a success and a failure, the model ranks the success higher {n} times in 100 ({low} to {high}); chance does 50."


def _of_classes(seen: Seen) -> str:
    found = seen.estimate("accuracy", seen.prediction)
    common = estimate("accuracy", seen.y, np.tile(seen.constant, (len(seen.y), 1)), seen.rows.weight)
    # In hundreds, unless errors are too few to be seen so.
    of = next(n for n in (100, 1_000, 10_000) if round(n * found.value) < n or found.value == 1 or n == 10_000)
    named, low, high, always = (f"{round(of * one):,}" for one in (found.value, found.low, found.high, common.value))
    return f"It names the right class for {named} rows in {of:,} ({low} to {high}); always naming the commonest one: {always}."


def _of_errors(seen: Seen) -> str:
    found = seen.estimate("mae", seen.prediction)
    weight = np.ones(len(seen.y)) if seen.rows.weight is None else seen.rows.weight
    order = np.argsort(seen.y, kind="stable")
    middle = seen.y[order][np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)]
    same = np.full((len(seen.y), 1), float(middle))
    plain = estimate("mae", seen.y, same, seen.rows.weight)
    interval = f"{figure(found.low)} to {figure(found.high)}"
    return f"It is off by {figure(found.value)} on average ({interval}); always saying the middle value: {figure(plain.value)}."
