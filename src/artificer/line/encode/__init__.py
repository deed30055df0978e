"""encode: the plan → the representation: blocks of features, and which of them each candidate reads.

The story: every column goes to the block of its kind, in the form that each family of learners reads best. Trees read
codes and raw numbers; linear models read scaled numbers with hinges, one-hot levels and words. The race in `fit`
decides between them.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import Any

from artificer.core.records import Decision, Fact
from artificer.core.stages import Asked, Candidate, Chosen, Encoding, Plan
from artificer.core.store import load
from artificer.data.scan import Profile
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.personal import fewest_rows
from artificer.line.audit import audit
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode.level_numbers import MOSTLY, numbers_of
from artificer_runtime.recipe import Block

__all__ = ["encode"]

VERSION = 3
ONE_HOT_LEVELS = 15
# Numbers that may be names: so many different ones at least, each in so many rows on average; written as text, or by name.
FEWEST_NAMED, COME_BACK = 20, 1.2
NAMES_THINGS = re.compile(
    r"(?i:(^|[_\W])(id|nbr|no|code|zip|postcode|account|customer|client|user|patient|shop|store|item|product|sku)([_\W]|$))"
    r"|(?<=[a-z])(Id|ID|No|Code)$"
)
FEWEST_DISTINCT_FOR_HINGES = 12
MOST_HINGED = 60
FACTORS = 24
# Words of a text column, of all of them, and cells of their block: 30 million take 120 MB and about a second.
FEWEST_WORDS, MOST_WORDS, MOST_CELLS = 100, 4_000, 30_000_000
MOST_OF_ONE = 2_000
# Runs of letters are many times as many as words.
MOST_RUNS, MOST_ROWS_FOR_LETTERS = 5_000, 20_000
# Words of each column that trees hear of through one number.
MOST_SCORED = 4_000

# What every tree reads beside numbers and categories.
BESIDE = ("counts", "number_means", "level_numbers", "dates", "moment", "date_gaps", "factors", "says", "shape")
TREES = ("numbers", "codes", *BESIDE)
SMOOTH = (
    "scaled",
    "one_hot",
    "wide_means",
    "level_numbers",
    "dates",
    "moment",
    "date_gaps",
    "factors",
    "says",
    "shape",
)
# The setting by which a step leaves out what few training rows hold; levels of categories are left out by the schema.
FEWEST = {
    "number_means@1": "fewest_rows",
    "engineered@1": "fewest_rows",
    "dates@1": "fewest_rows",
    "words@1": "min_rows",
    "word_factors@1": "min_rows",
    "text_score@1": "min_rows",
}
# What each candidate reads, or all of a learner's that are not named here.
READS = {
    "linear": (
        *("scaled", "hinges", "one_hot", "wide_means", "level_numbers"),
        *("dates", "moment", "date_gaps", "words", "letters", "shape"),
    ),
    "lightgbm": TREES,
    "lightgbm_target_means": ("numbers", "few_codes", "wide_means", *BESIDE),
    "lightgbm_engineered": (*TREES, "engineered"),
    "catboost": ("numbers", "one_hot", "wide_means", *BESIDE),
    "catboost_engineered": ("numbers", "one_hot", "wide_means", *BESIDE, "engineered"),
    "extra_trees": TREES,
    "network": SMOOTH,
    "kernel": SMOOTH,
    "discriminant": SMOOTH,
}


def encode(subject: Subject, **options: Any) -> Encoding:
    """Propose the representation.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.
    """
    run = begin(subject, **options)
    asked, chosen, plan, scanned = ask(run), choose(run), design(run), audit(run).profile
    reads = (asked, chosen, plan, scanned)

    def work(folder: Path, name: str) -> Encoding:
        demanded = {name for name, effect in run.brief.features.effect.items() if effect != "any"}
        profile = load(run.path(scanned), Profile)
        return _encode(asked, chosen, profile, plan, run.brief.data.time, demanded, fewest_rows(run.brief))

    return run.stage("encode", VERSION, Encoding, work, reads)


def _encode(
    asked: Asked, chosen: Chosen, profile: Profile, plan: Plan, time: str, demanded: Container[str], fewest: int
) -> Encoding:
    unread = set(plan.unread)
    chosen = replace(chosen, features=tuple(name for name in chosen.features if name not in unread))
    proposed = (_not_rare(block, fewest) for block in propose(asked, chosen, profile, time, demanded))
    blocks = {block.name: block for block in proposed if block.columns}
    candidates = tuple(_with_blocks(candidate, tuple(blocks)) for candidate in plan.candidates)
    used = {name for candidate in candidates for name in candidate.blocks}
    kept = tuple(block for name, block in blocks.items() if name in used)
    return Encoding(kept, candidates, tuple(_decision(block) for block in kept))


def propose(asked: Asked, chosen: Chosen, profile: Profile, time: str, demanded: Container[str] = ()) -> list[Block]:
    """Propose every block that the columns allow; those without columns are left to the caller to drop.

    Parameters
    ----------
    time : str
        The brief's time column: its absolute trend is no feature, since a model meets only later moments.
    demanded : container of str
        Columns whose effect the brief demands: nothing that could bend it is made of them.
    """
    columns = {column.name: column for column in chosen.read_as(asked.schema).columns}
    distinct = {name: round(profile.column(name).n_distinct) for name in chosen.features}

    def of(*kinds: str) -> tuple[str, ...]:
        return tuple(name for name in chosen.features if columns[name].kind in kinds)

    numbers, codes, texts = of("number"), of("category", "boolean"), of("text")
    wide = tuple(name for name in codes if len(columns[name].levels) > ONE_HOT_LEVELS)
    hinged = tuple(name for name in numbers if distinct[name] >= FEWEST_DISTINCT_FOR_HINGES)
    held = {name: numbers_of(columns[name].levels) for name in of("category")}
    numbered = tuple(name for name in codes if held.get(name) is not None)

    def names_things(name: str) -> bool:
        few = distinct[name] < FEWEST_NAMED or profile.n_rows < COME_BACK * distinct[name]
        return name not in demanded and not few and (columns[name].dtype == "String" or bool(NAMES_THINGS.search(name)))

    pairs = len(numbers) + len(codes) > 1
    dates = of("time")
    n_texts, cells = max(len(texts), 1), MOST_CELLS // max(profile.n_rows, 1)
    return [
        Block("numbers", "numbers@1", numbers, {}),
        Block("codes", "codes@1", codes, {}),
        Block("few_codes", "codes@1", tuple(name for name in codes if name not in wide), {}),
        Block("one_hot", "one_hot@1", codes, {"max_levels": ONE_HOT_LEVELS}),
        Block("wide_means", "target_mean@1", wide, {}),
        Block("counts", "counts@1", wide, {}),
        Block("number_means", "number_means@1", tuple(name for name in numbers if names_things(name)), {}),
        Block("level_numbers", "level_numbers@1", numbered, {"numbers": [held[name] for name in numbered]}),
        Block("engineered", "engineered@1", (*numbers, *codes) if pairs else (), {"n_codes": len(codes)}),
        Block("scaled", "scaled@1", numbers, {}),
        Block("hinges", "hinges@1", hinged[:MOST_HINGED], {}),
        Block("dates", "dates@1", tuple(name for name in dates if name != time), {}),
        Block("moment", "dates@1", tuple(name for name in dates if name == time), {"trend": False}),
        Block("date_gaps", "date_gaps@1", dates if len(dates) > 1 else (), {}),
        Block(
            "words",
            "words@1",
            texts,
            {"max_words": max(FEWEST_WORDS, min(MOST_WORDS // n_texts, MOST_OF_ONE, cells // n_texts))},
        ),
        Block(
            "letters",
            "words@1",
            texts if profile.n_rows <= MOST_ROWS_FOR_LETTERS else (),
            {"max_words": max(FEWEST_WORDS, min(MOST_RUNS, cells) // n_texts), "min_rows": 3, "letters": [3, 4]},
        ),
        Block("factors", "word_factors@1", texts, {"n_factors": FACTORS}),
        Block(
            "says",
            "text_score@1",
            texts,
            {"max_words": MOST_SCORED if profile.n_rows <= MOST_ROWS_FOR_LETTERS else MOST_SCORED // 2},
        ),
        Block("shape", "text_shape@1", texts, {}),
    ]


def _not_rare(block: Block, fewest: int) -> Block:
    """A block whose tables hold nothing of fewer training rows than `fewest`, by the step's own setting."""
    name = FEWEST.get(block.step)
    if name is None or fewest == 1:
        return block
    return replace(block, settings={**block.settings, name: fewest})


