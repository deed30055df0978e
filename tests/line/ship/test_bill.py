"""The bill of materials follows CycloneDX 1.6 and hangs on the model and the versions alone."""

from __future__ import annotations

import json
import re
import uuid
from importlib.metadata import version

from artificer.core.records import Estimate
from artificer.core.stages import Model
from artificer.line.ship.bill import bill_of_materials

MODEL = Model("folder", (), "", Estimate(0.7, 0.6, 0.8, "DeLong", 100), "ab" * 32, "")
# Of the schema bom-1.6: what an object may hold, and which words a field may be.
COMPONENT = {"type", "bom-ref", "name", "version", "purl", "scope", "hashes", "licenses"}
TYPES = {"library", "machine-learning-model"}
SCOPES = {"required", "optional", "excluded"}
TOP = {"$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies"}


def bill() -> dict:
    return json.loads(bill_of_materials("calls", MODEL))


def test_it_has_the_form_that_the_standard_demands() -> None:
    found = bill()
    assert set(found) == TOP
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
    assert found["$schema"] == "http://cyclonedx.org/schema/bom-1.6.schema.json"
    assert uuid.UUID(found["serialNumber"].removeprefix("urn:uuid:"))
    assert set(found["metadata"]) == {"component", "tools"}
    held = [found["metadata"]["component"], *found["metadata"]["tools"]["components"], *found["components"]]
    for one in held:
        assert set(one) <= COMPONENT
        assert one["type"] in TYPES
        assert one.get("scope", "required") in SCOPES
        assert one["name"]
        for digest in one.get("hashes", ()):
            assert digest["alg"] == "SHA-256"
            assert re.fullmatch("[a-fA-F0-9]{64}", digest["content"])
        for licence in one.get("licenses", ()):
            assert set(licence) in ({"expression"}, {"license"})
            assert set(licence.get("license", {"name": ""})) <= {"id", "name"}
    refs = [one["bom-ref"] for one in held]
    assert len(refs) == len(set(refs)), "references are unique"
    for one in found["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= set(refs)
        assert len(one["dependsOn"]) == len(set(one["dependsOn"]))


def test_what_is_needed_to_run_stands_apart_from_what_trained() -> None:
    components = {one["name"]: one for one in bill()["components"]}
    needed = {name for name, one in components.items() if one["scope"] == "required"}
    assert needed == {"artificer-runtime", "numpy"}
    assert {"lightgbm", "scikit-learn"} <= set(components)
    assert components["numpy"]["version"] == version("numpy")
    assert components["numpy"]["purl"] == f"pkg:pypi/numpy@{version('numpy')}"
    assert all(components[name]["licenses"] for name in ("numpy", "lightgbm", "scikit-learn"))


def test_the_same_model_gives_the_same_bytes_without_time_or_path() -> None:
    data = bill_of_materials("calls", MODEL)
    assert data == bill_of_materials("calls", MODEL)
    assert b"timestamp" not in data
    assert b"site-packages" not in data
    assert data != bill_of_materials("calls", Model("folder", (), "", MODEL.score, "cd" * 32, ""))
