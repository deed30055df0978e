"""The key of one row as one text, and its hash, without frames: what a server asks for, once a row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from artificer_runtime.values import canonical_text

BETWEEN = "|"
WORD, LONG = 8, 4_096  # bytes of a word, and from which a text is hashed by itself
_ALL = (1 << 64) - 1


def key_of(values: Sequence[object]) -> str:
    """The key of one row from the values of its columns, as `key_texts` writes it; "" where one is missing.

    >>> key_of((7,)), key_of(("a|b", 7.0)), key_of((None,))
    ('7', 'a\\\\|b|7', '')
    """
    texts = [text_of(value) for value in values]
    if len(texts) == 1:
        return texts[0] or ""
    parts = [one.replace("\\", "\\\\").replace("|", "\\|") for one in texts if one is not None]
    return BETWEEN.join(parts) if len(parts) == len(texts) else ""


def text_of(value: object) -> str | None:
    """One value as a key's text; None where it is missing."""
    return None if value is None or value != value else canonical_text(value)


def hash_of(text: str) -> int:
    """Hash of one text, 64 bits: what `artificer.data.hashes.text_hashes` gives it among many.

    >>> hash_of("7") == hash_of("7"), hash_of("7") == hash_of("8")
    (True, False)
    """
    data = text.encode()
    if len(data) > LONG:
        return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
    total = mixed(len(data))
    for start in range(0, len(data), WORD):
        total = mixed(total ^ int.from_bytes(data[start : start + WORD], "little"))
    return total


def mixed(value: int) -> int:
    """Spread 64 bits evenly, by splitmix64, as `artificer.data.hashes.mixed` does with many."""
    bits = (value + 0x9E3779B97F4A7C15) & _ALL
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & _ALL
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & _ALL
    return bits ^ bits >> 31
