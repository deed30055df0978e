"""What the race runs over: rows as arrays, and for each fold the blocks of features, fitted on its training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from artificer.core.protocols import Fold
from artificer.core.run import Run
from artificer.core.stages import Asked, Candidate, Chosen, Encoding, Plan
from artificer.core.store import digest
from artificer.data.edges import drawn, edge_rows
from artificer.line.ask.rows import Labelled, labelled
from artificer.line.choose.folds import training_rows
from artificer_runtime.recipe import FittedRecipe, Recipe, fit_recipe
from artificer_runtime.schema import Encoded, Schema
from artificer_runtime.texts import remembered

SIGNS = {"increasing": 1, "decreasing": -1, "any": 0}

# The setting by which a candidate trains on so many times as many rows as the others do on a fold; in the final fit, on all.
SHARE = "share"
# The metric whose absolute errors weigh as shares of the target, and the share of rows whose targets count as no smaller
# than that of the next one: of a target near 0, one row would be all that is learned from.
BY_SIZE, SMALLEST = "mape", 0.01
# Steps whose blocks are mostly zero: dense, the words and letters of 10,000 texts take 200 MB, and as much again joined.
MOSTLY_ZERO = ("words@1",)
# Of the rows that a search draws to train on, as many as a part are drawn to measure on.
MEASURED_PART = 3

Blocks = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Encodings:
    """One representation, fitted: to a fold's training rows, or to all of them.

    Attributes
    ----------
    train, valid : block name → array of float32, (n_rows, n_features)
        `valid` is empty in a refit. Words are held as a `csr_array` of SciPy.
    served : block name → array of float32
        In a refit, rows as a package meets them; see `Course.served`.
    """

    recipe: FittedRecipe
    train: Blocks
    valid: Blocks
    train_rows: np.ndarray
    valid_rows: np.ndarray
    served: Blocks = field(default_factory=dict)

    @property
    def size_gb(self) -> float:
        """Memory that the blocks fill."""
        return sum(_n_bytes(block) for blocks in (self.train, self.valid) for block in blocks.values()) / 1e9


@dataclass(frozen=True)
class Course:
    """The rows, the folds and the representation that all candidates share.

    Attributes
    ----------
    rows : Labelled
        With weights of mean 1, if any.
    trains : array of bool, (n_folds, n_rows), or None
        The rows to train on in each fold, where the caller or a repair says.
    n_kept_out : int
        The last so many rows are not trained on in the final fit either.
    left_out : array of bool, (n_rows,), or None
        Rows that a repair keeps out of the final fit.
    certified : bool
        Whether a refit's library predicts rows as a package meets them, for the certificate.
    """

    rows: Labelled
    asked: Asked
    plan: Plan
    encoding: Encoding
    of_row: np.ndarray
    how: str
    schema: Schema
    effects: Mapping[str, int]
    seed: int
    trains: np.ndarray | None = None
    n_kept_out: int = 0
    left_out: np.ndarray | None = None
    certified: bool = True

    @cached_property
    def encoded(self) -> Encoded:
        """All training rows as numbers, codes, moments and texts, each text read into words once for all folds."""
        encoded = self.schema.encode(self.rows.frame)
        return replace(encoded, texts=remembered(encoded.texts))

    @cached_property
    def y(self) -> np.ndarray:
        """What learners train on: float64 (n_rows,), transformed where the plan says so."""
        return np.log1p(np.maximum(self.rows.y, 0.0)) if self.plan.transform == "log1p" else self.rows.y

    @cached_property
    def weight(self) -> np.ndarray | None:
        """What rows weigh in training: float64 (n_rows,), or None; `rows.weight` is what they weigh in scores."""
        given, factors = self.rows.weight, []
        if self.plan.class_weight:
            factors.append(np.array(self.plan.class_weight)[self.rows.y.astype(np.int64)])
        if self.plan.metric == BY_SIZE:
            factors.append(1 / sizes(self.rows.y))
        if not factors:
            return given
        return relative(np.prod([*factors, np.ones(len(self.rows.y)) if given is None else given], axis=0))

    @cached_property
    def identity(self) -> str:
        """Hash of all that a fit depends on besides the candidate: rows, folds, target, weights, seed."""
        plan = (self.plan.transform, self.plan.loss, self.plan.class_weight, self.plan.search_rows)
        roles = (self.asked.task, self.asked.classes, plan, dict(self.effects), self.seed, self.how)
        rows = (self.asked.train.fingerprint, digest(self.of_row), digest(self.rows.y))
        own = [digest(one) for one in (self.trains, self.left_out, self.rows.group) if one is not None]
        return digest(rows, roles, digest(self.weight) if self.weight is not None else "", own, self.n_kept_out)

    @cached_property
    def _read(self) -> Mapping[str, str]:
        """Hash of each block and of the schema that it reads, made once: of thousands of columns that takes a while."""
        schema = digest(self.schema)
        return {block.name: digest(block, schema) for block in self.encoding.blocks}

    def reads(self, candidate: Candidate) -> list[str]:
        """Hashes of the features that a candidate reads: of its blocks, each with the columns as they are read."""
        return [self._read[name] for name in candidate.blocks if name in self._read]

    @property
    def n_classes(self) -> int:
        """0 in regression."""
        return len(self.asked.classes)

    def encodings(self, fold: int | None, only: tuple[str, ...] | None = None, share: float = 1.0) -> Encodings:
        """Fit the representation on one fold's training rows, or on all rows when `fold` is None.

        Parameters
        ----------
        only : names of blocks, optional
            Leave the others out.
        share : float
            Of the rows that a fold usually trains on.
        """
        if fold is None:
            train, valid = np.ones(len(self.of_row), bool), np.zeros(len(self.of_row), bool)
            train[len(train) - self.n_kept_out :] = False
            if self.left_out is not None:
                train &= ~self.left_out
        else:
            train, valid = self._searched(fold, share)
        blocks = tuple(block for block in self.encoding.blocks if only is None or block.name in only)
        weight = weighing(self.rows.weight, train)
        fitted, train_blocks = fit_recipe(
            Recipe(blocks),
            self.schema,
            self.encoded.take(train),
            self.y[train],
            n_classes=self.n_classes,
            weight=weight,
            seed=self.seed,
            group=self._group(train),
        )
        names = tuple(block.name for block in blocks)
        train_blocks = _thin(fitted, train_blocks)
        valid_blocks = _thin(fitted, fitted.apply(self.encoded.take(valid), names)) if fold is not None else {}
        served = self._served(fitted, names) if fold is None and self.certified else {}
        return Encodings(fitted, train_blocks, valid_blocks, np.flatnonzero(train), np.flatnonzero(valid), served)

    def _served(self, fitted: FittedRecipe, names: tuple[str, ...]) -> Blocks:
        """Edge rows of the schema and a draw of the training rows, encoded as when predicting: no row is cross-fitted."""
        edges = fitted.apply(self.schema.encode(edge_rows(self.schema)), names)
        rows = fitted.apply(self.encoded.take(drawn(len(self.of_row))), names)
        return _thin(fitted, {name: np.concatenate([edges[name], rows[name]]) for name in names})

    def n_train(self, fold: int) -> int:
        """Rows that the fold trains on."""
        return int(self._searched(fold)[0].sum())

    def valid_rows(self, fold: int) -> np.ndarray:
        """Positions of the rows that the fold measures."""
        return np.flatnonzero(self._searched(fold)[1])

    def _searched(self, fold: int, share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Masks of the rows that train and that measure, drawn where the plan searches on fewer, or `share` is not one."""
        train = training_rows(self.of_row, fold, self.how) if self.trains is None else self.trains[fold]
        valid = self.of_row == fold
        most, rng = self.plan.search_rows, np.random.default_rng([self.seed, fold])
        usual, measured = (
            (_drawn(train, most, rng), _drawn(valid, most // MEASURED_PART, rng)) if most else (train, valid)
        )
        if share == 1:
            return usual, measured
        return _drawn(usual if share < 1 else train, int(share * usual.sum()), rng), measured

    def groups(self, rows: np.ndarray) -> np.ndarray | None:
        """Groups of some rows, by position, as intervals count them; None where all are of one: it tells of no other."""
        group = self._group(rows)
        return group if group is not None and len(np.unique(group)) > 1 else None

    def fold(self, candidate: Candidate, made: Encodings) -> Fold:
        """What the candidate's learner is handed."""
        names, categorical, monotone = self._features(candidate, made.recipe)
        measured = len(made.valid_rows) > 0
        return Fold(
            X=side_by_side(made.train, candidate.blocks),
            y=self.y[made.train_rows],
            task=self.asked.task,
            n_classes=self.n_classes,
            names=names,
            X_valid=side_by_side(made.valid, candidate.blocks) if measured else None,
            y_valid=self.y[made.valid_rows] if measured else None,
            weight=weighing(self.weight, made.train_rows),
            weight_valid=weighing(self.weight, made.valid_rows) if measured else None,
            group=self._group(made.train_rows),
            categorical=categorical,
            monotone=monotone,
            seed=self.seed,
            loss=str(candidate.settings.get("loss", self.plan.loss)),
            served=side_by_side(made.served, candidate.blocks) if made.served else None,
        )

    def _group(self, rows: np.ndarray) -> np.ndarray | None:
        return self.rows.group[rows] if self.rows.group is not None else None

    def _features(
        self, candidate: Candidate, recipe: FittedRecipe
    ) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
        steps = {block.name: block.step for block in recipe.recipe.blocks}
        names: list[str] = []
        categorical: list[int] = []
        monotone: list[int] = []
        for block in candidate.blocks:
            for name in recipe.names(block):
                if steps[block].startswith("codes@"):
                    categorical.append(len(names))
                monotone.append(self.effects.get(name, 0) if steps[block].startswith("numbers@") else 0)
                names.append(f"{block}:{name}")
        return tuple(names), tuple(categorical), tuple(monotone) if any(monotone) else ()


def _drawn(mask: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    places = np.flatnonzero(mask)
    if len(places) <= most:
        return mask
    fewer = np.zeros_like(mask)
    fewer[rng.choice(places, most, replace=False)] = True
    return fewer


def relative(weight: np.ndarray) -> np.ndarray:
    """Weights whose mean, over those above 0, is 1.

    Only their ratios mean something, and yet penalties, the least weight of a leaf and what a mean is drawn by count in rows:
    by weights that sum to 1 all were drawn to nothing, by those of a survey hardly at all.

    >>> relative(np.array([0.0, 1e-6, 3e-6]))
    array([0. , 0.5, 1.5])
    """
    shares = weight / weight.max()
    return np.asarray(shares / shares[shares > 0].mean())


def sizes(y: np.ndarray) -> np.ndarray:
    """Sizes of a target that errors are told as shares of: above 0, (n_rows,)."""
    size = np.abs(y)
    least = np.quantile(size[size > 0], SMALLEST) if size.any() else 1.0
    return np.asarray(np.maximum(size, least))


def weighing(weight: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    """Weights of some rows, by mask or position; None, as they then weigh alike, where none of them weighs anything."""
    return weight[rows] if weight is not None and weight[rows].any() else None


def _thin(fitted: FittedRecipe, blocks: dict[str, np.ndarray]) -> dict[str, Any]:
    """The same blocks, without the zeros of those that are mostly zero; each dense one is let go as its turn has come."""
    step = {block.name: block.step for block in fitted.recipe.blocks}
    made: dict[str, Any] = {}
    for name in list(blocks):
        block = blocks.pop(name)
        made[name] = sparse.csr_array(block) if step[name] in MOSTLY_ZERO else block
    return made


def _n_bytes(block: Any) -> int:
    parts = (block.data, block.indices, block.indptr) if sparse.issparse(block) else (block,)
    return sum(part.nbytes for part in parts)


def side_by_side(blocks: Blocks, names: tuple[str, ...]) -> np.ndarray:
    """Blocks of features joined: float32 (n_rows, n_features), row by row in memory; a `csr_array` where one is."""
    if any(sparse.issparse(blocks[name]) for name in names):
        joined: Any = sparse.hstack([sparse.csr_array(blocks[name]) for name in names], format="csr", dtype=np.float32)
        return joined  # type: ignore[no-any-return]
    return np.ascontiguousarray(np.concatenate([blocks[name] for name in names], axis=1), dtype=np.float32)


def as_served(X: Any) -> np.ndarray:
    """Rows as a package hands them to its members: zeros included."""
    return np.asarray(X.toarray() if sparse.issparse(X) else X)


def course(run: Run, asked: Asked, chosen: Chosen, plan: Plan, encoding: Encoding) -> Course:
    """Gather what the race runs over."""
    features = set(chosen.features).difference(plan.unread)
    columns = tuple(column for column in chosen.read_as(asked.schema).columns if column.name in features)
    rows = labelled(run, asked, asked.train)
    way = -1 if asked.positive == 0 else 1  # effects are demanded of success, and learners predict the second class
    return Course(
        rows=rows if rows.weight is None else replace(rows, weight=relative(rows.weight)),
        asked=asked,
        plan=plan,
        encoding=encoding,
        of_row=np.load(run.path(chosen.split.path)),
        how=chosen.split.how,
        schema=Schema(columns, asked.schema.missing),
        effects={name: way * SIGNS[effect] for name, effect in run.brief.features.effect.items()},
        seed=run.brief.run.seed,
        trains=np.load(run.path(chosen.split.trains)) if chosen.split.trains else None,
        n_kept_out=0 if run.train_on_valid else run.n_valid,
        left_out=np.load(run.path(chosen.split.left_out)) if chosen.split.left_out else None,
        certified=run.judged,
    )
