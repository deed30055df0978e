"""Columns that hold addresses, numbers or names of persons, told by the form of their values.

Card numbers are told by Luhn's check digit (ISO/IEC 7812-1), account numbers by the remainder 1 mod 97 (ISO 13616).
"""

from __future__ import annotations

import re

import polars as pl

from artificer.data.whole import EXACT

MOST_VALUES = 1_000  # looked at, evenly over the rows
LEAST_SHARE = 0.5  # of values that have the form; check digits fit one in ten, or one in 97, by chance
FEWEST_VALUES = 5
FORMS = {
    "mail addresses": r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$",
    "IP addresses": r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
    "social security numbers": r"^\d{3}-\d{2}-\d{4}$",
    "phone numbers": r"^(\+\d[\d ()./-]{7,18}\d|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})$",
}
CARD = re.compile(r"^\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}$")
LEAST_CARD = 10**12  # a card's number as a number: it has 13 digits or more
IBAN = re.compile(r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$")
NAME = re.compile(
    r"(?i)^(first|last|full|given|family|maiden|middle|sur|customer|patient|person)[_ -]?names?$|^surname$"
)
WRITTEN_NAME = r"^[\p{Lu}][\p{L}'’.-]+([ ,]+[\p{Lu}][\p{L}'’.-]*){0,4}$"


def looked_at(column: pl.Series) -> pl.Series:
    """Some of a column's values, evenly over the rows, as they are written."""
    known = column.drop_nulls()
    return _texts(known.gather_every(max(len(known) // MOST_VALUES, 1)))


def personal_form(text: pl.Series) -> tuple[str, float] | None:
    """What most values of a column have the form of, and the share that has; None where they are too few, or of no form.

    >>> personal_form(pl.Series("to", ["a@b.org", "c@d.org", "e@f.org", "g@h.org", "none"]))
    ('mail addresses', 0.8)
    """
    if len(text) < FEWEST_VALUES:
        return None
    shares = _shares(text.name, text)
    what = max(shares, key=lambda one: shares[one])
    return (what, shares[what]) if shares[what] >= LEAST_SHARE else None


def _texts(values: pl.Series) -> pl.Series:
    """Values as they are written; of numbers those that have as many digits as cards, where half of them have."""
    if not values.dtype.is_float():
        return values.cast(pl.String)
    long = (values == values.floor()) & values.is_between(LEAST_CARD, EXACT)
    if long.sum() < LEAST_SHARE * len(values):
        return pl.Series(values.name, [], pl.String)
    return values.set(~long, None).cast(pl.Int64).cast(pl.String).fill_null("")


def _shares(name: str, text: pl.Series) -> dict[str, float]:
    """What share of the values has each form."""
    shares = {what: int(text.str.contains(form).sum()) / len(text) for what, form in FORMS.items()}
    values = text.to_list()
    shares["card numbers"] = sum(map(_is_card, values)) / len(values)
    shares["bank account numbers"] = sum(map(_is_iban, values)) / len(values)
    named = bool(NAME.search(name))
    shares["names of persons"] = int(text.str.contains(WRITTEN_NAME).sum()) / len(text) if named else 0.0
    return shares


def _is_card(value: str) -> bool:
    if not CARD.match(value):
        return False
    digits = [int(one) for one in reversed(value) if one.isdigit()]
    return (sum(digits[::2]) + sum(sum(divmod(2 * one, 10)) for one in digits[1::2])) % 10 == 0


def _is_iban(value: str) -> bool:
    text = value.replace(" ", "")
    if not IBAN.match(text):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1
