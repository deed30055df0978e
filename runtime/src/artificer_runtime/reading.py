"""The files of a package, from a folder or a zip, read once into memory and checked before anything is made of them.

Whoever writes a package may mean harm: names that lead elsewhere, links, one name twice, a zip that grows without end, an
array whose header promises more than there is. All of it is a `PackageError`; nothing is unpickled and nothing extracted.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from artificer_runtime.errors import PackageError, closest

MANIFEST, SIGNATURE = "manifest.json", "signature.json"
# Far more than any package holds (the largest of bench are some 30 MB in 40 files), and what a small machine can bear.
MOST_FILES, MOST_BYTES = 10_000, 2 << 30
# A zip may grow to so many times its size, or to so many bytes: ours grow 3 to 20 times.
MOST_GROWTH, SMALL = 200, 64 << 20
_PLAIN = "biufSU"  # kinds of arrays that hold no objects, no records and no moments


def files_of(path: Path) -> dict[str, bytes]:
    """All files of a folder or zip by name, with "/" between the parts of a name.

    Raises
    ------
    PackageError
        When it is absent, cannot be read, or holds what no package does.
    """
    if not path.exists():
        near = closest(path.name, (other.name for other in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise PackageError(f"there is no package '{path}'{near}")
    try:
        return dict(_of_folder(path) if path.is_dir() else _of_zip(path))
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        zlib.error,
        RuntimeError,
        struct.error,
        UnicodeError,
        OverflowError,
        ValueError,
    ) as error:
        raise PackageError(f"'{path}' is no package, or a damaged one ({error}); make or copy it again") from error


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    n_files = n_bytes = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise ValueError(f"'{name}' is a link, and a package's files are its own")
        if path.is_file():
            n_files, n_bytes = n_files + 1, n_bytes + path.stat().st_size
            _hold_limits(n_files, n_bytes)
            yield name, path.read_bytes()


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        _hold_limits(len(entries), sum(one.file_size for one in entries))
        grown = sum(one.file_size for one in entries)
        if grown > max(MOST_GROWTH * path.stat().st_size, SMALL):
            raise ValueError(f"it would grow from {path.stat().st_size:,} to {grown:,} bytes, more than a package does")
        met: set[str] = set()
        for one in entries:
            if one.filename in met:
                raise ValueError(f"it holds {one.filename!r} twice")
            met.add(one.filename)
            _hold_name(one)
            if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{one.filename!r} is packed in another way than stored or deflated")
            if not one.is_dir():
                yield one.filename, archive.read(one)


def _hold_limits(n_files: int, n_bytes: int) -> None:
    if n_files > MOST_FILES or n_bytes > MOST_BYTES:
        raise ValueError(f"it holds more than {MOST_FILES:,} files or {MOST_BYTES >> 20:,} MB")


def _hold_name(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = name.removesuffix("/").split("/")
    if "\\" in name or ":" in name or not {"", ".", ".."}.isdisjoint(parts) or not name.isprintable():
        raise ValueError(f"the name {name!r} leads out of it")
    if entry.external_attr >> 16 & 0o170000 not in (0, 0o100000, 0o040000):
        raise ValueError(f"{name!r} is a link or a device, and a package's files are its own")


def listed(path: Path, files: Mapping[str, bytes], newest: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest, and the files that it lists, as they were hashed; what it does not list is left out.

    Parameters
    ----------
    newest : int
        The latest version of packages that can be read: of later ones nothing else is looked at.

    Raises
    ------
    PackageError
        When the manifest is absent, damaged or of a later version, or a file is absent, cut or changed.
    """
    if MANIFEST not in files:
        raise PackageError(
            f"'{path}' is no package: it holds no {MANIFEST}; name the folder that `artificer run` printed"
        )
    damaged = f"the package '{path}' has a damaged {MANIFEST}; make or copy the package again"
    try:
        manifest: dict[str, Any] = json.loads(files[MANIFEST])
        version = manifest.get("version")
        if isinstance(version, int) and version > newest:
            raise PackageError(
                f"the package '{path}' is of version {version}, this artificer-runtime reads up to {newest}; upgrade "
                "artificer-runtime"
            )
        hashes = dict(manifest["files"])
        whole = SEAL not in manifest or seal(manifest) == manifest[SEAL]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackageError(damaged) from error
    if not whole or not all(isinstance(one, str) for one in hashes.values()):
        raise PackageError(damaged)
    for name, digest in hashes.items():
        if name not in files:
            raise PackageError(f"the package '{path}' lacks '{name}'; make or copy it again")
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise PackageError(f"in the package '{path}' the file '{name}' is cut or changed; make or copy it again")
    return manifest, {name: files[name] for name in hashes}


SEAL = "seal"


def seal(manifest: Mapping[str, Any]) -> str:
    """SHA-256 over all else that a manifest says, so that a changed byte of it is seen too."""
    rest = {name: value for name, value in manifest.items() if name != SEAL}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def arrays_of(data: bytes) -> dict[str, np.ndarray]:
    """Arrays of an npz as `artificer_runtime.package.npz` writes it: stored, of plain numbers or texts.

    Raises
    ------
    ValueError
        When it is anything else; nothing larger than `data` is ever made of it.
    """
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_FILES or sum(one.file_size for one in entries) > len(data):
            raise ValueError("arrays that are compressed, or too many")
        for one in entries:
            name = one.filename.removesuffix(".npy")
            if one.compress_type != zipfile.ZIP_STORED or name in arrays:
                raise ValueError("arrays that are compressed, or one of them twice")
            arrays[name] = _array(archive.read(one))
    return arrays


def _array(data: bytes) -> np.ndarray:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array of format {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(file)
    if dtype.kind not in _PLAIN or dtype.hasobject:
        raise ValueError(f"an array of {dtype}")
    if (
        any(not isinstance(n, int) or n < 0 for n in shape)
        or math.prod(shape) * dtype.itemsize != len(data) - file.tell()
    ):
        raise ValueError("an array of another size than its header says")
    flat = np.frombuffer(data, dtype, math.prod(shape), file.tell()) if math.prod(shape) else np.empty(0, dtype)
    return flat.reshape(shape, order="F" if by_columns else "C").copy()
