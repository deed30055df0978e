"""Personal data: columns that hold addresses, numbers or names of persons. Values are counted and never shown.

Card numbers are told by Luhn's check digit (ISO/IEC 7812-1), account numbers by the remainder 1 mod 97 (ISO 13616).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from artificer.core.records import Fact, Finding, Severity
from artificer.data.whole import EXACT
from artificer.line.audit.seen import Seen, check

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


@check("personal", "rows")
def personal(seen: Seen) -> Iterator[Finding]:
    """Report columns of which half the values or more have the form of personal data."""
    for column in seen.asked.schema.columns:
        if column.kind in ("time", "boolean", "constant"):
            continue
        values = seen.rows.frame[column.name].drop_nulls()
        used = column.name in seen.asked.features
        yield from _held(
            _texts(values.gather_every(max(len(values) // MOST_VALUES, 1))),
            "warning" if used else "note",
            ", and the model may use it" if used else ", and the model does not use it",
            "leave it out at the source, or name it in [features] exclude, unless there is a ground to keep it",
        )


@check("personal", "profile")
def persons(seen: Seen) -> Iterator[Finding]:
    """Report the same of data that is not held, by its commonest values."""
    for column in seen.profile.columns:
        if column.kind not in ("time", "boolean", "constant"):
            values = pl.Series(column.name, [value for value, _ in column.heavy], dtype=pl.String)
            yield from _held(
                values, "warning", "", "leave it out, or write pseudonyms, unless there is a ground to keep it"
            )


def _held(text: pl.Series, severity: Severity, use: str, fix: str) -> Iterator[Finding]:
    """What most values of a column have the form of, if anything."""
    if len(text) < FEWEST_VALUES:
        return
    shares = _shares(text.name, text)
    what = max(shares, key=lambda one: shares[one])
    if shares[what] >= LEAST_SHARE:
        yield Finding(
            code="personal",
            severity=severity,
            where=text.name,
            says=f"'{text.name}' seems to hold {what} ({shares[what]:.0%} of {len(text):,} values looked at){use}",
            fix=fix,
            facts=(Fact("share", shares[what], "share of values"), Fact("n_looked_at", float(len(text)), "values")),
        )


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
