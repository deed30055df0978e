"""The versions of the model: which is served, how two of them compare, and the forms that promote one or roll back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup
from starlette.responses import Response

from artificer.core.figures import SIGNS
from artificer.core.ledger import Ledger
from artificer.core.life import Looked, Served, Updated
from artificer.core.records import Estimate
from artificer.core.report import svg
from artificer.core.rollout import Act, Rollout, percent
from artificer.core.store import decode
from artificer.line.ship.server.pages.frame import Seen, shown
from artificer.line.ship.server.pages.material import Material, of_version
from artificer.line.ship.stored import stored
from artificer.line.ship.versions import Versions
from artificer_runtime import RuntimeInputError

MOST = 30


def answer(seen: Seen) -> Response:
    """The page."""
    told, scorer = seen.material, seen.model.scorer
    ledger = scorer.ledger
    if ledger is None:
        return shown(seen, "versions.html", versions=[], served=None)
    packages = scorer.package.resolve().parent
    found = Versions(scorer.brief, ledger, packages, seen.caller.name).told()
    served, wanted = found["served"], found["wanted"]
    known = _versions(seen, packages, served, wanted)
    query = seen.request.query_params
    names = [one.version for one in known]
    picked = [query.get(side, "") for side in ("a", "b")]
    if not all(name in names for name in picked):
        previous = served.previous if served else ""
        rest = [name for name in (previous, *names) if name in names and name != scorer.version]
        picked = [rest[0], scorer.version] if rest and scorer.version in names else []
    pair = [next(one for one in known if one.version == name) for name in picked]
    return shown(
        seen,
        "versions.html",
        versions=known,
        scores=_scores(known),
        served=served,
        kept=names,
        wanted=wanted,
        trial=_trial(wanted, served, found["acts"]),
        states={one["version"]: _state(one["version"], one["state"], wanted) for one in found["versions"]},
        shadowed=[one for one in found["shadowed"] if one.shadow == wanted.shadow],
        compared=pair,
        lines=_lines(pair),
        meeting=_meeting(ledger, scorer.brief.name, picked),
        history=list(reversed(found["history"])),
        acts=scorer.folder is not None and seen.caller.may("operate"),
        approves=scorer.folder is not None and told.brief.authority.four_eyes and seen.caller.may("approve"),
        signs=SIGNS,
    )


def _trial(wanted: Rollout, served: Served | None, acts: Sequence[Act]) -> str:
    """What is tried out beside the served version, since when and why; "" for nothing."""
    if not wanted.shares or served is None:
        return ""
    last = next((act for act in reversed(acts) if act.action == wanted.trial), None)
    parts = [f"{version} answers {percent(share)} of keys" for version, share in wanted.shares.items()]
    if served.version not in wanted.shares:
        parts.append(f"{served.version} answers {'none' if wanted.trial == 'A/B' else 'the others'}")
    who = f", by {last.who}" if last and last.who else ""
    because = f": {last.because.rstrip('.')}" if last and last.because else ""
    since = f" Since {last.at[:16].replace('T', ' ')} UTC{who}{because}." if last else ""
    return f"{wanted.told[0].upper()}{wanted.told[1:]}: {', '.join(parts)}.{since}"


def _state(version: str, state: str, wanted: Rollout) -> str:
    """What a version does by now, for a person: its state, and the share of keys that it answers."""
    says = {"previous": "served before", "candidate": "not served", "A/B": "A/B test"}.get(state, state)
    return f"{says}, {percent(wanted.shares[version])} of keys" if version in wanted.shares else says


def _versions(seen: Seen, packages: Path, served: Served | None, wanted: Rollout) -> list[Material]:
    """Versions of this model: what is served, its predecessor and those that are tried out first, then the newest."""
    scorer = seen.model.scorer
    folders = [packages / version for version in stored(packages, scorer.brief.name)]
    first = [*((served.version, served.previous) if served else ()), *wanted.versions]
    folders.sort(key=lambda path: (first.index(path.name) if path.name in first else len(first), -path.stat().st_mtime))
    found = []
    for path in folders[:MOST]:
        try:
            one = of_version(scorer, path, path.name)
        except RuntimeInputError:  # damaged or of a newer version: it cannot be served either
            continue
        found.append(one)
    return found


def _scores(known: list[Material]) -> dict[str, tuple[Estimate, Markup]]:
    """Each version's score on its own judged rows, drawn to one scale where the metric is one."""
    judged = [(one.version, one.verdict.metric, one.verdict.score) for one in known if one.verdict is not None]
    ends: dict[str, list[float]] = {}
    for _, metric, score in judged:
        ends.setdefault(metric, []).extend((score.low, score.high))
    return {
        version: (score, Markup(svg.interval(score.value, score.low, score.high, svg.domain(ends[metric]))))
        for version, metric, score in judged
    }


def _lines(pair: list[Material]) -> list[tuple[str, list[tuple[str, Estimate | None, str] | None]]]:
    """Requirements of two versions side by side: text, then outcome, estimate and unit of each."""
    found: dict[str, list[tuple[str, Estimate | None, str] | None]] = {}
    for place, one in enumerate(pair):
        for line in one.verdict.lines if one.verdict else ():
            sides = found.setdefault(line.requirement.text, [None, None])
            sides[place] = (line.outcome, line.estimate, line.requirement.unit)
    return list(found.items())


def _meeting(ledger: Ledger, name: str, picked: list[str]) -> Updated | None:
    """Where the two met on rows that neither had seen."""
    for look in reversed(ledger.looks(name)):
        met = decode(look.body.encode(), Looked).updated
        if met is not None and met.gain.value == met.gain.value and {met.champion, met.challenger} == set(picked):
            return met
    return None
