"""Sample a trained generator of tables on a CPU, in fewer and cheaper steps than the generator itself.

Norms become factors and summands of the linear maps beside them, states are positions instead of one-hot vectors, and
what a state adds to all that depends on it is a row of a matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .layout import Layout
from .states import StateSampler, convert_to_gumbel_

SLOPE = 0.2
"""Slope of the activations of a generator below zero."""


class Head(NamedTuple):
    """A norm, and the linear map after it: ``weight`` of shape (m, width), ``bias`` of shape (m,)."""

    norm: nn.BatchNorm1d
    weight: Tensor
    bias: Tensor


class Late(NamedTuple):
    """Map of states to what is added to the hidden layer, and the residual blocks after that."""

    feed: nn.Linear
    blocks: Iterable[Any]


class TableSampler:
    """Draw packed rows; of equal distribution as those of the generator, not equal for equal noise.

    Parameters
    ----------
    layout : Layout
        Layout of an encoded row.
    first : torch.nn.Linear
        Map of z and the one-hot class to the hidden layer.
    blocks : iterable of torch.nn.Module
        Residual blocks before the states are drawn.
    states : StateSampler or None
        Draws the states.
    state_head, score_head : Head
        Maps of the hidden layer to the logits of the states, and to the scores.
    dtype : torch.dtype
        Of the hidden layer and of logits; scores are float32: bfloat16 would round them to few values.
    late : Late or None
        What sees the states, if they are drawn before the last block.
    """

    def __init__(
        self,
        layout: Layout,
        first: nn.Linear,
        blocks: Iterable[Any],
        states: StateSampler | None,
        state_head: Head | None,
        score_head: Head,
        dtype: torch.dtype,
        late: Late | None = None,
    ):
        self._layout, self._states = layout, states
        gates = np.array(layout.gates, dtype=np.int64)
        segments = np.repeat(np.arange(len(layout.segments)), layout.segments)
        self._gates = torch.from_numpy(gates)
        self._gate_columns = torch.from_numpy(segments[gates.clip(0)] if len(segments) else gates)
        with torch.no_grad():
            # 1. The hidden layer, from which constants are left out: they wait for the next norm
            weight, waiting = first.weight.t().to(dtype).contiguous(), first.bias.clone()
            self._blocks, self._late_blocks = list[_Block](), list[_Block]()
            for block in blocks:
                self._blocks.append(_Block.of(block, waiting, dtype))
                waiting = waiting + block.linear2.bias
            # 2. The states, in the order in which they are drawn
            self._state_stage = None
            if states is not None and state_head is not None:
                folded = states.fold(state_head.weight, state_head.bias)
                self._state_stage = _Stage.of(state_head.norm, *folded, waiting, dtype)
            self._feed = None if late is None else late.feed.weight.t().to(dtype).contiguous()
            for block in () if late is None else late.blocks:
                self._late_blocks.append(_Block.of(block, waiting, dtype))
                waiting = waiting + block.linear2.bias
            # 3. The scores
            self._score_stage = _Stage.of(*score_head, waiting, torch.float32)
        self._first = weight

    def __call__(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return packed rows.

        Parameters
        ----------
        z : Tensor of shape (n, latent_dim)
            Standard normal.
        c : Tensor of shape (n,)
            Class codes.
        noise : Tensor of shape (n, noise_dim)
            Uniform in (0, 1). It is overwritten.
        """
        latent, classes = self._first.split([z.shape[1], len(self._first) - z.shape[1]])
        rows = self._layout.allocate_rows(len(z))
        with torch.no_grad():
            h = torch.addmm(classes[c], z.to(latent.dtype), latent)
            for block in self._blocks:
                h = block(h)
            if self._states is not None and self._state_stage is not None:
                noisy = convert_to_gumbel_(noise).add_(self._state_stage(h))
                positions = self._states.draw_positions(noisy)
                rows[:, : positions.shape[1]] = positions
                if self._feed is not None:
                    h = h.add_(functional.embedding_bag(positions, self._feed, mode="sum"))
            for block in self._late_blocks:
                h = block(h)
            if len(self._gates):
                scores = self._score_stage(h)
                if self._states is not None:
                    scores *= (positions[:, self._gate_columns] == self._gates) | (self._gates < 0)
                self._layout.put_all_scores(rows, scores)
        return rows


class _Stage(NamedTuple):
    """W f(N(h)): ``f(shift + scale * h) @ weight + bias``."""

    shift: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, norm: nn.BatchNorm1d, weight: Tensor, bias: Tensor, waiting: Tensor, dtype: torch.dtype) -> _Stage:
        """Return the stage that adds the constants that are `waiting` to its input."""
        scale, shift = _fold(norm)
        parts = shift + scale * waiting, scale, weight.t(), bias
        return cls(*(part.to(dtype).contiguous() for part in parts))

    def __call__(self, h: Tensor) -> Tensor:
        inner = functional.leaky_relu_(torch.addcmul(self.shift, h.to(self.scale.dtype), self.scale), SLOPE)
        return torch.addmm(self.bias, inner, self.weight)


class _Block(NamedTuple):
    """x + W2 f(N(W1 f(N(x)))), without the constant of W2."""

    inner: _Stage
    weight: Tensor

    @classmethod
    def of(cls, block: Any, waiting: Tensor, dtype: torch.dtype) -> _Block:
        """Return the block that adds the constants that are `waiting` to its input."""
        scale, shift = _fold(block.norm2)
        linear = block.linear1.weight * scale[:, None], block.linear1.bias * scale + shift
        return cls(_Stage.of(block.norm1, *linear, waiting, dtype), block.linear2.weight.t().to(dtype).contiguous())

    def __call__(self, h: Tensor) -> Tensor:
        return torch.addmm(h, functional.leaky_relu_(self.inner(h), SLOPE), self.weight)


def _fold(norm: Any) -> tuple[Tensor, Tensor]:
    """Return factor and summand of a norm in evaluation mode."""
    scale: Tensor = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale
