"""Mix synthetic samples into PyTorch training: into a loader, a data set or batches."""

from .batch import SyntheticMix
from .dataset import MixedDataset
from .iterable import MixedIterableDataset
from .loader import augment_loader

__all__ = ["MixedDataset", "MixedIterableDataset", "SyntheticMix", "augment_loader"]
