"""A package: a model as files that hold no pickle, written once and checked whenever they are read.

manifest.json, schema.json, recipe/recipe.json, recipe/<i>.npz, members/<i>.npz, and what the caller adds (card,
verdict, run.lock). A zip file is the same tree. The manifest holds each file's SHA-256, so that a cut or changed file is named.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artificer_runtime import members
from artificer_runtime.errors import PackageError, closest
from artificer_runtime.members import Member
from artificer_runtime.outcome import Residuals, plain, residuals_of
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema

FORMAT = "artificer-package"
# A package says the least version that predicts as it does: 1 knows nothing of temperature and multipliers, 2 nothing of
# mended columns.
VERSION = 3
MENDED = ("spellings", "gaps", "within")
MANIFEST = "manifest.json"
_STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Weighted:
    """One member of a blend: its weight and the blocks that it reads, side by side."""

    member: Member
    weight: float
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a package says about a model.

    Attributes
    ----------
    task : str
        "binary", "multiclass" or "regression".
    classes : tuple of str
        In the order of the members' columns; empty in regression.
    class_kind : str
        Type in which labels are given back: "string", "integer", "number" or "boolean".
    transform : str
        "log1p" when members predict the target's logarithm, else "".
    temperature : float
        What the blend of class probabilities is tempered by; 1 leaves it as it is.
    multipliers : tuple of float
        Of each class's probability before the largest gives the label; empty when the label is the likeliest class.
    residuals : Residuals or None
        What intervals of numbers are made of, on the scale of the members; None where there are none.
    """

    task: str
    target: str
    classes: tuple[str, ...]
    class_kind: str
    recipe: FittedRecipe
    members: tuple[Weighted, ...]
    transform: str = ""
    temperature: float = 1.0
    multipliers: tuple[float, ...] = ()
    residuals: Residuals | None = None


