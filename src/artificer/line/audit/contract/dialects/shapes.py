"""What a contract of another tool is built of, and where a part is that is built otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from artificer.core.errors import closest

# A shape is a mapping of keys ("name!" must be there, "*" are all), a list of one shape, a tuple of what may be, or a plain
# value. What is empty, and what a shape does not name, may be anything.
VALUE = "a plain value"
Path = tuple[str | int, ...]


class Unreadable(Exception):  # noqa: N818 - told as a ContractError
    """A part that must be there, or be of another kind; `path` leads to it."""

    def __init__(self, says: str, path: Path = ()) -> None:
        super().__init__(says)
        self.path = path


def check_shape(value: Any, shape: Any, path: Path = (), *, needed: bool = False) -> None:
    """Refuse a document, or a part of one, that is not of a shape.

    Parameters
    ----------
    needed : bool
        Whether it may not be empty.

    Raises
    ------
    Unreadable
        What stands there and what belongs there.
    """
    wanted = shape if isinstance(shape, tuple) else (shape,)
    if not (needed or value) or (value is None and VALUE in wanted):
        return
    fitting = next((one for one in wanted if _kind(value) == _kind(one)), None)
    if fitting is None:
        raise Unreadable(f"{_place(path)} is {_kind(value)}, where {' or '.join(map(_kind, wanted))} belongs", path)
    if isinstance(fitting, list):
        for number, one in enumerate(value):
            check_shape(one, fitting[0], (*path, number), needed=True)
    elif isinstance(fitting, Mapping):
        _check_parts(value, fitting, path)


def _check_parts(value: dict[Any, Any], shape: Mapping[str, Any], path: Path) -> None:
    for key, part in shape.items():
        name, needed = key.removesuffix("!"), key.endswith("!")
        if needed and value.get(name) in (None, ""):
            near = closest(name, (str(one) for one in value if one != name), "closest there")
            raise Unreadable(f"{_place(path)} lacks '{name}'{near}", path)
        for held in value if key == "*" else (name,):
            if held in value:
                check_shape(value[held], part, (*path, held), needed=needed)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Say of which part it is where one is not as its form has it.

    Raises
    ------
    Unreadable
        In place of what Python says.
    """
    try:
        yield
    except KeyError as error:
        raise Unreadable(f"{what} lacks '{error.args[0]}'") from error
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{what} holds a value of another kind than it takes") from error


def line_of(node: Any, path: Path) -> int:
    """The line, from 1, on which a part of composed YAML begins; that of the part around it where it cannot be followed."""
    for step in path:
        if isinstance(node.value, str):
            break
        parts = node.value if isinstance(step, int) else [part for name, part in node.value if name.value == step]
        found = parts[step : step + 1] if isinstance(step, int) else parts[:1]
        if not found or isinstance(found[0], tuple):
            break
        node = found[0]
    return int(node.start_mark.line) + 1


def _kind(value: Any) -> str:
    """Of a value, or of a shape."""
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else "a plain value"


def _place(path: Path) -> str:
    """("models", 0, "columns") → "'columns' of number 1 of 'models'"."""
    words = (f"number {step + 1}" if isinstance(step, int) else f"'{step}'" for step in reversed(path))
    return " of ".join(words) or "the document"
