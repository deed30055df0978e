"""The key of one row as one text, without frames: what a server asks for, once a row."""

from __future__ import annotations

from collections.abc import Sequence

from artificer_runtime.values import canonical_text

BETWEEN = "|"


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
