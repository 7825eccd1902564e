"""Train a small convolutional classifier of images, which judges candidates and measures gains."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Annotated, Any, TypeAlias

import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..layers import initialise
from ..modality import OutOfTime
from ..records import JsonRecord
from ..rng import torch_stream
from .augment import augment

Augmentation: TypeAlias = "Sequence[str] | Callable[[Tensor, torch.Generator], Tensor]"
BatchMix: TypeAlias = "Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]"

_BASE = 16
_POOLED = 2  # side of the map before the last layer: the position of a stroke distinguishes digits
_WORKING_SIDE = 16  # full resolution costs most, so the first convolutions reduce it
_SMOOTHING = 0.1
_WARM_UP = 0.2  # of the steps
_LEAST_CYCLE = 10  # steps; a shorter cycle may have no warm-up step
_PIXELS = 2**20  # in one pass without gradients
_LEAST_STEPS = 30  # a classifier of fewer has learned next to nothing


@dataclass(frozen=True)
class ClassifierSizes(JsonRecord):
    """Sizes that determine the shapes of all weights.

    Attributes
    ----------
    channels, height, width : int
        Size of an image.
    classes : int
        Number of classes.
    base : int
        Number of channels of the first convolution.
    """

    channels: Annotated[int, Meta(ge=1, le=4096)]
    height: Annotated[int, Meta(ge=1, le=4096)]
    width: Annotated[int, Meta(ge=1, le=4096)]
    classes: Annotated[int, Meta(ge=1, le=2**20)]
    base: Annotated[int, Meta(ge=1, le=1024)] = _BASE


class ConvClassifier:
    """A small convolutional classifier that model files store as plain tensors.

    It has four to six convolutions with batch normalisation, and one linear layer over 2 x 2 positions. It is designed
    for 20 to 2000 images of 8 to 256 pixels a side, and trains in seconds on one CPU core. After training, the
    normalisation is fused into the convolutions.

    Parameters
    ----------
    sizes : ClassifierSizes
        Sizes of images and layers.
    network : torch.nn.Sequential
        Network from images of shape (n, c, h, w) to logits of shape (n, k), without batch normalisation.
    """

    def __init__(self, sizes: ClassifierSizes, network: nn.Sequential):
        self.sizes = sizes
        self._network: Any = network.eval().requires_grad_(False)

    @classmethod
    def fit(  # noqa: PLR0913 - each is one choice of a training
        cls,
        x: Tensor,
        y: Tensor,
        seed: int,
        *,
        steps: int | None = None,
        augmentation: Augmentation = ("affine", "cutout"),
        mix: BatchMix | None = None,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        batch_size: int = 64,
        sample_weight: Tensor | None = None,
        device: torch.device | str = "cpu",
        seconds: float | None = None,
    ) -> ConvClassifier:
        """Train a classifier: AdamW [1]_, a one-cycle learning rate [2]_ and smoothed labels [3]_.

        Parameters
        ----------
        x : float32 Tensor of shape (n, c, h, w)
            Images in [-1, 1].
        y : int64 Tensor of shape (n,)
            Class codes 0 to k - 1, each present.
        seed : int
            Seed of all randomness in this call.
        steps : int, optional
            Number of optimizer steps; None takes `default_steps`.
        augmentation : sequence of str, or callable
            Names of `AUGMENTATIONS`, or ``f(x, rng) -> x`` of a batch.
        mix : callable, optional
            ``f(x, y, rng) -> (x, y)`` of a batch; it returns labels as codes or as shares of shape (n, k).
        learning_rate : float
            Maximum of the cycle.
        weight_decay : float
            Weight decay of AdamW.
        batch_size : int
            Number of images per step, drawn without replacement in each epoch.
        sample_weight : float Tensor of shape (n,), optional
            Weight of each image in the loss.
        device : torch.device or str
            Device of the training; the result is on the CPU.
        seconds : float, optional
            Most seconds of the steps; the learning rate then follows the clock where that is ahead of the steps.

        Returns
        -------
        ConvClassifier

        Raises
        ------
        OutOfTime
            The seconds end before thirty steps.

        References
        ----------
        .. [1] Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
        .. [2] Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
           arXiv 1708.07120.
        .. [3] Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
        """
        if steps is None:
            steps = default_steps(len(x))
        # Initialise the network
        channels, height, width = x.shape[1:]
        sizes = ClassifierSizes(channels, height, width, int(y.max()) + 1)
        network = initialise(_build_network(sizes, normalised=True), torch_stream(seed, "classifier", "weights"))
        network = network.to(device)
        # Move images, labels and weights to the device
        weight = torch.ones(len(x)) if sample_weight is None else sample_weight / sample_weight.mean()
        weight = weight.to(device, torch.float32)
        x = _contiguous(x).to(device)
        y = y.to(device)
        # Train
        optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay)
        cycle = _Cycle(optimizer, learning_rate, steps, seconds)
        rng = torch_stream(seed, "classifier", "changes", device=device)
        for rows in _draw_batches(len(x), batch_size, steps, torch_stream(seed, "classifier", "rows")):
            inputs = _apply_augmentation(x[rows.to(device)], augmentation, rng)
            target = y[rows.to(device)]
            if mix is not None:
                inputs, target = mix(inputs, target, rng)
            loss = functional.cross_entropy(network(inputs), target, reduction="none", label_smoothing=_SMOOTHING)
            optimizer.zero_grad()
            (loss * weight[rows.to(device)]).mean().backward()
            optimizer.step()
            cycle.step()
            if cycle.is_over:
                break
        return cls(sizes, _fuse_batch_norm(network.cpu()))

    def __call__(self, x: Tensor) -> Tensor:
        """Return logits of shape (n, k), float32 on the CPU, for images of shape (n, c, h, w) in [-1, 1]."""
        return self._run_in_blocks(self._network, x, self.sizes.classes)

    def features(self, x: Tensor) -> Tensor:
        """Return the inputs of the last layer for images of shape (n, c, h, w): shape (n, d), float32 on the CPU."""
        return self._run_in_blocks(self._network[:-1], x, self._network[-1].in_features)

    def _run_in_blocks(self, network: nn.Module, x: Tensor, n_outputs: int) -> Tensor:
        block = max(1, _PIXELS // (self.sizes.height * self.sizes.width))
        device = next(self._network.parameters()).device
        with torch.no_grad():
            parts = _contiguous(x.float().cpu()).split(block)
            outputs = [network(part.to(device)).cpu() for part in parts if len(part)]
        return torch.cat([torch.empty(0, n_outputs), *outputs])

    def to(self, device: torch.device | str) -> ConvClassifier:
        """Move the network to a device, on which it then classifies; return the classifier itself."""
        self._network.to(device)
        return self

    def tensors(self) -> dict[str, Tensor]:
        """Return all weights by name."""
        return {name: value.detach().contiguous() for name, value in self._network.state_dict().items()}

    def to_json(self) -> dict[str, int]:
        """Return the sizes as plain JSON."""
        return self.sizes.to_json()

    @staticmethod
    def expected(facts: Mapping[str, Any]) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        """Return dtype and shape of each weight of the classifier that `to_json` described as `facts`.

        Raises
        ------
        KeyError, TypeError, ValueError
            `facts` are not valid sizes; nothing was allocated.
        """
        network = _build_network(ClassifierSizes.from_json(facts), normalised=False)
        return {name: (value.dtype, tuple(value.shape)) for name, value in network.state_dict().items()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> ConvClassifier:
        """Return the classifier with the sizes of `to_json` and the weights of `tensors`."""
        sizes = ClassifierSizes.from_json(facts)
        network = _build_network(sizes, normalised=False)
        network.load_state_dict(dict(tensors), assign=True)
        return cls(sizes, network)


class _Cycle:
    """One cycle of the learning rate, by the steps or, where that is ahead, by the clock."""

    def __init__(self, optimizer: torch.optim.Optimizer, rate: float, steps: int, seconds: float | None):
        length = max(_LEAST_CYCLE, steps)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, length, pct_start=_WARM_UP)
        self._steps, self._seconds, self._began = steps, seconds, time.monotonic()
        self._taken = self._place = 0

    @property
    def is_over(self) -> bool:
        """Whether the last step was taken, or the seconds are used up."""
        return self._place >= self._steps

    def step(self) -> None:
        """Go on by one step, or to where the clock is; raise OutOfTime if that ends it before anything is learned."""
        self._taken += 1
        spent = 0.0 if self._seconds is None else (time.monotonic() - self._began) / max(self._seconds, 1e-9)
        place = max(self._place + 1, min(self._steps, int(spent * self._steps)))
        if place >= self._steps and self._taken < min(_LEAST_STEPS, self._steps):
            raise OutOfTime(f"{self._seconds:.1f} s are enough for {self._taken} steps only")
        for _ in range(place - self._place):
            self._schedule.step()
        self._place = place


def default_steps(n: int) -> int:
    """Return the number of optimizer steps for `n` images: 500 for 200 images, between 300 and 1500."""
    return int(min(1500, max(300, 500 * (n / 200) ** (1 / 3))))


def _contiguous(x: Tensor) -> Tensor:
    """Return images with contiguous strides: a single channel may pass for another layout, which rounds differently."""
    return x.reshape(-1).view(x.shape)


def _build_network(sizes: ClassifierSizes, normalised: bool) -> nn.Sequential:
    """Build the network on the "meta" device, with batch normalisation or, in its place, biases."""
    channels, height, width, classes, base = astuple(sizes)

    def convolution(n_in: int, n_out: int, side: int = 3, stride: tuple[int, int] = (1, 1)) -> list[nn.Module]:
        map_ = nn.Conv2d(n_in, n_out, side, stride, side // 2, bias=not normalised)
        return [map_, nn.BatchNorm2d(n_out), nn.ReLU()] if normalised else [map_, nn.ReLU()]

    first, *others = _strides(height, width)
    with torch.device("meta"):
        layers = convolution(channels, base, 5, first)
        for stride in others:
            layers += convolution(base, base, 3, stride)
        layers += [*convolution(base, 2 * base), nn.MaxPool2d(2, ceil_mode=True), *convolution(2 * base, 2 * base)]
        layers += [*convolution(2 * base, 4 * base), nn.MaxPool2d(2, ceil_mode=True)]
        pooled = [nn.AdaptiveAvgPool2d(_POOLED), nn.Flatten()]
        return nn.Sequential(*layers, *pooled, nn.Linear(4 * base * _POOLED**2, classes))


def _strides(height: int, width: int) -> list[tuple[int, int]]:
    """Return strides of one or more convolutions that reduce both sides to the working size."""
    strides: list[tuple[int, int]] = []
    while not strides or max(height, width) > _WORKING_SIDE:
        down, right = (2 if side > _WORKING_SIDE else 1 for side in (height, width))
        strides.append((down, right))
        height, width = -(-height // down), -(-width // right)
    return strides


def _draw_batches(n: int, size: int, steps: int, rng: torch.Generator) -> Iterator[Tensor]:
    """Yield the rows of each batch from shuffled epochs without a break, so that all are drawn equally often."""
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        while len(order) < size:
            order = torch.cat([order, torch.randperm(n, generator=rng)])
        rows, order = order[:size], order[size:]
        yield rows


def _apply_augmentation(x: Tensor, augmentation: Augmentation, rng: torch.Generator) -> Tensor:
    return augmentation(x, rng) if callable(augmentation) else augment(x, augmentation, rng)


def _fuse_batch_norm(network: nn.Sequential) -> nn.Sequential:
    """Return an equal network with each normalisation fused into the convolution before it."""
    network.eval()
    layers: list[nn.Module] = []
    for layer in network:
        if isinstance(layer, nn.BatchNorm2d) and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)
