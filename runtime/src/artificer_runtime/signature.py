"""Who made a package: an Ed25519 signature (RFC 8032) over the bytes of manifest.json, which holds the hash of each file.

signature.json holds the algorithm, the public key and the signature, in base64. It is asked for with `require_signed`, or by
ARTIFICER_REQUIRE_SIGNED in the environment, the path of a public key; then every package that this process reads must be
signed by that key, and hold no file that the manifest does not list. Checking needs the library `cryptography`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artificer_runtime.errors import PackageError
from artificer_runtime.reading import MANIFEST, SIGNATURE

REQUIRED = "ARTIFICER_REQUIRE_SIGNED"
ALGORITHM = "Ed25519"
RAW_BYTES = 32

Key = str | bytes | Path


def check(path: Path, files: Mapping[str, bytes], key: Key | None = None) -> None:
    """Refuse a package that is not as the required key signed it; nothing where none is required.

    Parameters
    ----------
    files : dict of str to bytes
        All that the package holds, listed in its manifest or not.
    key : path, or bytes, of a public key
        PEM, or the 32 bytes themselves; default: what the environment names; no bytes, whatever that is: none.

    Raises
    ------
    PackageError
        When it is not signed, or not by this key, or holds other files; when the key cannot be read.
    """
    key = key if key is not None else os.environ.get(REQUIRED, b"")
    if not key:
        return
    public = public_key(key)
    if SIGNATURE not in files:
        raise PackageError(
            f"the package '{path}' is not signed, and a signature is required; sign it, or take one that is"
        )
    if not _verified(public, files):
        raise PackageError(
            f"the package '{path}' is not as the required key signed it: it was changed, or another key signed it; get it "
            "again from who signed it"
        )
    hashes = json.loads(files[MANIFEST]).get("files", {})
    if unlisted := sorted(set(files) - set(hashes) - {MANIFEST, SIGNATURE}):
        raise PackageError(
            f"the package '{path}' holds '{unlisted[0]}', which its signature does not cover; remove it, or get the package "
            "again from who signed it"
        )


def public_key(key: Key) -> Any:
    """Read a public key.

    Raises
    ------
    PackageError
        When it is absent or none, or `cryptography` is not installed.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError as error:
        raise PackageError("checking a signature needs the library 'cryptography'; install it") from error
    try:
        data = key if isinstance(key, bytes) else Path(key).read_bytes()
        made = Ed25519PublicKey.from_public_bytes(data) if len(data) == RAW_BYTES else load_pem_public_key(data)
    except OSError as error:
        raise PackageError(f"the public key '{key!s}' cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PackageError("the public key is none that is known here; give an Ed25519 key as PEM") from error
    if not isinstance(made, Ed25519PublicKey):
        raise PackageError("the public key is none that is known here; give an Ed25519 key as PEM")
    return made


def _verified(public: Any, files: Mapping[str, bytes]) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        written = json.loads(files[SIGNATURE])
        if written["algorithm"] != ALGORITHM:
            return False
        public.verify(base64.b64decode(written["signature"], validate=True), files.get(MANIFEST, b""))
    except (InvalidSignature, ValueError, KeyError, TypeError, RecursionError):
        return False
    return True
