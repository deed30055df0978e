"""The account of one prediction: its reasons, where its decision turns, and the package, run, rows and line behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from artificer.core.brief import Brief, DecisionPart
from artificer.core.errors import ArtificerError, DataError, closest
from artificer.core.figures import figure, in_ends
from artificer.core.ledger import Ledger, ledger_of
from artificer.core.predictions import Predicted
from artificer.core.review_queue import Review
from artificer.core.stages import RunLock
from artificer.core.store import decode, named
from artificer.line.ask import read_brief
from artificer.turning import Turning, told, turning

PACKAGES = "packages"


@dataclass(frozen=True, slots=True)
class Account:
    """One prediction and what stands behind it.

    Attributes
    ----------
    card : dict
        The package's card; empty where the package is gone.
    decided_by : str
        The brief's line that made the decision, in words; "" where it decides nothing.
    label : str or None
        What became of the row; None when it is not known.
    served : str
        What is served now.
    run : str
        The run that made the package; "" when the ledger does not know it.
    reviews : tuple of Review
        What the review queue holds of the row.
    turning : Turning or None
        What would turn the decision; None where nobody looked: an older prediction, a package that is gone, or no brief.
    """

    predicted: Predicted
    package: Path
    card: dict[str, Any]
    model_hash: str
    decided_by: str
    label: str | None
    served: str
    run: str
    reviews: tuple[Review, ...] = ()
    turning: Turning | None = None


def accounts_of(key: str, root: Path, brief: Path | None = None, rows: str = "") -> list[Account]:
    """The accounts of all predictions of one row, the newest first.

    Parameters
    ----------
    key : str
        As `artificer.data.keys.key_texts` writes it: the key's values with "|" between, or source:position.
    root : Path
        The workspace.
    brief : Path, optional
        Default: the one beside the workspace that has the prediction's name, if there is one.
    rows : str
        Where the row stands, to find what would turn the newest decision; default: the brief's ``[track] new``.

    Raises
    ------
    DataError
        When the ledger knows no prediction of it, or the rows cannot be read.
    """
    ledger = ledger_of(root)
    try:
        found = ledger.predictions.of(key)
        if not found:
            near = closest(key, ledger.predictions.some_keys(), "closest key there")
            raise DataError(
                f"no prediction of '{key}' stands in {ledger.shown}{near}; `artificer score` and a server enter them"
            )
        accounts = [_account(one, ledger, root) for one in found]
        newest = accounts[0]
        brief = brief or _brief_of(newest.predicted.name, root)
        if brief is not None and newest.card:
            accounts[0] = replace(newest, turning=turning(newest.predicted, brief, rows, root))
        return accounts
    finally:
        ledger.close()


def account_told(account: Account) -> Iterator[str]:
    """The account in sentences."""
    one, card = account.predicted, account.card
    decided = f", so: {one.decision}" if one.decision else ""
    score = in_ends(one.score, one.low, one.high) if one.score is not None else "nothing"
    said = f"{one.said} ({score})" if one.said else score
    where = f"written to {one.source}" if one.source else f"answered by a server as {one.scoring}"
    yield f"{one.made[:16].replace('T', ' ')}  '{one.name}' said {said}{decided}; {where}"
    if one.flags:
        yield f"  odd about the row: {one.flags}"
    if account.decided_by:
        yield f"  the brief's line: {account.decided_by}"
    yield from _left_told(account)
    reasons = one.reasons or (account.turning.reasons if account.turning else "")
    if reasons:
        yield f"  what moved its score most: {reasons}"
    if one.turns is not None and one.score is not None:
        yield f"  {_distance(one.score, one.turns, 'capacity' in account.decided_by)}"
    if account.turning is not None:
        for line in told(account.turning):
            yield f"  {line}"
    if not card:
        yield f"  the package {one.version} is not in {account.package.parent} any more"
    else:
        yield from _package_told(account)
    if account.label is not None:
        yield f"  what became of it: {account.label}"
    if account.served and account.served != one.version:
        yield f"  another version is served by now: {account.served}"


def _left_told(account: Account) -> Iterator[str]:
    """What is said of rows that the score does not decide."""
    if account.predicted.decision == "control":
        yield "  it is in the control share: drawn by its key, whatever its score, so that the effect of acting can be measured"
    for review in account.reviews:
        of = f" of the period from {review.period}" if review.period else ""
        if review.state == "open":
            yield f"  its review{of} is open: {review.asked} decides, because of {review.because}"
        else:
            answer = f"{review.asked} decided {review.decided[:10]} to {review.state}"
            yield f"  its review{of}, because of {review.because}: {answer}"


def _distance(score: float, turns: float, listed: bool) -> str:
    where = "the last score on its list" if listed else "where its decision turns"
    if score == turns:
        return f"its score is {where}"
    return (
        f"its score lies {figure(abs(score - turns))} {'above' if score > turns else 'below'} {where}, {figure(turns)}"
    )


def _package_told(account: Account) -> Iterator[str]:
    card = account.card
    trained, tested, score = card["trained_on"], card["tested_on"], card["score"]
    members = ", ".join(f"{name} × {weight:.2f}" for name, weight in card["members"].items())
    made = f", made by run {account.run}" if account.run else ""
    yield f"  version {account.predicted.version}: {members}; model {account.model_hash[:12]}{made}"
    yield f"  trained on {trained['rows']:,} rows of the data {trained['fingerprint'][:12]}"
    interval = f"{figure(score['value'])} ({figure(score['low'])} to {figure(score['high'])})"
    yield f"  {score['metric']} {interval} on {tested['rows']:,} {tested['which']}"


def _account(one: Predicted, ledger: Ledger, root: Path) -> Account:
    package = root / PACKAGES / one.version
    card, model_hash, brief = _files(package)
    served = ledger.served(one.name)
    return Account(
        predicted=one,
        package=package,
        card=card,
        model_hash=model_hash,
        decided_by=_line(one, brief),
        label=ledger.labels.of(one.name, one.key),
        served=served.version if served else "",
        run=ledger.maker(one.version),
        reviews=tuple(ledger.reviews(one.name).reviews(key=one.key)),
    )


def _line(one: Predicted, trained_by: Brief | None) -> str:
    """The line that decided, as it stood when the row was scored; of older predictions, when the package was made."""
    if one.rule:
        return decided_by(decode(one.rule.encode(), DecisionPart))
    return decided_by(trained_by.decision) if trained_by is not None else ""


def _brief_of(name: str, root: Path) -> Path | None:
    for path in sorted(root.resolve().parent.glob("*.toml")):
        try:
            if read_brief(path).name == name:
                return path
        except ArtificerError:  # another file, or a brief that is being edited: the account goes on without
            continue
    return None


def _files(package: Path) -> tuple[dict[str, Any], str, Brief | None]:
    if not (package / "manifest.json").is_file():
        return {}, "", None
    card = json.loads((package / "card.json").read_bytes())
    model_hash = str(json.loads((package / "manifest.json").read_bytes())["model_hash"])
    return card, model_hash, named((package / "run.lock").read_bytes(), RunLock, f"{package}/run.lock").brief


def decided_by(decision: DecisionPart) -> str:
    """The brief's line that turns a score into a decision, in words; "" when there is none."""
    if decision.capacity is not None:
        every = f" in every {decision.capacity.every}" if decision.capacity.every else ""
        return f"[decision.capacity] the {decision.capacity.top:,} rows with the highest score{every}"
    if decision.threshold is not None:
        return f"[decision] threshold: a score of {decision.threshold:g} or more"
    if decision.value is not None:
        value = decision.value
        acted, success = (one if isinstance(one, str) else f"{one:g}" for one in (value.acted, value.success))
        return f"[decision.value] {acted} + score × {success} above 0 {value.currency}".rstrip()
    return ""
