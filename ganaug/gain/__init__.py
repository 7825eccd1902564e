"""Does it help? Classifiers with and without synthetic rows, on rows that neither they nor the augmenter saw."""

from .image_classifier import ImageClassifier
from .measure import gain_report
from .result import GainReport
from .tuned import TunedAugmenterCV

__all__ = ["GainReport", "ImageClassifier", "TunedAugmenterCV", "gain_report"]
