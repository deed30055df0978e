"""What rows are for: some rules hold in training alone, since rows to serve lack labels and what is known after the fact."""

from __future__ import annotations

import re

import polars as pl

from artificer.core.errors import ContractError
from artificer.core.stages import Contract, Rule, Where
from artificer.line.audit.contract.learned import rules_of


def asked_in(use: Where, contract: Contract) -> tuple[Rule, ...]:
    """The rules that rows for this use must keep."""
    return tuple(rule for rule in rules_of(contract) if _where(rule, contract.target) in ("", use))


def use_of(rows: pl.DataFrame, contract: Contract) -> Where:
    """What rows are for, as far as they tell: with a label they are for training, without any to serve.

    Raises
    ------
    ContractError
        When it matters, and the contract names no target.
    """
    somewhere = [rule for rule in rules_of(contract) if _where(rule, contract.target)]
    if not somewhere:
        return ""
    if not contract.target:
        raise ContractError(
            f"a rule ({somewhere[0].kind} of {', '.join(somewhere[0].columns) or 'the rows'}) holds in "
            f'{somewhere[0].where} alone, and nothing tells what these rows are for: write `target = "COLUMN"` into the '
            "contract, so that rows with labels are for training; or give --where training, or --where serving"
        )
    name = contract.target
    return "training" if name in rows.columns and rows[name].null_count() < rows.height else "serving"


def _where(rule: Rule, target: str) -> Where:
    return rule.where or ("training" if target and _reads(rule, target) else "")


def _reads(rule: Rule, name: str) -> bool:
    """Whether a rule reads a column; of a person's own query or expression, whether its text names it."""
    own = rule.kind in ("sql", "polars")
    return name in rule.columns or (own and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rule.text) is not None)
