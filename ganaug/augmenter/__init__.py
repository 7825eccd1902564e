"""GANAugmenter, and the steps from user data to a model and from a model to synthetic rows."""

from .estimator import GANAugmenter
from .options import MODALITIES

__all__ = ["MODALITIES", "GANAugmenter"]
