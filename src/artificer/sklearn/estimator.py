"""What both estimators share: settings, the run of the line behind `fit`, and what it leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, column_or_1d

import artificer_runtime
from artificer.core.brief import Brief, Data, Features, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.leaderboard import Standing, leaderboard
from artificer.core.run import Progress, Run, silent, temporary_workspace
from artificer.core.stages import Driver, Model, Trial
from artificer.data.table import stacked
from artificer.line.ask import ask
from artificer.line.ask.rows import oriented
from artificer.line.audit import audit
from artificer.line.fit import fit as fit_stage
from artificer.line.refine import refine
from artificer.measure.importance import importance
from artificer.measure.labels import decided
from artificer.measure.metrics import metric as find_metric
from artificer.measure.own import Labelling, registered
from artificer.sklearn.frames import frame_of
from artificer.sklearn.given import (
    GROUP,
    TARGET,
    TIME,
    WEIGHT,
    Extras,
    check_callback,
    check_metric,
    check_names,
    check_number,
    check_repeats,
    listed,
    n_workers,
    own_folds,
    padded,
    row_weights,
    seed_of,
    values_of,
)
from artificer.sklearn.monotone import demanded
from artificer.sklearn.replaced import out_of_fold, stays
from artificer.sklearn.words import own_findings, plainly
from artificer_runtime.package import write

Self = TypeVar("Self", bound="Estimator")


class Estimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share.

    Parameters
    ----------
    budget_s : float
        Ceiling of the wall time of `fit`, in seconds; few rows end early.
    metric : str or callable (y_true, y_pred[, sample_weight]) → float, optional
        What candidates are compared by; default: roc_auc for two classes, log_loss for more, rmse for numbers. Of a
        callable, larger is better unless it has `larger_is_better = False` or `artificer.as_metric` says otherwise.
    random_state : int, optional
        Seed; the same one gives the same model.
    n_jobs : int, optional
        Fits side by side; -1 for one a core.
    learners, exclude : str or sequence of str, optional
        Names of learners or candidates: those alone are tried, or all but those.
    cv : int, splitter, or array of int (n_rows,), optional
        Own folds: so many, those of a scikit-learn splitter, or for each row its fold (-1: it only ever trains).
    memory_gb : float, optional
        What training may use, about; default: what the machine has free.
    monotonic_cst : dict of name to int, or array of int (n_features,), optional
        1 where the prediction may only rise with a column of numbers, -1 where it may only fall, 0 elsewhere.
    callback : callable (stage, text), optional
        Told what happens as it happens.
    """

    _kind: ClassVar[str]
    _success = ""  # of two classes, what counts as success
    _run: Run | None = None
    _vanish: Callable[[], object] | None = None
    _model: Model | None = None
    _weighted: bool = False
    trials_: tuple[Trial, ...]

    def __init__(
        self,
        budget_s: float = 60,
        metric: str | Callable[..., Any] | None = None,
        random_state: int | None = None,
        n_jobs: int | None = None,
        learners: str | Sequence[str] | None = None,
        exclude: str | Sequence[str] | None = None,
        cv: Any = None,
        memory_gb: float | None = None,
        callback: Progress | None = None,
        monotonic_cst: Any = None,
    ) -> None:
        self.budget_s = budget_s
        self.metric = metric
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.learners = learners
        self.exclude = exclude
        self.cv = cv
        self.memory_gb = memory_gb
        self.callback = callback
        self.monotonic_cst = monotonic_cst

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def save(self, path: str | Path) -> str:
        """Write the package to a folder that does not exist yet, and give the model hash."""
        check_is_fitted(self)
        place = Path(path)
        if place.exists():
            raise ValueError(f"'{place}' is there already; name a folder that is not")
        return write(place, self.predictor_.contents)

    def leaderboard(self, *, as_frame: bool = False) -> tuple[Standing, ...] | pl.DataFrame:
        """Give what was tried, the best first: records, or a polars frame of one row a candidate."""
        check_is_fitted(self)
        if not as_frame:
            return self.leaderboard_
        return pl.DataFrame([one.plain() for one in self.leaderboard_], infer_schema_length=None)

    def importance(self, X: Any, y: Any, *, n_repeats: int = 5, sample_weight: Any = None) -> tuple[Driver, ...]:
        """Measure what each column is worth: how much the score falls when its values are shuffled, the most first.

        Parameters
        ----------
        X, y
            Labelled rows that did not train it, or the answer is too sure.
        n_repeats : int
            Shuffles a column.
        sample_weight : array, (n_rows,), optional

        Returns
        -------
        tuple of Driver
            Effects in units of `metric_` with an interval of 95%, positive where the column helps.
        """
        check_is_fitted(self)
        check_repeats(n_repeats)
        with plainly():
            frame, truth = self._frame(X, reset=False), self._numbers(y)
        if frame.height != len(truth):
            raise ValueError(f"X has {frame.height} rows and y {len(truth)}; give each row its label")
        weight, rng = row_weights(sample_weight, len(truth)), np.random.default_rng(0)
        turned_y, base = oriented(truth, self._seen(frame), self._positive)
        found = []
        for column in self.predictor_.schema.columns:
            if column.name not in frame.columns:
                continue

            def shuffled(order: np.ndarray, name: str = column.name) -> np.ndarray:
                other = self._seen(frame.with_columns(frame[name][order].alias(name)))
                return oriented(truth, other, self._positive)[1]

            effect = importance(self.metric_, turned_y, base, shuffled, rng, n_repeats=n_repeats, weight=weight)
            found.append(Driver(column.name, effect))
        return tuple(sorted(found, key=lambda one: -one.effect.value))

    def _seen(self, frame: pl.DataFrame) -> np.ndarray:
        """Predictions as the metric sees them."""
        held = self.predictor_
        return decided(self.metric_, held.raw(held.schema.encode(frame)), held.contents.multipliers)

    def _numbers(self, y: Any, called: str = "y") -> np.ndarray:
        """Labels as class indices, or values: float64 (n_rows,)."""
        given = column_or_1d(y)
        if self._kind == "number":
            return values_of(given, called)
        places = {label: float(place) for place, label in enumerate(self.classes_.tolist())}
        codes = [places.get(label, np.nan) for label in given.tolist()]
        if np.isnan(codes).any():
            odd = given.tolist()[int(np.isnan(codes).argmax())]
            known = self.classes_.tolist()
            raise ValueError(f"{called} holds {odd!r}, a class that it was not fitted with; it knows {known}")
        return np.asarray(codes, np.float64)

    def improve(self: Self, budget_s: float) -> Self:
        """Go on from where `fit` stopped, for so many seconds more; what was trained is not trained again.

        All candidates are tried, of few rows too. The model is replaced where the new one's score is at least as good on
        the rows that both have out-of-fold predictions of, and stays where it is not; the leaderboard tells of either.

        Warns
        -----
        UserWarning
            When nothing new was trained: nothing was left to train, or there was no time for it.

        Raises
        ------
        ValueError
            When what `fit` made is gone: in an estimator that was copied or read from a file.
        """
        check_is_fitted(self)
        check_number("budget_s", budget_s)
        before = self._run
        if before is None:
            raise ValueError("what fit made is gone, in a copy or after loading: fit again, with a larger budget_s")
        limits = replace(before.brief.run, limit_s=float(budget_s))
        self._run = replace(
            before,
            brief=replace(before.brief, run=limits),
            clock=Clock.after(float(budget_s)),
            spent_s=before.spent_s + before.brief.run.limit_s,
            results={},
            stop=threading.Event(),
        )
        with plainly():
            self._fitted(self._run, weighted=self._weighted, before=self._model)
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Without the workspace: a copy predicts, and cannot improve."""
        return {
            name: value for name, value in super().__getstate__().items() if name not in ("_run", "_vanish", "_model")
        }

    def _train(
        self,
        X: Any,
        target: np.ndarray,
        extras: Extras,
        valid: tuple[Any, np.ndarray] | None,
        *,
        train_on_val: bool,
    ) -> None:
        check_number("budget_s", self.budget_s)
        clock = Clock.after(float(self.budget_s))
        check_number("memory_gb", 1.0 if self.memory_gb is None else self.memory_gb)
        n_workers(self.n_jobs)
        check_metric(self.metric)
        check_callback(self.callback)
        with plainly():
            frame = self._frame(X, reset=True)
        check_names(frame.columns)
        beside = extras.columns(frame.height)
        if self.cv is not None and valid is not None:
            raise ValueError("cv and X_val are both given; candidates are compared on one of them")
        n_valid = 0
        if valid is not None:
            rows = self._frame(valid[0], reset=False)
            n_valid = rows.height
            frame = stacked(frame, rows)
            target = np.concatenate([target, valid[1]])
        columns = [frame, pl.DataFrame([pl.Series(TARGET, target), *padded(beside, n_valid)])]
        with plainly():
            self._line(clock, pl.concat(columns, how="horizontal"), extras, n_valid, train_on_val=train_on_val)

    def _line(self, clock: Clock, frame: pl.DataFrame, extras: Extras, n_valid: int, *, train_on_val: bool) -> None:
        if self._vanish is not None:
            self._vanish()
        workspace, self._vanish = temporary_workspace(self)
        y = frame[TARGET].to_numpy()
        self._run = Run(
            brief=self._brief(extras),
            folder=Path.cwd(),
            workspace=workspace,
            clock=clock,
            frame=frame,
            progress=self.callback or silent,
            n_workers=n_workers(self.n_jobs),
            effects=False,
            seal=False,
            judged=False,
            class_weight=self._class_weights(frame, n_valid),
            n_valid=n_valid,
            folds=None if self.cv is None else own_folds(self.cv, y, extras, classify=self._kind == "class"),
            train_on_valid=train_on_val,
        )
        self._weighted = extras.weight is not None
        self._fitted(self._run, weighted=self._weighted)

    def _fitted(self, run: Run, *, weighted: bool, before: Model | None = None) -> None:
        """Run the line to its model, and take what it made, unless what is there is better."""
        with self._named_metric(run, weighted=weighted) as run.metric:
            model = refine(run)
            trained = fit_stage(run)
            better = find_metric(trained.metric)
            if before is not None and (because := stays(run, model, before, self.trials_)):
                run.progress("improve", f"the model stays as it was: {because}")
                model = before
            self.trials_ = trained.trials
            self.leaderboard_ = leaderboard(trained, model.parts, larger_is_better=better.larger_is_better)
            if model is not before:
                self._model = model
                self._keep(run, model)

    def _named(self, predictor: artificer_runtime.Predictor) -> artificer_runtime.Predictor:
        """A predictor whose labels are the caller's."""
        return predictor

    def _keep(self, run: Run, model: Model) -> None:
        self.predictor_ = self._named(artificer_runtime.load(run.path(model.folder)))
        self.findings_ = own_findings(audit(run).findings, self.predictor_.contents.classes)
        self.score_ = model.score
        self.front_ = model.front
        self.metric_ = fit_stage(run).metric
        self._positive = ask(run).positive
        self.out_of_fold_ = out_of_fold(run, model)

    def _named_metric(self, run: Run, *, weighted: bool) -> AbstractContextManager[str]:
        """The metric's name; a callable has one as long as the block lasts."""
        if not callable(self.metric):
            return nullcontext(find_metric(self.metric).name if self.metric else "")
        asked = ask(run)
        return registered(
            self.metric,
            Labelling(asked.task, getattr(self, "classes_", None), asked.positive == 0, weighted=weighted),
        )

    def _class_weights(self, frame: pl.DataFrame, n_valid: int) -> tuple[float, ...]:
        """What rows of each class weigh in training; empty where all weigh alike."""
        return ()

    def _brief(self, extras: Extras) -> Brief:
        return Brief(
            target=Target(column=TARGET, kind=self._kind, positive=self._success),  # type: ignore[arg-type]
            data=Data(
                weight=WEIGHT if extras.weight is not None else "",
                time=TIME if extras.time is not None else "",
                group=GROUP if extras.groups is not None else "",
            ),
            features=Features(
                exclude=(TIME,) if extras.time is not None else (),  # a row to predict has none
                effect=demanded(self.monotonic_cst, self._columns, flipped=self._success == "0"),
            ),
            run=RunPart(
                limit_s=float(self.budget_s),
                learners=listed("learners", self.learners),
                exclude=listed("exclude", self.exclude),
                memory_gb=float(self.memory_gb or 0.0),
                seed=seed_of(self.random_state),
            ),
        )

    def _frame(self, X: Any, *, reset: bool) -> pl.DataFrame:
        """X as a frame whose columns are named as they were in `fit`; where those names were none of its own, by position."""
        frame = frame_of(self, X, reset=reset)
        if reset:
            self._columns = frame.columns
        elif not hasattr(self, "feature_names_in_") and set(frame.columns) != set(self._columns):
            frame.columns = self._columns
        return frame

    def _raw(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        with plainly():
            frame = self._frame(X, reset=False)
            return self.predictor_.raw(self.predictor_.schema.encode(frame))
