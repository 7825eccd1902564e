"""Define class-conditional residual networks for encoded tables.

The architecture follows the tabular GANs since CTGAN [1]_: an MLP with one output head per column, whose logits become
states in `ganaug.table.states`. Its residual blocks are narrow enough for a CPU, and the discriminator is a projection
discriminator [2]_.

References
----------
.. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019.
.. [2] Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers import HEAVY, SpectralLinear, bfloat16_pays
from ..modality import Architecture, Generator, identity
from .layout import Layout
from .sampler import SLOPE, Head, Late, TableSampler
from .states import StateSampler

Draw = Callable[[StateSampler, Tensor], Tensor]

_COARSE = 128  # width from which samplers use bfloat16 where it is faster
_MULTIPLES = (1.0, 2.0, 4.0, 8.0)


class GeneratorBlock(nn.Module):
    """Residual block with batch norm: x + W2 f(N(W1 f(N(x))))."""

    def __init__(self, width: int):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm1d(width), nn.BatchNorm1d(width)
        self.linear1, self.linear2 = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """Return the block's output, of the shape of its input (n, width)."""
        inner = self.linear1(functional.leaky_relu(self.norm1(h), SLOPE))
        return h + self.linear2(functional.leaky_relu(self.norm2(inner), SLOPE))


