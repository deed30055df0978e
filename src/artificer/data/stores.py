"""Files of object stores and other places that fsspec reaches: s3://, gs://, memory://, file://."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from artificer.core.errors import DataError
from artificer.data.databases import shown


@dataclass(frozen=True, slots=True)
class Fetched:
    """One file of a store."""

    name: str
    data: bytes


def fetch(url: str) -> list[Fetched]:
    """Read a file, or all files of a glob, in the order of their names.

    Raises
    ------
    DataError
        When the protocol is unknown, its package is not installed, or nothing is there or may be read.
    """
    import fsspec

    try:
        files, paths = fsspec.core.url_to_fs(url)
        found = sorted(files.glob(paths)) if any(sign in paths for sign in "*?[") else [paths]
        if not found:
            raise DataError(f"no object matches '{shown(url)}'; check the pattern")
        return [Fetched(path.rstrip("/").rpartition("/")[2], files.cat_file(path)) for path in found]
    except ImportError as error:
        raise DataError(
            f"'{shown(url)}' cannot be read: {error}; install that package beside Artificer, or copy the file here"
        ) from error
    except FileNotFoundError as error:
        raise DataError(f"there is no object '{shown(url)}'; check the name, and that you may list it") from error
    except (OSError, ValueError) as error:  # what stores raise: permission, network, credentials
        said = (str(error).replace(url, shown(url)).splitlines() or [type(error).__name__])[0]
        raise DataError(f"'{shown(url)}' cannot be read: {said}; check the address and your credentials") from error


def host_of(url: str) -> str:
    """Where a store's file is, for a person who asks what would be contacted."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"
