"""Synthetic samples inside PyTorch training: in a loader, in a data set, or in batches."""

from .batch import SyntheticMix
from .dataset import MixedDataset
from .iterable import MixedIterableDataset
from .loader import augment_loader

__all__ = ["MixedDataset", "MixedIterableDataset", "SyntheticMix", "augment_loader"]
