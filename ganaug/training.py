"""The one training loop, for every modality.

`train_gan` plays generator against discriminator and yields its progress; everything it needs to go on later, bit for
bit, is in a `TrainingState`, whose tensors and plain facts a checkpoint holds. The weights to keep are those of an
exponential moving average [1]_, from the moment when they scored best on held-out real samples: losses of the game
say nothing of quality.

References
----------
.. [1] Yazici et al., "The Unusual Effectiveness of Averaging in GAN Training", ICLR 2019.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .errors import TrainingError
from .losses import Loss
from .modality import Generator
from .storage import flatten_optimizer, restore_optimizer

Score = Callable[[Generator], float]

HISTORY = ("discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic")
"""What is recorded of every step."""

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    # Fused: one operator for all parameters. Momentum 0 is usual for GANs since Gulrajani et al. (2017).
    "adam": lambda parameters, lr: torch.optim.Adam(parameters, lr=lr, betas=(0.0, 0.99), eps=1e-8, fused=True),
    "rmsprop": lambda parameters, lr: torch.optim.RMSprop(parameters, lr=lr, alpha=0.99),
}
"""Optimizers by name; any ``f(parameters, lr) -> torch.optim.Optimizer`` can stand in."""

_CHECK_EVERY = 50
_MAX_RETRIES = 3
_FINAL_RATE = 0.03
_EMA_DECAY = 0.999
_EXPLODED = 1e6  # no weight or loss of a sound game comes near


@dataclass(frozen=True)
class Plan:
    """What the loop is to do.

    Attributes
    ----------
    loss : Loss
        Objectives of both networks.
    max_steps : int
        Steps of each network.
    batch_size : int
        Real samples per step, and as many synthetic ones.
    learning_rate : float
        At the start; it follows half a cosine down to 3 % of that.
    optimizer : str or callable
        A name of `OPTIMIZERS`, or ``f(parameters, lr) -> torch.optim.Optimizer``.
    max_seconds : float or None
        Wall-clock budget; the learning rate then follows the clock where that is ahead of the steps.
    score_every : int
        Steps between two scores on held-out samples.
    patience : int
        Training ends after so many scores without a better one.
    bfloat16 : bool
        Whether matrix products run in bfloat16.
    latent_dim : int
        Length of z.
    """

    loss: Loss
    max_steps: int
    batch_size: int
    learning_rate: float
    optimizer: str | Callable[..., torch.optim.Optimizer] = "adam"
    max_seconds: float | None = None
    score_every: int = 500
    patience: int = 10
    bfloat16: bool = False
    latent_dim: int = 64


class RealSamples:
    """Real samples on the device, drawn class by class.

    Parameters
    ----------
    x : Tensor of shape (n, ...)
        Encoded samples.
    c : Tensor of shape (n,)
        Class codes.
    class_weights : Tensor of shape (n_classes,)
        Share of each class in a batch.
    """

    def __init__(self, x: Tensor, c: Tensor, class_weights: Tensor):
        order = torch.argsort(c, stable=True)
        self.x = x[order]
        counts = torch.bincount(c, minlength=len(class_weights))
        self.counts = counts.to(torch.float32)
        self.first = counts.cumsum(0) - counts
        share = class_weights.double().cumsum(0) / class_weights.double().sum()
        self.cumulative = share.float().to(x.device)  # float32 before it moves: not every device has float64

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return `n` samples, with replacement, and their class codes."""
        u = torch.rand(2, n, generator=rng, device=self.x.device)
        c = torch.searchsorted(self.cumulative, u[0]).clamp_(max=len(self.counts) - 1)
        row = torch.minimum((u[1] * self.counts[c]).long(), self.counts[c].long() - 1)
        return self.x[self.first[c] + row], c


class Progress(NamedTuple):
    """Where training is; means are over the steps since the last report."""

    step: int
    max_steps: int
    seconds: float
    discriminator_loss: float
    generator_loss: float
    accuracy_real: float
    accuracy_synthetic: float
    score: float | None
    note: str


