"""Define class-conditional residual networks for encoded tables.

The architecture follows the tabular GANs since CTGAN [1]_: an MLP with one output head per column, and Gumbel-softmax
[2]_ for states. Its residual blocks are narrow enough for a CPU, and the discriminator is a projection discriminator
[3]_.

References
----------
.. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019.
.. [2] Jang et al., "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017.
.. [3] Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers import HEAVY, SpectralLinear, bfloat16_pays
from ..modality import Architecture, Generator
from .layout import Layout

_SLOPE = 0.2
_TEMPERATURE = 0.3
_MULTIPLES = (1.0, 2.0, 4.0, 8.0)


class SegmentSoftmax(nn.Module):
    """Softmax over each of many segments of different sizes, in a few tensor operations.

    Segments of similar size are padded to the next power of two and share one softmax.
    """

    source: Tensor
    target: Tensor

    def __init__(self, layout: Layout):
        super().__init__()
        starts = layout.starts()
        groups: dict[int, list[tuple[int, int]]] = {}
        for start, size in zip(starts.tolist(), layout.segments, strict=True):
            groups.setdefault(max(1, (size - 1).bit_length()), []).append((start, size))
        self.shapes = [(len(members), 2**bits) for bits, members in sorted(groups.items())]
        total = layout.n_states
        source: list[int] = []  # padded slot -> state; `total` is a slot of minus infinity
        target = np.zeros(total, dtype=np.int64)  # state -> padded slot
        for bits, members in sorted(groups.items()):
            for start, size in members:
                target[start : start + size] = len(source) + np.arange(size)
                source += [*range(start, start + size), *[total] * (2**bits - size)]
        self._source, self._target = source, target.tolist()
        self.register_buffer("source", torch.empty(len(source), dtype=torch.int64), persistent=False)
        self.register_buffer("target", torch.empty(total, dtype=torch.int64), persistent=False)

    def fill_tables(self) -> None:
        """Fill the look-up tables."""
        self.source.copy_(torch.tensor(self._source, dtype=torch.int64))
        self.target.copy_(torch.tensor(self._target, dtype=torch.int64))

    def _groups(self, logits: Tensor) -> list[Tensor]:
        """Return logits of shape (n, states) as one tensor (n, segments, width) for each width, padded with -1e9."""
        padded = functional.pad(logits, (0, 1), value=-1e9).index_select(1, self.source)
        parts = padded.split([count * width for count, width in self.shapes], dim=1)
        return [part.unflatten(1, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def _states(self, groups: list[Tensor]) -> Tensor:
        """Undo `_groups`: return a tensor of shape (n, states)."""
        return torch.cat([group.flatten(1) for group in groups], dim=1).index_select(1, self.target)

    def forward(self, logits: Tensor) -> Tensor:
        """Return probabilities of shape (n, states) for logits of the same shape."""
        return self._states([group.softmax(-1) for group in self._groups(logits)])

    def one_hot(self, logits: Tensor) -> Tensor:
        """Return the largest logit of each segment as 1, the rest as 0."""
        chosen = [functional.one_hot(group.argmax(-1), group.shape[-1]) for group in self._groups(logits)]
        return self._states(chosen).to(logits.dtype)


class GeneratorBlock(nn.Module):
    """Residual block with batch norm: x + W2 f(N(W1 f(N(x))))."""

    def __init__(self, width: int):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm1d(width), nn.BatchNorm1d(width)
        self.linear1, self.linear2 = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """Return the block's output, of the shape of its input (n, width)."""
        inner = self.linear1(functional.leaky_relu(self.norm1(h), _SLOPE))
        return h + self.linear2(functional.leaky_relu(self.norm2(inner), _SLOPE))


