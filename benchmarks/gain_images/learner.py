"""Train the classifier of `gain-images`: a small convolutional network, with augmentation of its images.

It does not import ganaug. Its random numbers are those of torch's global generator, which is seeded for the training
and restored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.metrics import accuracy_score, f1_score, recall_score
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import v2

BATCH = 32
SMOOTHING = 0.1
OWN_LABEL = 0.25  # weight of the label of a real image beside the probabilities of a teacher
WORKING_SIDE = 16  # full resolution costs most, and is left after the first convolutions
TURN, SHEAR, ZOOM, SHIFT = 0.26, 0.15, 0.15, 0.1  # radians, share of the side


@dataclass(frozen=True)
class Policy:
    """How a classifier is trained.

    Attributes
    ----------
    change : str
        One of `CHANGES`, the augmentation of each image.
    mix : str or None
        One of `MIXES`, applied after `change`.
    balance : {None, "class_weight", "oversample"}
        Treatment of small classes.
    learning_rate, weight_decay : float
        Of AdamW; the learning rate is the maximum of the cycle.
    flip : bool
        Whether `change`, unless it is "none", mirrors half of the images.
    """

    change: str = "none"
    mix: str | None = None
    balance: str | None = None
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    flip: bool = False


@dataclass(frozen=True)
class Images:
    """Labelled images.

    Attributes
    ----------
    x : uint8 Tensor of shape (n, c, h, w)
    y : int64 Tensor of shape (n,)
        Class codes.
    n_classes : int
        Of the set; one of them may be absent here.
    """

    x: Tensor
    y: Tensor
    n_classes: int

    @classmethod
    def from_arrays(cls, X: np.ndarray, y: np.ndarray, n_classes: int) -> Images:
        """Return uint8 images of shape (n, h, w) or (n, h, w, c) and their labels as tensors."""
        x = torch.from_numpy(np.ascontiguousarray(X))
        x = x[:, None] if x.ndim == 3 else x.movedim(-1, 1).contiguous()
        return cls(x, torch.from_numpy(np.asarray(y, dtype=np.int64)), n_classes)

    def __add__(self, other: Images) -> Images:
        return Images(torch.cat([self.x, other.x]), torch.cat([self.y, other.y]), self.n_classes)


# ---- how images are changed ----------------------------------------------------------------------


def keep_images(x: Tensor) -> Tensor:
    """Return images in [0, 1] as they are."""
    return x


def apply_affine(x: Tensor) -> Tensor:
    """Return images rotated, sheared, zoomed and shifted at random; border pixels are repeated."""
    n, ratio = len(x), x.shape[2] / x.shape[3]
    turn, shear, zoom = ((2 * torch.rand(n) - 1) * most for most in (TURN, SHEAR, ZOOM))
    shift = (2 * torch.rand(n, 2) - 1) * 2 * SHIFT  # the grid's unit is half a side
    cos, sin = turn.cos() * (1 + zoom), turn.sin() * (1 + zoom)
    matrix = torch.stack([cos, -sin * ratio + shear, shift[:, 0], sin / ratio, cos, shift[:, 1]], dim=1)
    grid = functional.affine_grid(matrix.view(n, 2, 3), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def apply_randaugment(x: Tensor) -> Tensor:
    """Augment images one at a time by torchvision's RandAugment (Cubuk et al., CVPR Workshops 2020)."""
    change = v2.RandAugment()
    return torch.stack([change(image) for image in (255 * x).round().to(torch.uint8)]).float() / 255


CHANGES = {"none": keep_images, "affine": apply_affine, "randaugment": apply_randaugment}
MIXES = {
    "mixup": lambda k: v2.MixUp(alpha=0.2, num_classes=k),  # Zhang et al., ICLR 2018
    "cutmix": lambda k: v2.CutMix(alpha=1.0, num_classes=k),  # Yun et al., ICCV 2019
}


def mirror_half(x: Tensor) -> Tensor:
    """Mirror each image left to right with probability 0.5."""
    return torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)


# ---- what a batch is made of ---------------------------------------------------------------------


