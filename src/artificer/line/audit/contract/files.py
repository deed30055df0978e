"""Files that hold a contract: of which form they are is told by their content."""

from __future__ import annotations

import re
from pathlib import Path

from artificer.core.errors import ContractError, WorkspaceError
from artificer.core.records import Finding
from artificer.core.stages import Contract
from artificer.core.store import decode
from artificer.line.audit.contract.page import page_of
from artificer.line.audit.contract.written import read_toml

YAML = re.compile(r"(?:\s|#.*\n|---\s)*\w+:\s")  # how a file begins that is YAML, whatever its name
FORMS = ("toml", "dbt", "odcs", "pandera")


def read_contract(path: Path) -> tuple[Contract, tuple[Finding, ...]]:
    """Read a contract of any form, or that of a package.

    Returns
    -------
    tuple of Contract, and tuple of Finding
        The findings say what of a foreign form has no counterpart here, and is not enforced.

    Raises
    ------
    ContractError
        When it is absent, or no contract.
    """
    place = path / "contract.json" if path.is_dir() else path
    if not place.is_file():
        raise ContractError(
            f"there is no contract '{place}'; each package holds one, and `artificer audit BRIEF --write-contract` writes one"
        )
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"the contract '{place}' cannot be read: {error}; it must be a text in UTF-8") from error
    if text.lstrip().startswith("{"):
        try:
            return decode(text.encode(), Contract), ()
        except WorkspaceError as error:
            raise ContractError(f"'{place}' is no contract.json: {error}; name a package's") from error
    if place.suffix.lower() in (".yml", ".yaml") or YAML.match(text):
        from artificer.line.audit.contract.dialects import read_yaml

        contract, findings = read_yaml(text, place.name)
    else:
        contract, findings = read_toml(text, place.name), ()
    if not contract.rules:
        raise ContractError(
            f"the contract '{place.name}' holds no rule, so anything would keep it; `artificer audit BRIEF --write-contract "
            "FILE` writes one that is learned"
        )
    return contract, findings


def contract_text(contract: Contract, form: str = "toml") -> tuple[str, tuple[str, ...]]:
    """Write a contract as text.

    Parameters
    ----------
    form : str
        "toml", "dbt", "odcs" or "pandera".

    Returns
    -------
    tuple of str, and tuple of str
        The text, and the titles of the rules, or of the parts of rules, that the form cannot say.
    """
    if form == "toml":
        return page_of(contract), ()
    from artificer.line.audit.contract.dialects import write_yaml

    return write_yaml(contract, form)
