"""ship: the judged model → a package that numpy alone can use, certified against the libraries that trained it.

The story: judge the model on the sealed rows, see that the portable form predicts what the training library predicts
and that what is read back from disk predicts the same, then write model, verdict, contract, card and run.lock.
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import artificer_runtime
from artificer.core.errors import FaultError
from artificer.core.records import Decision, Fact
from artificer.core.stages import Asked, Model, Shipped, Verdict
from artificer.core.store import digest, encode, flush, named_bytes, public_json, save, told
from artificer_runtime.package import add_files

# The server is part of this stage and starts within a second: the stages before are imported by what asks them.
if TYPE_CHECKING:
    from artificer.core.run import Run
    from artificer.line.ask import Subject

__all__ = ["ship"]

# Relative difference that single precision and another order of adding up explain.
PARITY = 1e-5


def ship(subject: Subject, **options: Any) -> Shipped:
    """Certify and pack the model.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.

    Raises
    ------
    FaultError
        When the portable form predicts anything but what the training library predicts.
    """
    from artificer.line.ask import ask, begin
    from artificer.line.judge import judge
    from artificer.line.refine import refine

    run = begin(subject, **options)
    if "ship" not in run.results:
        model = refine(run)
        verdict = judge(run, model)
        run.results["ship"] = _ship(run, ask(run), model, verdict)
    shipped: Shipped = run.results["ship"]
    return shipped


def _ship(run: Run, asked: Asked, model: Model, verdict: Verdict) -> Shipped:
    from artificer.line.audit import audit, contract_text
    from artificer.line.ship.card import card
    from artificer.line.ship.lock import run_lock
    from artificer.line.ship.reference import reference

    parity = certify(model)
    contract = audit(run).contract
    version = digest(model.model_hash, contract, run.brief)[:12]
    place = f"packages/{version}"
    lock = run_lock(run, model)
    save(run.path(f"runs/{run.id}/run.lock"), lock)
    extra = {
        "card.json": _json(card(run, asked, model, verdict)),
        "verdict.json": public_json(verdict),
        "contract.json": encode(contract),
        "contract.toml": contract_text(contract)[0].encode(),
        "reference.json": encode(reference(run, asked, model, verdict)),
        "run.lock": named_bytes(replace(lock, folder="")),
    }
    pack(run.path(model.folder), run.path(place), extra)
    size_mb = sum(path.stat().st_size for path in run.path(place).rglob("*") if path.is_file()) / 1e6
    return Shipped(place, version, model.model_hash, size_mb, parity, decisions=(_decision(asked, model),))


def certify(model: Model) -> tuple[Fact, ...]:
    """See that each member predicted what its training library did, on up to 2,000 training rows.

    Raises
    ------
    FaultError
        When one did not.
    """
    for part in model.parts:
        if not part.parity <= PARITY:
            raise FaultError(
                f"the portable form of {part.candidate} differs from its training library by {part.parity:.2g}; the model "
                "is not shipped. Please report this, with the versions that `artificer doctor` prints"
            )
    return tuple(Fact(part.candidate, part.parity, "largest relative difference") for part in model.parts)


def pack(model: Path, place: Path, extra: dict[str, bytes]) -> None:
    """Copy a model's folder to its place among the packages, with more files; what stands there already stays."""
    if place.exists():
        artificer_runtime.load(place)  # whole and readable, or an error that says what is wrong
        return
    staging = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}")
    try:
        with told(place):
            place.parent.mkdir(exist_ok=True)
            shutil.copytree(model, staging)
            add_files(staging, extra)
            flush(staging)
            if not place.exists():  # another run may have been quicker: then its package, which is the same, stays
                staging.rename(place)
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
