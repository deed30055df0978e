"""Texts that are numbers: how they are written, and their reading."""

from __future__ import annotations

import polars as pl

from artificer.data.strays import nearly_all
from artificer.data.whole import rounded
from artificer_runtime.values import CURRENCIES, SIGNED, SIGNS

LEADING_ZERO = r"^0\d+$"
SIGN = rf"[,%{CURRENCIES}]"
# "1.005,5", "12,5": such numbers stay texts, since "1.005" alone would be read as another number in every other file.
DECIMAL_COMMA = rf"^[+-]?[{CURRENCIES}]? ?[+-]?([1-9]\d{{0,2}}(\.\d{{3}})+|\d+)(,\d+)? ?[%{CURRENCIES}]?$"


def as_numbers(text: pl.Series, form: str = "") -> pl.Series:
    """Texts read as numbers: Float64, null where one cannot be.

    Parameters
    ----------
    form : str
        How they are written beside plain numbers: a key of `artificer_runtime.values.SIGNED`, or "".
    """
    if form in SIGNED:
        text = text.str.replace_all(SIGNS, "").zip_with(text.str.contains(SIGNED[form]).fill_null(False), text)
    return text.cast(pl.Float64, strict=False)


def number_form(known: pl.Series) -> str | None:
    """The form in which texts are numbers, "" for plain ones; None when they are none, or codes such as "007".

    None too for whole numbers that float64 would round, such as those of accounts: they are names.

    Parameters
    ----------
    known : Series of String
        Stripped, without gaps.
    """
    read = {form: n for form in ("", *SIGNED) if (n := _n_numbers(form, known))}
    if not read or known.str.contains(LEADING_ZERO).any() or are_long_names(known):
        return None
    return max(read, key=lambda form: read[form])  # of forms that read as many, the plainest


def _n_numbers(form: str, known: pl.Series) -> int:
    """How many texts are numbers of a form that nearly all have; of one that they have not, 0."""
    head = known[:100]  # most columns of texts hold no numbers, and these say so
    if 2 * as_numbers(head, form).null_count() > len(head):
        return 0
    found = as_numbers(known, form)
    if form.endswith("%") and not nearly_all(found.set(~known.str.ends_with("%"), None), known):
        return 0  # a share of 5 among those of 5% would be read as a twentieth of what it is, or as a hundredfold
    return found.count() if nearly_all(found, known) else 0


def are_long_names(known: pl.Series) -> bool:
    """Whether float64 would round more whole numbers than can be strays: of 16 digits and more, each counts."""
    lost = rounded(known)
    return bool(lost.any()) and not nearly_all(known.set(lost, None), known)


def are_unread_numbers(known: pl.Series) -> bool:
    """Whether nearly all texts are numbers with signs that `number_form` does not read: decimal commas, or 5% among 0.05."""
    if not known[:100].str.contains(SIGN).any() or known.str.contains(LEADING_ZERO).any():
        return False
    return nearly_all(known.set(~known.str.contains("|".join([DECIMAL_COMMA, *SIGNED.values()])), None), known)
