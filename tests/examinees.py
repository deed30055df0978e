"""What tests of models are shown, made from a trained model and its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from artificer.core.records import Finding
from artificer.line.judge.about import About
from artificer.line.judge.any_model import shown
from artificer.line.judge.examined import BuiltIn, Examined

Halves = tuple[tuple[Any, Any], tuple[Any, Any]]


def see(model: Any, judged: tuple[Any, Any], train: tuple[Any, Any] | None = None, **more: Any) -> Examined:
    """What the tests are shown of a trained model."""
    about = {name: more.pop(name) for name in ("metric", "time", "positive") if name in more}
    return shown(model, *judged, train=train, about=About(**about), **more)


def of(test: BuiltIn, seen: Examined) -> Callable[[str], Finding]:
    """The findings of a test, by where they are; "" is the only one."""
    found = list(test(seen))

    def at(where: str = "") -> Finding:
        chosen = [one for one in found if one.where == where or not where]
        assert len(chosen) == 1, [(one.where, one.says) for one in found]
        return chosen[0]

    return at
