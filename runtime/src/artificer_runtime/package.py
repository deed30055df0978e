"""A package: a model as files that hold no pickle, written once and checked whenever they are read.

manifest.json, schema.json, recipe/recipe.json, recipe/<i>.npz, members/<i>.npz, and what the caller adds (card,
verdict, run.lock). A zip file is the same tree. The manifest holds each file's SHA-256, so that a cut or changed file is named.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import numpy as np

from artificer_runtime import members
from artificer_runtime.errors import PackageError
from artificer_runtime.members import Member
from artificer_runtime.outcome import Residuals, plain, residuals_of
from artificer_runtime.reading import MANIFEST, SEAL, arrays_of, files_of, listed, seal
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Kind, Schema
from artificer_runtime.signature import Key, check

FORMAT = "artificer-package"
# A package says the least version that predicts as it does: 1 knows nothing of temperature and multipliers, 2 nothing of
# mended columns, 3 nothing of the range that parts of moments keep to, nor of how numbers are written.
VERSION = 4
TASKS = ("binary", "multiclass", "regression")
MENDED = ("spellings", "gaps", "within")
# What a value of the wrong type or size raises where it is first used.
DAMAGE = (
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    OSError,
    EOFError,
    MemoryError,
    RecursionError,
    zipfile.BadZipFile,
)
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
    _write_manifest(folder, manifest)
    return model_hash


def hash_of(contents: Contents) -> str:
    """The model hash that `write` gives these contents."""
    return _hash(_model_files(contents))


def add_files(folder: Path, files: Mapping[str, bytes], facts: Mapping[str, Any] | None = None) -> None:
    """Add more files to a package, and to its manifest, and facts that this says; the model hash stays."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    _write_files(folder, files)
    manifest["files"] |= {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    _write_manifest(folder, {**(facts or {}), **manifest})


def zipped(folder: Path, path: Path) -> None:
    """Write a package's folder as one zip file, atomically and the same bytes each time."""
    staging = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        staging.write_bytes(zip_of(files_of(folder)))
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip of files, by name: the same bytes each time."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name])
    return target.getvalue()


def is_package(path: Path) -> bool:
    """Whether a path looks like a package: a folder or zip with a manifest, or a zip so damaged that none can be seen."""
    if path.is_dir():
        return (path / MANIFEST).exists()
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST in archive.namelist()
    except (zipfile.BadZipFile, RuntimeError, OSError, ValueError, struct.error):
        return True  # reading it says what is wrong


def read(path: str | Path, *, require_signed: Key | None = None) -> tuple[Contents, dict[str, Any], dict[str, bytes]]:
    """Read and check a package.

    Parameters
    ----------
    require_signed : path, or bytes, of a public key
        Refuse what this key did not sign; default: what the environment names, see `artificer_runtime.signature`.

    Returns
    -------
    Contents
    dict
        The manifest.
    dict of str to bytes
        All files that the manifest lists, by name.

    Raises
    ------
    PackageError
        When it is absent, no package, damaged, of a newer version, or not signed as required.
    """
    path = Path(path)
    held = files_of(path)
    check(path, held, require_signed)
    manifest, files = listed(path, held, VERSION)
    _hold_version(path, manifest)
    try:
        contents = _contents(manifest, files)
        _try(contents)
    except DAMAGE as error:
        raise PackageError(
            f"the package '{path}' is damaged ({type(error).__name__}: {error}); make or copy it again"
        ) from error
    return contents, manifest, files


def _hold_version(path: Path, manifest: Mapping[str, Any]) -> None:
    form, version = manifest.get("format"), manifest.get("version")
    if form != FORMAT:
        raise PackageError(f"'{path}' is a '{form}', not an {FORMAT}")
    if not isinstance(version, int) or isinstance(version, bool):
        raise PackageError(f"the package '{path}' has a damaged {MANIFEST}; make or copy the package again")


def _contents(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Contents:
    written = json.loads(files["schema.json"])
    schema = Schema(tuple(map(_column, written["columns"])), tuple(written["missing"]))
    recipe = json.loads(files["recipe/recipe.json"])
    blocks = tuple(Block(**{**block, "columns": tuple(block["columns"])}) for block in recipe["blocks"])
    states = {
        block.name: {**recipe["states"][place], **arrays_of(files[f"recipe/{place}.npz"])}
        for place, block in enumerate(blocks)
    }
    model = json.loads(files["members/members.json"])
    weighted = tuple(
        Weighted(
            members.load(one["form"], arrays_of(files[f"members/{place}.npz"]), one["meta"]),
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


def _try(contents: Contents) -> None:
    """Predict a row of gaps and one of ordinary values, so that parts that do not fit are found when they are read.

    Raises
    ------
    Exception
        One of `DAMAGE`, when something is of the wrong type or size.
    """
    schema, needed = contents.recipe.schema, {block for one in contents.members for block in one.blocks}
    n_out = len(contents.classes) or 1
    if contents.task not in TASKS or (contents.task == "regression") != (not contents.classes):
        raise ValueError(f"a task '{contents.task}' of {len(contents.classes)} classes")
    if not contents.members or not all(isinstance(one, str) for one in (contents.target, *contents.classes)):
        raise ValueError("no members, or a name that is no text")
    for row in ({one.name: None for one in schema.columns}, {one.name: _ordinary(one) for one in schema.columns}):
        with np.errstate(all="ignore"):
            blocks = contents.recipe.apply(schema.encode(row), needed)
            for one in contents.members:
                X = np.concatenate([blocks[name] for name in one.blocks], axis=1)
                found = one.member.predict(X)
                if found.shape != (1, n_out) or found.dtype.kind != "f" or not math.isfinite(one.weight):
                    raise ValueError(f"a member of form '{one.member.form}' gives {found.shape}, and {n_out} is needed")


def _ordinary(column: Column) -> Any:
    if column.kind in ("number", "time"):
        low = column.low or 0.0
        return low if column.kind == "number" else np.datetime64(int(np.clip(low, -6e10, 2.5e11)), "s")
    return column.levels[0] if column.levels else "a"


def _least_version(contents: Contents) -> int:
    columns = contents.recipe.schema.columns
    if any("low" in state for state in contents.recipe.states.values()):
        return 4
    if any(column.stray or column.zone or (column.kind == "number" and column.form) for column in columns):
        return 4
    if any(column.is_mended for column in columns):
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
    """A column without what is mended, stray or zoned, where nothing is, so that such a model's hash stays."""
    return {name: value for name, value in asdict(column).items() if name not in (*MENDED, "stray", "zone") or value}


def _column(written: Mapping[str, Any]) -> Column:
    lists = {name: tuple(written[name]) for name in ("levels", *MENDED) if name in written}
    if "spellings" in lists:
        lists["spellings"] = tuple(map(tuple, lists["spellings"]))
    column = Column(**{**written, **lists})
    texts = (
        column.name,
        column.dtype,
        column.form,
        column.zone,
        *column.levels,
        *chain.from_iterable(column.spellings),
    )
    numbers = (*column.gaps, *(column.within or ()), *(end for end in (column.low, column.high) if end is not None))
    if (
        column.kind not in get_args(Kind)
        or type(column.stray) is not bool
        or not all(isinstance(one, str) for one in texts)
    ):
        raise TypeError("a column whose kind or texts are none")
    if not all(isinstance(one, int | float) for one in numbers):
        raise TypeError("a column whose range is no number")
    return column


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


def _hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 over schema, recipe and members in order of name; nothing else is in them."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}:{len(files[name])}:".encode())
        total.update(files[name])
    return total.hexdigest()


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / MANIFEST).write_bytes(_json({**manifest, SEAL: seal(manifest)}))


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
