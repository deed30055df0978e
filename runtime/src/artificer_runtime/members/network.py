"""A small dense network: numbers are scaled, bent and shown as waves, then layers and a link.

The form is that of RealMLP (Holzmüller, Grinsztajn and Steinwart 2024, arXiv 2407.04491): robust scaling with a smooth
clip, a learned periodic embedding of each number beside the number itself, a learned scale of every feature, layers.
A matrix product adds up in another order for every number of rows. So inputs and weights are rounded to binary fractions whose
products and sums are exact in double precision: a row's prediction is the same to the bit in any batch and on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from artificer_runtime.members.links import Link, linked

Activation = Literal["selu", "mish"]

ROWS_AT_ONCE = 2048
# Fractions that activations and weights are rounded to: sums of products are exact while they stay below 2^53 / 2^44 = 512.
STEPS, WEIGHT_STEPS = 2.0**21, 2.0**23
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
FARTHEST = 3.0  # the smooth clip's bound


@dataclass(frozen=True, slots=True)
class Network:
    """Weights of one network, or of several stages of its training; the last stage predicts.

    Attributes
    ----------
    center, scale : array of float32, (n_features,)
        Numbers are read as `(x - center) * scale`, bent into ±3; a feature of scale 0 as it is, from 0 to 1.
    waves : array of int32, (n_waves,)
        Features that are also shown as waves.
    stages : tuple of Mapping[str, array of float64]
        `frequency`, `phase` (n_waves, n_hidden), `mix` (n_waves, n_hidden, n_shown), `shift` (n_waves, n_shown),
        `gain` (n_inputs,), then `weight0` (n_in, n_out), `bias0` and so on; `rounded` gives them.
    low, high, middle, spread : float
        Of a number to be predicted: raw outputs times `spread` plus `middle` are clipped to the range.
    typical : array of float32, (n_features,), or None
        Means in training, for explanations; packages of earlier versions lack them.
    """

    center: np.ndarray
    scale: np.ndarray
    waves: np.ndarray
    stages: tuple[Mapping[str, np.ndarray], ...]
    activation: Activation
    link: Link
    low: float = -np.inf
    high: float = np.inf
    middle: float = 0.0
    spread: float = 1.0
    typical: np.ndarray | None = None
    form: ClassVar[str] = "network@1"

    def predict(self, X: np.ndarray) -> np.ndarray:
        """float32 (n_rows, n_features) → float64 (n_rows, n_out)."""
        return linked(self.raw(X), self.link)

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Before the link."""
        raw = [self._raw(X[at : at + ROWS_AT_ONCE]) for at in range(0, max(len(X), 1), ROWS_AT_ONCE)]
        return np.asarray(np.clip(np.concatenate(raw) * self.spread + self.middle, self.low, self.high))

    def _raw(self, X: np.ndarray) -> np.ndarray:
        stage = self.stages[-1]
        ready = on_grid(bent(X.astype(np.float64), self.center, self.scale))
        if len(self.waves):
            waves = on_grid(np.cos(angles(stage, ready, self.waves)))
            ready = beside(ready, waves @ stage["mix"] + stage["shift"][:, None, :])
        hidden = on_grid(ready * stage["gain"])
        n_layers = sum(name.startswith("weight") for name in stage)
        for layer in range(n_layers):
            raw: np.ndarray = hidden @ stage[f"weight{layer}"] + stage[f"bias{layer}"]
            hidden = on_grid(activated(raw, self.activation)) if layer + 1 < n_layers else raw
        return hidden

    def truncated(self, n_iterations: int) -> Network:
        """The network as it stood after so many stages, or after the last it has."""
        last = min(n_iterations, len(self.stages))
        return replace(self, stages=self.stages[last - 1 : last])

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Everything that is an array; those of stage 1 end in `.1`."""
        named = {
            f"{name}.{place}": values.astype(np.float32)
            for place, one in enumerate(self.stages)
            for name, values in one.items()
        }
        typical = {} if self.typical is None else {"typical": self.typical}
        return {"center": self.center, "scale": self.scale, "waves": self.waves, **named, **typical}

    def meta(self) -> Mapping[str, Any]:
        """Activation, link and range."""
        bounds = {"low": self.low, "high": self.high} if np.isfinite([self.low, self.high]).all() else {}
        return {
            "n_stages": len(self.stages),
            "activation": self.activation,
            "link": self.link,
            "middle": self.middle,
            "spread": self.spread,
            **bounds,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Network:
        """Rebuild what was saved."""
        stages = tuple(
            rounded({name.rpartition(".")[0]: array for name, array in arrays.items() if name.endswith(f".{place}")})
            for place in range(int(meta["n_stages"]))
        )
        return cls(
            arrays["center"],
            arrays["scale"],
            arrays["waves"],
            stages,
            meta["activation"],
            meta["link"],
            float(meta.get("low", -np.inf)),
            float(meta.get("high", np.inf)),
            float(meta["middle"]),
            float(meta["spread"]),
            arrays.get("typical"),
        )


def rounded(stage: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights as a network holds them: float64, in steps that single precision has too."""
    return {name: np.round(values.astype(np.float64) * WEIGHT_STEPS) / WEIGHT_STEPS for name, values in stage.items()}


def on_grid(values: np.ndarray) -> np.ndarray:
    """Round what goes into a layer."""
    return np.asarray(np.round(values * STEPS) / STEPS)


def bent(X: np.ndarray, center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Scale the numbers and clip them smoothly; gaps are read as the middle."""
    scaled = (X - center) * scale
    far = np.clip(scaled, -1e6, 1e6)
    ready: np.ndarray = np.where(scale > 0, far / np.sqrt(1 + (far / FARTHEST) ** 2), np.clip(X, 0, 1))
    return np.asarray(np.nan_to_num(ready, nan=0.0))


def angles(stage: Mapping[str, np.ndarray], ready: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Where each wave of each number stands: (n_waves, n_rows, n_hidden)."""
    return np.asarray(ready.T[waves][:, :, None] * stage["frequency"][:, None, :] + stage["phase"][:, None, :])


def beside(ready: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Features, then what their waves show: (n_rows, n_features + n_waves × n_shown)."""
    flat: np.ndarray = waves.transpose(1, 0, 2).reshape(len(ready), len(waves) * waves.shape[2])
    return np.concatenate([ready, flat], axis=1)


def activated(raw: np.ndarray, activation: Activation) -> np.ndarray:
    """Self-normalising exponential linear units (Klambauer et al. 2017, arXiv 1706.02515), or Mish (Misra 2019, 1908.08681)."""
    if activation == "selu":
        below = np.exp(np.minimum(raw, 0))
        below -= 1
        below *= SELU_SCALE * SELU_ALPHA
        above = np.maximum(raw, 0)
        above *= SELU_SCALE
        above += below
        return np.asarray(above)
    grown = np.exp(np.minimum(raw, 20.0))
    twice = grown * (grown + 2)
    return np.asarray(raw * (twice / (twice + 2)))
