"""Train a conditional GAN, and keep its state in a checkpoint."""

from .loop import Progress, RealSamples, train_gan
from .plan import OPTIMIZERS, Plan
from .state import HISTORY, TrainingState
from .validator import StateValidator

__all__ = ["HISTORY", "OPTIMIZERS", "Plan", "Progress", "RealSamples", "StateValidator", "TrainingState", "train_gan"]
