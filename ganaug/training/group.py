"""Share one training among the processes of a `torch.distributed` group.

All processes hold the same samples, weights and random generator. Each draws the numbers of the whole batch, keeps its
own rows of it, and averages its gradients with those of the others, so that together they train as one process does
[1]_. `DistributedDataParallel` does not fit: gradient penalties differentiate twice.

References
----------
.. [1] Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", arXiv 1706.02677, section 2.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..errors import ParameterError, TrainingError

Value = TypeVar("Value")

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Group:
    """Processes that train one model together; one process alone by default.

    Attributes
    ----------
    rank : int
        Number of this process, from 0.
    size : int
        Number of processes.
    device : torch.device
        Device of the messages between them.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = _CPU

    @classmethod
    def join(cls) -> Group:
        """Return the group of `torch.distributed` that this process is in.

        Raises
        ------
        ParameterError
            No group is running.
        """
        if not (dist.is_available() and dist.is_initialized()):
            raise ParameterError(
                "distributed=True needs a running process group: start the script by torchrun and call "
                "torch.distributed.init_process_group() first, or leave distributed at False."
            )
        speaks_cpu = "cpu:" in str(dist.get_backend_config())
        device = _CPU if speaks_cpu else torch.device("cuda", choose_own_gpu())
        return cls(dist.get_rank(), dist.get_world_size(), device)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that scores, writes and reports."""
        return self.rank == 0

    @property
    def own(self) -> slice:
        """Rows of a batch that are this process's: every `size`-th, so that parts of a batch are shared as well."""
        return slice(self.rank, None, self.size)

    def count_own(self, n: int) -> int:
        """Return how many of the first `n` rows of a batch are this process's."""
        return len(range(self.rank, n, self.size))

    def weigh(self, n: int) -> float:
        """Return the weight of a mean over the own of `n` rows, so that means over processes are those over rows."""
        return self.count_own(n) * self.size / n

    def get_own_stream(self, rng: torch.Generator) -> torch.Generator:
        """Return a generator for draws inside a batch's own rows: `rng` for one process, else one that hangs on it.

        It leaves `rng` as it is, so that all processes go on to draw the same batches.
        """
        if self.size == 1:
            return rng
        copy = torch.Generator(rng.device)
        copy.set_state(rng.get_state())
        seed = int(torch.randint(2**62, (), generator=copy, device=copy.device))
        return copy.manual_seed(seed + self.rank)

    @torch.no_grad()
    def average_(self, tensors: Iterable[Tensor]) -> None:
        """Replace tensors by their means over the processes, in one message."""
        if self.size == 1:
            return
        tensors = list(tensors)
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        sum_(flat)
        flat /= self.size
        for tensor, mean in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def decide(self, compute: Callable[[], Value]) -> Value:
        """Return what `compute` returns in the first process, or raise what it raises there, in all of them."""
        if self.size == 1:
            return compute()
        said: list[Any] = [None, None]
        if self.is_first:
            try:
                said = [compute(), None]
            except Exception as error:  # the others would wait for ever
                said = [None, error]
        with _lost_process_explained():
            dist.broadcast_object_list(said, 0, device=self.device)
        if said[1] is not None:
            raise said[1]
        return said[0]  # type: ignore[no-any-return]

    def share(self, number: float) -> float:
        """Return the number that the first process has."""
        if self.size == 1:
            return number
        box = torch.tensor(number, dtype=torch.float64, device=self.device)
        with _lost_process_explained():
            dist.broadcast(box, 0)
        return float(box)

    def check_alike(self, facts: Mapping[str, str], cure: str) -> None:
        """Raise TrainingError if a fact is not the same in all processes."""
        if self.size == 1:
            return
        found: list[Any] = [None] * self.size
        with _lost_process_explained():
            dist.all_gather_object(found, dict(facts))
        for name in facts:
            for rank, others in enumerate(found):
                if others.get(name) != found[0].get(name):
                    raise TrainingError(
                        f"The processes of the group do not train the same model: {name} is {found[0].get(name)} in "
                        f"process 0 and {others.get(name)} in process {rank}. {cure}"
                    )

    def synchronise(self, network: nn.Module) -> None:
        """Let batch norms of a network see the batch of all processes; their weights keep their names."""
        if self.size == 1:
            return
        for part in network.modules():
            if type(part) in _SHARED_NORMS:
                part.__class__ = _SHARED_NORMS[type(part)]


ALONE = Group()
"""The group of a process that trains by itself."""


def choose_own_gpu() -> int:
    """Return the number of this process's GPU: LOCAL_RANK, as torchrun and Ray Train set it, or torch's current one."""
    number = os.environ.get("LOCAL_RANK", "")
    if number.isdecimal() and int(number) < torch.cuda.device_count():
        return int(number)
    return torch.cuda.current_device()


def sum_(x: Tensor) -> None:
    """Replace a tensor by its sum over all processes."""
    with _lost_process_explained():
        dist.all_reduce(x)


@contextmanager
def _lost_process_explained() -> Iterator[None]:
    """Turn the errors of torch.distributed into TrainingError."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "A process of the group has stopped, or does not answer, so that this training ends here; its own output "
            "says why. Start all of them again; with checkpoint_path and resume=True (--resume) they go on from the "
            f"last checkpoint. ({str(error).splitlines()[0][:200]})"
        ) from error


class _Sum(torch.autograd.Function):
    """Sum of a tensor over all processes; so is its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        sum_(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        sum_(total)
        return total


class _SharedNorm(nn.Module):
    """Batch norm over the batch of all processes; `torch.nn.SyncBatchNorm` has no form for a CPU.

    Ioffe and Szegedy, "Batch Normalization", ICML 2015.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised tensor, of the shape and type of `x` (n, channels, ...)."""
        norm: Any = self
        if not norm.training:
            return super().forward(x)  # type: ignore[no-any-return,misc]

        # 1. Mean and variance of each channel over all processes
        h = x.float()
        rows = [dim for dim in range(h.dim()) if dim != 1]
        count = h.new_full((1,), h.numel() / h.shape[1])
        total = _Sum.apply(torch.cat([h.sum(rows), h.square().sum(rows), count]))
        n = total[-1].detach()
        mean, square = (total[:-1] / n).chunk(2)
        variance = (square - mean.square()).clamp_min(0.0)

        # 2. Running statistics, with the unbiased variance as in torch
        with torch.no_grad():
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(variance * (n / (n - 1)), norm.momentum)
            norm.num_batches_tracked += 1

        # 3. Normalise
        shape = [1, -1, *[1] * (h.dim() - 2)]
        h = (h - mean.view(shape)) * (variance + norm.eps).rsqrt().view(shape)
        if norm.affine:
            h = h * norm.weight.view(shape) + norm.bias.view(shape)
        return h.to(x.dtype)


class _SharedNorm1d(_SharedNorm, nn.BatchNorm1d):
    pass


class _SharedNorm2d(_SharedNorm, nn.BatchNorm2d):
    pass


_SHARED_NORMS: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: _SharedNorm1d,
    nn.BatchNorm2d: _SharedNorm2d,
}
