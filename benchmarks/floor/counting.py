"""Count the arithmetic and the bytes of a training step, at the operators of two short fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry  # FlopCounterMode's hooks fail under the penalty's autograd.grad

aten = torch.ops.aten
OPERANDS = {aten.mm: slice(0, 2), aten.addmm: slice(1, 3)}
Fit = Callable[[int], Any]  # from a number of steps to a fitted augmenter


class Product(NamedTuple):
    """A matrix product (m, k) x (k, n); a turned operand lies in memory as its transpose."""

    m: int
    k: int
    n: int
    left_turned: bool
    right_turned: bool

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.m * self.k * self.n


class Counts(NamedTuple):
    """Counts of operators.

    Attributes
    ----------
    flops : Counter
        By ``"all"``, as torch counts it.
    products : Counter
        Matrix products by dtype and `Product`.
    moved : Counter
        Bytes by ``"products"`` and ``"others"``: each operator reads its tensors and writes its results; views move
        none.
    operators : Counter
        Calls of operators that are no views, by ``"all"``.
    """

    flops: Counter[str]
    products: Counter[tuple[str, Product]]
    moved: Counter[str]
    operators: Counter[str]


class _Watch(TorchDispatchMode):
    """Count every operator within the context."""

    def __init__(self) -> None:
        super().__init__()
        self.flops: Counter[str] = Counter()
        self.products: Counter[tuple[str, Product]] = Counter()
        self.moved: Counter[str] = Counter()
        self.operators: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operator and count its work."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if _is_view(func):
            return result
        operands = OPERANDS.get(func.overloadpacket)
        if operands is not None:
            self.products[_describe_product(*args[operands])] += 1
        arithmetic = flop_registry.get(func.overloadpacket)
        if arithmetic is not None:
            self.flops["all"] += arithmetic(*args, **kwargs, out_val=result)
        self.operators["all"] += 1
        self.moved["others" if operands is None else "products"] += _count_bytes(args, kwargs) + _count_written_bytes(
            func, args, result
        )
        return result


def _is_view(func: Any) -> bool:
    returned = [value.alias_info for value in func._schema.returns]
    return any(alias is not None and not alias.is_write for alias in returned)


def _describe_product(left: Tensor, right: Tensor) -> tuple[str, Product]:
    (m, k), n = left.shape, right.shape[1]
    turned = [t.stride(0) == 1 and t.stride(1) != 1 for t in (left, right)]
    return str(left.dtype).removeprefix("torch."), Product(m, k, n, *turned)


def _count_bytes(*values: Any) -> int:
    return sum(t.numel() * t.element_size() for t in tree_leaves(values) if isinstance(t, Tensor))


def _count_written_bytes(func: Any, args: Any, result: Any) -> int:
    """Return the bytes of the results or, for an operator without a result, of the arguments changed in place."""
    if func._schema.returns:
        return _count_bytes(result)
    changed = [a.alias_info is not None and a.alias_info.is_write for a in func._schema.arguments]
    return _count_bytes([value for value, is_changed in zip(args, changed, strict=False) if is_changed])


def count_steps(fit: Fit, short: int, long: int) -> Counts:
    """Count the operators of all steps by which a fit of `long` steps exceeds one of `short` steps.

    Work that both do once, encoding and scores, cancels out.
    """
    more = _count_fit(fit, long)
    less = _count_fit(fit, short)
    return Counts(
        more.flops - less.flops,
        more.products - less.products,
        more.moved - less.moved,
        more.operators - less.operators,
    )


def _count_fit(fit: Fit, steps: int) -> Counts:
    with _Watch() as watch:
        fit(steps)
    return Counts(watch.flops, watch.products, watch.moved, watch.operators)
