"""Measure what synthetic rows do for classifiers, and choose how many of them to add."""

from .copula import GaussianCopula
from .distilled import DistilledClassifier
from .expected import ExpectedGain, expected_gain
from .image_classifier import ImageClassifier
from .prior_corrected import PriorCorrectedClassifier
from .report import gain_report
from .result import GainReport
from .swap_noise import SwapNoise
from .teachers import CrossFittedTeacher
from .tuned import TunedAugmenterCV

__all__ = [
    "CrossFittedTeacher",
    "DistilledClassifier",
    "ExpectedGain",
    "GainReport",
    "GaussianCopula",
    "ImageClassifier",
    "PriorCorrectedClassifier",
    "SwapNoise",
    "TunedAugmenterCV",
    "expected_gain",
    "gain_report",
]
