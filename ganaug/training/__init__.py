"""The one training loop, for every modality, and everything that it needs to go on later."""

from .loop import Progress, RealSamples, train_gan
from .plan import OPTIMIZERS, Plan
from .state import HISTORY, TrainingState
from .trial import Trial

__all__ = ["HISTORY", "OPTIMIZERS", "Plan", "Progress", "RealSamples", "TrainingState", "Trial", "train_gan"]
