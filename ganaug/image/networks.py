"""Build class-conditional networks for images of 8 to 256 pixels a side, in three architectures.

* "dcgan" [1]_: strided convolutions, none at the expensive full resolution, for CPUs;
* "residual" [2]_: residual blocks at every resolution, for GPUs;
* "mlp" [3]_: the fully connected networks of the first GAN paper.

All condition the generator through a scale and shift per class after each normalisation [4]_ (the MLP through a class
vector at the input [5]_), and the discriminator through projection [6]_.

References
----------
.. [1] Radford et al., "Unsupervised Representation Learning with Deep Convolutional GANs", ICLR 2016.
.. [2] Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.
.. [3] Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.
.. [4] Dumoulin et al., "A Learned Representation for Artistic Style", ICLR 2017.
.. [5] Mirza and Osindero, "Conditional Generative Adversarial Nets", arXiv 1411.1784.
.. [6] Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import ParameterError
from ..layers import ClassVector, SpectralConv2d, SpectralLinear
from ..modality import Architecture, Generator

_SLOPE = 0.2
_CLASS_DIM = 32
_WIDEST = 8  # multiple of the base channels at the lowest resolution


@dataclass(frozen=True)
class _Resolutions:
    """Resolutions and channels, from the finest to the coarsest of `stages` halvings."""

    channels: int
    height: int
    width: int
    stages: int
    base: int

    @classmethod
    def from_schema(cls, schema: Mapping[str, Any], base: int) -> _Resolutions:
        height, width = int(schema["height"]), int(schema["width"])
        stages = max(1, round(min(height, width) / 8).bit_length() - 1)
        if min(height, width) / 2**stages >= 12:
            stages += 1
        return cls(int(schema["channels"]), height, width, stages, base)

    def coarsest(self) -> tuple[int, int]:
        """Return height and width of the first map of the generator; its output is cropped to the image."""
        return -(-self.height // 2**self.stages), -(-self.width // 2**self.stages)

    def depths(self) -> list[int]:
        """Return the number of channels after each halving."""
        return [self.base * min(2**stage, _WIDEST) for stage in range(self.stages)]

    def crop(self, x: Tensor) -> Tensor:
        top, left = (x.shape[2] - self.height) // 2, (x.shape[3] - self.width) // 2
        return x[:, :, top : top + self.height, left : left + self.width]


class ConditionalNorm(nn.Module):
    """Batch normalisation with a scale and shift per class: Dumoulin et al., ICLR 2017."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Linear(_CLASS_DIM, channels)
        self.shift = nn.Linear(_CLASS_DIM, channels)

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        """Return the normalised map, of the shape of `h` (n, channels, ., .)."""
        scale, shift = (part(condition)[:, :, None, None] for part in (self.scale, self.shift))
        return self.norm(h) * (1.0 + scale) + shift


