"""From a client's written requirements and data to a proven, portable model.

>>> import artificer
>>> done = artificer.run("brief.toml")  # doctest: +SKIP
>>> predictor = artificer.load(done.package)  # doctest: +SKIP

Names are imported when they are first used: `import artificer` itself loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    **{name: f"artificer.line.{name}:{name}" for name in ("ask", "audit", "choose", "describe", "design", "encode")},
    **{name: f"artificer.line.{name}:{name}" for name in ("fit", "refine", "ship", "track", "update")},
    "judge": "artificer.flow:judge",
    "examine": "artificer.line.judge.any_model:examine",
    "examine_predictions": "artificer.line.judge.any_model:examine_predictions",
    "explain": "artificer.line.judge.explanation:explain",
    "run": "artificer.flow:run",
    "score": "artificer.line.ship.scores:score",
    "serve": "artificer.serving:serve",
    "export_onnx": "artificer.line.ship.onnx:export_onnx",
    "export_code": "artificer.line.ship.script:export_code",
    "load": "artificer_runtime:load",
    "read": "artificer.data.readers:read",
    "Classifier": "artificer.sklearn:Classifier",
    "Regressor": "artificer.sklearn:Regressor",
    "as_metric": "artificer.measure.own:as_metric",
    "Brief": "artificer.core.brief:Brief",
    "Decision": "artificer.core.records:Decision",
    "Estimate": "artificer.core.records:Estimate",
    "Finding": "artificer.core.records:Finding",
    "Model": "artificer.core.stages:Model",
    "Verdict": "artificer.core.stages:Verdict",
    "ArtificerError": "artificer.core.errors:ArtificerError",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'artificer' has no attribute '{name}'")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
