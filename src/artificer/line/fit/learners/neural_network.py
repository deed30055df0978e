"""A dense network in the manner of RealMLP, trained with numpy: robust scaling, periodic embeddings, cyclic learning rate.

Holzmüller, Grinsztajn and Steinwart (2024), "Better by default: strong pre-tuned MLPs and boosted trees on tabular data",
arXiv 2407.04491; embeddings after Gorishniy, Rubachev and Babenko (2022, arXiv 2203.05556). Label smoothing, tuned for error
rates there, is left out: probabilities matter here. The learning rate falls to zero at the end of each of four cycles, and the
network as it then stands is one stage; validation chooses the stage, and a refit trains until there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np

from artificer.core.brief import Task
from artificer.core.clock import Clock, Stopwatch
from artificer.core.protocols import Fitted, Fold, Settings
from artificer.line.fit.losses import NEVER, constant, level_of, link_of, log_mean, power_of, row_losses
from artificer_runtime.members.links import linked
from artificer_runtime.members.network import (
    SELU_ALPHA,
    SELU_SCALE,
    Activation,
    Network,
    activated,
    angles,
    bent,
    beside,
    rounded,
)

CYCLES = 4  # they end after 1, 3, 7 and 15 fifteenths of all steps
N_WAVES, N_SHOWN, MOST_WAVED = 16, 3, 100
BETAS, TINY = (0.9, 0.95), 1e-8
DECAY = 0.02
TIMED_STEPS = 20
STEEPEST = 10.0  # logarithm of a prediction, as a share of the mean, at which slopes stop growing
RAREST = 1e-5  # share of a class that no training row has
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class NeuralNetwork:
    """Settings: `epochs` (64), `batch` (256), `hidden` (256), `layers` (3), `dropout` (0.15), `learning_rate` (0.04 or 0.2).

    The learning rate is 0.2 where numbers are predicted. `patience` 0 trains all cycles; else a cycle that ends worse than
    the one before is the last.
    """

    API: ClassVar[int] = 1
    name: str = "network"
    version: int = 4

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Train all cycles, or as many as `max_iterations` says; fewer epochs where the clock leaves no time for all.

        Where it passes all the same, the cycles that had ended are what there is.
        """
        work = _Training(fold, settings)
        stages, curve, epochs, cut = work.run(clock)
        member = work.member(tuple(stages))
        raw = work.raw(stages[-1], fold.checked)
        native = linked(np.clip(raw * member.spread + member.middle, member.low, member.high), member.link)
        return Fitted(member, np.array(curve), len(stages), cut, native, {"epochs": float(epochs)})


