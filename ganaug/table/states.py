"""Draw the states of all columns from logits.

States are drawn by the Gumbel-max trick, and in training by its differentiable form, Gumbel-softmax [1]_. Columns that
depend on each other are drawn one after the other: see `StateSampler`.

References
----------
.. [1] Jang et al., "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .layout import Layout
from .ties import TiedStates

_TEMPERATURE = 0.3


class SegmentSoftmax(nn.Module):
    """Softmax over each of many segments of different sizes, in a few tensor operations.

    Segments of similar size are padded to the next power of two and share one softmax.
    """

    source: Tensor
    target: Tensor

    def __init__(self, segments: Sequence[int]):
        super().__init__()
        starts = np.cumsum([0, *segments])[:-1]
        groups: dict[int, list[tuple[int, int]]] = {}
        for start, size in zip(starts.tolist(), segments, strict=True):
            groups.setdefault(max(1, (size - 1).bit_length()), []).append((start, size))
        self.shapes = [(len(members), 2**bits) for bits, members in sorted(groups.items())]
        total = sum(segments)
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

    def _pad_segments(self, logits: Tensor) -> list[Tensor]:
        """Return logits of shape (n, states) as one tensor (n, segments, width) for each width, padded with -1e9."""
        padded = functional.pad(logits, (0, 1), value=-1e9).index_select(1, self.source)
        parts = padded.split([count * width for count, width in self.shapes], dim=1)
        return [part.unflatten(1, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def _join_segments(self, groups: list[Tensor]) -> Tensor:
        """Undo `_pad_segments`; return a tensor of shape (n, states)."""
        return torch.cat([group.flatten(1) for group in groups], dim=1).index_select(1, self.target)

    def forward(self, logits: Tensor) -> Tensor:
        """Return probabilities of shape (n, states) for logits of the same shape."""
        return self._join_segments([group.softmax(-1) for group in self._pad_segments(logits)])

    def one_hot(self, logits: Tensor) -> Tensor:
        """Return the largest logit of each segment as 1, the rest as 0."""
        chosen = [functional.one_hot(group.argmax(-1), group.shape[-1]) for group in self._pad_segments(logits)]
        return self._join_segments(chosen).to(logits.dtype)


class StateSampler(nn.Module):
    """Draw the state of each column, level by level: the columns of a level see those of the levels before it.

    Given the hidden layer, a generator with one head for each column draws columns independently, so that whatever the
    noise decides in one of them is unknown to the others. Here, the states drawn so far add to the logits of those
    still to be drawn, as in an autoregressive model [1]_; a few levels are enough, and cost little.

    Parameters
    ----------
    layout : Layout
        Layout of an encoded row, with at least one segment.

    References
    ----------
    .. [1] Larochelle and Murray, "The Neural Autoregressive Distribution Estimator", AISTATS 2011.
    """

    order: Tensor
    place: Tensor

    def __init__(self, layout: Layout):
        super().__init__()
        segments, starts = layout.segments, layout.starts().tolist()
        levels = layout.levels or [0] * len(segments)
        members = [[i for i, level in enumerate(levels) if level == number] for number in sorted(set(levels))]
        self._segments, self._starts, self._members = segments, layout.starts(), members
        self._order = [starts[i] + j for several in members for i in several for j in range(segments[i])]
        self._sizes = [sum(segments[i] for i in several) for several in members]
        before = np.cumsum(self._sizes)[:-1].tolist()
        self.softmaxes = nn.ModuleList(SegmentSoftmax([segments[i] for i in several]) for several in members)
        self.influences = nn.ModuleList(
            nn.Linear(seen, size, bias=False) for seen, size in zip(before, self._sizes[1:], strict=True)
        )
        self.tied = TiedStates(segments, layout.ties) if layout.ties else None
        self.register_buffer("order", torch.empty(layout.n_states, dtype=torch.int64), persistent=False)
        self.register_buffer("place", torch.empty(layout.n_states, dtype=torch.int64), persistent=False)

    def fill_tables(self) -> None:
        """Fill the look-up tables: the states in the order in which they are drawn, and the way back."""
        order = torch.tensor(self._order, dtype=torch.int64)
        self.order.copy_(order)
        self.place.copy_(order.argsort())

    def forward(self, logits: Tensor, noise: Tensor) -> Tensor:
        """Return soft states of shape (n, states), for logits and uniform noise of that shape."""
        return self._draw(logits, noise, lambda softmax, noisy: softmax(noisy / _TEMPERATURE))

    def sample(self, logits: Tensor, noise: Tensor) -> Tensor:
        """Return one-hot states of shape (n, states), for logits and uniform noise of that shape."""
        return self._draw(logits, noise, SegmentSoftmax.one_hot)

    def fold(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return a linear map to logits, weight (states, m) and bias (states,), as one to what `draw_positions` takes.

        States are sorted by level, and those that only a leader gives are barred.
        """
        if self.tied is not None:
            bias = self.tied.bar(bias)
            weight = weight.masked_fill(self.tied.barred[:, None], 0.0)
        return weight[self.order], bias[self.order]

    def draw_positions(self, noisy: Tensor) -> Tensor:
        """Return what `sample` draws as positions of states, int64 of shape (n, segments); on a CPU, without gradients.

        `noisy` are logits plus Gumbel noise, shape (n, states), sorted by level; they are overwritten. What the states
        drawn so far add to logits is a sum of rows of a matrix.
        """
        # 1. Draw level by level
        drawn: list[NDArray[np.int64]] = []  # in the order of drawing
        end = 0
        for level, (part, members) in enumerate(zip(noisy.split(self._sizes, 1), self._members, strict=True)):
            if level:
                influence: Any = self.influences[level - 1]
                matrix = influence.weight.t().contiguous()
                part += functional.embedding_bag(torch.from_numpy(np.stack(drawn, axis=1)), matrix, mode="sum")
            values = noisy.numpy()
            for i in members:
                start, end = end, end + self._segments[i]
                drawn.append(values[:, start:end].argmax(1) + start)  # as torch's, and faster

        # 2. Sort back: the states of a segment stay together; let followers follow
        places = [i for members in self._members for i in members]
        moved = self._starts - np.cumsum([0, *(self._segments[i] for i in places)])[np.argsort(places)]
        positions = torch.from_numpy(np.stack([drawn[j] for j in np.argsort(places)], axis=1) + moved)
        return positions if self.tied is None else self.tied.follow(positions)

    def _draw(self, logits: Tensor, noise: Tensor, draw: Callable[[Any, Tensor], Tensor]) -> Tensor:
        # 1. Bar states that only a leader gives; sort by level
        noisy = (logits if self.tied is None else self.tied.bar(logits)) + _convert_to_gumbel(noise)
        if len(self._sizes) > 1:
            noisy = noisy.index_select(1, self.order)

        # 2. Draw level by level
        states = logits[:, :0]
        with torch.autocast(logits.device.type, enabled=False):
            for level, (softmax, part) in enumerate(zip(self.softmaxes, noisy.split(self._sizes, 1), strict=True)):
                seen = self.influences[level - 1](states) if level else 0.0
                states = torch.cat([states, draw(softmax, part + seen)], dim=1)

        # 3. Sort back; let followers follow
        if len(self._sizes) > 1:
            states = states.index_select(1, self.place)
        return states if self.tied is None else self.tied(states)


def _convert_to_gumbel(uniform: Tensor) -> Tensor:
    return convert_to_gumbel_(uniform.clone())


def convert_to_gumbel_(uniform: Tensor) -> Tensor:
    """Turn uniform into Gumbel noise, in place."""
    return uniform.clamp_(1e-20, 1.0 - 1e-7).log_().neg_().log_().neg_()
