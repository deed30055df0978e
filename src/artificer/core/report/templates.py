"""The templates of this folder, and the parts of which they are made."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from artificer.core.figures import better_by, counted, figure, in_chances, in_ends, mended, with_interval
from artificer.core.report import description


def compiled(name: str) -> Template:
    """A template of this folder."""
    return environment().get_template(name)


@cache
def environment() -> Environment:
    """Where templates find each other and the filters that write figures; all text is escaped."""
    made = Environment(
        loader=FunctionLoader(read_part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "figure": figure,
        "interval": with_interval,
        "better_by": better_by,
        "mended": mended,
        "counted": counted,
        "in_ends": in_ends,
        "chance": description.chance,
        "chances": in_chances,
        "count": "{:,}".format,
    }
    return made


def read_part(name: str) -> str:
    """A file of this folder, as text."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