@dataclass
class _Training:
    """One network on its way: parameters stand in one flat array, so that one pass updates them all."""

    fold: Fold
    settings: Settings
    flat: np.ndarray = field(init=False)
    parameters: Arrays = field(init=False)
    slopes: Arrays = field(init=False)

    def __post_init__(self) -> None:
        fold = self.fold
        self.epochs = max(1, round(float(self.settings.get("epochs", 64))))
        self.batch = int(self.settings.get("batch", 256))
        self.activation: Activation = "mish" if fold.task == "regression" else "selu"
        self.center, self.scale = _scales(fold.X)
        waved = np.flatnonzero(self.scale > 0).astype(np.int32)
        self.waves = waved if len(waved) <= MOST_WAVED else np.empty(0, np.int32)
        self.ready = bent(fold.X, self.center, self.scale).astype(np.float32)
        self.n_out = fold.n_classes if fold.task == "multiclass" else 1
        self.n_layers = int(self.settings.get("layers", 3)) + 1
        self.middle, self.spread = 0.0, 1.0
        self.power, self.level = power_of(fold.loss), level_of(fold.loss)
        if self.power is not None:
            self.middle = log_mean(fold.y, fold.weight)
            self.y = (fold.y / np.exp(self.middle)).astype(np.float32)
        elif fold.task == "regression":
            self.middle = constant(fold.loss, fold.y, fold.weight)
            self.spread = float(np.sqrt(np.average((fold.y - self.middle) ** 2, weights=fold.weight))) or 1.0
            self.y = ((fold.y - self.middle) / self.spread).astype(np.float32)
        else:
            self.y = fold.y.astype(np.float32)
        self._begin()

    def member(self, stages: tuple[Arrays, ...]) -> Network:
        y, low, high = self.fold.y, -np.inf, np.inf
        if self.power is not None:
            low, high = self.middle + NEVER, max(float(np.log(max(y.max(), np.exp(NEVER)))), self.middle)
        elif self.fold.task == "regression":
            low, high = float(y.min()), float(y.max())
        return Network(
            self.center,
            self.scale,
            self.waves,
            tuple(rounded(stage) for stage in stages),
            self.activation,
            link_of(self.fold.task, self.fold.loss),
            low,
            high,
            self.middle,
            self.spread,
            _means(self.fold.X),
        )

    def raw(self, stage: Arrays, X: np.ndarray) -> np.ndarray:
        """Raw outputs as training computes them, in single precision: float64 (n_rows, n_out)."""
        return self._through(stage, bent(X, self.center, self.scale).astype(np.float32), 0.0).raw.astype(np.float64)

    def run(self, clock: Clock) -> tuple[list[Arrays], list[float], int, bool]:
        """Train until a cycle ends worse than the one before.

        Who has no time for all epochs begins again with fewer, as a replay will, which is told of these alone.

        Returns
        -------
        stages : list of dict of str to array
            Parameters at the end of each cycle.
        curve : list of float
            Validation loss of each; empty in a refit.
        epochs : int
            What all cycles would have taken.
        cut : bool
            Whether the clock allowed fewer epochs, or cycles.
        """
        n_cycles = int(self.settings.get("max_iterations", CYCLES))
        watch, epochs, stages, curve = Stopwatch(), self.epochs, list[Arrays](), list[float]()
        patient = not self.settings.get("patience", 1)
        per_epoch = max(1, len(self.y) // self.batch)
        step, batches = 0, self._batches()
        while len(stages) < n_cycles:
            total = max(CYCLES, epochs * per_epoch)
            if clock.expired and stages:
                return stages, curve, epochs, True
            if step == TIMED_STEPS and epochs == self.epochs:
                affordable, wanted = max(clock.left_s, 0.0) * step / watch.seconds, total * _end(n_cycles)
                if affordable < wanted - step and epochs > 1:
                    epochs, step, stages, curve = max(1, int(epochs * affordable / wanted)), 0, [], []
                    self._begin()
                    batches = self._batches()
                    continue
            self._step(next(batches), step, total)
            step += 1
            while len(stages) < n_cycles and step >= round(_end(len(stages) + 1) * total):
                stages.append({name: values.copy() for name, values in self.parameters.items()})
                curve += self._watched(stages[-1])
                if not patient and len(curve) > 1 and curve[-1] > min(curve[:-1]):
                    return stages, curve, epochs, epochs < self.epochs
        return stages, curve, epochs, epochs < self.epochs

    def _watched(self, stage: Arrays) -> list[float]:
        fold = self.fold
        if fold.X_valid is None or fold.y_valid is None:
            return []
        losses = row_losses(fold.task, fold.y_valid, self.member((stage,)).predict(fold.X_valid), fold.loss)
        return [float(np.average(losses, weights=fold.weight_valid))]

    def _begin(self) -> None:
        n_features, n_waved = self.ready.shape[1], len(self.waves)
        hidden = int(self.settings.get("hidden", 256))
        self.rng = np.random.default_rng(self.fold.seed + 7)
        n_inputs = n_features + n_waved * N_SHOWN
        widths = [n_inputs, *[hidden] * (self.n_layers - 1), self.n_out]
        rng = self.rng
        first: dict[str, tuple[np.ndarray, float, float]] = {}  # initial values, factor of the rate, of the decay
        if n_waved:
            first["frequency"] = rng.normal(0, 0.1 * 2 * math.pi, (n_waved, N_WAVES)), 0.1, 0.0
            first["phase"] = rng.uniform(-math.pi, math.pi, (n_waved, N_WAVES)), 0.1, 0.0
            first["mix"] = rng.normal(0, 1 / math.sqrt(N_WAVES), (n_waved, N_WAVES, N_SHOWN)), 0.1, 0.0
            first["shift"] = rng.normal(0, 0.1, (n_waved, N_SHOWN)), 0.1, 0.0
        first["gain"] = np.ones(n_inputs), 6.0 / math.sqrt(max(n_inputs, 1)), 0.0
        for layer, (n_in, n_out) in enumerate(pairwise(widths)):
            last = layer + 1 == self.n_layers
            size = 0.0 if last else 1 / math.sqrt(max(n_in, 1))
            first[f"weight{layer}"] = rng.normal(0, 1, (n_in, n_out)) * size, 1 / math.sqrt(max(n_in, 1)), 1.0
            first[f"bias{layer}"] = self._prior() if last else rng.normal(0, 0.3, n_out), 0.1, 0.0
        self.flat = np.concatenate([values.ravel() for values, _, _ in first.values()]).astype(np.float32)
        self.rate = np.concatenate([np.full(values.size, rate, np.float32) for values, rate, _ in first.values()])
        self.decay = np.concatenate([np.full(values.size, decay, np.float32) for values, _, decay in first.values()])
        self.gradient, self.mean, self.square = (np.zeros_like(self.flat) for _ in range(3))
        self.parameters, self.slopes = Arrays(), Arrays()
        start = 0
        for name, (values, _, _) in first.items():
            for views, flat in ((self.parameters, self.flat), (self.slopes, self.gradient)):
                views[name] = flat[start : start + values.size].reshape(values.shape)
            start += values.size

    def _prior(self) -> np.ndarray:
        """What is predicted where nothing is known of a row: the mean, or the log odds of the classes."""
        if self.fold.task == "regression":
            return np.zeros(1)
        n_classes = max(self.fold.n_classes, 2)
        share = np.bincount(self.fold.y.astype(np.int64), weights=self.fold.weight, minlength=n_classes)
        share = np.clip(share / max(share.sum(), 1e-12), RAREST, 1)
        return np.asarray(np.log(share) if self.fold.task == "multiclass" else np.log(share[1:] / share[:1]))

    def _batches(self) -> Iterator[np.ndarray]:
        while True:
            order = self.rng.permutation(len(self.y))
            for start in range(0, max(len(order) - self.batch + 1, 1), self.batch):
                yield order[start : start + self.batch]

    def _step(self, rows: np.ndarray, step: int, total: int) -> None:
        done = step / total
        calm = 1.0 if done < 0.5 else 0.5 * (1 + math.cos(math.pi * (2 * done - 1)))  # flat, then falling
        self._slopes(rows, float(self.settings.get("dropout", 0.15)) * calm)
        default = 0.2 if self.fold.task == "regression" else 0.04
        cycle = 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * (step + 0.5) / total)))
        rate = float(self.settings.get("learning_rate", default)) * cycle
        self.mean += (1 - BETAS[0]) * (self.gradient - self.mean)
        self.square += (1 - BETAS[1]) * (self.gradient**2 - self.square)
        seen = step + 1
        size = rate / (1 - BETAS[0] ** seen)
        root = np.sqrt(self.square * (1 / (1 - BETAS[1] ** seen))) + TINY
        self.flat *= 1 - (rate * DECAY * calm) * self.decay
        self.flat -= size * self.rate * (self.mean / root)

    def _slopes(self, rows: np.ndarray, dropout: float) -> None:
        """Gradients of the mean loss over a batch, by going through the layers and back."""
        p, slopes = self.parameters, self.slopes
        ready = self.ready[rows]
        passed = self._through(p, ready, dropout)
        back = self._loss_slope(passed.raw, rows)
        for layer in range(self.n_layers - 1, -1, -1):
            np.matmul(passed.hidden[layer].T, back, out=slopes[f"weight{layer}"])
            slopes[f"bias{layer}"][...] = back.sum(axis=0)
            back = back @ p[f"weight{layer}"].T
            if layer:
                if dropout:
                    back *= passed.masks[layer - 1]
                back *= _activation_slope(passed.raws[layer - 1], passed.outs[layer - 1], self.activation)
        slopes["gain"][...] = (back * passed.inputs).sum(axis=0)
        if len(self.waves):
            self._wave_slopes((back * p["gain"])[:, ready.shape[1] :], ready, passed.angle)

    def _through(self, p: Arrays, ready: np.ndarray, dropout: float) -> _Passed:
        angle, inputs = np.empty(0), ready
        if len(self.waves):
            angle = angles(p, ready, self.waves)
            inputs = beside(ready, np.cos(angle) @ p["mix"] + p["shift"][:, None, :])
        passed = _Passed(angle, inputs, [inputs * p["gain"]])
        for layer in range(self.n_layers):
            passed.raw = passed.hidden[-1] @ p[f"weight{layer}"] + p[f"bias{layer}"]
            if layer + 1 == self.n_layers:
                break
            out = activated(passed.raw, self.activation)
            passed.raws.append(passed.raw)
            passed.outs.append(out)
            if dropout:
                passed.masks.append((self.rng.random(out.shape, np.float32) >= dropout) * np.float32(1 / (1 - dropout)))
                out = out * passed.masks[-1]
            passed.hidden.append(out)
        return passed

    def _wave_slopes(self, back: np.ndarray, ready: np.ndarray, angle: np.ndarray) -> None:
        p, slopes = self.parameters, self.slopes
        mixed = back.reshape(len(back), len(self.waves), N_SHOWN).transpose(1, 0, 2)
        slopes["shift"][...] = mixed.sum(axis=1)
        np.matmul(np.cos(angle).transpose(0, 2, 1), mixed, out=slopes["mix"])
        turned = -np.sin(angle) * (mixed @ p["mix"].transpose(0, 2, 1))
        slopes["phase"][...] = turned.sum(axis=1)
        slopes["frequency"][...] = (ready.T[self.waves][:, None, :] @ turned)[:, 0]

    def _loss_slope(self, raw: np.ndarray, rows: np.ndarray) -> np.ndarray:
        y, weight = self.y[rows], self.fold.weight
        given = np.ones(len(rows)) if weight is None else weight[rows]
        share = (given / max(given.sum(), 1e-12)).astype(np.float32)[:, None]
        task: Task = self.fold.task
        if self.level is not None:
            return np.asarray(share * ((raw > y[:, None]) - np.float32(self.level)))
        if self.power is not None:
            mean = np.exp(np.clip(raw, -STEEPEST, STEEPEST))
            return np.asarray(share * (mean ** (2 - self.power) - y[:, None] * mean ** (1 - self.power)))
        if task == "regression":
            return np.asarray(2 * share * (raw - y[:, None]))
        if task == "binary":
            return np.asarray(share * (1 / (1 + np.exp(-np.clip(raw, -30, 30))) - y[:, None]))
        likely = np.exp(raw - raw.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        likely[np.arange(len(rows)), y.astype(np.int64)] -= 1
        return np.asarray(share * likely)


@dataclass
class _Passed:
    """What a pass through the layers leaves for the way back."""

    angle: np.ndarray
    inputs: np.ndarray
    hidden: list[np.ndarray]
    raw: np.ndarray = field(default_factory=lambda: np.empty(0))
    raws: list[np.ndarray] = field(default_factory=list)
    outs: list[np.ndarray] = field(default_factory=list)
    masks: list[np.ndarray] = field(default_factory=list)


def _end(cycle: int) -> float:
    """Share of all steps after which a cycle ends."""
    return float((2**cycle - 1) / (2**CYCLES - 1))


def _means(X: np.ndarray) -> np.ndarray:
    """Means of what is known of each feature; 0 where nothing is."""
    known = ~np.isnan(X)
    sums = np.where(known, X, 0).sum(axis=0, dtype=np.float64)
    return np.asarray(sums / np.maximum(known.sum(axis=0), 1), np.float32)


def _scales(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and the inverse of the spread of each number; scale 0 for features of at most two values, 0 and 1."""
    center, scale = np.zeros(X.shape[1], np.float32), np.zeros(X.shape[1], np.float32)
    for place in range(X.shape[1]):
        values = X[:, place][~np.isnan(X[:, place])]
        if not len(values) or bool(((values == 0) | (values == 1)).all()):
            continue
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        spread = high - low or 0.5 * (values.max() - values.min())
        center[place], scale[place] = middle, 1 / spread if spread > 0 else 0.0
    return center, scale


def _activation_slope(raw: np.ndarray, out: np.ndarray, activation: Activation) -> np.ndarray:
    if activation == "selu":
        return np.where(raw > 0, np.float32(SELU_SCALE), out + np.float32(SELU_SCALE * SELU_ALPHA))
    grown = np.exp(np.minimum(raw, 20.0))
    twice = grown * (grown + 2)
    soft = twice / (twice + 2)
    return np.asarray(soft + raw * (grown / (1 + grown)) * (1 - soft**2), np.float32)
