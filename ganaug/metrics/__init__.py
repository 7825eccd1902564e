"""Measure synthetic tables: fidelity, diversity, near-copies of training rows and membership inference.

`ganaug.metrics.images` measures images in the features of a network that the user brings.
"""

from .columns import column_errors, column_figures
from .copies import NearCopies, near_copy_share
from .coverage import ClassCoverage, class_density_coverage, density_coverage
from .detection import detection_auc
from .diversity import COLLAPSED, METRICS, diversity
from .membership import ATTACKS, Attack, Membership, membership_inference
from .pairs import pair_errors, pair_figures
from .separation import class_separation
from .space import Space
from .summary import fidelity, figures, privacy

__all__ = [
    "ATTACKS",
    "COLLAPSED",
    "METRICS",
    "Attack",
    "ClassCoverage",
    "Membership",
    "NearCopies",
    "Space",
    "class_density_coverage",
    "class_separation",
    "column_errors",
    "column_figures",
    "density_coverage",
    "detection_auc",
    "diversity",
    "fidelity",
    "figures",
    "membership_inference",
    "near_copy_share",
    "pair_errors",
    "pair_figures",
    "privacy",
]
