"""Measure the highest rates of one core: products of given shapes in float32 and bfloat16, and copies."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from .counting import Product

DTYPES = ("float32", "bfloat16")
SLICE = 5e-4  # seconds of one measurement: long beside the clock's resolution, short beside a scheduler's time slice


def time_products(products: Iterable[Product], rounds: int) -> dict[tuple[str, Product], float]:
    """Return the best time of each product in each dtype, in seconds.

    All are timed in turn, `rounds` times, so that a slow moment of the machine affects all alike.
    """
    rng = torch.Generator().manual_seed(0)
    works = {(dtype, p): _make_product(p, getattr(torch, dtype), rng) for p in products for dtype in DTYPES}
    return _time_best(works, rounds)


def measure_copy_rate(n_bytes: int, rounds: int) -> float:
    """Return the best rate of copying a float32 tensor of this size, in bytes read and written per second."""
    source = torch.ones(max(1, n_bytes // 4))
    target = torch.empty_like(source)
    (seconds,) = _time_best({"copy": lambda: target.copy_(source)}, rounds).values()
    return 2 * source.numel() * source.element_size() / seconds


def _make_product(product: Product, dtype: torch.dtype, rng: torch.Generator) -> Callable[[], Tensor]:
    left = _make_operand(product.m, product.k, product.left_turned, dtype, rng)
    right = _make_operand(product.k, product.n, product.right_turned, dtype, rng)
    out = torch.empty(product.m, product.n, dtype=dtype)
    return lambda: torch.mm(left, right, out=out)


def _make_operand(rows: int, columns: int, turned: bool, dtype: torch.dtype, rng: torch.Generator) -> Tensor:
    shape = (columns, rows) if turned else (rows, columns)
    values = torch.randn(shape, generator=rng).to(dtype)
    return values.t() if turned else values


def _time_best(works: dict[Any, Callable[[], Any]], rounds: int) -> dict[Any, float]:
    repeats = {name: _choose_repeats(work) for name, work in works.items()}
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = min(best[name], timeit.timeit(work, number=repeats[name]) / repeats[name])
    return best


def _choose_repeats(work: Callable[[], Any]) -> int:
    work()  # the first call may initialise caches
    return max(1, round(SLICE / max(timeit.timeit(work, number=1), 1e-7)))
