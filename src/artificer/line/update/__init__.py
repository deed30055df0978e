"""update: champion, challenger and rows that neither saw → promote, keep, or ask a person.

The story: both versions predict the same rows, the newest that are labelled; the challenger is promoted when it is
shown to be better there, in the client's own metric; a promotion that would change more decisions than the brief
allows, or falls into a freeze, waits for a person. Nothing is trained here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.errors import BriefError
from artificer.core.figures import better_by, in_chances
from artificer.core.life import Updated
from artificer.core.records import Decision, Estimate, Fact
from artificer.data.readers import read
from artificer.line.ask import read_brief
from artificer.line.track.meeting import Meeting, Version, among, classes_of, comparable, meet, newest, opened
from artificer.line.update.flips import flipped
from artificer.line.update.since import Start, start_of
from artificer.measure.bayes import chances, practically
from artificer.measure.compare import compare
from artificer.measure.correct import spent
from artificer.measure.intervals import estimate

__all__ = ["Meeting", "Start", "Version", "compared", "frozen", "meet", "newest", "opened", "start_of", "update"]

LEVEL = 0.95


def update(brief: str | Path | Brief, champion: str | Path, challenger: str | Path, rows: Any) -> Updated:
    """Compare two packages on labelled rows that trained neither, and say what should follow.

    Parameters
    ----------
    brief : path of a brief, or Brief
    champion, challenger : path of a package
    rows : path or frame
        The caller vouches that neither package was trained on them.

    Raises
    ------
    DataError
        When the rows cannot be read or lack a column.
    PackageError
        When a package is absent or damaged.
    """
    checked = brief if isinstance(brief, Brief) else read_brief(Path(brief))
    first, second = opened(Path(champion)), opened(Path(challenger))
    frame: pl.DataFrame = read(rows).frame
    return compared(checked, first, second, meet(frame, checked, first))


def compared(brief: Brief, champion: Version, challenger: Version, rows: Meeting, *, n_looks: int = 1) -> Updated:
    """Compare two versions on rows that neither saw.

    Parameters
    ----------
    n_looks : int
        How many challengers have been judged on these rows, this one included: the level is corrected for it.

    Notes
    -----
    A challenger that knows classes which the champion does not, of more than two, meets it on rows of the classes that both
    know. That is not in its favour: what it gives to the new ones it takes from these, and rows of the new ones, none of which
    the champion can call by its name, are not counted.
    """
    level = spent(LEVEL, n_looks)
    metric = champion.metric
    alike = comparable(champion, challenger)
    if not alike or not rows.n_rows:
        why = "the versions know different classes" if not alike else "no labelled row is there that neither saw"
        return _undecided(champion, challenger, metric, rows.n_rows, why)
    ours, theirs = rows.predicted(champion), rows.predicted(challenger)
    share, what = flipped(brief, rows, (champion, challenger), ours, theirs)
    classes = classes_of(champion, challenger)
    ours, theirs = (
        among(one.decided(metric, said), one, classes) for one, said in ((champion, ours), (challenger, theirs))
    )
    scores = [estimate(metric, rows.y, one, rows.weight, groups=rows.group, level=level) for one in (ours, theirs)]
    gain = compare(metric, rows.y, theirs, ours, rows.weight, groups=rows.group, level=level)
    told = f"{share:.0%} {what}"
    choice, because = _choice(brief, gain, share, told, metric, practically(metric, scores[0].value))
    question = f"Shall {challenger.name} be served in place of {champion.name}?"
    facts = (
        Fact("gain", gain.value, metric),
        Fact("low", gain.low, metric),
        Fact("high", gain.high, metric),
        Fact("flipped", share, f"share {what}"),
        Fact("rows", float(rows.n_rows), "rows that neither saw"),
    )
    decision = Decision("update", question, choice, because, ("promote", "keep", "ask"), facts)
    return Updated(
        champion=champion.name,
        challenger=challenger.name,
        metric=metric,
        n_rows=rows.n_rows,
        champion_score=scores[0],
        challenger_score=scores[1],
        gain=gain,
        flipped=share,
        flips=what,
        choice=choice,
        findings=rows.findings,
        decisions=(decision,),
    )


def frozen(freeze: tuple[str, ...], today: date | None = None) -> str:
    """The stretch of days in which nothing is promoted by itself that today lies in; "" when there is none.

    Raises
    ------
    BriefError
        When a stretch is not two ISO dates with "/" between.

    >>> frozen(("2008-12-15/2009-01-06",), date(2009, 1, 1))
    '2008-12-15/2009-01-06'
    """
    today = today or datetime.now(UTC).date()
    for stretch in freeze:
        first, _, last = stretch.partition("/")
        try:
            inside = date.fromisoformat(first) <= today <= date.fromisoformat(last)
        except ValueError as error:
            raise BriefError(
                f"[authority] freeze holds '{stretch}', which is no stretch of days; write \"2008-12-15/2009-01-06\""
            ) from error
        if inside:
            return stretch
    return ""


def _choice(brief: Brief, gain: Estimate, share: float, flips: str, metric: str, within: float) -> tuple[Any, str]:
    likely = chances(gain, within)
    told = f"on rows that neither saw it is {better_by(gain)} {metric}" + (f" ({in_chances(likely)})" if likely else "")
    if not gain.is_gain:
        shown = "shown to be worse" if gain.high < 0 else "not shown to be better"
        return "keep", f"the challenger is {shown}: {told}"
    allowed = brief.authority
    stretch = frozen(allowed.freeze)
    if stretch:
        return "ask", f"{told}, and today lies in the freeze {stretch}"
    if share > allowed.max_flipped:
        return (
            "ask",
            f"{told}, but {flips}; [authority] max_flipped allows {allowed.max_flipped:.0%}",
        )
    if allowed.promote != "act":
        return "ask", f'{told}; [authority] promote = "{allowed.promote}" leaves the promotion to a person'
    if allowed.four_eyes:
        return "ask", f"{told}; [authority] four_eyes asks for the yes of someone other than its author"
    return "promote", f"{told}, and {flips}"


def _undecided(champion: Version, challenger: Version, metric: str, n_rows: int, why: str) -> Updated:
    unknown = Estimate(float("nan"), -np.inf, np.inf, why, 0)
    decision = Decision(
        "update", f"Shall {challenger.name} be served in place of {champion.name}?", "keep", why, ("promote", "ask")
    )
    return Updated(
        champion.name,
        challenger.name,
        metric,
        n_rows,
        unknown,
        unknown,
        unknown,
        0.0,
        "keep",
        decisions=(decision,),
        flips="",
    )
