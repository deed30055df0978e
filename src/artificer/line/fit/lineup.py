"""Who races, and over what."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

import numpy as np

from artificer.core.stages import Candidate
from artificer.line.fit.course import Course
from artificer.line.fit.losses import row_losses

Losses = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Lineup:
    """Who races, and over what.

    Attributes
    ----------
    candidates : tuple of Candidate
        In the order in which they are tried; the first two always run.
    n_variants : int
        How many of them, at the end, are only tried while they help.
    n_folds : int
        Folds that are trained, where the clock allows.
    n_rows : int
        Rows that a refit trains on.
    n_train : int
        Rows that one fold trains on.
    n_classes : int
        1 in regression and with two classes.
    losses : callable (rows, prediction) → array
        Losses of rows, given by position, whose mean learners lower; weights included.
    n_workers : int
        Fits that run side by side.
    reads_more : float
        How many times as many rows the final fit makes features of as a fold does: above 1 in a search on fewer rows.
    """

    candidates: tuple[Candidate, ...]
    n_variants: int
    n_folds: int
    n_rows: int
    n_train: int
    n_classes: int
    losses: Losses
    n_workers: int
    reads_more: float = 1.0


def lineup(track: Course, n_workers: int, made: tuple[Candidate, ...] = (), without: Container[str] = ()) -> Lineup:
    """Who races over these rows, but those of the names `without`; of a replay, those too that were made in the race."""
    weight, planned = track.weight, track.encoding.candidates
    variants = [one.name for one in planned[len(planned) - track.plan.n_variants :] if one.name not in without]

    def losses(rows: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        found = row_losses(track.asked.task, track.y[rows], prediction, track.plan.loss)
        return found if weight is None else found * weight[rows] / max(float(weight[rows].mean()), 1e-300)

    return Lineup(
        candidates=(*(one for one in planned if one.name not in without), *made),
        n_variants=len(variants),
        n_folds=track.plan.folds_tried,
        n_rows=len(track.of_row),
        n_train=track.n_train(0),
        n_classes=track.n_classes if track.n_classes > 2 else 1,
        losses=losses,
        n_workers=n_workers,
        reads_more=max(len(track.of_row) / max(track.n_train(0) + len(track.valid_rows(0)), 1), 1.0),
    )
