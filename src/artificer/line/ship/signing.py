"""Signing a package with an Ed25519 key of the client's; `artificer_runtime.signature` checks it where it is read."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from artificer.core.errors import ArtificerError, BriefError
from artificer.core.store import told, write_bytes
from artificer_runtime.package import read, zip_of
from artificer_runtime.reading import MANIFEST, SIGNATURE, files_of
from artificer_runtime.signature import ALGORITHM

PUBLIC = ".pub"


def sign(package: Path, key: Path | None = None, key_env: str = "") -> str:
    """Sign a package, folder or zip, in place; a signature that it has is replaced.

    Parameters
    ----------
    key : Path, optional
        File of the private key, as PEM.
    key_env : str
        Environment variable that holds it, in place of the file.

    Returns
    -------
    str
        The public key, in base64.

    Raises
    ------
    ArtificerError
        When the key is absent or none, or `cryptography` is not installed.
    PackageError
        When the package is none, or damaged.
    """
    private = _private(_pem(key, key_env))
    read(package, require_signed=b"")  # whole, whatever the environment requires of its signature
    files = files_of(package)
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    signature = base64.b64encode(private.sign(files[MANIFEST])).decode()
    written = {"algorithm": ALGORITHM, "public_key": public, "signature": signature}
    files[SIGNATURE] = json.dumps(written, indent=1, sort_keys=True).encode()
    write_bytes(*((package / SIGNATURE, files[SIGNATURE]) if package.is_dir() else (package, zip_of(files))))
    return public


def new_key(path: Path) -> Path:
    """Make a key: the private one at `path`, readable by its owner alone, the public one beside it, which is returned.

    Raises
    ------
    ArtificerError
        When something stands there already, or it cannot be written.
    """
    _library()
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = path.with_name(path.name + PUBLIC)
    if taken := next((one for one in (path, public) if one.exists()), None):
        raise ArtificerError(f"'{taken}' exists, and a key is not overwritten; name another file")
    made = Ed25519PrivateKey.generate()
    plain = forms.NoEncryption()
    with told(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, plain))
    write_bytes(public, made.public_key().public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo))
    return public


def _pem(key: Path | None, key_env: str) -> bytes:
    if (key is None) == (not key_env):
        raise BriefError("which key? Name one with --key FILE, or with --key-env NAME")
    if key is None:
        if not os.environ.get(key_env):
            raise ArtificerError(f"the environment variable '{key_env}' is not set; put the private key's PEM into it")
        return os.environ[key_env].encode()
    try:
        return key.read_bytes()
    except OSError as error:
        raise ArtificerError(
            f"the key '{key}' cannot be read ({error.strerror}); `artificer sign --new-key FILE` makes one"
        ) from error


def _private(pem: bytes) -> Any:
    _library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        made = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # its text may hold some of the key
        made = None
    if not isinstance(made, Ed25519PrivateKey):
        raise ArtificerError(
            "the key is no Ed25519 private key as PEM without a password; `artificer sign --new-key FILE` makes one"
        ) from None
    return made


def _library() -> None:
    try:
        import cryptography  # noqa: F401
    except ModuleNotFoundError as error:
        raise ArtificerError("signing needs cryptography: install Artificer with its extra 'sign'") from error
