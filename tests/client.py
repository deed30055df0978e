"""A client with a served package, made without any training: success is the logistic of x."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from artificer.core.brief import Task
from artificer.core.ledger import Ledger, ledger_of
from artificer.core.stages import Contract, RunLock
from artificer.core.store import encode, named_bytes
from artificer.line.ask import read_brief
from artificer_runtime.members.linear import Linear
from artificer_runtime.outcome import Residuals
from artificer_runtime.package import Contents, Weighted, add_files, write
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema

BRIEF = """
name = "calls"
{top}
[data]
source = "rows.parquet"
{data}
[target]
column = "won"
"""
CLASSES = {"binary": ("no", "yes"), "multiclass": ("blue", "green", "red"), "regression": ()}
FEATURES = Schema((Column("x", "number", low=-3.0, high=3.0), Column("shop", "category", ("a", "b"))))
COLUMNS = Schema(
    (
        *FEATURES.columns,
        Column("id", "identifier"),
        Column("day", "time", low=0.0, high=1.0),
        Column("cost", "number", low=0.0, high=9.0),
    )
)


def contents(task: Task, slope: float, spread: float = 0.0) -> Contents:
    """A linear model over x; with a spread, nine values in ten lie so near to its predictions."""
    recipe = FittedRecipe(Recipe((Block("numbers", "numbers@1", ("x",)),)), FEATURES, {"numbers": {}})
    n_out = 3 if task == "multiclass" else 1
    weights = slope * np.linspace(1, -1, n_out)[:, None] if n_out > 1 else np.full((1, 1), slope)
    link = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}[task]
    member = Linear(weights, np.zeros(n_out), np.zeros(1, np.float32), link)  # type: ignore[arg-type]
    members = (Weighted(member, 1.0, ("numbers",)),)
    residuals = Residuals((0.0,), (spread,), (0.05, 0.95), (-1.0, 1.0), 99) if spread else None
    return Contents(task, "won", CLASSES[task], "string", recipe, members, residuals=residuals)


@dataclass(frozen=True)
class Client:
    """A folder with a brief and a workspace in which packages lie."""

    folder: Path

    @property
    def brief(self) -> Path:
        return self.folder / "brief.toml"

    @property
    def ledger(self) -> Ledger:
        return ledger_of(self.folder / "artificer-work")

    def package(self, version: str) -> Path:
        return self.folder / "artificer-work" / "packages" / version

    def ask(self, data: str = 'key = ["id"]', more: str = "") -> Client:
        """Write the brief; `more` is tables after the others."""
        self.brief.write_text(BRIEF.format(top="", data=data) + more, encoding="utf-8")
        return self

    def ship(
        self,
        version: str = "v1",
        task: Task = "binary",
        slope: float = 1.0,
        positive: str = "yes",
        name: str = "calls",
        spread: float = 0.0,
    ) -> Client:
        """Put a package into the workspace."""
        folder = self.package(version)
        model_hash = write(folder, contents(task, slope, spread))
        brief = read_brief(self.brief)
        card = {"name": name, "key": list(brief.data.key), "positive": positive if task == "binary" else ""}
        card |= {
            "trained_on": {"rows": 100, "fingerprint": "f" * 32},
            "tested_on": {"rows": 20, "which": "sealed rows"},
        }
        card |= {"members": {"linear": 1.0}, "score": {"metric": "log_loss", "value": 0.5, "low": 0.4, "high": 0.6}}
        lock = RunLock("run", brief, "", "", model_hash, {}, (), {}, {})
        extra = {
            "card.json": json.dumps(card).encode(),
            "contract.json": encode(Contract(COLUMNS, target="won")),
            "run.lock": named_bytes(lock),
        }
        add_files(folder, extra, {"name": name})
        return self

    def serve(self, version: str = "v1") -> Client:
        """Have the ledger serve it."""
        now = self.ledger.served("calls")
        seen = now.revision if now else 0
        assert self.ledger.serve("calls", version, seen=seen, action="promote", because="a test wants it")
        return self

    def rows(self, frame: pl.DataFrame, name: str = "new.parquet") -> Path:
        path = self.folder / name
        frame.write_csv(path) if name.endswith(".csv") else frame.write_parquet(path)
        return path


def table(n_rows: int = 20, seed: int = 0) -> pl.DataFrame:
    """New rows over three weeks, from Monday, 5 January 2009."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": np.arange(1, n_rows + 1),
            "day": pl.Series(np.datetime64("2009-01-05", "D") + rng.integers(0, 21, n_rows)).cast(pl.Date),
            "x": rng.normal(size=n_rows).round(3),
            "shop": rng.choice(["a", "b"], n_rows),
            "cost": rng.uniform(0, 9, n_rows).round(1),
        }
    )
