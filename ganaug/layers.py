"""What the networks of every modality share: initialisation from our own generator, and spectral norm."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = TypeVar("Network", bound=nn.Module)


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
        a module may overrule this by a method ``reset(generator)``.

    Raises
    ------
    TypeError
        A part has weights that nothing here knows how to draw.

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
    """Fill the look-up tables of `module`, which follow from its shape: whatever part has a method ``fill_tables``."""
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
        """Draw the weights, and where the power iteration starts."""
        _initialise_weight(self, generator)
        self.u.normal_(generator=generator)
        self.u.div_(self.u.norm())

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised linear map of `x`."""
        with torch.no_grad():
            v = functional.normalize(self.weight.t() @ self.u, dim=0)
            u = functional.normalize(self.weight @ v, dim=0)
            if self.training:
                self.u.copy_(u)
        sigma = u @ (self.weight @ v)
        return functional.linear(x, self.weight / sigma, self.bias)
