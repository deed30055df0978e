"""design: the brief and the chosen columns → a Plan: the metric, the candidates, the folds.

The story: the client's own metric decides if there is one; candidates are those that published comparisons and our own
bench show to pay at this size of data; what the brief forbids is not tried.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

import polars as pl

from artificer.core.brief import RunPart
from artificer.core.errors import BriefError, closest
from artificer.core.figures import counted
from artificer.core.records import Decision, Fact
from artificer.core.run import Run
from artificer.core.stages import Asked, Candidate, Chosen, Plan
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import labelled
from artificer.line.choose import choose
from artificer.line.design.loss import check_target, fitting_loss, loss_decision
from artificer.line.design.portfolio import LEARNERS, MANY_CLASSES_ORDER, MENDING, ORDER, Size, portfolio, variants
from artificer.measure.metrics import OWN, default_metric, is_metric, metric, names

__all__ = ["design"]

VERSION = 7
# Rows up to which an estimator fits in about a second, with few candidates and iterations, but every fold: its score rests
# on all rows, and none lacks its out-of-fold prediction.
FEW_ROWS, LITTLE_TIME_S = 1_000, 20.0
# Seeds that chance is averaged over in the final refits, where there is time, and room in the package; on few rows other
# chances are larger, and more seeds gained nothing (bench/study).
SEEDS, FEW_SEEDS, FEW_SEEDS_ROWS = 4, 2, 5_000
# Of more rows than this, candidates are compared on so many; the final fit reads all.
MANY_ROWS, SEARCH_ROWS = 250_000, 150_000
# Texts are made features of before anything is trained, about so many letters a second (bench/notes.md): where that would
# take more than this share of the time limit, candidates are compared on fewer rows, but on no fewer than these.
LETTERS_A_SECOND, READING_SHARE, FEWEST_READ = 700_000, 0.15, 1_000
# Where these few rows alone would take more than so much of it, fewer columns of texts are read; each takes as long as so
# many letters, however few it holds.
COLUMNS_SHARE, COLUMN_LETTERS = 0.3, 10_000
# Variants of boosters and networks that are tried too, by the seconds from which they are; where rows are many they are
# tried in what time the others leave (bench/study).
VARIANTS, MANY_FOR_VARIANTS = {180.0: 8, 400.0: 16}, 7_000


def design(subject: Subject, **options: Any) -> Plan:
    """Plan the system.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.
    """
    run = begin(subject, **options)
    if "design" in run.results:  # what all stages ask for, again and again: the texts are not measured each time
        return run.results["design"]  # type: ignore[no-any-return]
    asked, chosen = ask(run), choose(run)
    texts = _readable(run, asked, chosen)
    asks = (run.metric, run.class_weight, run.seal, _quick(run), _n_variants(run, asked.train.n_rows), texts)
    reads = (asked, chosen, has_catboost(), asks)
    return run.stage("design", VERSION, Plan, lambda folder, name: _design(run, asked, chosen, texts), reads)


def has_catboost() -> bool:
    """Whether CatBoost, an extra, is installed."""
    return find_spec("catboost") is not None


def _design(run: Run, asked: Asked, chosen: Chosen, texts: _Readable) -> Plan:
    name, metric_decision = _metric(run, asked)
    loss = fitting_loss(name)
    size = _size(run, asked, chosen, loss)
    candidates, untried = portfolio(size)
    more = variants(size, _n_variants(run, size.n_rows))
    candidates, n_variants = _wanted(run.brief.run, candidates, more, untried)
    if name == "rmsle" or loss.startswith(("poisson", "tweedie")):
        check_target(name, labelled(run, asked, asked.train).y, run.brief.target.column)
    n_folds = _folds_tried(size, chosen)
    search_rows, searched = _search(size.n_rows, texts.n_rows)
    return Plan(
        metric=name,
        candidates=candidates,
        folds_tried=n_folds,
        transform="log1p" if name == "rmsle" else "",
        loss=loss,
        class_weight=run.class_weight,
        max_members=1 if run.brief.run.interpretable_only else 6,
        n_variants=n_variants,
        search_rows=search_rows,
        unread=texts.unread,
        mending=_mending(run.brief.run, size),
        n_seeds=1 if size.quick else FEW_SEEDS if size.n_rows <= FEW_SEEDS_ROWS else SEEDS,
        decisions=(
            metric_decision,
            *((loss_decision(name, loss),) if asked.task == "regression" else ()),
            *(_class_weights(run, asked) if run.class_weight else ()),
            _candidates(candidates, untried, size),
            _folds(n_folds, chosen, size.n_rows),
            *searched,
            *_read(texts),
        ),
    )


def _size(run: Run, asked: Asked, chosen: Chosen, loss: str) -> Size:
    kinds = {column.name: column.kind for column in asked.schema.columns}
    levels = {column.name: len(column.levels) for column in chosen.read_as(asked.schema).columns}
    return Size(
        n_rows=asked.train.n_rows,
        n_columns=len(chosen.features),
        n_classes=len(asked.classes),
        task=asked.task,
        has_text=any(kinds[name] == "text" for name in chosen.features),
        most_levels=max((levels[name] for name in chosen.features), default=0),
        monotone=any(effect != "any" for effect in run.brief.features.effect.values()),
        interpretable_only=run.brief.run.interpretable_only,
        has_catboost=has_catboost(),
        loss=loss,
        personal=bool(run.brief.legal.personal),
        quick=not run.seal and asked.train.n_rows <= FEW_ROWS and _quick(run),
    )


def _quick(run: Run) -> bool:
    """Whether little time is given, and no more was asked for since: who improves a model wants all that there is."""
    limits = run.brief.run
    return limits.limit_s <= LITTLE_TIME_S and not run.spent_s and not limits.learners and not limits.exclude


def _n_variants(run: Run, n_rows: int) -> int:
    least = min(VARIANTS) if n_rows >= MANY_FOR_VARIANTS else 0.0
    limit_s = max(run.brief.run.limit_s + run.spent_s, least)
    return max((n for least_s, n in VARIANTS.items() if limit_s >= least_s), default=0)


def _wanted(
    limits: RunPart, candidates: tuple[Candidate, ...], more: tuple[Candidate, ...], untried: Mapping[str, str]
) -> tuple[tuple[Candidate, ...], int]:
    """The candidates whose learners, or who by their own names, are wanted and not excluded; how many are variants."""
    known = {name for one in (*candidates, *more) for name in (one.name, one.learner)}
    known |= {*LEARNERS, *ORDER, *MANY_CLASSES_ORDER, *MENDING}
    for name in (*limits.learners, *limits.exclude):
        if name not in known:
            near = closest(name, known, "closest name") or f"; learners are {', '.join(LEARNERS)}"
            raise BriefError(f"there is no learner or candidate '{name}'{near}")

    def wanted(one: Candidate) -> bool:
        names = {one.name, one.learner}
        return (not limits.learners or bool(names & set(limits.learners))) and not names & set(limits.exclude)

    main, variants = (tuple(filter(wanted, group)) for group in (candidates, more))
    if not main + variants:
        because = "".join(f"; not {name}: {why}" for name, why in untried.items())
        raise BriefError(
            f"no candidate is left: learners = {list(limits.learners)}, exclude = {list(limits.exclude)}; these rows can be "
            f"given to {', '.join(one.name for one in candidates)}{because}"
        )
    return main + variants, len(variants)


def _mending(limits: RunPart, size: Size) -> tuple[str, ...]:
    """What may be made of LightGBM where others err, but what is excluded."""
    wanted = not size.quick and (not limits.learners or bool({"lightgbm", *MENDING} & set(limits.learners)))
    return tuple(name for name in MENDING if wanted and name not in limits.exclude)


def _metric(run: Run, asked: Asked) -> tuple[str, Decision]:
    wanted = [metric(name).name for name in run.brief.accept if is_metric(name)]
    default = default_metric(asked.task)
    if run.metric in OWN:
        chosen, because = (
            run.metric,
            "it is the caller's own function, which no file holds: this run cannot be replayed",
        )
    elif run.metric:
        chosen, because = run.metric, "the caller asks for it"
    elif wanted:
        chosen = wanted[0]
        because = "it is the first metric among the client's requirements"
    else:
        chosen, because = default, f"the brief names no metric, and this is the usual one for {asked.task} predictions"
    if asked.task not in metric(chosen).tasks:
        fitting = ", ".join(names(asked.task))
        raise BriefError(
            f"the metric '{chosen}' does not fit: the prediction is {asked.task}; metrics that do: {fitting}"
        )
    others = tuple(name for name in names(asked.task) if name != chosen)
    return chosen, Decision("design", "What are candidates compared by?", chosen, because, others)


def _class_weights(run: Run, asked: Asked) -> tuple[Decision, ...]:
    weights = tuple(
        Fact(f"{name}", weight, "weight") for name, weight in zip(asked.classes, run.class_weight, strict=True)
    )
    because = "the caller asks for it; scores count every row as it came"
    return (Decision("design", "Do classes weigh alike in training?", "no", because, ("yes",), weights),)


def _folds_tried(size: Size, chosen: Chosen) -> int:
    n_folds = chosen.split.n_folds
    if chosen.split.how == "given":
        return n_folds
    if chosen.split.how == "time":
        # The latest folds resemble what comes best; the earlier ones train on little.
        return min(n_folds, 3 if size.n_rows <= 30_000 else 2)
    if size.n_rows <= 15_000:
        return n_folds
    return min(n_folds, 3 if size.n_rows <= 50_000 else 2)


def _search(n_rows: int, readable: int) -> tuple[int, tuple[Decision, ...]]:
    """On how many rows of a fold candidates are trained, 0 for all."""
    most, because = n_rows, ""
    if n_rows > MANY_ROWS:
        most = SEARCH_ROWS
        because = "candidates differ by more than what further rows would tell of them; the final fit reads all rows"
    if readable < most:
        most = readable
        because = "making features of the texts of all would leave little of the time to train in"
    told = Decision("design", "How many rows compare candidates?", f"{most:,} of {n_rows:,}", because, ("all",))
    return (most, (told,)) if most < n_rows else (0, ())


class _Readable(NamedTuple):
    """What can be made features of in its share of the time: so many rows, and which columns of texts not, of how many."""

    n_rows: int
    unread: tuple[str, ...] = ()
    n_texts: int = 0


def _readable(run: Run, asked: Asked, chosen: Chosen) -> _Readable:
    n_rows, letters = asked.train.n_rows, LETTERS_A_SECOND * (run.brief.run.limit_s + run.spent_s)
    texts = [column.name for column in asked.schema.columns if column.kind == "text" and column.name in chosen.features]
    if not texts or math.isinf(letters):
        return _Readable(n_rows)
    counted = labelled(run, asked, asked.train).frame.select(pl.col(texts).str.len_chars().sum())
    held = dict(zip(texts, counted.row(0), strict=True))
    part, room = min(1.0, FEWEST_READ / n_rows), COLUMNS_SHARE * letters
    kept = set[str]()
    for name in sorted(texts, key=lambda one: -held[one]):  # the longest tell most
        if (needed := part * held[name] + COLUMN_LETTERS) <= room:
            room -= needed
            kept.add(name)
    kept = kept or {min(texts, key=lambda one: held[one])}
    n_read = int(n_rows * READING_SHARE * letters / max(sum(held[name] for name in kept), 1))
    unread = tuple(name for name in texts if name not in kept)
    return _Readable(min(n_rows, max(FEWEST_READ, n_read)), unread, len(texts))


def _read(texts: _Readable) -> tuple[Decision, ...]:
    if not texts.unread:
        return ()
    n_read = texts.n_texts - len(texts.unread)
    because = "making features of the others would leave no time to train in; the longest texts were taken"
    question = "How many columns of texts are read?"
    return (Decision("design", question, f"{n_read:,} of {texts.n_texts:,}", because, ("all, in more time",)),)


def _candidates(candidates: tuple[Candidate, ...], untried: dict[str, str], size: Size) -> Decision:
    because = f"{size.n_rows:,} rows and {counted(size.n_columns, 'column')}"
    if untried:
        because += "; " + "; ".join(f"{name}: {why}" for name, why in untried.items())
    return Decision(
        "design", "Which algorithms are tried?", ", ".join(one.name for one in candidates), because, tuple(untried)
    )


def _folds(n_folds: int, chosen: Chosen, n_rows: int) -> Decision:
    return Decision(
        "design",
        "How many folds are trained?",
        f"{n_folds} of {chosen.split.n_folds}",
        "with many rows, one fold more tells little and costs as much as another candidate",
        ("all of them",),
        (Fact("rows", float(n_rows), "rows"),),
    )
