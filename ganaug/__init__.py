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
from .files.tables import read_table, write_table
from .gain import (
    ExpectedGain,
    GainReport,
    GaussianCopula,
    PriorCorrectedClassifier,
    TunedAugmenterCV,
    expected_gain,
    gain_report,
)
from .image import read_image_folder, write_image_folder
from .mixing import MixedDataset, SyntheticMix, augment_loader
from .modality import Modality

__all__ = [
    "CollapseWarning",
    "DataError",
    "DataWarning",
    "ExpectedGain",
    "GANAugmenter",
    "GainReport",
    "GanaugError",
    "GaussianCopula",
    "MixedDataset",
    "Modality",
    "ModelFileError",
    "ParameterError",
    "PriorCorrectedClassifier",
    "SyntheticMix",
    "TrainingError",
    "TunedAugmenterCV",
    "augment_loader",
    "expected_gain",
    "gain_report",
    "read_image_folder",
    "read_table",
    "write_image_folder",
    "write_table",
]
