"""A small convolutional classifier of images: what judges candidates, and what a gain is measured with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..layers import initialise
from ..rng import torch_stream
from .augment import augment

Change: TypeAlias = "Sequence[str] | Callable[[Tensor, torch.Generator], Tensor]"
Mix: TypeAlias = "Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]"

_BASE = 16
_POOLED = 2  # a side of what the last layer sees: where a stroke lies says which digit it is
_WORKING_SIDE = 16  # full resolution costs most, and is left after the first convolutions
_SMOOTHING = 0.1
_WARM_UP = 0.2  # of the steps
_LEAST_CYCLE = 10  # steps; the warm-up of a shorter one may have none
_PIXELS = 2**20  # for one pass without gradients
_BOUNDS = {"channels": 4096, "height": 4096, "width": 4096, "classes": 2**20, "base": 1024}


@dataclass(frozen=True)
class Sizes:
    """What fixes the shapes of all weights.

    Attributes
    ----------
    channels, height, width : int
        Of an image.
    classes : int
        Outputs.
    base : int
        Channels of the first convolution.
    """

    channels: int
    height: int
    width: int
    classes: int
    base: int = _BASE

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) is not int or not 1 <= value <= _BOUNDS[name]:
                raise ValueError(f"{name} of an image classifier must be 1 to {_BOUNDS[name]}, and is {value!r}")


class ConvClassifier:
    """A small convolutional classifier that a model file can hold as plain tensors.

    Four to six convolutions with batch normalisation, and one linear layer over 2 x 2 places; made for 20 to 2000
    images of 8 to 128 pixels a side, and seconds on one CPU core. After training, the normalisation goes into the
    convolutions.

    Parameters
    ----------
    sizes : Sizes
        Of images and layers.
    network : torch.nn.Sequential
        Images of shape (n, c, h, w) to logits of shape (n, k), without batch normalisation.
    """

    def __init__(self, sizes: Sizes, network: nn.Sequential):
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
        augmentation: Change = ("affine", "cutout"),
        mix: Mix | None = None,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        batch_size: int = 64,
        sample_weight: Tensor | None = None,
        device: torch.device | str = "cpu",
    ) -> ConvClassifier:
        """Train a classifier: AdamW [1]_, a one-cycle learning rate [2]_ and smoothed labels [3]_.

        Parameters
        ----------
        x : float32 Tensor of shape (n, c, h, w)
            Images in [-1, 1].
        y : int64 Tensor of shape (n,)
            Codes 0 to k - 1, all present.
        seed : int
            Decides everything.
        steps : int, optional
            Optimizer steps; None takes `steps_for` as many images.
        augmentation : sequence of str, or callable
            Names of `AUGMENTATIONS`, or ``f(x, rng) -> x`` of a batch.
        mix : callable, optional
            ``f(x, y, rng) -> (x, y)`` of a batch, the labels that it returns being codes or shares of shape (n, k).
        learning_rate : float
            The highest of the cycle.
        weight_decay : float
            Of AdamW.
        batch_size : int
            Images per step, drawn without replacement as far as they go.
        sample_weight : float Tensor of shape (n,), optional
            What each image counts in the loss.
        device : torch.device or str
            Where to train; the result lies on the CPU.

        Returns
        -------
        ConvClassifier

        References
        ----------
        .. [1] Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
        .. [2] Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
           arXiv 1708.07120.
        .. [3] Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
        """
        steps = steps_for(len(x)) if steps is None else steps
        channels, height, width = x.shape[1:]
        sizes = Sizes(channels, height, width, int(y.max()) + 1)
        network = initialise(_build(sizes, normalised=True), torch_stream(seed, "classifier", "weights")).to(device)
        weight = torch.ones(len(x)) if sample_weight is None else sample_weight / sample_weight.mean()
        x, y, weight = _plain(x).to(device), y.to(device), weight.to(device, torch.float32)
        optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, learning_rate, max(_LEAST_CYCLE, steps), pct_start=_WARM_UP
        )
        rng = torch_stream(seed, "classifier", "changes", device=device)
        for rows in _batches(len(x), batch_size, steps, torch_stream(seed, "classifier", "rows")):
            seen, target = _changed(x[rows.to(device)], augmentation, rng), y[rows.to(device)]
            if mix is not None:
                seen, target = mix(seen, target, rng)
            loss = functional.cross_entropy(network(seen), target, reduction="none", label_smoothing=_SMOOTHING)
            optimizer.zero_grad()
            (loss * weight[rows.to(device)]).mean().backward()
            optimizer.step()
            cycle.step()
        return cls(sizes, _without_norm(network.cpu()))

    def __call__(self, x: Tensor) -> Tensor:
        """Return logits of shape (n, k), float32 on the CPU, for images of shape (n, c, h, w) in [-1, 1]."""
        return self._in_blocks(self._network, x, self.sizes.classes)

    def features(self, x: Tensor) -> Tensor:
        """Return what the last layer sees of images of shape (n, c, h, w): shape (n, d), float32 on the CPU."""
        return self._in_blocks(self._network[:-1], x, self._network[-1].in_features)

    def _in_blocks(self, network: nn.Module, x: Tensor, n_outputs: int) -> Tensor:
        block = max(1, _PIXELS // (self.sizes.height * self.sizes.width))
        with torch.no_grad():
            outputs = [network(part) for part in _plain(x.float().cpu()).split(block) if len(part)]
        return torch.cat([torch.empty(0, n_outputs), *outputs])

    def tensors(self) -> dict[str, Tensor]:
        """Return all weights by name."""
        return {name: value.detach().contiguous() for name, value in self._network.state_dict().items()}

    def to_json(self) -> dict[str, int]:
        """Return what fixes the shapes of the weights."""
        return asdict(self.sizes)

    @staticmethod
    def expected(facts: Mapping[str, Any]) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        """Return dtype and shape of each weight of the classifier whose `to_json` gave `facts`.

        Raises
        ------
        KeyError, TypeError, ValueError
            `facts` are no such sizes; nothing was allocated.
        """
        network = _build(_sizes(facts), normalised=False)
        return {name: (value.dtype, tuple(value.shape)) for name, value in network.state_dict().items()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> ConvClassifier:
        """Return the classifier that `to_json` and `tensors` described."""
        sizes = _sizes(facts)
        network = _build(sizes, normalised=False)
        network.load_state_dict(dict(tensors), assign=True)
        return cls(sizes, network)


def steps_for(n: int) -> int:
    """Return how many optimizer steps `n` images are worth: 500 for 200 of them, and 1500 at most."""
    return int(min(1500, max(300, 500 * (n / 200) ** (1 / 3))))


def _plain(x: Tensor) -> Tensor:
    """Return images with the usual strides: those of a single channel can pass for another layout, which rounds so."""
    return x.reshape(-1).view(x.shape)


def _sizes(facts: Mapping[str, Any]) -> Sizes:
    return Sizes(**{name: facts[name] for name in _BOUNDS})


def _build(sizes: Sizes, normalised: bool) -> nn.Sequential:
    """Return the network on the "meta" device, with batch normalisation or with biases in its place."""
    channels, height, width, classes, base = astuple(sizes)

    def convolution(n_in: int, n_out: int, side: int = 3, stride: tuple[int, int] = (1, 1)) -> list[nn.Module]:
        map_ = nn.Conv2d(n_in, n_out, side, stride, side // 2, bias=not normalised)
        return [map_, nn.BatchNorm2d(n_out), nn.ReLU()] if normalised else [map_, nn.ReLU()]

    first, *others = _first_strides(height, width)
    with torch.device("meta"):
        layers = convolution(channels, base, 5, first)
        for stride in others:
            layers += convolution(base, base, 3, stride)
        layers += [*convolution(base, 2 * base), nn.MaxPool2d(2, ceil_mode=True), *convolution(2 * base, 2 * base)]
        layers += [*convolution(2 * base, 4 * base), nn.MaxPool2d(2, ceil_mode=True)]
        pooled = [nn.AdaptiveAvgPool2d(_POOLED), nn.Flatten()]
        return nn.Sequential(*layers, *pooled, nn.Linear(4 * base * _POOLED**2, classes))


def _first_strides(height: int, width: int) -> list[tuple[int, int]]:
    """Return strides that bring both sides down to the working size, in one convolution at least."""
    strides: list[tuple[int, int]] = []
    while not strides or max(height, width) > _WORKING_SIDE:
        down, right = (2 if side > _WORKING_SIDE else 1 for side in (height, width))
        strides.append((down, right))
        height, width = -(-height // down), -(-width // right)
    return strides


def _batches(n: int, size: int, steps: int, rng: torch.Generator) -> Iterator[Tensor]:
    """Yield the rows of each batch from one endless shuffled series, so that all are seen equally often."""
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        while len(order) < size:
            order = torch.cat([order, torch.randperm(n, generator=rng)])
        rows, order = order[:size], order[size:]
        yield rows


def _changed(x: Tensor, augmentation: Change, rng: torch.Generator) -> Tensor:
    return augmentation(x, rng) if callable(augmentation) else augment(x, augmentation, rng)


def _without_norm(network: nn.Sequential) -> nn.Sequential:
    """Return the same function with each normalisation made part of the convolution before it."""
    network.eval()
    layers: list[nn.Module] = []
    for layer in network:
        if isinstance(layer, nn.BatchNorm2d) and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)
