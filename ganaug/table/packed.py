"""Encoded rows in little memory: packed, as they are kept, and expanded, as networks see them.

A packed row is a row of whole numbers: for each segment the position of its one, then the bits of each float32 score.
A state takes two bytes there, where an expanded row takes four for every state that there is.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .layout import Layout

_MOST_STATES = 2**15  # whose positions two bytes hold


def new_rows(n: int, layout: Layout) -> Tensor:
    """Return `n` packed rows to be filled in, int16 or, for more than 32,768 states, int32."""
    dtype = torch.int16 if layout.n_states <= _MOST_STATES else torch.int32
    width = len(layout.segments) + len(layout.gates) * _slots(dtype)
    return torch.zeros(n, width, dtype=dtype)


def pack(x: Tensor, layout: Layout) -> Tensor:
    """Return rows as networks see or make them, shape (n, layout.width), packed; of a segment the largest wins."""
    rows, n_segments = new_rows(len(x), layout), len(layout.segments)
    for i, (part, start) in enumerate(
        zip(x[:, : layout.n_states].split(layout.segments, 1), layout.starts().tolist(), strict=True)
    ):
        rows[:, i] = part.argmax(1) + start
    rows[:, n_segments:] = (
        x[:, layout.n_states :].float().contiguous().view(rows.dtype).view(len(x), rows.shape[1] - n_segments)
    )
    return rows


def put_states(rows: Tensor, layout: Layout, segment: int, states: Tensor) -> None:
    """Fill in the states of one segment, shape (n,), each from 0 to the size of the segment - 1."""
    rows[:, segment] = states + int(layout.starts()[segment])


def put_scores(rows: Tensor, layout: Layout, number: int, scores: Tensor) -> None:
    """Fill in the scores of one column, shape (n,), the `number`-th that has some."""
    slots = _slots(rows.dtype)
    first = len(layout.segments) + number * slots
    bits = torch.empty(len(rows), dtype=torch.float32).copy_(scores).view(rows.dtype)
    rows[:, first : first + slots] = bits.view(len(rows), slots)


def scores_of(rows: Tensor, layout: Layout) -> Tensor:
    """Return all scores, float32, shape (n, scores)."""
    bits = rows[:, len(layout.segments) :].clone(memory_format=torch.contiguous_format)  # a slice may not be aligned
    return bits.view(-1).view(torch.float32).view(len(rows), len(layout.gates))


def features_of(rows: Tensor, layout: Layout) -> Tensor:
    """Return for each segment the number of its state, then the scores, float32, shape (n, segments + scores)."""
    starts = torch.from_numpy(layout.starts()).to(rows.dtype)
    return torch.cat([(rows[:, : len(starts)] - starts).float(), scores_of(rows, layout)], dim=1)


def expand(rows: Tensor, layout: Layout) -> Tensor:
    """Return packed rows as networks see them: one-hot states, then scores, float32, shape (n, layout.width).

    On any device, and without a look-up table or anything else that would have to be moved there.
    """
    x = torch.zeros(len(rows), layout.width, dtype=torch.float32, device=rows.device)
    x.scatter_(1, rows[:, : len(layout.segments)].long(), 1.0)
    x[:, layout.n_states :] = scores_of(rows, layout)
    return x


def _slots(dtype: torch.dtype) -> int:
    """Return how many numbers of a dtype hold the bits of one float32."""
    return torch.float32.itemsize // dtype.itemsize
