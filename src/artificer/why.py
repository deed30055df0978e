"""The account of one prediction: from a row's key back to the package, the run, the rows and the brief's line behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artificer.core.brief import Brief
from artificer.core.errors import DataError, closest
from artificer.core.figures import figure
from artificer.core.ledger import Ledger, Predicted, ledger_of
from artificer.core.stages import RunLock
from artificer.core.store import named

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
    """

    predicted: Predicted
    package: Path
    card: dict[str, Any]
    model_hash: str
    decided_by: str
    label: str | None
    served: str
    run: str


def accounts_of(key: str, root: Path) -> list[Account]:
    """The accounts of all predictions of one row, the newest first.

    Parameters
    ----------
    key : str
        As `artificer.data.keys.key_texts` writes it: the key's values with "|" between, or source:position.
    root : Path
        The workspace.

    Raises
    ------
    DataError
        When the ledger knows no prediction of it.
    """
    ledger = ledger_of(root)
    try:
        found = ledger.predictions_of(key)
        if not found:
            near = closest(key, ledger.some_keys(), "closest key there")
            raise DataError(
                f"no prediction of '{key}' stands in {ledger.shown}{near}; `artificer score` and a server enter them"
            )
        return [_account(one, ledger, root) for one in found]
    finally:
        ledger.close()


def account_told(account: Account) -> Iterator[str]:
    """The account in sentences."""
    one, card = account.predicted, account.card
    decided = f", so: {one.decision}" if one.decision else ""
    score = figure(one.score) if one.score is not None else "nothing"
    said = f"{one.said} ({score})" if one.said else score
    where = f"written to {one.source}" if one.source else f"answered by a server as {one.scoring}"
    yield f"{one.made[:16].replace('T', ' ')}  '{one.name}' said {said}{decided}; {where}"
    if one.flags:
        yield f"  odd about the row: {one.flags}"
    if account.decided_by:
        yield f"  the brief's line: {account.decided_by}"
    if not card:
        yield f"  the package {one.version} is not in {account.package.parent} any more"
    else:
        yield from _package_told(account)
    if account.label is not None:
        yield f"  what became of it: {account.label}"
    if account.served and account.served != one.version:
        yield f"  another version is served by now: {account.served}"


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
        decided_by=decided_by(brief) if brief is not None else "",
        label=ledger.label_of(one.name, one.key),
        served=served.version if served else "",
        run=ledger.maker(one.version),
    )


def _files(package: Path) -> tuple[dict[str, Any], str, Brief | None]:
    if not (package / "manifest.json").is_file():
        return {}, "", None
    card = json.loads((package / "card.json").read_bytes())
    model_hash = str(json.loads((package / "manifest.json").read_bytes())["model_hash"])
    return card, model_hash, named((package / "run.lock").read_bytes(), RunLock, f"{package}/run.lock").brief


def decided_by(brief: Brief) -> str:
    """The brief's line that turns a score into a decision, in words; "" when there is none."""
    decision = brief.decision
    if decision.capacity is not None:
        every = f" in every {decision.capacity.every}" if decision.capacity.every else ""
        return f"[decision.capacity] the {decision.capacity.top:,} rows with the highest score{every}"
    if decision.threshold is not None:
        return f"[decision] threshold: a score of {decision.threshold:g} or more"
    if decision.value is not None:
        value = decision.value
        return f"[decision.value] {value.acted} + score × {value.success} above 0 {value.currency}".rstrip()
    return ""
