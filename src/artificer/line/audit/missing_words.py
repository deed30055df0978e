"""Words that may mean "not known" and that the reader takes for levels: "unknown", or "-" beside cells that are empty."""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

PLAIN = frozenset(
    {"unknown", "not available", "not known", "n.a.", "n. a.", "#n/a", "missing", "<na>", "(null)", "\\n"}
)
# These may be levels as well: "none" of several extras. They count where the column lacks values otherwise too.
DOUBTFUL = frozenset({"none", "nil", "-", "--", "---", ".", "..", "*", "tbd", "tba"})


@check("missing_words", "profile")
def missing_words(seen: Seen) -> Iterator[Finding]:
    """Report categories and texts of which commoner values say that nothing is known, each spelling with its rows."""
    for column in seen.profile.columns:
        if column.kind not in ("category", "text") or column.name not in seen.asked.features:
            continue
        words = [(value, n) for value, n in column.heavy if value.lower() in PLAIN | DOUBTFUL]
        if not words or not (column.n_missing or any(value.lower() in PLAIN for value, _ in words)):
            continue
        n_rows = sum(n for _, n in words)
        spelt = ", ".join(f"'{value}' ({n:,})" for value, n in words)
        beside = f", beside {column.n_missing:,} that are read as missing" if column.n_missing else ""
        listed = ", ".join(f'"{value}"' for value, _ in words)
        yield Finding(
            code="missing_words",
            severity="note",
            where=column.name,
            says=f"{counted(n_rows, 'cell')} of '{column.name}' may say that nothing is known: {spelt}{beside}",
            fix=f"if they mean not known, add to [data] missing: {listed}",
            facts=(
                Fact("n_spellings", float(len(words)), "spellings"),
                Fact("n_rows", float(n_rows), "rows"),
                Fact("n_missing", float(column.n_missing), "rows"),
                Fact("n_disguised", float(seen.asked.n_disguised.get(column.name, 0)), "rows"),
            ),
        )