def write(folder: Path, contents: Contents) -> str:
    """Write a package's folder, which must not exist, and give the model hash."""
    files = _model_files(contents)
    model_hash = _hash(files)
    folder.mkdir(parents=True)
    _write_files(folder, files)
    manifest = {
        "format": FORMAT,
        "version": _least_version(contents),
        "task": contents.task,
        "target": contents.target,
        "model_hash": model_hash,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    (folder / MANIFEST).write_bytes(_json(manifest))
    return model_hash


def add_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Add more files to a package, and to its manifest; the model hash stays."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    _write_files(folder, files)
    manifest["files"] |= {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    (folder / MANIFEST).write_bytes(_json(manifest))


def zipped(folder: Path, path: Path) -> None:
    """Write a package's folder as one zip file, atomically and the same bytes each time."""
    staging = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(staging, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(file for file in folder.rglob("*") if file.is_file()):
                info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _STAMP)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, file.read_bytes())
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


def is_package(path: Path) -> bool:
    """Whether a path looks like a package: a folder or zip with a manifest."""
    if path.is_dir():
        return (path / MANIFEST).exists()
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return MANIFEST in archive.namelist()


def read(path: str | Path) -> tuple[Contents, dict[str, Any], dict[str, bytes]]:
    """Read and check a package.

    Returns
    -------
    Contents
    dict
        The manifest.
    dict of str to bytes
        All files, by name.

    Raises
    ------
    PackageError
        When it is absent, no package, damaged, or of a newer version.
    """
    path = Path(path)
    files = _files(path)
    manifest = _checked(path, files)
    try:
        contents = _contents(manifest, files)
    except (
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        OSError,
        EOFError,
        zipfile.BadZipFile,
    ) as error:
        raise PackageError(
            f"the package '{path}' is damaged ({type(error).__name__}: {error}); make or copy it again"
        ) from error
    return contents, manifest, files


def _files(path: Path) -> dict[str, bytes]:
    if not path.exists():
        near = closest(path.name, (other.name for other in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise PackageError(f"there is no package '{path}'{near}")
    try:
        if path.is_dir():
            return {
                file.relative_to(path).as_posix(): file.read_bytes()
                for file in sorted(path.rglob("*"))
                if file.is_file()
            }
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, struct.error) as error:
        raise PackageError(f"'{path}' is no package, or a damaged one ({error}); make or copy it again") from error


def _checked(path: Path, files: Mapping[str, bytes]) -> dict[str, Any]:
    if MANIFEST not in files:
        raise PackageError(
            f"'{path}' is no package: it holds no {MANIFEST}; name the folder that `artificer run` printed"
        )
    try:
        manifest: dict[str, Any] = json.loads(files[MANIFEST])
        form, version, listed = manifest["format"], int(manifest["version"]), dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(f"the package '{path}' has a damaged {MANIFEST}; make or copy the package again") from error
    if form != FORMAT:
        raise PackageError(f"'{path}' is a '{form}', not an {FORMAT}")
    if version > VERSION:
        raise PackageError(
            f"the package '{path}' is of version {version}, this artificer-runtime reads up to {VERSION}; upgrade "
            "artificer-runtime"
        )
    for name, digest in listed.items():
        if name not in files:
            raise PackageError(f"the package '{path}' lacks '{name}'; make or copy it again")
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise PackageError(f"in the package '{path}' the file '{name}' is cut or changed; make or copy it again")
    return manifest


def _contents(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Contents:
    written = json.loads(files["schema.json"])
    schema = Schema(tuple(map(_column, written["columns"])), tuple(written["missing"]))
    recipe = json.loads(files["recipe/recipe.json"])
    blocks = tuple(Block(**{**block, "columns": tuple(block["columns"])}) for block in recipe["blocks"])
    states = {
        block.name: {**recipe["states"][place], **_arrays(files[f"recipe/{place}.npz"])}
        for place, block in enumerate(blocks)
    }
    model = json.loads(files["members/members.json"])
    weighted = tuple(
        Weighted(
            members.load(one["form"], _arrays(files[f"members/{place}.npz"]), one["meta"]),
            float(one["weight"]),
            tuple(one["blocks"]),
        )
        for place, one in enumerate(model["members"])
    )
    return Contents(
        task=manifest["task"],
        target=manifest["target"],
        classes=tuple(model["classes"]),
        class_kind=model["class_kind"],
        recipe=FittedRecipe(Recipe(blocks), schema, states),
        members=weighted,
        transform=model["transform"],
        temperature=float(model.get("temperature", 1.0)),
        multipliers=tuple(map(float, model.get("multipliers", ()))),
        residuals=residuals_of(model.get("residuals")),
    )


def _least_version(contents: Contents) -> int:
    if any(column.is_mended for column in contents.recipe.schema.columns):
        return 3
    return 2 if contents.temperature != 1.0 or contents.multipliers else 1


def _model_files(contents: Contents) -> dict[str, bytes]:
    schema = contents.recipe.schema
    blocks = contents.recipe.recipe.blocks
    plain, files = [], {}
    for place, block in enumerate(blocks):
        values, arrays = _split(contents.recipe.states[block.name])
        plain.append(values)
        files[f"recipe/{place}.npz"] = npz(arrays)
    files["schema.json"] = _json({"columns": [_plain_column(one) for one in schema.columns], "missing": schema.missing})
    files["recipe/recipe.json"] = _json({"blocks": [asdict(block) for block in blocks], "states": plain})
    listed = []
    for place, one in enumerate(contents.members):
        files[f"members/{place}.npz"] = npz(one.member.arrays())
        listed.append(
            {"form": one.member.form, "weight": one.weight, "blocks": one.blocks, "meta": dict(one.member.meta())}
        )
    files["members/members.json"] = _json(
        {
            "classes": contents.classes,
            "class_kind": contents.class_kind,
            "transform": contents.transform,
            "members": listed,
            **_outcome(contents),
        }
    )
    return files


def _plain_column(column: Column) -> dict[str, Any]:
    """A column without what is mended where nothing is, so that such a model's hash stays."""
    return {name: value for name, value in asdict(column).items() if name not in MENDED or value}


def _column(written: Mapping[str, Any]) -> Column:
    lists = {name: tuple(written[name]) for name in ("levels", *MENDED) if name in written}
    if "spellings" in lists:
        lists["spellings"] = tuple(map(tuple, lists["spellings"]))
    return Column(**{**written, **lists})


def _outcome(contents: Contents) -> dict[str, Any]:
    """What is done to the blend; nothing where it is handed out as it is, so that such a model's hash stays."""
    written = {
        "temperature": contents.temperature if contents.temperature != 1.0 else None,
        "multipliers": contents.multipliers or None,
        "residuals": plain(contents.residuals),
    }
    return {name: value for name, value in written.items() if value is not None}


def _split(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    return {name: value for name, value in state.items() if name not in arrays}, arrays


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as an npz whose bytes hang on the arrays alone: sorted, not compressed, of a fixed date."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            one = io.BytesIO()
            np.lib.format.write_array(one, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _STAMP), one.getvalue())
    return target.getvalue()


def _arrays(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)


def _hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 over schema, recipe and members in order of name; nothing else is in them."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}:{len(files[name])}:".encode())
        total.update(files[name])
    return total.hexdigest()


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
