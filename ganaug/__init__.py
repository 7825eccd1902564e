"""Conditional-GAN data augmentation for scikit-learn and PyTorch."""

from .augmenter import GANAugmenter
from .errors import (
    CollapseWarning,
    DataError,
    DataWarning,
    GanaugError,
    ModelFileError,
    ParameterError,
    TrainingError,
)
from .gain import GainReport, TunedAugmenterCV, gain_report
from .modality import Modality
from .table.files import read_table, write_table

__all__ = [
    "CollapseWarning",
    "DataError",
    "DataWarning",
    "GANAugmenter",
    "GainReport",
    "GanaugError",
    "Modality",
    "ModelFileError",
    "ParameterError",
    "TrainingError",
    "TunedAugmenterCV",
    "gain_report",
    "read_table",
    "write_table",
]
