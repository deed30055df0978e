"""Our numpy network beside the same one in PyTorch, all folds as one batched tensor: seconds for eight folds, one thread.

`python bench/network.py PYTHON`, where PYTHON is an interpreter that has torch. Rows are made; three layers of 256, batches of
256, Adam, no embeddings on either side's account of time: ours has them, so it does more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from record import record

SIZES, FOLDS, EPOCHS, FEATURES = (1_000, 10_000), 8, 32, 30
TORCH = """
import json, sys, time
began = time.perf_counter()
import torch
imported = time.perf_counter() - began
torch.set_num_threads(1)
rows, folds, epochs, features = map(int, sys.argv[1:])
torch.manual_seed(0)
X = torch.randn(rows, features)
y = (torch.sin(3 * X[:, 0]) * X[:, 1] + X[:, 2] > 0).float()
n = rows * (folds - 1) // folds
which = torch.stack([torch.randperm(rows)[:n] for _ in range(folds)])
widths = [features, 256, 256, 256, 1]
W = [torch.randn(folds, a, b).div_(a**0.5).requires_grad_() for a, b in zip(widths, widths[1:])]
B = [torch.zeros(folds, 1, b).requires_grad_() for b in widths[1:]]
adam = torch.optim.Adam([*W, *B], lr=1e-3)
began = time.perf_counter()
for _ in range(epochs):
    order = torch.stack([torch.randperm(n) for _ in range(folds)])
    for at in range(0, n - 255, 256):
        index = which.gather(1, order[:, at : at + 256])
        hidden = X[index]
        for k, (w, b) in enumerate(zip(W, B)):
            hidden = torch.baddbmm(b, hidden, w)
            if k < 3:
                hidden = torch.nn.functional.dropout(torch.selu(hidden), 0.15)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(hidden[..., 0], y[index], reduction="none").mean(1).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
print(json.dumps({"seconds": round(time.perf_counter() - began, 2), "import_s": round(imported, 2)}))
"""
OURS = """
import json, sys, time
began = time.perf_counter()
import numpy as np
from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.line.fit.learners.neural_network import NeuralNetwork
imported = time.perf_counter() - began
rows, folds, epochs, features = map(int, sys.argv[1:])
rng = np.random.default_rng(0)
X = rng.normal(size=(rows, features)).astype(np.float32)
y = (np.sin(3 * X[:, 0]) * X[:, 1] + X[:, 2] > 0).astype(float)
n = rows * (folds - 1) // folds
began = time.perf_counter()
for fold in range(folds):
    here = rng.permutation(rows)[:n]
    given = Fold(X[here], y[here], "binary", 2, tuple(map(str, range(features))), seed=fold)
    NeuralNetwork().fit(given, {"epochs": epochs, "batch": 256, "patience": 0}, Clock())
print(json.dumps({"seconds": round(time.perf_counter() - began, 2), "import_s": round(imported, 2)}))
"""


def main() -> None:
    """Time both at each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", help="an interpreter that has torch")
    torch = parser.parse_args().python
    for rows in SIZES:
        for name, python, program in (("torch, folds as one tensor", torch, TORCH), ("numpy", sys.executable, OURS)):
            record("network", f"{name}, {rows} rows", **timed(python, program, rows))


def timed(python: str, program: str, rows: int) -> dict[str, float]:
    """Run a program of its own with one thread."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [python, "-c", program, *map(str, (rows, FOLDS, EPOCHS, FEATURES))]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **one})
    found: dict[str, float] = json.loads(ended.stdout)
    return found


if __name__ == "__main__":
    main()