class TableGenerator(Generator):
    """Map latent vectors and classes to encoded rows, states and scores from the same hidden layer.

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
        self._layout = layout
        self.noise_dim = layout.n_states
        self.first = nn.Linear(architecture.latent_dim + architecture.n_classes, width)
        self.blocks = nn.ModuleList(GeneratorBlock(width) for _ in range(2))
        self.norm = nn.BatchNorm1d(width)
        self.heads = nn.Linear(width, layout.width)
        self.states = StateSampler(layout) if layout.segments else None
        self._gates = layout.gates
        self.register_buffer("gates", torch.empty(len(layout.gates), dtype=torch.int64), persistent=False)

    def fill_tables(self) -> None:
        """Fill the look-up table; a score without a gate uses a column of ones after the states."""
        gates = [g if g >= 0 else self.n_states for g in self._gates]
        self.gates.copy_(torch.tensor(gates, dtype=torch.int64))

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
        return self._join(*self._generate(z, c, lambda states, logits: states(logits, noise)))

    def sample(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return final rows: one state drawn in each segment, and scores where the state is regular."""
        coarse = self._is_wide and z.device.type == "cpu" and bfloat16_pays(z.device)  # casts only delay a GPU
        with torch.autocast(z.device.type, torch.bfloat16, enabled=coarse):
            return self._join(*self._generate(z, c, lambda states, logits: states.sample(logits, noise)))

    def make_sampler(self, pack: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return a function that draws rows, on a CPU by a `TableSampler`: packed, unless `pack` is the identity."""
        device = self.first.weight.device
        if device.type != "cpu" or type(self).sample is not TableGenerator.sample:  # another one may do something else
            return super().make_sampler(pack)
        dtype = torch.bfloat16 if self.first.out_features >= _COARSE and bfloat16_pays(device) else torch.float32
        sampler = self._make_cpu_sampler(dtype)
        if pack is identity:
            return lambda z, c, noise: self._layout.expand(sampler(z, c, noise))
        return sampler

    def _make_cpu_sampler(self, dtype: torch.dtype) -> TableSampler:
        sizes = [self.n_states, self.n_scores]
        parts = zip(self.heads.weight.split(sizes), self.heads.bias.split(sizes), strict=True)
        state_head, score_head = (Head(self.norm, *part) for part in parts)
        return TableSampler(self._layout, self.first, self.blocks, self.states, state_head, score_head, dtype)

    def _generate(self, z: Tensor, c: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
        """Return what `draw` returns of the states, and scores that no gate has closed yet."""
        h = self._embed(z, c)
        for block in self.blocks:
            h = block(h)
        out = _apply_head(self.norm, self.heads, h)
        if self.states is None:
            return out[:, :0], out
        return draw(self.states, out[:, : self.n_states]), out[:, self.n_states :]

    def _embed(self, z: Tensor, c: Tensor) -> Tensor:
        hidden: Tensor = self.first(torch.cat([z, functional.one_hot(c, self.n_classes).to(z.dtype)], dim=1))
        return hidden

    def _join(self, states: Tensor, scores: Tensor) -> Tensor:
        """Return rows of states, and of scores multiplied by their gate."""
        if not self.n_scores:
            return states
        gated = scores * functional.pad(states, (0, 1), value=1.0).index_select(1, self.gates)
        return torch.cat([states, gated], dim=1)


class TwoStageGenerator(TableGenerator):
    """Generator that draws the states after its first block, so that the scores see them.

    Otherwise a score knows nothing of what noise decided in the states of its row. It takes a layout with states and
    with scores.
    """

    states: StateSampler

    def __init__(self, layout: Layout, architecture: Architecture):
        super().__init__(layout, architecture)
        width = architecture.width
        self.heads = nn.Linear(width, self.n_states)
        self.feed = nn.Linear(self.n_states, width, bias=False)
        self.score_norm = nn.BatchNorm1d(width)
        self.score_heads = nn.Linear(width, self.n_scores)

    def _generate(self, z: Tensor, c: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
        # 1. States, from the first block
        first, second = self.blocks
        h = first(self._embed(z, c))
        states = draw(self.states, _apply_head(self.norm, self.heads, h))

        # 2. Scores, from the second block, which sees the states
        h = second(h + self.feed(states))
        return states, _apply_head(self.score_norm, self.score_heads, h)

    def _make_cpu_sampler(self, dtype: torch.dtype) -> TableSampler:
        heads = Head(self.norm, self.heads.weight, self.heads.bias)
        score_heads = Head(self.score_norm, self.score_heads.weight, self.score_heads.bias)
        late = Late(self.feed, self.blocks[1:])
        return TableSampler(self._layout, self.first, self.blocks[:1], self.states, heads, score_heads, dtype, late)


def _apply_head(norm: nn.Module, linear: nn.Module, h: Tensor) -> Tensor:
    """Return W f(N(h)) in float32: bfloat16 would round scores to few values."""
    with torch.autocast(h.device.type, enabled=False):
        out: Tensor = linear(functional.leaky_relu(norm(h.float()), SLOPE))
    return out


class DiscriminatorBlock(nn.Module):
    """Residual block, without norm unless the loss requires batch norm."""

    def __init__(self, width: int, linear: type[nn.Linear], batch_norm: bool):
        super().__init__()
        self.norm = nn.BatchNorm1d(width) if batch_norm else nn.Identity()
        self.linear1, self.linear2 = linear(width, width), linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """Return the block's output, of the shape of its input (n, width)."""
        inner = self.linear1(functional.leaky_relu(self.norm(h), SLOPE))
        return h + self.linear2(functional.leaky_relu(inner, SLOPE))


class TableDiscriminator(nn.Module):
    """Map encoded rows and classes to logits, larger for rows that look real.

    The input is the row, followed by sine and cosine of learned multiples of every score and of the value of every
    ordered segment: a plain MLP is slow to learn fine structure in a single number [1]_.

    References
    ----------
    .. [1] Tancik et al., "Fourier Features Let Networks Learn High Frequency Functions", NeurIPS 2020.
    """

    projection: Tensor

    def __init__(self, layout: Layout, architecture: Architecture):
        super().__init__()
        width = architecture.width
        self._layout = layout
        n_values = len(layout.gates) + sum(layout.ordered)
        self.multiples = nn.Parameter(torch.empty(n_values, len(_MULTIPLES)))
        self.register_buffer("projection", torch.empty(layout.width, n_values), persistent=False)
        linear = SpectralLinear if architecture.spectral_norm else nn.Linear
        self.first = linear(layout.width + 2 * len(_MULTIPLES) * n_values, width)
        self.blocks = nn.ModuleList(DiscriminatorBlock(width, linear, architecture.batch_norm) for _ in range(2))
        self.last = linear(width, 1)
        self.classes = linear(architecture.n_classes, width, bias=False)

    def fill_tables(self) -> None:
        """Fill the fixed linear map from a row to the values of its scores and ordered segments."""
        layout = self._layout
        projection = torch.zeros(layout.width, self.multiples.shape[0])
        for j in range(len(layout.gates)):
            projection[layout.n_states + j, j] = 1.0
        j = len(layout.gates)
        for start, size, ordered in zip(layout.starts().tolist(), layout.segments, layout.ordered, strict=True):
            if ordered:
                projection[start : start + size, j] = torch.linspace(-1.5, 1.5, size)
                j += 1
        self.projection.copy_(projection)

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
                angles = ((x.float() @ self.projection).unsqueeze(2) * self.multiples).flatten(1)
                x = torch.cat([x, angles.sin(), angles.cos()], dim=1)
        h = self.first(x)
        for block in self.blocks:
            h = block(h)
        h = functional.leaky_relu(h, SLOPE)
        by_class = self.classes(functional.one_hot(c, self.classes.in_features).to(h.dtype))
        return (self.last(h).squeeze(1) + (h * by_class).sum(1)).float()


def table_generator(schema: Mapping[str, Any], architecture: Architecture) -> Generator:
    """Return an uninitialised generator for the table that an encoder's JSON describes."""
    with torch.device("meta"):
        layout = Layout.from_schema(schema)
        return (TwoStageGenerator if layout.two_stages else TableGenerator)(layout, architecture)


def table_discriminator(schema: Mapping[str, Any], architecture: Architecture) -> nn.Module:
    """Return an uninitialised discriminator for the table that an encoder's JSON describes."""
    with torch.device("meta"):
        return TableDiscriminator(Layout.from_schema(schema), architecture)
