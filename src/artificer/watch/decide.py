"""One look's decision: is there harm, is there enough to retrain on, who may do it, and what the meeting showed."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

import numpy as np
import polars as pl

from artificer import flow
from artificer.core.brief import Brief
from artificer.core.figures import better_by, counted, with_interval
from artificer.core.life import Follows, Looked, Tracked, Updated
from artificer.core.records import Decision, Fact, Finding, Severity
from artificer.data.moments import as_time
from artificer.data.sources import gather
from artificer.data.table import stacked
from artificer.line.ask.labels import has_label
from artificer.line.track import track
from artificer.line.update import Meeting, compared, meet, newest, opened, start_of
from artificer.told import told
from artificer.watch.scene import Scene, comes_again
from artificer.watch.scene import told as told_by

# As many as `ask` needs to seal rows: fewer cannot tell two versions apart.
FEWEST_ROWS, FEWEST_OF_A_CLASS = 500, 50
MOSTLY_DIFFER = 0.99  # of rows without a key; others equal each other by chance


def decide(scene: Scene, *, anyway: bool = False) -> Looked:
    """Track what came in, and say what should follow; a challenger is trained where that is due and allowed.

    Parameters
    ----------
    anyway : bool
        Retrain without harm, and without asking.
    """
    tracked = track(scene.champion.path, scene.fresh, brief=scene.brief)
    for line in told("track", tracked):
        scene.state.progress("track", line)
    rows = meet(scene.fresh, scene.brief, scene.champion)
    looked = Looked(
        version=scene.served.version,
        outcome="nothing",
        because=_why(tracked),
        n_seen=scene.loaded.frame.height,
        tracked=tracked,
        findings=(*scene.loaded.findings, *_backwards(scene), *_passed_over(scene), *tracked.findings),
        decisions=tracked.decisions,
    )
    back = _back(scene, looked, rows)
    if back is not None:
        return back
    lacks = _lacks(rows)
    if tracked.harm == "benign" and not _changed(tracked) and not anyway:
        return _decided(looked, "nothing", _why(tracked))
    if lacks:
        return _decided(looked, "alert" if tracked.harm == "harmful" else "nothing", f"{_why(tracked)}, but {lacks}")
    leave = scene.brief.authority.retrain
    if leave == "act" or anyway:
        return _challenge(scene, looked)
    if tracked.harm != "harmful":
        return _decided(looked, "nothing", f'{_why(tracked)}; [authority] retrain is "{leave}"')
    return _decided(looked, leave, f"{_why(tracked)}; `artificer update BRIEF` retrains")


def _why(tracked: Tracked) -> str:
    told_by = tracked.measured if tracked.measured is not None else tracked.expected
    how = "measured" if tracked.measured is not None else "expected from the inputs"
    says = {
        "harmful": "what came in harms the score",
        "benign": "what came in does the score no harm",
        "undecidable": "whether what came in harms the score cannot be told",
    }
    return f"{says[tracked.harm]}: {tracked.metric} {better_by(told_by)}, {how}"


def _changed(tracked: Tracked) -> bool:
    """Whether the world changed even if the score did not: then a challenger may do better than before."""
    return any(finding.code in ("relation_changed", "target_moved") for finding in tracked.findings)


def _lacks(rows: Meeting) -> str:
    """What is missing for a meeting of two versions; "" when nothing is."""
    if rows.n_rows < FEWEST_ROWS:
        unseen = "that the served version has not seen"
        those = counted(rows.n_rows, f"labelled row {unseen} is", f"labelled rows {unseen} are")
        return f"{those} fewer than {FEWEST_ROWS}"
    if rows.n_classes:
        rarest = int(np.sort(np.bincount(rows.y.astype(np.int64), minlength=rows.n_classes))[-2])
        if rarest < FEWEST_OF_A_CLASS:
            return f"{rarest} labelled rows of a class are fewer than {FEWEST_OF_A_CLASS}"
    return ""


def _challenge(scene: Scene, looked: Looked) -> Looked:
    """Train a challenger on what is known by now, and let it meet the champion on the newest rows."""
    old, doubled = _old_rows(scene)
    looked = replace(looked, findings=(*looked.findings, *doubled))
    known = stacked(old, scene.loaded.frame)
    unseen = np.concatenate([np.zeros(old.height, bool), scene.unseen])
    labelled = has_label(known, scene.brief).to_numpy()
    settled = _settled(scene.brief)
    fresh = meet(known.filter(pl.Series(labelled & unseen)), settled, scene.champion)
    window = np.zeros(known.height, bool)
    window[np.flatnonzero(labelled & unseen)[fresh.places]] = newest(fresh.time, fresh.n_rows)
    learned, start = _learned(scene, settled, known, labelled & ~window, unseen)
    done = flow.retrain(
        settled,
        known.filter(pl.Series(learned | window)),
        window[learned | window],
        folder=scene.state.folder,
        workspace=scene.state.workspace,
        progress=scene.state.progress,
    )
    met, challenger = meet(known.filter(pl.Series(window)), settled, scene.champion), opened(done.package)
    n_looks = met_before(scene, challenger.name, window[old.height :])
    updated = compared(scene.brief, scene.champion, challenger, met, n_looks=n_looks)
    for line in told("update", updated):
        scene.state.progress("update", line)
    return _met(looked, updated, start)


def _old_rows(scene: Scene) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """The rows of [data] without those that came in too: a source that grows holds rows on which the two will meet."""
    old = gather(scene.brief.data, scene.state.folder).frame
    again = came_again(old, scene.loaded.frame, scene.brief)
    if not again.any():
        return old, ()
    n_again = int(again.sum())
    found = Finding(
        "came_twice",
        "note",
        "rows",
        f"{counted(n_again, 'row that came in stands', 'rows that came in stand')} in [data] source too; each counts "
        "once, as one that came in",
        "nothing needs doing where [data] source grows by what comes in",
        (Fact("rows", float(n_again), "rows"),),
    )
    return old.filter(~again), (found,)


def came_again(old: pl.DataFrame, new: pl.DataFrame, brief: Brief) -> np.ndarray:
    """Which old rows are among the new ones: bool (n_old_rows,).

    Rows are known by their key and, as one person may come again, their moment. Without a key they are by all that they hold
    but for their labels; where that tells too few of them apart, none is.
    """
    late = {brief.target.column, *brief.target.known_after}  # a label may have come to one of both alone
    key = [*brief.data.key, *([brief.data.time] if brief.data.time else [])] if brief.data.key else old.columns
    names = [name for name in key if name in old.columns and name in new.columns and name not in late]
    none = np.zeros(old.height, bool)
    if not names:
        return none
    rows = stacked(old, new).select(names).hash_rows()
    held = rows[: old.height]
    if not brief.data.key and held.n_unique() < MOSTLY_DIFFER * old.height:
        return none
    return held.is_in(rows[old.height :].implode()).to_numpy()


def _learned(
    scene: Scene, brief: Brief, known: pl.DataFrame, usable: np.ndarray, unseen: np.ndarray
) -> tuple[np.ndarray, Decision]:
    """Which of the known rows the challenger learns from: bool (n_rows,), and why."""
    places = np.flatnonzero(usable)
    time = brief.data.time
    if time:
        places = places[np.argsort(as_time(known[time])[places], kind="stable")]
    start = start_of(scene.champion, meet(known[places], brief, scene.champion), int((~unseen[places]).sum()))
    learned = np.zeros(known.height, bool)
    learned[places[start.first :]] = True
    return learned, start.decision


def met_before(scene: Scene, challenger: str, window: np.ndarray) -> int:
    """How many challengers have met the champion on some of these rows, this one included: intervals are wider then.

    Parameters
    ----------
    window : array of bool, (n_rows,)
        The rows of the meeting among those that came in.
    """
    places = np.arange(1.0, len(window) + 1.0) if scene.moment is None else scene.moment
    start = np.nanmin(places[window], initial=np.inf)
    reached = (told_by(look) for look in scene.looks if look.until >= start)
    met = {one.challenger for one in reached if one.updated is not None and one.version == scene.served.version}
    return len(met | {challenger})


def looked_before(scene: Scene) -> int:
    """How many looks the served version has had since it was promoted, this one included."""
    return 1 + sum(1 for _ in takewhile(lambda look: told_by(look).version == scene.served.version, scene.looks[::-1]))


def _met(looked: Looked, updated: Updated, start: Decision) -> Looked:
    """What the meeting showed; where the score is harmed and the challenger does not mend it, a person is needed."""
    outcome, because = updated.choice, updated.decisions[0].because
    harmed = outcome == "keep" and looked.tracked.harm == "harmful"
    return replace(
        looked,
        outcome="alert" if harmed else outcome,
        because=f"{_why(looked.tracked)}, and {because}" if harmed else because,
        challenger=updated.challenger,
        updated=updated,
        findings=(*looked.findings, *updated.findings),
        decisions=(*looked.decisions, start, *updated.decisions),
    )


def _settled(brief: Brief) -> Brief:
    """The brief for rows whose labels have been waited for already."""
    return replace(brief, target=replace(brief.target, horizon="0d"))


def _back(scene: Scene, looked: Looked, rows: Meeting) -> Looked | None:
    """Go back to the previous version if that is shown to be better on rows that neither saw."""
    history = scene.ledger.history(scene.name)
    if not history or history[-1].action != "promote" or not scene.served.previous or _lacks(rows):
        return None
    previous = scene.package(scene.served.previous)
    if not previous.is_dir():
        return None
    # Each look compares the two again, on more rows: so corrected, equal versions change places in fewer than 5 of 100
    # histories, however many looks there are and however fast rows come in.
    updated = compared(scene.brief, scene.champion, opened(previous), rows, n_looks=looked_before(scene))
    if not updated.gain.is_gain:
        return None
    because = (
        f"the previous version is better by {with_interval(updated.gain)} {updated.metric} on rows that neither saw"
    )
    leave = scene.brief.authority.roll_back
    outcome: Follows = "roll back" if leave == "act" else leave
    decided = _decided(
        looked, outcome, because if leave == "act" else f"{because}; `artificer update BRIEF --roll-back`"
    )
    return replace(decided, challenger=previous.name, updated=updated)


def _decided(looked: Looked, outcome: Follows, because: str) -> Looked:
    decision = Decision(
        "update",
        "What follows from what came in?",
        outcome,
        because,
        ("nothing", "alert", "ask", "retrain", "roll back"),
    )
    return replace(looked, outcome=outcome, because=because, decisions=(*looked.decisions, decision))


def _backwards(scene: Scene) -> tuple[Finding, ...]:
    """Rows that reach less far than those of an earlier look: some were taken away, or a clock went back."""
    last = max((look.until for look in scene.looks), default=-np.inf)
    if scene.until >= last:
        return ()
    unit = "s" if scene.moment is not None else "rows"
    return (
        Finding(
            "went_back",
            "warning",
            scene.brief.data.time or "rows",
            "what came in reaches less far than at an earlier look: rows were taken away, or the clock of whatever writes "
            "them went back",
            "see what writes [track] new; looks are kept in their own order, whatever the clock says",
            (Fact("reaches", scene.until, unit), Fact("reached", last, unit)),
        ),
    )


def _passed_over(scene: Scene) -> tuple[Finding, ...]:
    """Rows that came in since the served version was made and are not later than the last that it was judged on."""
    if scene.moment is None:
        return ()
    n_late = int((~scene.unseen[scene.n_known :]).sum())
    if not n_late:
        return ()
    those = f"of {scene.loaded.frame.height:,} rows that came in"
    # Where the feed is the source, what was learned from is among them, as it must be.
    severity: Severity = "note" if comes_again(scene.brief) else "warning"
    return (
        Finding(
            "earlier_rows",
            severity,
            scene.brief.data.time,
            f"{counted(n_late, f'{those} is', f'{those} are')} not later than the last that the served version was judged on, "
            "and no score is measured there: what came late, came again, or a clock went back",
            "see what writes them; those with labels train the next challenger",
            (Fact("rows", float(n_late), "rows"),),
        ),
    )
