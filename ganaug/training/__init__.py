"""Train a conditional GAN, and keep its state in a checkpoint."""

from .group import ALONE, Group, choose_own_gpu
from .loop import Progress, train_gan
from .plan import OPTIMIZERS, Plan
from .state import HISTORY, TrainingState
from .step import RealSamples
from .validator import StateValidator

__all__ = [
    "ALONE",
    "HISTORY",
    "OPTIMIZERS",
    "Group",
    "Plan",
    "Progress",
    "RealSamples",
    "StateValidator",
    "TrainingState",
    "choose_own_gpu",
    "train_gan",
]
