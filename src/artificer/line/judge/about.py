"""What a caller says of the rows that any model is tested on, beside features and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from artificer.core.errors import BriefError, there_are

BESIDE = ("weight", "time", "group")
COLUMNS = ("protected", "changeable")
EFFECTS = ("increasing", "decreasing", "any")


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the rows beside features and labels.

    Attributes
    ----------
    metric : str
        One of numbers alone says that the target is a number, however few values it takes. `any_model.options` gives a caller's
        own function a name.
    positive : Any
        Of two classes, the one that counts as success; by default the last of them in sorted order.
    time, weight, group : str, or array (n_rows,)
        Columns of X, "" for none; or a value for each of the judged rows, of which training rows then have none. A model that
        names the columns it reads is shown these alone.
    protected : sequence of str
        Columns whose groups shall fare alike.
    changeable : sequence of str
        Columns that a person can change: what would turn a decision is looked for in them.
    effects : mapping of str to str
        Column to "increasing" or "decreasing", or "any".
    level : float
        Of all intervals together, between 0 and 1.
    """

    metric: str = ""
    positive: Any = None
    time: Any = ""
    weight: Any = ""
    group: Any = ""
    protected: Sequence[str] = ()
    changeable: Sequence[str] = ()
    effects: Mapping[str, str] | None = None
    level: float = 0.95

    @classmethod
    def told(cls, given: Mapping[str, Any]) -> About:
        """What a caller says by name.

        Raises
        ------
        BriefError
            When there is no such option, or it is not what it must be.
        """
        known = [one.name for one in fields(cls)]
        for name in given:
            if name not in known:
                raise BriefError(f"there is no option '{name}'{there_are(name, known)}")
        one_name = {name: (given[name],) for name in COLUMNS if isinstance(given.get(name), str)}
        none = {name: "" for name in ("metric", *BESIDE) if given.get(name, "") is None}
        found = cls(**{**given, **one_name, **none})
        if not isinstance(found.metric, str):
            raise BriefError(
                f"metric is of type {type(found.metric).__name__}; the name of one is needed, such as 'log_loss', or a function"
            )
        if not isinstance(found.effects or {}, Mapping):
            raise BriefError(
                f"effects is {found.effects!r}; it names a direction for each column: {{'price': 'decreasing'}}"
            )
        for name, effect in (found.effects or {}).items():
            if effect not in EFFECTS:
                raise BriefError(f"the effect of '{name}' is {effect!r}; it is one of {', '.join(EFFECTS)}")
        if not (isinstance(found.level, int | float) and 0 < found.level < 1):
            raise BriefError(f"level is {found.level!r}, and lies between 0 and 1, such as 0.95")
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it names."""
        beside = (one for one in (self.time, self.weight, self.group) if isinstance(one, str) and one)
        return (*beside, *self.protected, *self.changeable, *(self.effects or {}))

    def of_other_rows(self) -> About:
        """The same of other rows, for which values beside the columns do not stand."""
        values: dict[str, Any] = {name: "" for name in BESIDE if not isinstance(getattr(self, name), str)}
        return replace(self, **values)
