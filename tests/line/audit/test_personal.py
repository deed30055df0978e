"""Personal data is flagged by its form, no value is shown, and codes that merely look like it are left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Features, Target
from artificer.core.records import Finding
from artificer.line.audit import audit

N = 300


def findings(folder: Path, name: str, values: list[Any], exclude: tuple[str, ...] = ()) -> list[Finding]:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"age": rng.normal(0, 1, N), name: values, "y": rng.choice(["a", "b"], N)})
    brief = Brief(target=Target(column="y"), features=Features(exclude=exclude))
    told = audit(brief, frame=frame, workspace=folder, limit_s=600).findings
    return [one for one in told if one.code == "personal"]


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("contact", "p{0}@mail.example", "mail addresses"),
        ("host", "10.0.0.{0}", "IP addresses"),
        ("number", "123-45-{1}", "social security numbers"),
        ("call", "+44 20 7946 {1}", "phone numbers"),
        ("paid_by", "4111 1111 1111 1111", "card numbers"),
        ("account", "GB82WEST12345698765432", "bank account numbers"),
        ("last_name", "Miller", "names of persons"),
    ],
)
def test_each_form_is_told_and_no_value_is_shown(tmp_path: Path, name: str, value: str, what: str) -> None:
    values = [value.format(row % 50, 1_000 + row % 50) if row % 10 else "other" for row in range(N)]
    (told,) = findings(tmp_path, name, values)
    assert (told.where, told.severity) == (name, "warning")
    assert what in told.says
    assert "the model may use it" in told.says
    assert not [one for one in values if one != "other" and one in f"{told}"]


def test_what_the_model_does_not_use_is_a_note(tmp_path: Path) -> None:
    values = [f"p{row % 50}@mail.example" for row in range(N)]
    (told,) = findings(tmp_path, "contact", values, exclude=("contact",))
    assert told.severity == "note"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("paid_by", "4111 1111 1111 1112"),
        ("account", "GB83WEST12345698765432"),
        ("version", "1.2.{0}"),
        ("city_name", "Leeds"),
        ("zip", "123-{1}"),
    ],
)
def test_what_only_looks_like_it_is_left_alone(tmp_path: Path, name: str, value: str) -> None:
    values = [value.format(row % 50, 1_000 + row % 50) if row % 10 else "other" for row in range(N)]
    assert findings(tmp_path, name, values) == []


def luhn(digits: str) -> int:
    """A number with its check digit."""
    total = sum(sum(divmod(int(one) * (2 - place % 2), 10)) for place, one in enumerate(reversed(digits)))
    return int(f"{digits}{-total % 10}")


@pytest.mark.parametrize("n_digits", [15, 16, 19])
def test_cards_are_told_among_numbers(tmp_path: Path, n_digits: int) -> None:
    drawn = np.random.default_rng(1).integers(10 ** (n_digits - 3), 10 ** (n_digits - 2), N)
    cards = [luhn(f"4{one}") for one in drawn]
    (told,) = findings(tmp_path / "whole", "paid_by", cards)
    assert "card numbers" in told.says
    if n_digits < 17:  # float64 holds no more
        assert "card numbers" in findings(tmp_path / "gaps", "paid_by", [None, *map(float, cards[1:])])[0].says
    assert findings(tmp_path / "odd", "paid_by", [one + 1 for one in cards]) == []
    assert findings(tmp_path / "parts", "paid_by", [one / 1e13 for one in cards[5:]] + cards[:5]) == []
