"""How moments are written: the letters of the Open Data Contract Standard (Java's DateTimeFormatter), and those of strptime."""

from __future__ import annotations

import re

LETTERS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
PART = re.compile(r"([A-Za-z])\1*|'([^']*)'|[^A-Za-z']")
ISO = re.compile(r"(?i)yyyy-mm-dd|iso")  # read whatever form is named


def read_form(written: str) -> str | None:
    """The form by which such moments are read; "" for ISO 8601, None where it has letters that are not known.

    >>> read_form("dd.MM.yyyy HH:mm"), read_form("yyyy-MM-dd'T'HH:mm:ssXXX"), read_form("d MMM yyyy")
    ('%d.%m.%Y %H:%M', '', None)
    """
    if ISO.match(written):
        return ""
    form = ""
    for part in PART.finditer(written):
        sign = part[2] if part[2] is not None else LETTERS.get(part[0], None if part[1] else part[0])
        if sign is None:
            return None
        form += sign
    return form


def written_form(form: str) -> str:
    """The same for other tools; `read_form` gives it back.

    >>> written_form("%d.%m.%Y %H:%M")
    'dd.MM.yyyy HH:mm'
    """
    letters = {sign: letter for letter, sign in LETTERS.items()}
    return re.sub(r"%[A-Za-z]", lambda found: letters[found[0]], form)