class _ImageGenerator(Generator):
    """Base class of the convolutional generators: the first, coarse map and the class vector."""

    noise_dim = 0

    def __init__(self, sizes: _Resolutions, architecture: Architecture):
        super().__init__()
        self.sizes = sizes
        self.classes = ClassVector(architecture.n_classes, _CLASS_DIM)
        h, w = sizes.coarsest()
        self.shape = (sizes.depths()[-1], h, w)
        self.first = nn.Linear(architecture.latent_dim + _CLASS_DIM, self.shape[0] * h * w)

    def _start(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        condition = self.classes(c)
        return self.first(torch.cat([z, condition], 1)).unflatten(1, self.shape), condition


class DCGANGenerator(_ImageGenerator):
    """Transposed convolutions from a coarse map to the image: Radford et al., ICLR 2016."""

    def __init__(self, sizes: _Resolutions, architecture: Architecture):
        super().__init__(sizes, architecture)
        depths = [*reversed(sizes.depths()), sizes.channels]
        self.norms = nn.ModuleList(ConditionalNorm(depth) for depth in depths[:-1])
        pairs = itertools.pairwise(depths)
        self.ups = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in pairs)

    def forward(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return images of shape (n, channels, height, width) in (-1, 1)."""
        h, condition = self._start(z, c)
        for norm, up in zip(self.norms, self.ups, strict=True):
            h = up(functional.leaky_relu(norm(h, condition), _SLOPE))
        return self.sizes.crop(h).float().tanh()


class ResidualUp(nn.Module):
    """Residual block that doubles the resolution: Gulrajani et al., NeurIPS 2017."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.norm1, self.norm2 = ConditionalNorm(n_in), ConditionalNorm(n_out)
        self.conv1, self.conv2 = nn.Conv2d(n_in, n_out, 3, padding=1), nn.Conv2d(n_out, n_out, 3, padding=1)
        self.shortcut = nn.Conv2d(n_in, n_out, 1)

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        """Return a map of shape (n, n_out, 2h, 2w)."""
        inner = functional.interpolate(functional.leaky_relu(self.norm1(h, condition), _SLOPE), scale_factor=2)
        inner = self.conv2(functional.leaky_relu(self.norm2(self.conv1(inner), condition), _SLOPE))
        return functional.interpolate(self.shortcut(h), scale_factor=2) + inner


class ResidualGenerator(_ImageGenerator):
    """Residual blocks from a coarse map to the image."""

    def __init__(self, sizes: _Resolutions, architecture: Architecture):
        super().__init__(sizes, architecture)
        depths = [*reversed(sizes.depths()), sizes.base]
        self.blocks = nn.ModuleList(ResidualUp(a, b) for a, b in itertools.pairwise(depths))
        self.norm = ConditionalNorm(sizes.base)
        self.last = nn.Conv2d(sizes.base, sizes.channels, 3, padding=1)

    def forward(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return images of shape (n, channels, height, width) in (-1, 1)."""
        h, condition = self._start(z, c)
        for block in self.blocks:
            h = block(h, condition)
        h = self.last(functional.leaky_relu(self.norm(h, condition), _SLOPE))
        return self.sizes.crop(h).float().tanh()


class MLPGenerator(Generator):
    """Two hidden layers on latent vector and class vector: Mirza and Osindero, arXiv 1411.1784."""

    noise_dim = 0

    def __init__(self, sizes: _Resolutions, architecture: Architecture):
        super().__init__()
        hidden = _hidden_width(sizes)
        self.shape = (sizes.channels, sizes.height, sizes.width)
        self.classes = ClassVector(architecture.n_classes, _CLASS_DIM)
        self.hidden1 = nn.Linear(architecture.latent_dim + _CLASS_DIM, hidden)
        self.hidden2 = nn.Linear(hidden, hidden)
        self.norm1, self.norm2 = nn.BatchNorm1d(hidden), nn.BatchNorm1d(hidden)
        self.last = nn.Linear(hidden, sizes.channels * sizes.height * sizes.width)

    def forward(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return images of shape (n, channels, height, width) in (-1, 1)."""
        h = self.norm1(self.hidden1(torch.cat([z, self.classes(c)], 1))).relu()
        h = self.norm2(self.hidden2(h)).relu()
        return self.last(h).float().tanh().unflatten(1, self.shape)


class _Projection(nn.Module):
    """Projection discriminator from features and class to a logit: Miyato and Koyama, ICLR 2018."""

    def __init__(self, width: int, architecture: Architecture):
        super().__init__()
        linear = SpectralLinear if architecture.spectral_norm else nn.Linear
        self.last = linear(width, 1)
        self.by_class = linear(_CLASS_DIM, width, bias=False)
        self.classes = ClassVector(architecture.n_classes, _CLASS_DIM)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        """Return logits of shape (n,) for features of shape (n, width)."""
        return (self.last(h).squeeze(1) + (h * self.by_class(self.classes(c))).sum(1)).float()


class DCGANDiscriminator(nn.Module):
    """Strided convolutions, with batch normalisation only if the loss requires it."""

    def __init__(self, sizes: _Resolutions, architecture: Architecture):
        super().__init__()
        conv = SpectralConv2d if architecture.spectral_norm else nn.Conv2d
        depths = [sizes.channels, *sizes.depths(), min(2 * sizes.depths()[-1], _WIDEST * sizes.base)]
        pairs = list(itertools.pairwise(depths))
        self.downs = nn.ModuleList(conv(a, b, 4, stride=2, padding=1) for a, b in pairs)
        self.norms = nn.ModuleList(_batch_norm(b, architecture.batch_norm and i > 0) for i, (_, b) in enumerate(pairs))
        h, w = sizes.height, sizes.width
        for _ in pairs:
            h, w = h // 2, w // 2
        self.projection = _Projection(depths[-1] * h * w, architecture)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Return logits of shape (n,) for images of shape (n, channels, height, width)."""
        for down, norm in zip(self.downs, self.norms, strict=True):
            x = functional.leaky_relu(norm(down(x)), _SLOPE)
        return self.projection(x.flatten(1), c)


class ResidualDown(nn.Module):
    """Residual block that halves the resolution."""

    def __init__(self, n_in: int, n_out: int, architecture: Architecture):
        super().__init__()
        conv = SpectralConv2d if architecture.spectral_norm else nn.Conv2d
        self.norm = _batch_norm(n_out, architecture.batch_norm)
        self.conv1, self.conv2 = conv(n_in, n_out, 3, padding=1), conv(n_out, n_out, 3, padding=1)
        self.shortcut = conv(n_in, n_out, 1)

    def forward(self, h: Tensor) -> Tensor:
        """Return a map of shape (n, n_out, h // 2, w // 2)."""
        inner = self.conv1(functional.leaky_relu(h, _SLOPE))
        inner = self.conv2(functional.leaky_relu(self.norm(inner), _SLOPE))
        return functional.avg_pool2d(self.shortcut(h) + inner, 2)


class ResidualDiscriminator(nn.Module):
    """Residual blocks and a sum over the last map."""

    def __init__(self, sizes: _Resolutions, architecture: Architecture):
        super().__init__()
        conv = SpectralConv2d if architecture.spectral_norm else nn.Conv2d
        self.first = conv(sizes.channels, sizes.base, 3, padding=1)
        depths = [sizes.base, *sizes.depths()]
        pairs = itertools.pairwise(depths)
        self.blocks = nn.ModuleList(ResidualDown(a, b, architecture) for a, b in pairs)
        self.projection = _Projection(depths[-1], architecture)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Return logits of shape (n,) for images of shape (n, channels, height, width)."""
        h = self.first(x)
        for block in self.blocks:
            h = block(h)
        return self.projection(functional.leaky_relu(h, _SLOPE).sum((2, 3)), c)


class MLPDiscriminator(nn.Module):
    """Two hidden layers on the flattened image."""

    def __init__(self, sizes: _Resolutions, architecture: Architecture):
        super().__init__()
        linear = SpectralLinear if architecture.spectral_norm else nn.Linear
        hidden = _hidden_width(sizes)
        self.hidden1 = linear(sizes.channels * sizes.height * sizes.width, hidden)
        self.hidden2 = linear(hidden, hidden)
        self.norm = nn.BatchNorm1d(hidden) if architecture.batch_norm else nn.Identity()
        self.projection = _Projection(hidden, architecture)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Return logits of shape (n,) for images of shape (n, channels, height, width)."""
        h = functional.leaky_relu(self.hidden1(x.flatten(1)), _SLOPE)
        return self.projection(functional.leaky_relu(self.norm(self.hidden2(h)), _SLOPE), c)


PAIRS: dict[str, tuple[type[Generator], type[nn.Module]]] = {
    "dcgan": (DCGANGenerator, DCGANDiscriminator),
    "residual": (ResidualGenerator, ResidualDiscriminator),
    "mlp": (MLPGenerator, MLPDiscriminator),
}
"""Generator and discriminator by the name of their architecture."""


def image_generator(schema: Mapping[str, Any], architecture: Architecture) -> Generator:
    """Build an uninitialised generator of the images that the schema of an encoder describes."""
    return _build(0, schema, architecture)


def image_discriminator(schema: Mapping[str, Any], architecture: Architecture) -> nn.Module:
    """Build an uninitialised discriminator of the images that the schema of an encoder describes."""
    return _build(1, schema, architecture)


def _build(side: int, schema: Mapping[str, Any], architecture: Architecture) -> Any:
    if architecture.kind not in PAIRS:
        raise ParameterError(
            f"The 'architecture' parameter must be one of {', '.join(PAIRS)} for images. Got {architecture.kind!r}."
        )
    with torch.device("meta"):
        return PAIRS[architecture.kind][side](_Resolutions.from_schema(schema, architecture.width), architecture)


def _batch_norm(channels: int, wanted: bool) -> nn.Module:
    return nn.BatchNorm2d(channels) if wanted else nn.Identity()


def _hidden_width(sizes: _Resolutions) -> int:
    return 8 * sizes.base
