"""A prototype: a whole training step as one CUDA graph, replayed.

A step of these networks is hundreds of small kernels, which take less time to run than to launch. A graph [1]_ launches
them at once. Everything that changes from step to step lies in tensors that stay where they are: samples, weights, the
state of the optimizers, learning rates, the weight of the moving average, and the random numbers' position, which
belongs to a registered generator. Steps with and without gradient penalty are two graphs. autograd runs as usual while
a graph is captured, so that gradients of gradients are captured, too.

References
----------
.. [1] Nguyen et al., "Accelerating PyTorch with CUDA Graphs", PyTorch blog 2021; "CUDA semantics", PyTorch manual.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .inside import Training, average_by

WARM_UP = 3  # steps of each kind before a capture: libraries choose algorithms and allocate what they keep


def adam_by_tensor(parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Adam:
    """Return ganaug's Adam with its learning rate in a tensor on the device, which a graph reads at each replay."""
    weights = list(parameters)
    device = weights[0].device
    rate = torch.tensor(lr, device=device)
    on_gpu = device.type == "cuda"
    return torch.optim.Adam(weights, lr=rate, betas=(0.0, 0.99), eps=1e-8, fused=True, capturable=on_gpu)


class GraphedTraining:
    """A training whose steps are replays of CUDA graphs.

    Parameters
    ----------
    training : Training
        Before its first step, on a CUDA device, with the optimizer `adam_by_tensor`. It is left as it was but for what
        `take_step` does.
    """

    def __init__(self, training: Training):
        state = training.state
        self.training = training
        kinds = [0, 1] if training.plan.loss.penalty_interval > 1 else [0]  # steps with a penalty, and without
        self._rows = torch.zeros(len(kinds), state.history.shape[1], device=state.history.device)
        self._share = torch.ones((), device=state.history.device)
        self._stream = torch.cuda.Stream()
        weights, rng, history = _copy_weights(training), state.rng.get_state(), state.history
        state.history = self._rows
        try:
            with average_by(self._share):
                self._warm_up(kinds)
                self._graphs = [self._capture(kind) for kind in kinds]
        finally:
            state.history = history
        _reset(training, weights, rng)

    def take_step(self) -> None:
        """Take the next step."""
        training, state = self.training, self.training.state
        training.set_rate()
        self._share.fill_(training.average_share())
        kind = 0 if training.is_penalised() or len(self._graphs) == 1 else 1
        self._graphs[kind].replay()
        state.history[state.step].copy_(self._rows[kind])
        state.step += 1

    def _warm_up(self, kinds: list[int]) -> None:
        """Take steps of each kind on the stream of the capture."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            for kind in kinds * WARM_UP:
                self.training.state.step = kind
                self.training.run_step()
        torch.cuda.current_stream().wait_stream(self._stream)
        torch.cuda.synchronize()

    def _capture(self, kind: int) -> torch.cuda.CUDAGraph:
        """Capture a step of one kind: 0 with a penalty, if the loss has one, 1 without."""
        state = self.training.state
        for optimizer in state.optimizers.values():
            optimizer.zero_grad(set_to_none=True)  # so that gradients lie in the memory of the graph
        state.step = kind
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(state.rng)
        with torch.cuda.graph(graph, stream=self._stream):
            self.training.run_step()
        return graph


def _copy_weights(training: Training) -> dict[str, dict[str, Tensor]]:
    networks = training.state.networks()
    return {name: {k: v.detach().clone() for k, v in net.state_dict().items()} for name, net in networks.items()}


def _reset(training: Training, weights: dict[str, dict[str, Tensor]], rng: Tensor) -> None:
    """Go back to the state before the first step, with every tensor in its place."""
    state = training.state
    for name, network in state.networks().items():
        network.load_state_dict(weights[name])
    for optimizer in state.optimizers.values():
        for slots in optimizer.state.values():
            for value in slots.values():
                value.zero_()
    state.rng.set_state(rng)
    state.step = 0