class Pool:
    """Synthetic images to draw by label; within a class, without replacement until all have been drawn."""

    def __init__(self, images: Images):
        self._images = images
        self._waiting: dict[int, list[int]] = {}

    def take(self, labels: Tensor) -> Tensor:
        """Return one image for each label, uint8, shape (n, c, h, w)."""
        return self._images.x[[self._take_next(label) for label in labels.tolist()]]

    def _take_next(self, label: int) -> int:
        if not self._waiting.get(label):
            rows = torch.nonzero(self._images.y == label).ravel()
            self._waiting[label] = rows[torch.randperm(len(rows))].tolist()
        return self._waiting[label].pop()


def draw_batches(rows: Tensor, steps: int) -> Iterator[Tensor]:
    """Yield `steps` batches of shuffled rows, epoch after epoch."""
    series = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        while len(series) < BATCH:
            series = torch.cat([series, rows[torch.randperm(len(rows))]])
        batch, series = series[:BATCH], series[BATCH:]
        yield batch


def oversample_rows(y: Tensor) -> Tensor:
    """Return rows that bring all classes to the size of the largest, and repeat those of a class equally often."""
    most = int(torch.bincount(y).max())
    found = []
    for code in y.unique():
        rows = torch.nonzero(y == code).ravel()
        rest = rows[torch.randperm(len(rows))[: most % len(rows)]]
        found += [rows.repeat(most // len(rows)), rest]
    return torch.cat(found)


# ---- training and scoring ------------------------------------------------------------------------


def make_network(shape: tuple[int, ...], n_classes: int, width: int = 16) -> nn.Sequential:
    """Return a network from images of `shape` (c, h, w) to logits: 4 to 6 convolutions and a linear layer."""
    channels, *sides = shape
    layers: list[nn.Module] = []

    def add_convolution(n_out: int, side: int, stride: int) -> None:
        n_in = channels
        if layers:
            last = layers[-3]
            assert isinstance(last, nn.Conv2d)  # noqa: S101 - tells the type checker what was appended below
            n_in = last.out_channels
        layers.extend([nn.Conv2d(n_in, n_out, side, stride, side // 2, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()])

    side = max(sides)
    add_convolution(width, 5, 2 if side > WORKING_SIDE else 1)
    side = -(-side // 2) if side > WORKING_SIDE else side
    while side > WORKING_SIDE:
        add_convolution(width, 3, 2)
        side = -(-side // 2)
    add_convolution(2 * width, 3, 1)
    add_convolution(2 * width, 3, 2)
    add_convolution(4 * width, 3, 1)
    head = [nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(9 * 4 * width, n_classes)]
    return nn.Sequential(*layers, *head).to(memory_format=torch.channels_last)


class Classifier:
    """A trained network."""

    def __init__(self, net: nn.Sequential):
        self._net = net.eval()

    def predict_proba(self, x: Tensor) -> np.ndarray:
        """Return the probability of each class, shape (n, k), for uint8 images of shape (n, c, h, w)."""
        return torch.cat([self.predict(part.float() / 255) for part in x.split(500)]).numpy()

    def predict(self, x: Tensor) -> Tensor:
        """Return the probability of each class, float64, for images in [0, 1]."""
        with torch.no_grad():
            return self._net(scale_pixels(x)).double().softmax(1)

    def compute_features(self, x: Tensor) -> Tensor:
        """Return what the last layer sees, shape (n, d), of uint8 images of shape (n, c, h, w)."""
        with torch.no_grad():
            return torch.cat([self._net[:-1](scale_pixels(part.float() / 255)) for part in x.split(500)])


class Ensemble(Classifier):
    """The mean probability of several networks: the teacher of a student.

    Parameters
    ----------
    members : sequence of Classifier
    """

    def __init__(self, members: Sequence[Classifier]):
        self._members = members

    def predict(self, x: Tensor) -> Tensor:
        """Return the probability of each class, float64, for images in [0, 1]."""
        return torch.stack([member.predict(x) for member in self._members]).mean(0)


def scale_pixels(x: Tensor) -> Tensor:
    """Scale images from [0, 1] to [-1, 1], in the memory format of the network."""
    return (2 * x - 1).contiguous(memory_format=torch.channels_last)


def fit_classifier(
    images: Images,
    policy: Policy,
    seed: int,
    steps: int,
    pool: Images | None = None,
    share: float = 0.0,
    teacher: Classifier | None = None,
) -> Classifier:
    """Train a classifier: AdamW, a one-cycle learning rate and smoothed labels.

    Parameters
    ----------
    images : Images
        Training images.
    policy : Policy
        Augmentation and hyperparameters.
    seed : int
        Decides everything.
    steps : int
        Optimizer steps, each on `BATCH` images.
    pool : Images, optional
        Synthetic images.
    share : float in [0, 1]
        Share of each batch replaced by synthetic images of the same labels, exact within one image.
    teacher : Classifier, optional
        Its probabilities of each augmented image are the label of a synthetic one, and most of that of a real one
        (Beyer et al., "Knowledge distillation: A good teacher is patient and consistent", CVPR 2022).

    Returns
    -------
    Classifier
    """
    smoothing = SMOOTHING if teacher is None else 0.0
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        net = make_network(tuple(images.x.shape[1:]), images.n_classes)
        optimizer = torch.optim.AdamW(net.parameters(), policy.learning_rate, weight_decay=policy.weight_decay)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, policy.learning_rate, steps, pct_start=0.2)
        weight = compute_class_weights(images) if policy.balance == "class_weight" else None
        for x, target, n_synthetic in iterate_batches(images, policy, steps, pool, share):
            if teacher is not None:
                target = soften_targets(x, target, n_synthetic, teacher)
            loss = functional.cross_entropy(net(scale_pixels(x)), target, weight, label_smoothing=smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            cycle.step()
    return Classifier(net)


def soften_targets(x: Tensor, target: Tensor, n_synthetic: int, teacher: Classifier) -> Tensor:
    """Return the class probabilities of a batch: those of the teacher, and a share of the own labels of real images.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w)
        Augmented images in [0, 1], the synthetic ones first.
    target : Tensor of shape (n,) or (n, k)
        Codes, or class probabilities.
    n_synthetic : int
        Number of synthetic images.
    teacher : Classifier
    """
    proba = teacher.predict(x).float()
    own = functional.one_hot(target, proba.shape[1]).float() if target.ndim == 1 else target
    weight = torch.full((len(x), 1), OWN_LABEL)
    weight[:n_synthetic] = 0.0
    return weight * own + (1 - weight) * proba


def iterate_batches(
    images: Images, policy: Policy, steps: int, pool: Images | None, share: float
) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Yield batches of augmented images in [0, 1], targets, and the number of synthetic images, which come first.

    Targets are codes, or class probabilities if images are mixed.
    """
    rows = oversample_rows(images.y) if policy.balance == "oversample" else torch.arange(len(images.y))
    mix = MIXES[policy.mix](images.n_classes) if policy.mix else None
    stock = Pool(pool) if pool is not None else None
    for step, batch in enumerate(draw_batches(rows, steps)):
        x, y, n = images.x[batch], images.y[batch], 0
        if stock is not None:
            n = int((step + 1) * share * BATCH) - int(step * share * BATCH)
            x[:n] = stock.take(y[:n])
        x = CHANGES[policy.change](x.float() / 255)
        if policy.flip and policy.change != "none":
            x = mirror_half(x)
        yield (*(mix(x, y) if mix is not None else (x, y)), n)


def compute_class_weights(images: Images) -> Tensor:
    """Return the weight of each class that gives all classes the same total, as scikit-learn's "balanced" does."""
    counts = torch.bincount(images.y, minlength=images.n_classes)
    return len(images.y) / (images.n_classes * counts.clamp(min=1).float())


def compute_scores(y: np.ndarray, predicted: np.ndarray, small: np.ndarray) -> dict[str, float]:
    """Return accuracy, balanced accuracy (the mean recall), macro-F1 and, where there are any, recall of small classes.

    Parameters
    ----------
    y, predicted : int ndarray of shape (n,)
        Class codes; every class is among `y`.
    small : int ndarray
        Codes of the small classes.
    """
    recall = recall_score(y, predicted, average=None, zero_division=0, labels=np.unique(y))
    found = {
        "accuracy": accuracy_score(y, predicted),
        "balanced_accuracy": recall.mean(),
        "f1_macro": f1_score(y, predicted, average="macro", zero_division=0, labels=np.unique(y)),
    }
    if len(small):
        found["small_recall"] = recall[small].mean()
    return {name: float(value) for name, value in found.items()}
