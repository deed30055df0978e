"""Records → a model card, a data sheet, technical documentation after Annex IV of the EU AI Act, and a score, as Markdown.

The model card has the sections of Mitchell et al. (2019), "Model cards for model reporting", FAT*; the data sheet those of
Gebru et al. (2021), "Datasheets for datasets", CACM 64; the documentation those of Annex IV of Regulation (EU) 2024/1689.
What no record of a run tells is asked of the brief, by its key; nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterable

from artificer.core.report import test_score
from artificer.core.report.annex_iv import annex_iv
from artificer.core.report.card_lines import Section
from artificer.core.report.data_sheet import data_sheet
from artificer.core.report.model_card import model_card
from artificer.core.report.page import ReportPage


def cards(page: ReportPage) -> dict[str, str]:
    """The four texts by file name."""
    name = page.brief.name
    return {
        "model-card.md": _text(f"Model card: {name}", model_card(page)),
        "data-sheet.md": _text(f"Data sheet: the rows that {name} learned from", data_sheet(page)),
        "annex-iv.md": _text(
            f"Technical documentation of {name}, after Annex IV of Regulation (EU) 2024/1689", annex_iv(page)
        ),
        "ml-test-score.md": _text(f"ML Test Score of {name}", test_score.told(page)),
    }


def _text(title: str, sections: Iterable[Section]) -> str:
    lines = [f"# {title}", ""]
    for heading, parts in sections:
        lines += [f"## {heading}", "", *(f"- {_plain(one)}" for one in parts), ""]
    return "\n".join(lines).rstrip() + "\n"


def _plain(text: str) -> str:
    """One line: a client's words hold no heading and no markup of their own."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")
