"""Classifier and Regressor: scikit-learn's API over the line.

They build a brief in memory, with nothing sealed and nothing demanded, and run ask → audit → … → refine in a workspace
that vanishes with them. What `save` writes is a package like any other.
"""

from artificer.sklearn.classifier import Classifier
from artificer.sklearn.regressor import Regressor

__all__ = ["Classifier", "Regressor"]
