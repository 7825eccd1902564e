"""Compare trainings that should be the same: on CPU and device, twice on the device, eager and as a CUDA graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .cases import Settings
from .data import make_data
from .graphs import GraphedTraining, adam_by_tensor
from .inside import Training, prepare_training, replaced

MARKS = (1, 2, 5, 10, 20, 50, 100, 200)  # steps after which losses are compared
FIRST = 10  # steps whose losses must agree,
TOLERANCE = 1e-3  # within this: later, rounding has had time to grow
DRAWS = (torch.rand, torch.randn, torch.randint)
SMALL_NETWORKS: dict[str, dict[str, Any]] = {"table": {"width": 256}, "digits": {"architecture": "dcgan", "width": 32}}

Result = dict[str, Any]


class Outcome(NamedTuple):
    """What a training came to, on the CPU.

    Attributes
    ----------
    losses : Tensor of shape (steps, 2)
        Of discriminator and generator.
    weights : dict of Tensor
        Of each network, flat.
    """

    losses: Tensor
    weights: dict[str, Tensor]


# ---- the three comparisons -----------------------------------------------------------------------


def compare_devices(asked: dict[str, Any], settings: Settings) -> Result:
    """Compare a training on the CPU and on the device that get the same random numbers, in plain float32."""
    outcomes = []
    with _plain_float32():
        for device in ("cpu", settings.device):
            training = _prepare(asked, device, precision="float32")
            training.state.rng = torch.Generator().manual_seed(0)
            with _DrawOnCpu():
                outcomes.append(_run(training, training.take_step, asked["steps"]))
    found = _compare(*outcomes)
    first = str(min(FIRST, asked["steps"]))
    return found | {"tolerance": TOLERANCE, "within": bool(found["losses"][first] <= TOLERANCE)}


def compare_repeats(asked: dict[str, Any], settings: Settings) -> Result:
    """Compare two trainings on the device that are the same."""
    trainings = [_prepare(asked, settings.device, precision="float32") for _ in range(2)]
    return _compare(*(_run(training, training.take_step, asked["steps"]) for training in trainings))


def compare_graph(asked: dict[str, Any], settings: Settings) -> Result:
    """Compare steps of a CUDA graph with eager ones of the same optimizer, and these with those of ganaug's own."""
    options = {"precision": "float32", **asked["options"]}
    own = _prepare(asked, settings.device, **options)
    eager = _prepare(asked, settings.device, optimizer=adam_by_tensor, **options)
    plain = _run(own, own.take_step, asked["steps"])
    by_tensor = _run(eager, eager.take_step, asked["steps"])
    graphed = GraphedTraining(_prepare(asked, settings.device, optimizer=adam_by_tensor, **options))
    by_graph = _run(graphed.training, graphed.take_step, asked["steps"])
    found = _compare(by_tensor, by_graph)
    first = str(min(FIRST, asked["steps"]))
    found |= {"tolerance": TOLERANCE, "within": bool(found["losses"][first] <= TOLERANCE)}
    return found | {"rate_in_a_tensor": _compare(plain, by_tensor)}


# ---- trainings -----------------------------------------------------------------------------------


def _prepare(asked: dict[str, Any], device: str, **options: Any) -> Training:
    X, y = make_data(asked["data"])
    sizes = SMALL_NETWORKS[asked["data"]]
    return prepare_training(X, y, device=device, max_steps=asked["steps"], batch_size=64, **{**sizes, **options})


def _run(training: Training, take_step: Callable[[], None], steps: int) -> Outcome:
    """Take steps of a training, and return their losses and weights."""
    for _ in range(steps):
        take_step()
    state = training.state
    weights = {}
    for name, network in state.networks().items():
        weights[name] = torch.cat([parameter.detach().flatten().cpu() for parameter in network.parameters()])
    return Outcome(state.history[:steps, :2].detach().cpu().clone(), weights)


class _DrawOnCpu(TorchFunctionMode):
    """Draws random numbers by generators of the CPU, and moves them to the device that was asked for."""

    def __torch_function__(self, func: Any, types: Sequence[Any], args: Any = (), kwargs: Any = None) -> Any:
        """Call a function of torch; one that draws, on the CPU."""
        kwargs = dict(kwargs or {})
        if func not in DRAWS or "generator" not in kwargs:
            return func(*args, **kwargs)
        device = kwargs.pop("device", "cpu")
        return func(*args, **kwargs).to(device)


@contextmanager
def _plain_float32() -> Iterator[None]:
    """Let convolutions and products of a GPU keep all bits of float32, as those of a CPU do."""
    products: Any = torch.backends.cuda.matmul
    with replaced(torch.backends.cudnn, "allow_tf32", False), replaced(products, "allow_tf32", False):
        yield


# ---- differences ---------------------------------------------------------------------------------


def _compare(first: Outcome, second: Outcome) -> Result:
    """Return the largest differences of losses, up to several steps, and of weights at the end, and whether bits agree.

    A difference is None where a loss or a weight is no number.
    """
    gaps = (first.losses - second.losses).abs().amax(1)
    steps = len(gaps)
    return {
        "steps": steps,
        "losses": {str(mark): _largest(gaps[:mark]) for mark in MARKS if mark < steps} | {str(steps): _largest(gaps)},
        "largest_loss": _largest(first.losses.abs()),
        "weights": {name: _largest((w - second.weights[name]).abs()) for name, w in first.weights.items()},
        "equal_losses": bool(torch.equal(first.losses, second.losses)),
        "equal_weights": {name: bool(torch.equal(w, second.weights[name])) for name, w in first.weights.items()},
    }


def _largest(values: Tensor) -> float | None:
    largest = float(values.max())
    return largest if largest == largest and abs(largest) != float("inf") else None
