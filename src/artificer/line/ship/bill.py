"""sbom.json: the parts that a package needs to run, and those that trained it, as CycloneDX 1.6 (ECMA-424).

It hangs on the model, the versions and the licences alone: no time, no path, no number drawn, so the same model gives the
same bytes.
"""

from __future__ import annotations

import json
import uuid
from importlib.metadata import PackageNotFoundError, metadata, version
from typing import Any

import artificer_runtime
from artificer.core.run import versions
from artificer.core.stages import Model

BILL = "sbom.json"
RUNTIME = ("artificer-runtime", "numpy")
_SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # that of URLs, RFC 9562


def bill_of_materials(name: str, model: Model) -> bytes:
    """Write the bill of a model's package."""
    runtime, numpy = ((one, _version(one)) for one in RUNTIME)
    trained = [one for one in sorted(versions().items()) if one[0] not in (*RUNTIME, "artificer")]
    root = f"model:{model.model_hash}"
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, model.model_hash)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "machine-learning-model",
                "bom-ref": root,
                "name": name,
                "version": model.model_hash[:12],
                "hashes": [{"alg": "SHA-256", "content": model.model_hash}],
            },
            "tools": {"components": [_component("artificer", _version("artificer"), "excluded")]},
        },
        "components": [
            *(_component(*one, "required") for one in (runtime, numpy)),
            *(_component(*one, "excluded") for one in trained),
        ],
        "dependencies": [
            {"ref": root, "dependsOn": [_url(*runtime), _url(*numpy)]},
            {"ref": _url(*runtime), "dependsOn": [_url(*numpy)]},
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True).encode()


def _component(name: str, number: str, scope: str) -> dict[str, Any]:
    """One library; "excluded" is what trained the model and is not needed to run it."""
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": _url(name, number),
        "name": name,
        "version": number,
        "purl": _url(name, number),
        "scope": scope,
    }
    licence = _licence(name)
    return found | ({"licenses": [licence]} if licence else {})


def _licence(name: str) -> dict[str, Any] | None:
    """What the installed library says of its licence: an SPDX expression where it gives one, else its own words."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return None
    expression, words = ((about.get_all(field) or [""])[0] for field in ("License-Expression", "License"))
    if expression:
        return {"expression": expression}
    classes = about.get_all("Classifier") or ()
    told = [one.rpartition(" :: ")[2] for one in classes if one.startswith("License :: ")]
    if not told and (not words or "\n" in words):
        return None
    return {"license": {"name": told[0] if told else words}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return artificer_runtime.__version__


def _url(name: str, number: str) -> str:
    """A package URL, which is also the component's reference."""
    return f"pkg:pypi/{name}@{number}"
