"""Rates that groups of rows are compared by; apart from their intervals, which need a library that takes a second to load."""

from __future__ import annotations

# What each rate is a share of, and among which rows; the equalised odds are two rates, of which the larger gap counts.
RATES: dict[str, tuple[str, ...]] = {
    "selection_gap": ("selection",),
    "recall_gap": ("recall",),
    "false_positive_gap": ("false_positive",),
    "precision_gap": ("precision",),
    "odds_gap": ("recall", "false_positive"),
    "calibration_gap": ("calibration",),
}
MEANING = {
    "selection_gap": "share that is chosen (demographic parity)",
    "recall_gap": "share of the successes that is chosen (equal opportunity)",
    "false_positive_gap": "share of the failures that is chosen",
    "precision_gap": "share of the chosen that succeeds",
    "odds_gap": "share of the successes, or of the failures, that is chosen (equalised odds)",
    "calibration_gap": "mean probability less the share that succeeds",
}
