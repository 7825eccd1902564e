"""Initialise networks from a given random generator; provide layers that all modalities share."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = TypeVar("Network", bound=nn.Module)

HEAVY = 256
"""Layer width from which bfloat16 matrix products outweigh the cost of casting on a CPU."""


def initialise(module: Network, generator: torch.Generator) -> Network:
    """Draw the weights of `module` from `generator`, leaving torch's global generator alone.

    Parameters
    ----------
    module : torch.nn.Module
        Network built on the "meta" device or elsewhere; it is moved to the CPU.
    generator : torch.Generator
        CPU generator that decides every weight.

    Returns
    -------
    torch.nn.Module
        The same module. Weight matrices are Kaiming-uniform as in `torch.nn.Linear` [1]_, biases zero, scales one;
        a part with a method ``reset(generator)`` draws its own weights.

    Raises
    ------
    TypeError
        A part of unknown type has weights and no method ``reset``.

    References
    ----------
    .. [1] He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """
    module.to_empty(device="cpu")
    with torch.no_grad():
        for part in module.modules():
            if callable(reset := getattr(part, "reset", None)):
                reset(generator)
            elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm):
                part.reset_parameters()  # ones and zeros, running statistics included: draws nothing
            elif isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                _initialise_weight(part, generator)
            elif isinstance(part, nn.Embedding):
                part.weight.normal_(0.0, part.embedding_dim**-0.5, generator=generator)
            elif next(part.parameters(recurse=False), None) is not None:  # would be whatever was in that memory
                raise TypeError(f"{type(part).__name__} has weights; give it a method reset(generator) to draw them")
    fill_tables(module)
    return module


def fill_tables(module: nn.Module) -> None:
    """Call ``fill_tables`` on every part of `module` that has this method; the tables follow from its shape."""
    for part in module.modules():
        if callable(fill := getattr(part, "fill_tables", None)):
            fill()


def _initialise_weight(part: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, generator: torch.Generator) -> None:
    bound = (1.0 / part.weight[0].numel()) ** 0.5
    part.weight.uniform_(-bound, bound, generator=generator)
    if part.bias is not None:
        part.bias.zero_()


class SpectralLinear(nn.Linear):
    """Linear map divided by its largest singular value, found by one power iteration per training pass [1]_.

    torch's own parametrisation starts the iteration from the global generator, which ganaug does not touch.

    References
    ----------
    .. [1] Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
    """

    u: Tensor

    def __init__(self, n_in: int, n_out: int, bias: bool = True):
        super().__init__(n_in, n_out, bias)
        self.register_buffer("u", torch.empty(n_out))

    def reset(self, generator: torch.Generator) -> None:
        """Draw the weights and the start of the power iteration."""
        _initialise_weight(self, generator)
        self.u.normal_(generator=generator)
        self.u.div_(self.u.norm())

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised linear map of `x`."""
        return functional.linear(x, self.weight / _largest_singular_value(self, self.weight), self.bias)


class SpectralConv2d(nn.Conv2d):
    """Convolution whose weight, seen as a matrix, is divided by its largest singular value; see `SpectralLinear`."""

    u: Tensor

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self.register_buffer("u", torch.empty(self.out_channels))

    def reset(self, generator: torch.Generator) -> None:
        """Draw the weights and the start of the power iteration."""
        _initialise_weight(self, generator)
        self.u.normal_(generator=generator)
        self.u.div_(self.u.norm())

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised convolution of `x`."""
        return self._conv_forward(x, self.weight / _largest_singular_value(self, self.weight.flatten(1)), self.bias)


def _largest_singular_value(part: Any, matrix: Tensor) -> Tensor:
    """Return the largest singular value after one more power iteration (Miyato et al., ICLR 2018)."""
    with torch.no_grad():
        v = functional.normalize(matrix.t() @ part.u, dim=0)
        u = functional.normalize(matrix @ v, dim=0)
        if part.training:
            part.u.copy_(u)
    return u @ (matrix @ v)


class ClassVector(nn.Module):
    """Learned vector for each class, multiplied by the current strength of class conditioning.

    With few samples of each class a GAN collapses if it is conditioned from the start. It does not if conditioning is
    phased in gradually: Shahbazi et al., "Collapse by Conditioning: Training Class-conditional GANs with Limited
    Data", ICLR 2022.

    Parameters
    ----------
    n_classes, dim : int
        Number and length of the vectors.
    """

    strength: Tensor

    def __init__(self, n_classes: int, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_classes, dim))
        self.register_buffer("strength", torch.empty(()))

    def reset(self, generator: torch.Generator) -> None:
        """Draw the vectors, and set full strength."""
        self.weight.normal_(0.0, self.weight.shape[1] ** -0.5, generator=generator)
        self.strength.fill_(1.0)

    def forward(self, c: Tensor) -> Tensor:
        """Return the vectors of class codes `c` of shape (n,), shape (n, dim)."""
        return functional.embedding(c, self.weight) * self.strength


def bfloat16_pays(device: torch.device) -> bool:
    """Return whether large matrix products are faster in bfloat16 than in float32 on `device`."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return device.type == "cpu" and any(bool(getattr(torch.cpu, probe, bool)()) for probe in probes)


def set_class_strength(network: nn.Module, strength: float) -> None:
    """Set the strength of class conditioning of `network`, from 0 to 1."""
    for part in network.modules():
        if isinstance(part, ClassVector):
            part.strength.fill_(strength)
