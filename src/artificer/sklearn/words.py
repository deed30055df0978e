"""What the line says, in the terms of who calls an estimator: it speaks of a brief, and they have X, y and arguments of fit.

One place, at the estimators' border, so that the line need not know who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from artificer.core.errors import ArtificerError
from artificer.core.records import Finding
from artificer.sklearn.given import GROUP, TARGET, TIME, WEIGHT
from artificer_runtime import RuntimeInputError

# Phrases before the names that are left of them.
PHRASES = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r', in \[features\] exclude = \["[^"]*"\]', " too"),
        (r': \[features\] exclude = \["[^"]*"\]', " of X"),
        (
            r'name (it|the one[^\[]*?) in \[(?:target\] known_after|features\] exclude)(?: = \["[^"]*"\])?',
            r"leave \1 out of X",
        ),
        (r"name it in \[data\] key[^,]*, or in", "leave it out of X, or name it in"),
        (r"add ((?:[^;]*? )?)to \[data\] missing", r"make \1None in X"),
        (r'\[data\] time = ("[^"]*")', r"time=X[\1]"),
        (r'\[data\] group = ("[^"]*")', r"groups=X[\1]"),
        (r'state kind = "number" under \[target\]', "use Regressor"),
        (r"the brief excludes it", "X lacks it"),
        (r"the brief's data", "the data of fit"),
        (r"(?:the weight |\[data\] time is )?'artificer (\w+)'(?:, which)?", r"'artificer \1'"),
        (r"\[features\] effect", "monotonic_cst"),
        (r"\[data\] time", "fit's time"),
        (r"\[data\] group", "fit's groups"),
        (r"\[data\] weight", "sample_weight"),
        *(
            (f"'?{name}'?", said)
            for name, said in ((TARGET, "y"), (WEIGHT, "sample_weight"), (TIME, "time"), (GROUP, "groups"))
        ),
    )
)
CLASS = re.compile(rf"(class |share of |'{TARGET}' is )'(\d+)'")


def own_words(text: str, labels: Sequence[str] = ()) -> str:
    """A sentence of the line in the caller's terms.

    Parameters
    ----------
    labels : sequence of str
        The caller's classes, which the line knows by their number.

    >>> own_words('set [data] group = "shop" to keep its rows on one side of every split')
    'set groups=X["shop"] to keep its rows on one side of every split'
    """
    by_number = dict(enumerate(labels))
    text = CLASS.sub(lambda found: f"{found[1]}'{by_number.get(int(found[2]), found[2])}'", text)
    for pattern, said in PHRASES:
        text = pattern.sub(said, text)
    return text


def own_findings(findings: Sequence[Finding], labels: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Findings in the caller's terms."""
    return tuple(
        replace(
            one,
            where=own_words(one.where),
            says=own_words(one.says, labels),
            fix=own_words(one.fix, labels),
        )
        for one in findings
    )


@contextmanager
def plainly() -> Iterator[None]:
    """What the line or the runtime refuses is a ValueError in the caller's terms.

    Raises
    ------
    ValueError
        In their place.
    """
    try:
        yield
    except (ArtificerError, RuntimeInputError) as error:
        raise ValueError(own_words(str(error))) from error
