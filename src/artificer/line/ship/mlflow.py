"""A package as an MLflow model: a folder that names `artificer_runtime.pyfunc` as its loader, written without MLflow.

The form is MLflow's own, "MLmodel" with the flavour python_function and a loader module (its documentation, "Models"). The
package lies in it as it is; nothing is pickled.
"""

from __future__ import annotations

import json
import shutil
import sys
import uuid
from pathlib import Path
from typing import Any

import artificer_runtime
from artificer.core.errors import ArtificerError
from artificer.core.store import told
from artificer_runtime.package import read
from artificer_runtime.schema import GROUPS

__all__ = ["mlflow_model"]

PACKAGE = "package"
TYPES = {"number": "double", "time": "string", "category": "string", "boolean": "string", "text": "string"}
OUTPUTS = {"string": "string", "integer": "long", "boolean": "boolean"}


def mlflow_model(package: Path, out: Path) -> Path:
    """Write an MLflow model.

    Parameters
    ----------
    package : Path
        A folder or zip.
    out : Path
        A folder that is not there yet.

    Returns
    -------
    Path
        `out`, which ``mlflow.pyfunc.load_model`` reads.

    Raises
    ------
    ArtificerError, PackageError
        When `out` is there, or the package cannot be read.
    """
    contents, manifest, _ = read(package)
    if out.exists():
        raise ArtificerError(f"'{out}' is there already; name another folder, or remove it")
    columns = [one for one in contents.recipe.schema.columns if one.kind in GROUPS]
    inputs = [{"type": TYPES[one.kind], "name": one.name, "required": True} for one in columns]
    outputs = [
        {"type": OUTPUTS.get(contents.class_kind, "double") if contents.classes else "double", "name": contents.target}
    ]
    staging = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
    try:
        with told(out):
            staging.mkdir(parents=True)
            held = staging / (PACKAGE if package.is_dir() else f"{PACKAGE}.zip")
            shutil.copytree(package, held) if package.is_dir() else shutil.copyfile(package, held)
            model = _model(held.name, str(manifest["model_hash"]), inputs, outputs)
            # JSON is YAML too, and needs no library to write.
            (staging / "MLmodel").write_text(json.dumps(model, indent=1, ensure_ascii=False), encoding="utf-8")
            needed = f"artificer-runtime=={artificer_runtime.__version__}\nnumpy\npandas\n"
            (staging / "requirements.txt").write_text(needed, encoding="utf-8")
            staging.rename(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return out


def _model(data: str, model_hash: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> dict[str, Any]:
    python = ".".join(map(str, sys.version_info[:3]))
    params = [{"name": "probabilities", "type": "boolean", "default": False, "shape": None}]
    return {
        "flavors": {
            "python_function": {
                "loader_module": "artificer_runtime.pyfunc",
                "data": data,
                "python_version": python,
                "env": {"virtualenv": "requirements.txt"},
            }
        },
        "model_uuid": model_hash[:32],
        "signature": {
            "inputs": json.dumps(inputs, ensure_ascii=False),
            "outputs": json.dumps(outputs, ensure_ascii=False),
            "params": json.dumps(params),
        },
    }