def _with_blocks(candidate: Candidate, known: tuple[str, ...]) -> Candidate:
    return Candidate(
        candidate.name,
        candidate.learner,
        candidate.settings,
        tuple(name for name in READS.get(candidate.name, READS[candidate.learner]) if name in known),
    )


REASONS = {
    "numbers": "trees split numbers as they are; gaps are a side of their own",
    "codes": "trees split sets of levels",
    "counts": "rare levels resemble each other, and their number tells of size",
    "number_means": "a number that names a thing says what the other rows of that thing were",
    "level_numbers": f"at least {MOSTLY:.0%} of the levels hold a number, and trees split on its order",
    "date_gaps": "how long lies between two moments of a row",
    "few_codes": "levels of short columns, beside target means of the long ones",
    "one_hot": f"linear models and CatBoost read one column a level, for the {ONE_HOT_LEVELS} commonest",
    "wide_means": f"columns of more than {ONE_HOT_LEVELS} levels: cross-fitted target means do best there (arXiv 2104.00629)",
    "engineered": "pairs of columns that tell more together, chosen on training rows, at most 100 features",
    "scaled": "linear models need numbers of one scale, without gaps",
    "hinges": "a linear model bends where a number's effect does",
    "dates": "cycles and parts of a moment",
    "moment": "whole cycles of the row's own moment, without its trend: a model meets later moments only",
    "words": "linear models do best on words weighted by their rarity",
    "letters": "runs of letters tell what words cut apart do not: endings, misspellings, signs",
    "factors": "trees read a few factors of the words",
    "says": "the cross-fitted prediction from the words alone: one number in place of thousands of words",
    "shape": "its length, digits, capitals and marks tell what words leave out",
}


def _decision(block: Block) -> Decision:
    columns = ", ".join(block.columns[:8]) + (f" and {len(block.columns) - 8} more" if len(block.columns) > 8 else "")
    facts = (Fact("columns", float(len(block.columns)), "columns"),)
    return Decision(
        "encode",
        f"How {'are' if len(block.columns) > 1 else 'is'} {columns} shown to models?",
        f"{block.name} ({block.step})",
        REASONS[block.name],
        (),
        facts,
    )
