"""Contracts of other tools, in YAML: dbt's schema.yml, the Open Data Contract Standard v3, pandera's schemas.

Each form has a module with `read` and `write`; which a file is of is told by its content.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from artificer.core.errors import ContractError
from artificer.core.records import Finding
from artificer.core.stages import Contract
from artificer.line.audit.contract.dialects import dbt, odcs, pandera
from artificer.line.audit.contract.dialects.gathered import readings, titled
from artificer.line.audit.contract.dialects.shapes import Unreadable, check_shape, line_of
from artificer.line.audit.contract.far import without_wider
from artificer.line.audit.contract.learned import rules_of

FORMS = {"dbt": dbt, "odcs": odcs, "pandera": pandera}
SIGNS = {"models": dbt, "sources": dbt, "apiVersion": odcs, "schema": odcs, "columns": pandera}


def read_yaml(text: str, where: str) -> tuple[Contract, tuple[Finding, ...]]:
    """Read a contract of another tool.

    Parameters
    ----------
    where : str
        The file's name, for messages.

    Returns
    -------
    tuple of Contract, and tuple of Finding
        Code ``contract:unread`` for each rule that has no counterpart here: it is not enforced.

    Raises
    ------
    ContractError
        When it is no YAML, or of no form that is known.
    """
    yaml = _yaml()
    try:
        written = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ContractError(
            f"the contract '{where}'{line} is not valid YAML: {getattr(error, 'problem', error)}; mend it there"
        ) from error
    form = next((SIGNS[key] for key in SIGNS if isinstance(written, dict) and key in written), None)
    if form is None:
        raise ContractError(
            f"'{where}' is no contract that is known: dbt's schema has models, the Open Data Contract Standard an apiVersion, "
            "pandera's schema columns"
        )
    try:
        check_shape(written, form.SHAPE)
        gathered = form.read(written)
    except Unreadable as error:
        line = f", line {line_of(yaml.compose(text), error.path)}," if error.path else ""
        raise ContractError(f"the contract '{where}'{line} cannot be read: {error}; mend it there") from error
    return gathered.contract(), gathered.findings()


def write_yaml(contract: Contract, form: str) -> tuple[str, tuple[str, ...]]:
    """Write a contract for another tool: its text, and the titles of what the form cannot say."""
    rules = rules_of(contract)
    said = without_wider(rule for rule in rules if not rule.where)
    placed = [f"{titled(rule)}, in {rule.where} alone" for rule in rules if rule.where]
    document, unsaid = FORMS[form].write(replace(contract, rules=said))
    text: str = _yaml().safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text, (*unsaid, *placed, *readings(contract, dated=form == "odcs"))


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as error:
        raise ContractError("YAML needs PyYAML, which is not installed: pip install pyyaml") from error
    return yaml
