"""What flows along the line, part two: what each stage hands on to those after it.

One record a stage, in a file of the stage's name. Arrays and rows stand in files of the workspace, named by path relative
to it; what a person reads stands in the record. A stage's record is saved under a key made from the records it read, so a
changed record makes everything after it run again.
"""

from artificer.core.stages.ask import Asked, Requirement, Rows, Sealed
from artificer.core.stages.audit import Alarms, Audited, Contract, Repair, Rule, RuleKind, Where
from artificer.core.stages.choose import Chosen, Split
from artificer.core.stages.describe import ColumnStory, Description
from artificer.core.stages.design import Candidate, Plan
from artificer.core.stages.encode import Encoding
from artificer.core.stages.fit import FoldFit, RunnerUp, Trained, Trial
from artificer.core.stages.judge import (
    Change,
    Counterfactual,
    Driver,
    Explained,
    Line,
    ModelTest,
    OfClass,
    Shape,
    TestOutcome,
    Turned,
    Verdict,
)
from artificer.core.stages.refine import WEIGHT_DIGITS, Choice, Model, Outputs, Part, shares
from artificer.core.stages.ship import RunLock, Shipped, Stop, Way

__all__ = [
    "WEIGHT_DIGITS",
    "Alarms",
    "Asked",
    "Audited",
    "Candidate",
    "Change",
    "Choice",
    "Chosen",
    "ColumnStory",
    "Contract",
    "Counterfactual",
    "Description",
    "Driver",
    "Encoding",
    "Explained",
    "FoldFit",
    "Line",
    "Model",
    "ModelTest",
    "OfClass",
    "Outputs",
    "Part",
    "Plan",
    "Repair",
    "Requirement",
    "Rows",
    "Rule",
    "RuleKind",
    "RunLock",
    "RunnerUp",
    "Sealed",
    "Shape",
    "Shipped",
    "Split",
    "Stop",
    "TestOutcome",
    "Trained",
    "Trial",
    "Turned",
    "Verdict",
    "Way",
    "Where",
    "shares",
]
