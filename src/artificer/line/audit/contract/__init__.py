"""The contract: what the training rows looked like, written down for people, and later data held against it.

`learned` infers it, `page` writes it as TOML and `written` reads that again, `held` holds data against it rule by rule,
`history` and `limits` turn earlier deliveries into bounds, and `dialects` speaks to other tools.
"""

from artificer.line.audit.contract.files import contract_text, read_contract
from artificer.line.audit.contract.held import Held, check_contract, hold
from artificer.line.audit.contract.history import deliveries_of, with_history
from artificer.line.audit.contract.learned import contract_of

__all__ = [
    "Held",
    "check_contract",
    "contract_of",
    "contract_text",
    "deliveries_of",
    "hold",
    "read_contract",
    "with_history",
]
