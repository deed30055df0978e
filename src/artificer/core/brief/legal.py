"""`[legal]`: what the law asks of the data."""

from __future__ import annotations

from dataclasses import dataclass, field

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Keep:
    """For how long things are kept (``"400d"``, ``"3y"``); "" is for ever.

    Attributes
    ----------
    predictions : str
        Predictions with their keys, of tables and servers, and labels.
    rows : str
        What the rows held that a server answered, where it was asked to keep that; at most as long as predictions.
    models : str
        Packages; the served one stays.
    """

    __pydantic_config__ = STRICT
    predictions: str = ""
    rows: str = "0d"
    models: str = ""


@dataclass(frozen=True, kw_only=True)
class Legal:
    """What the law asks of the data.

    Attributes
    ----------
    personal : tuple of str
        Columns that hold personal data: their values stay out of models, packages, reports and logs. Where any are named,
        the rows are about persons, and no level or word of fewer than ten training rows leaves them either.
    keep : Keep
        For how long what is kept of persons is kept.
    """

    __pydantic_config__ = STRICT
    personal: tuple[str, ...] = ()
    keep: Keep = field(default_factory=Keep)