@dataclass
class TrainingState:
    """Everything that changes during training.

    Attributes
    ----------
    generator, discriminator, average : torch.nn.Module
        The players, and the moving average of the generator.
    optimizers : dict
        One for each player.
    rng : torch.Generator
        The only source of randomness in the loop.
    history : Tensor of shape (max_steps, 4)
        What `HISTORY` names, for each step.
    scores : list of [step, score]
        Held-out scores of the average.
    best : dict of Tensor
        Weights of the average that scored best.
    step, retries : int
        Steps done, and roll-backs so far.
    rate : float
        Factor of the learning rate, halved at each roll-back.
    seconds : float
        Time spent so far.
    """

    generator: Generator
    discriminator: nn.Module
    average: Generator
    optimizers: dict[str, torch.optim.Optimizer]
    rng: torch.Generator
    history: Tensor
    scores: list[list[float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    retries: int = 0
    rate: float = 1.0
    seconds: float = 0.0

    @classmethod
    def start(cls, generator: Generator, discriminator: nn.Module, plan: Plan, rng: torch.Generator) -> TrainingState:
        """Return the state before the first step; the networks are initialised and on their device."""
        make = OPTIMIZERS[plan.optimizer] if isinstance(plan.optimizer, str) else plan.optimizer
        players = {"generator": generator, "discriminator": discriminator}
        optimizers = {name: make(list(net.parameters()), lr=plan.learning_rate) for name, net in players.items()}
        average = deepcopy(generator).eval().requires_grad_(False)
        history = torch.full((plan.max_steps, len(HISTORY)), math.nan, device=rng.device)
        return cls(generator, discriminator, average, optimizers, rng, history)

    def networks(self) -> dict[str, nn.Module]:
        """Return the three networks by name."""
        return {"generator": self.generator, "discriminator": self.discriminator, "average": self.average}

    def tensors(self) -> dict[str, Tensor]:
        """Return copies of all tensors, on the CPU, under unique names."""
        tensors = {f"{n}.{k}": v for n, net in self.networks().items() for k, v in net.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        for name, optimizer in self.optimizers.items():
            tensors |= flatten_optimizer(f"optimizer.{name}", optimizer)[0]
        tensors |= {"rng": self.rng.get_state(), "history": self.history}
        return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}

    def facts(self) -> dict[str, Any]:
        """Return the rest as plain JSON."""
        groups = {n: flatten_optimizer(f"optimizer.{n}", o)[1] for n, o in self.optimizers.items()}
        numbers = {key: getattr(self, key) for key in ("step", "retries", "rate", "seconds")}
        return numbers | {"groups": groups, "scores": [list(pair) for pair in self.scores]}

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Become the state that `tensors` and `facts` were taken of."""
        for name, network in self.networks().items():
            network.load_state_dict(_part(tensors, name))
        device = self.history.device
        self.best = {k: v.to(device) for k, v in _part(tensors, "best").items()}
        for name, optimizer in self.optimizers.items():
            restore_optimizer(f"optimizer.{name}", optimizer, tensors, facts["groups"][name])
        self.rng.set_state(tensors["rng"].clone())
        self.history[: len(tensors["history"])] = tensors["history"].to(device)
        self.scores = [list(pair) for pair in facts["scores"]]
        self.step, self.retries, self.rate = facts["step"], facts["retries"], facts["rate"]
        self.seconds = facts["seconds"]


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key[len(name) + 1 :]: value for key, value in tensors.items() if key.startswith(f"{name}.")}


def train_gan(state: TrainingState, plan: Plan, real: RealSamples, score: Score) -> Iterator[Progress]:
    """Train both networks, yielding about every fifty steps.

    Whenever it yields, `state` is sound and may be saved as a checkpoint. At the end ``state.best`` holds the weights
    to keep.

    Parameters
    ----------
    state : TrainingState
        Where to start; changed in place.
    plan : Plan
        What to do.
    real : RealSamples
        Training samples.
    score : callable
        ``score(generator) -> float``, how good the generator's samples are by held-out real ones; higher is better.

    Yields
    ------
    Progress
        Step, losses, accuracies of the discriminator, the newest score and what else there is to say.

    Raises
    ------
    TrainingError
        The networks diverged again after every roll-back.
    """
    started = time.monotonic() - state.seconds
    sound = (state.tensors(), state.facts())
    while not _finished(state, plan, started):
        first = state.step
        for _ in range(min(_CHECK_EVERY, plan.max_steps - state.step)):
            _set_rate(state, plan, time.monotonic() - started)
            _train_step(state, plan, real)
            state.step += 1
        state.seconds = time.monotonic() - started
        note = ""
        if _is_sound(state, first):
            newest = _keep_best(state, plan, score)
            sound = (state.tensors(), state.facts())
        else:
            note, newest = _roll_back(state, sound), None
        yield _progress(state, plan, first, newest, note)


def _finished(state: TrainingState, plan: Plan, started: float) -> bool:
    late = plan.max_seconds is not None and time.monotonic() - started >= plan.max_seconds
    if state.step and late and not state.best:
        return False  # one score is always taken, see _keep_best
    scores = [value for _, value in reversed(state.scores)]
    stale = scores.index(max(scores)) if scores else 0  # scores since the newest of the best
    return state.step >= plan.max_steps or (late and bool(state.best)) or stale >= plan.patience


def _set_rate(state: TrainingState, plan: Plan, seconds: float) -> None:
    done = state.step / plan.max_steps
    if plan.max_seconds is not None:
        done = min(1.0, max(done, seconds / plan.max_seconds))
    rate = _FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * done))
    for optimizer in state.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * state.rate * rate


def _train_step(state: TrainingState, plan: Plan, samples: RealSamples) -> None:
    """One step of the discriminator, then one of the generator, on the same pairs."""
    loss, generator, discriminator = plan.loss, state.generator, state.discriminator
    real, c = samples.draw(plan.batch_size, state.rng)
    z = torch.randn(len(c), plan.latent_dim, generator=state.rng, device=c.device)
    noise = torch.rand(len(c), generator.noise_dim, generator=state.rng, device=c.device)
    # One autocast context per pass: kept open over an optimizer step it would serve stale casted weights.
    with _cast(plan, c.device):
        fake = generator(z, c, noise)
    discriminator.requires_grad_(True)
    with _cast(plan, c.device):
        real_logits, fake_logits = _logits(discriminator, real, fake.detach(), c, loss.batch_norm)
    discriminator_loss = loss.discriminator(real_logits, fake_logits)
    total = discriminator_loss
    if loss.penalty is not None and state.step % loss.penalty_interval == 0:
        part = slice(max(1, round(loss.penalty_share * len(c))))
        penalty = loss.penalty(discriminator, real[part], fake.detach()[part], c[part], state.rng)
        total = total + loss.penalty_weight * loss.penalty_interval * penalty
    _descend(state.optimizers["discriminator"], total)
    discriminator.requires_grad_(False)
    with _cast(plan, c.device):
        new_fake = discriminator(fake, c)
    # The real side is that of a moment ago: a fourth of the step is saved, and it only sets the mark to reach.
    generator_loss = loss.generator(real_logits.detach(), new_fake)
    _descend(state.optimizers["generator"], generator_loss)
    _update_average(state)
    with torch.no_grad():  # logits have no fixed zero in relativistic games, hence the other side's median
        accuracies = [(real_logits > fake_logits.median()).float(), (fake_logits < real_logits.median()).float()]
        accuracies = [a.mean() for a in accuracies]
        state.history[state.step] = torch.stack([discriminator_loss, generator_loss, *accuracies])


def _cast(plan: Plan, device: torch.device) -> Any:
    return torch.autocast(device.type, torch.bfloat16) if plan.bfloat16 else nullcontext()


def _logits(discriminator: nn.Module, real: Tensor, fake: Tensor, c: Tensor, apart: bool) -> tuple[Tensor, Tensor]:
    """Return the logits of both halves: in one pass, or in two where batch norm would let them see each other."""
    if apart:
        return discriminator(real, c), discriminator(fake, c)
    both = discriminator(torch.cat([real, fake]), torch.cat([c, c]))
    return both[: len(real)], both[len(real) :]


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


@torch.no_grad()
def _update_average(state: TrainingState) -> None:
    decay = min(_EMA_DECAY, (1 + state.step) / (10 + state.step))
    current = [*state.generator.parameters(), *_float_buffers(state.generator)]
    average = [*state.average.parameters(), *_float_buffers(state.average)]
    torch._foreach_lerp_(average, current, 1.0 - decay)  # the operator torch.optim.swa_utils uses too


def _float_buffers(network: nn.Module) -> list[Tensor]:
    return [buffer for buffer in network.buffers() if buffer.is_floating_point()]


def _is_sound(state: TrainingState, first: int) -> bool:
    networks = (state.generator, state.discriminator, state.average)
    weights = [tensor for net in networks for tensor in (*net.parameters(), *_float_buffers(net))]
    numbers = [state.history[first : state.step], *weights]
    largest = [n.detach().float().abs().max().nan_to_num(math.inf) for n in numbers if n.numel()]
    return bool(torch.stack(largest).max() < _EXPLODED)


def _keep_best(state: TrainingState, plan: Plan, score: Score) -> float | None:
    last = state.step >= plan.max_steps
    late = plan.max_seconds is not None and state.seconds >= plan.max_seconds
    due = state.step // plan.score_every > (len(state.scores) and state.scores[-1][0] // plan.score_every)
    if not (due or last or late):
        return None
    newest = score(state.average)
    newest = newest if math.isfinite(newest) else -1e9  # and so never the best, unless nothing else is there
    if not state.best or newest >= max(value for _, value in state.scores):
        state.best = {k: v.detach().clone() for k, v in state.average.state_dict().items()}
    state.scores.append([state.step, newest])
    return newest


def _roll_back(state: TrainingState, sound: tuple[dict[str, Tensor], dict[str, Any]]) -> str:
    failed, retries, rate, rng = state.step, state.retries, state.rate, state.rng.get_state()
    if retries >= _MAX_RETRIES:
        raise TrainingError(
            f"Training diverged at step {failed} and again after {retries} roll-backs, the learning rate halved each "
            "time. Try a smaller learning_rate, the loss 'relativistic', or look for extreme values in the data."
        )
    state.restore(*sound)
    state.retries, state.rate = retries + 1, rate / 2
    state.rng.set_state(rng)  # other draws than those that led here
    return f"diverged before step {failed}: back to step {state.step} at half the learning rate"


def _progress(state: TrainingState, plan: Plan, first: int, newest: float | None, note: str) -> Progress:
    means = state.history[min(first, max(0, state.step - 1)) : max(1, state.step)].mean(0).tolist()
    d_loss, g_loss, on_real, on_synthetic = means
    return Progress(state.step, plan.max_steps, state.seconds, d_loss, g_loss, on_real, on_synthetic, newest, note)