class TableGenerator(Generator):
    """Map latent vectors and classes to encoded rows.

    Parameters
    ----------
    layout : Layout
        Layout of an encoded row.
    architecture : Architecture
        Sizes.
    """

    gates: Tensor

    def __init__(self, layout: Layout, architecture: Architecture):
        super().__init__()
        width = architecture.width
        self.n_states, self.n_scores = layout.n_states, len(layout.gates)
        self.n_classes, self._is_wide = architecture.n_classes, width >= HEAVY
        self.noise_dim = layout.n_states
        self.first = nn.Linear(architecture.latent_dim + architecture.n_classes, width)
        self.blocks = nn.ModuleList(GeneratorBlock(width) for _ in range(2))
        self.norm = nn.BatchNorm1d(width)
        self.heads = nn.Linear(width, layout.width)
        self.softmax = SegmentSoftmax(layout) if layout.segments else None
        self._gates = layout.gates
        self.register_buffer("gates", torch.empty(len(layout.gates), dtype=torch.int64), persistent=False)

    def fill_tables(self) -> None:
        """Fill the look-up table; the gate of a score without one is a column of ones behind the states."""
        gates = [g if g >= 0 else self.n_states for g in self._gates]
        self.gates.copy_(torch.tensor(gates, dtype=torch.int64))

    def _heads(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        h = self.first(torch.cat([z, functional.one_hot(c, self.n_classes).to(z.dtype)], dim=1))
        for block in self.blocks:
            h = block(h)
        with torch.autocast(h.device.type, enabled=False):  # bfloat16 would round scores to few values
            out = self.heads(functional.leaky_relu(self.norm(h.float()), _SLOPE))
        return out[:, : self.n_states], out[:, self.n_states :]

    def _join(self, states: Tensor, scores: Tensor) -> Tensor:
        if not self.n_scores:
            return states
        gated = scores * functional.pad(states, (0, 1), value=1.0).index_select(1, self.gates)
        return torch.cat([states, gated], dim=1)

    def forward(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return soft rows for training.

        Parameters
        ----------
        z : Tensor of shape (n, latent_dim)
            Standard normal.
        c : Tensor of shape (n,)
            Class codes.
        noise : Tensor of shape (n, noise_dim)
            Uniform in (0, 1); becomes the Gumbel noise of the states.

        Returns
        -------
        Tensor of shape (n, layout.width)
            Segments that sum to one, and scores multiplied by their gate.
        """
        logits, scores = self._heads(z, c)
        if self.softmax is not None:
            logits = self.softmax((logits + _gumbel(noise)) / _TEMPERATURE)
        return self._join(logits, scores)

    def sample(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return final rows: one state drawn in each segment, and scores where the state is regular."""
        coarse = self._is_wide and z.device.type == "cpu" and bfloat16_pays(z.device)  # casts only delay a GPU
        with torch.autocast(z.device.type, torch.bfloat16, enabled=coarse):
            logits, scores = self._heads(z, c)
        if self.softmax is not None:
            logits = self.softmax.one_hot(logits + _gumbel(noise))
        return self._join(logits, scores)


def _gumbel(uniform: Tensor) -> Tensor:
    return -torch.log(-torch.log(uniform.clamp(1e-20, 1.0 - 1e-7)))


class DiscriminatorBlock(nn.Module):
    """Residual block, without norm unless the loss requires batch norm."""

    def __init__(self, width: int, linear: type[nn.Linear], batch_norm: bool):
        super().__init__()
        self.norm = nn.BatchNorm1d(width) if batch_norm else nn.Identity()
        self.linear1, self.linear2 = linear(width, width), linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """Return the block's output, of the shape of its input (n, width)."""
        inner = self.linear1(functional.leaky_relu(self.norm(h), _SLOPE))
        return h + self.linear2(functional.leaky_relu(inner, _SLOPE))


class TableDiscriminator(nn.Module):
    """Map encoded rows and classes to logits, larger for rows that look real.

    Besides the row its input has, for every score and every ordered segment, sine and cosine of learned multiples of
    its value: a plain MLP is slow to learn fine structure in a single number [1]_.

    References
    ----------
    .. [1] Tancik et al., "Fourier Features Let Networks Learn High Frequency Functions", NeurIPS 2020.
    """

    places: Tensor

    def __init__(self, layout: Layout, architecture: Architecture):
        super().__init__()
        width = architecture.width
        self._layout = layout
        n_places = len(layout.gates) + sum(layout.ordered)
        self.multiples = nn.Parameter(torch.empty(n_places, len(_MULTIPLES)))
        self.register_buffer("places", torch.empty(layout.width, n_places), persistent=False)
        linear = SpectralLinear if architecture.spectral_norm else nn.Linear
        self.first = linear(layout.width + 2 * len(_MULTIPLES) * n_places, width)
        self.blocks = nn.ModuleList(DiscriminatorBlock(width, linear, architecture.batch_norm) for _ in range(2))
        self.last = linear(width, 1)
        self.classes = linear(architecture.n_classes, width, bias=False)

    def fill_tables(self) -> None:
        """Fill the fixed linear map from a row to the values of its scores and ordered segments."""
        layout = self._layout
        places = torch.zeros(layout.width, self.multiples.shape[0])
        for j in range(len(layout.gates)):
            places[layout.n_states + j, j] = 1.0
        j = len(layout.gates)
        for start, size, ordered in zip(layout.starts().tolist(), layout.segments, layout.ordered, strict=True):
            if ordered:
                places[start : start + size, j] = torch.linspace(-1.5, 1.5, size)
                j += 1
        self.places.copy_(places)

    def reset(self, generator: torch.Generator) -> None:
        """Set the multiples to octaves; draw nothing."""
        self.multiples.copy_(torch.tensor(_MULTIPLES).expand_as(self.multiples))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Return the logit of each row.

        Parameters
        ----------
        x : Tensor of shape (n, layout.width)
            Encoded rows, soft or final.
        c : Tensor of shape (n,)
            Class codes.

        Returns
        -------
        Tensor of shape (n,)
            Logits.
        """
        if self.multiples.shape[0]:
            with torch.autocast(x.device.type, enabled=False):  # bfloat16 is too coarse for an angle
                angles = ((x.float() @ self.places).unsqueeze(2) * self.multiples).flatten(1)
                x = torch.cat([x, angles.sin(), angles.cos()], dim=1)
        h = self.first(x)
        for block in self.blocks:
            h = block(h)
        h = functional.leaky_relu(h, _SLOPE)
        by_class = self.classes(functional.one_hot(c, self.classes.in_features).to(h.dtype))
        return (self.last(h).squeeze(1) + (h * by_class).sum(1)).float()


def table_generator(schema: Mapping[str, Any], architecture: Architecture) -> Generator:
    """Return an uninitialised generator for the table that an encoder's JSON describes."""
    with torch.device("meta"):
        return TableGenerator(Layout.from_schema(schema), architecture)


def table_discriminator(schema: Mapping[str, Any], architecture: Architecture) -> nn.Module:
    """Return an uninitialised discriminator for the table that an encoder's JSON describes."""
    with torch.device("meta"):
        return TableDiscriminator(Layout.from_schema(schema), architecture)
