"""What has been kept long enough, as the brief's `[legal]` keep says: predictions, what rows held, packages."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from artificer.core.answers import Expired
from artificer.core.brief import Brief
from artificer.core.ledger import Ledger
from artificer.core.records import Decision
from artificer.line.ask.durations import seconds
from artificer.line.ship.stored import PACKAGES, belongs


@dataclass(frozen=True, slots=True)
class Due:
    """What is too old.

    Attributes
    ----------
    packages : tuple of (Path, Decision)
        Packages that are to go, each with the reason.
    """

    ledger: Expired
    packages: tuple[tuple[Path, Decision], ...]

    def __bool__(self) -> bool:
        return self.ledger != Expired() or bool(self.packages)


def due(ledger: Ledger, brief: Brief, root: Path, now: float | None = None) -> Due:
    """Find what is too old; nothing is changed.

    Parameters
    ----------
    now : float, optional
        In seconds since 1970.
    """
    moment = time.time() if now is None else now
    return Due(ledger.answers.due(brief.name, **_limits(brief, moment)), tuple(_old(ledger, brief, root, moment)))


def expire(ledger: Ledger, brief: Brief, now: float | None = None) -> Expired:
    """Remove predictions, rows and labels that are too old from the ledger; looks at new rows stay, which name no one."""
    return ledger.answers.expire(brief.name, **_limits(brief, time.time() if now is None else now))


def retire(ledger: Ledger, brief: Brief, root: Path, now: float | None = None) -> Due:
    """Remove all that is too old, packages too, each with a Decision that the ledger keeps."""
    moment = time.time() if now is None else now
    packages = tuple(_old(ledger, brief, root, moment))
    for path, decision in packages:
        ledger.tell(ledger.maker(path.name) or path.name, "retention", [decision], [])
        shutil.rmtree(path)
    return Due(expire(ledger, brief, moment), packages)


def _limits(brief: Brief, now: float) -> dict[str, float | None]:
    keep = brief.legal.keep
    return {
        "predictions": now - seconds(keep.predictions, "legal.keep.predictions") if keep.predictions else None,
        "rows": now - seconds(keep.rows, "legal.keep.rows") if keep.rows else None,
    }


def _old(ledger: Ledger, brief: Brief, root: Path, now: float) -> Iterator[tuple[Path, Decision]]:
    """Packages of the model that are too old, and neither served nor tried out."""
    written = brief.legal.keep.models
    if not written:
        return
    before = now - seconds(written, "legal.keep.models")
    names = {brief.name, *ledger.names()}
    served = {one.version for one in map(ledger.served, names) if one is not None}
    served |= {version for name in names for version in ledger.rollouts.wanted(name).versions}
    for path in sorted((root / PACKAGES).glob("*")):
        if path.name.startswith(".") or path.name in served or not (path / "manifest.json").is_file():
            continue
        if not belongs(path, brief.name):
            continue
        made = _made(path, ledger.maker(path.name))
        if made < before:
            day = f"{datetime.fromtimestamp(made, UTC):%Y-%m-%d}"
            because = f'it was made on {day}, [legal] keep models is "{written}", and it is not served'
            yield path, Decision("ship", f"Is the package {path.name} kept?", "no", because, ("yes",))


def _made(package: Path, run_id: str) -> float:
    """When a package was made, in seconds since 1970: its run's beginning, or else when its manifest was written."""
    try:
        return datetime.strptime(run_id.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return (package / "manifest.json").stat().st_mtime
