"""Packing: all that goes into a package's folder, certified before the package gets its place."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import artificer_runtime
from artificer.core.records import Decision, Fact
from artificer.core.run import Run
from artificer.core.stages import Asked, Model, Shipped, Verdict, Way
from artificer.core.store import decode, digest, encode, flush, named_bytes, public_json, save, told
from artificer.data.edges import edge_rows
from artificer.line.audit import audit, contract_text
from artificer.line.ship.bill import BILL, bill_of_materials
from artificer.line.ship.card import card
from artificer.line.ship.certificate import certify
from artificer.line.ship.discreet import hold_discreet
from artificer.line.ship.lock import run_lock
from artificer.line.ship.reference import reference
from artificer_runtime.package import add_files, read
from artificer_runtime.verification import NAME as VERIFICATION
from artificer_runtime.verification import written

PARITY = "parity.json"


def packed(run: Run, asked: Asked, model: Model, verdict: Verdict) -> Shipped:
    """Give a judged model its package, and say where it stands.

    Raises
    ------
    FaultError
        As for `ship`.
    """
    contract = audit(run).contract
    judged_on = asked.sealed.rows.fingerprint if asked.sealed else ""  # the same model may be judged on other rows
    version = digest(model.model_hash, contract, run.brief, judged_on)[:12]
    place = f"packages/{version}"
    lock = run_lock(run, model)
    save(run.path(f"runs/{run.id}/run.lock"), lock)
    predictor = artificer_runtime.load(run.path(model.folder))
    extra = {
        "card.json": _json(card(run, asked, model, verdict)),
        "verdict.json": public_json(verdict),
        "contract.json": encode(contract),
        "contract.toml": contract_text(contract)[0].encode(),
        "reference.json": encode(reference(run, asked, model, verdict)),
        "brief.json": public_json(run.brief),
        "run.lock": named_bytes(replace(lock, folder="")),
        BILL: bill_of_materials(run.brief.name, model),
        VERIFICATION: written(predictor, edge_rows(predictor.schema)),
    }
    facts = {"name": run.brief.name, "package": version, "data": asked.fingerprint, "holds": HOLDS}

    def checked(staging: Path) -> dict[str, bytes]:
        hold_discreet(run, asked, staging)
        return {PARITY: encode(certify(run, asked, model, staging))}

    pack(run.path(model.folder), run.path(place), extra, facts, checked)
    size_mb = sum(path.stat().st_size for path in run.path(place).rglob("*") if path.is_file()) / 1e6
    parity = tuple(Fact(part.candidate, part.parity, "largest relative difference") for part in model.parts)
    ways = ways_of(run.path(place))
    return Shipped(place, version, model.model_hash, size_mb, parity, ways, decisions=(_decision(asked, model),))


# Where a reader of the manifest finds what; docs/package.md says what may hold what.
HOLDS = {
    "schema": "schema.json",
    "brief": "brief.json",
    "verdict": "verdict.json",
    "card": "card.json",
    "contract": "contract.json",
    "reference": "reference.json",
    "lock": "run.lock",
    "parity": PARITY,
    "verification": VERIFICATION,
    "bill of materials": BILL,
}


def ways_of(package: Path) -> tuple[Way, ...]:
    """What a package's certificate says; empty for one of before there were any."""
    files = read(package)[2]
    return decode(files[PARITY], tuple[Way, ...]) if PARITY in files else ()


def pack(
    model: Path,
    place: Path,
    extra: Mapping[str, bytes],
    facts: Mapping[str, Any],
    checked: Callable[[Path], Mapping[str, bytes]],
) -> None:
    """Copy a model's folder to its place among the packages, with more files; what stands there already stays.

    Parameters
    ----------
    facts : dict
        More that the manifest says.
    checked : callable (folder) → files
        Looks at the whole package before it gets its place, and gives files that say what it saw.
    """
    if place.exists():
        artificer_runtime.load(place)  # whole and readable, or an error that says what is wrong
        return
    staging = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}")
    try:
        with told(place):
            place.parent.mkdir(exist_ok=True)
            shutil.copytree(model, staging)
            add_files(staging, extra, facts)
            add_files(staging, checked(staging))
            flush(staging)
            try:
                staging.rename(place)
            except OSError:
                if not place.exists():  # else another run was quicker: its package, which is the same, stays
                    raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    artificer_runtime.load(place)


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()


def _decision(asked: Asked, model: Model) -> Decision:
    parts = ", ".join(f"{name} × {weight:.2f}" for name, weight in model.weights.items())
    rows = f"{asked.train.n_rows:,} training rows"
    because = "what was judged is what ships: it is not fitted again on the sealed rows" if asked.sealed else rows
    return Decision(
        "ship", "What is shipped?", parts, because, ("a model fitted on all rows, which nothing has tested",)
    )
