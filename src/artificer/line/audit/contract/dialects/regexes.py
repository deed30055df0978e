"""Regular expressions that are searched in a value, as dbt and ODCS do, and patterns that a whole value has, as ours."""

from __future__ import annotations

import re

ANY = "(?s:.*)"
FLAGS = re.compile(r"(?:\(\?[a-zA-Z]+\))?")  # stay first, where all tools read them
# What holds a sign that means nothing there: an escape, or a class.
LITERAL = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.S)


def whole(regex: str) -> str:
    """A pattern of whole values that hold what is searched.

    >>> whole("^[0-9]{5}$"), whole("@"), whole("^US\\\\$"), whole("^foo|bar$")
    ('[0-9]{5}', '(?s:.*)@(?s:.*)', 'US\\\\$(?s:.*)', '(?s:.*)(?:^foo|bar$)(?s:.*)')
    """
    flags, rest = _parted(regex)
    if _alternates(rest):
        return f"{flags}{ANY}(?:{rest}){ANY}"
    signs = LITERAL.sub(lambda found: "." * len(found[0]), rest)
    begins, ends = signs.startswith("^"), signs.endswith("$")
    return f"{flags}{'' if begins else ANY}{rest[begins : len(rest) - ends]}{'' if ends else ANY}"


def matched(regex: str) -> str:
    """A pattern of whole values that begin with what is matched, as by Python's `re.match`.

    >>> matched("c"), matched("^a|b"), matched("[a-z]+$")
    ('c(?s:.*)', '(?:^a|b)(?s:.*)', '[a-z]+')
    """
    flags, rest = _parted(regex)
    return whole(f"{flags}^(?:{rest})" if _alternates(rest) else f"{flags}^{rest.removeprefix('^')}")


def anchored(pattern: str) -> str:
    """What finds a value that has the pattern as a whole, searched or matched.

    >>> anchored("[0-9]{5}"), anchored("(?i)yes|no")
    ('^[0-9]{5}$', '(?i)^(?:yes|no)$')
    """
    flags, rest = _parted(pattern)
    return f"{flags}^(?:{rest})$" if _alternates(rest) else f"{flags}^{rest}$"


def searched(pattern: str) -> str:
    """What finds a value that has the pattern, searched; `whole` gives it back.

    >>> searched("[0-9]{5}"), searched(whole("@")), searched(whole("(?i)^US"))
    ('^[0-9]{5}$', '@', '(?i)^US')
    """
    flags, rest = _parted(pattern)
    if _alternates(rest):
        return anchored(pattern)
    begins, ends = not rest.startswith(ANY), not rest.endswith(ANY)
    return f"{flags}{'^' if begins else ''}{rest.removeprefix(ANY).removesuffix(ANY)}{'$' if ends else ''}"


def _parted(regex: str) -> tuple[str, str]:
    flags = FLAGS.match(regex)
    length = flags.end() if flags else 0
    return regex[:length], regex[length:]


def _alternates(regex: str) -> bool:
    """Whether it is a choice, outside of any group."""
    depth = 0
    for sign in LITERAL.sub("", regex):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            return True
    return False
