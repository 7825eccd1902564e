"""Take one training step: draw a batch, and train both networks on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ..modality import identity
from .group import Group
from .plan import Plan
from .state import TrainingState

Augment = Callable[[Tensor, torch.Generator], Tensor]

EMA_DECAY = 0.999
_ALL = slice(None)
_REAL_FOR_DRAWN = 3  # real samples in a batch for each of a simple model


class RealSamples:
    """Real samples on the device, to draw balanced batches from.

    Parameters
    ----------
    x : Tensor of shape (n, ...)
        Encoded samples.
    c : Tensor of shape (n,)
        Class codes.
    class_weights : Tensor of shape (n_classes,)
        Share of each class in a batch.
    expand : callable
        Turns the encoded samples of a batch into network input.
    drawn : pair of Tensor, optional
        Samples of a simple model of the real ones, a multiple of these in each class, and their class codes. A quarter
        of the samples of each class is of them.

    Attributes
    ----------
    n : int
        Number of real samples.
    """

    def __init__(
        self,
        x: Tensor,
        c: Tensor,
        class_weights: Tensor,
        expand: Callable[[Tensor], Tensor] = identity,
        drawn: tuple[Tensor, Tensor] | None = None,
    ):
        self.n = len(x)
        self.expand = expand
        rows = torch.arange(self.n, device=x.device)
        if drawn is not None:
            times = _REAL_FOR_DRAWN * len(drawn[0]) // self.n
            x, c = torch.cat([x, drawn[0]]), torch.cat([c, drawn[1]])
            rows = torch.cat([rows.repeat(times), torch.arange(self.n, len(x), device=x.device)])
        self.x = x
        self.by_class = rows[torch.argsort(c[rows], stable=True)]
        counts = torch.bincount(c[rows], minlength=len(class_weights))
        self.counts = counts.to(torch.float32)
        self.first = counts.cumsum(0) - counts
        share = class_weights.double().cumsum(0) / class_weights.double().sum()
        self.cumulative = share.float().to(x.device)  # float32 before it moves: not every device has float64

    def draw(self, n: int, rng: torch.Generator, own: slice = _ALL) -> tuple[Tensor, Tensor]:
        """Return the `own` rows of `n` samples, drawn with replacement, and their class codes."""
        # 1. A class by its weight; 2. a sample of that class
        u = torch.rand(2, n, generator=rng, device=self.x.device)[:, own].contiguous()
        c = torch.searchsorted(self.cumulative, u[0]).clamp_(max=len(self.counts) - 1)
        row = torch.minimum((u[1] * self.counts[c]).long(), self.counts[c].long() - 1)
        return self.expand(self.x[self.by_class[self.first[c] + row]]), c


def train_step(state: TrainingState, plan: Plan, samples: RealSamples, augment: Augment | None) -> None:
    """Train the discriminator, then the generator, for one step on the same pairs of real and synthetic samples.

    Parameters
    ----------
    state : TrainingState
        State to train; its step is not counted here.
    plan : Plan
        Settings.
    samples : RealSamples
        Training samples.
    augment : callable or None
        Change of all samples that the discriminator sees.
    """
    loss = plan.loss
    generator = state.generator
    discriminator = state.discriminator

    # 1. Draw real samples, and as many synthetic ones of the same classes
    n, group = plan.batch_size, plan.group
    real, c, z, noise = _draw_batch(state, plan, samples)
    rng = group.get_own_stream(state.rng)
    # One autocast context per pass: kept open over an optimizer step it would serve stale casted weights.
    with _autocast(plan, c.device):
        fake = generator(z, c, noise)

    # 2. Augment both sides in the same way
    seen = (real, fake.detach())
    if augment is not None:
        seen = augment(real, rng), augment(fake.detach(), rng)

    # 3. Compute the discriminator's loss
    discriminator.requires_grad_(True)
    with _autocast(plan, c.device):
        real_logits, fake_logits = _discriminate(discriminator, seen, c, loss.batch_norm)
    discriminator_loss = loss.discriminator(real_logits, fake_logits)

    # 4. Add the gradient penalty, at every interval only and on a part of the batch
    total = group.weigh(n) * discriminator_loss
    if loss.penalty is not None and state.step % loss.penalty_interval == 0:
        penalised = plan.count_penalised()
        part = slice(group.count_own(penalised))
        with _autocast(plan, c.device) if plan.coarse_penalty else nullcontext():
            penalty = loss.penalty(discriminator, seen[0][part], seen[1][part], c[part], rng)
        total = total + loss.penalty_weight * loss.penalty_interval * group.weigh(penalised) * penalty
    _minimise(state.optimizers["discriminator"], total, group)

    # 5. Train the generator against the new discriminator. The logits of real samples are those of the old one, which
    #    saves a fourth of the step: they are only the level to reach.
    discriminator.requires_grad_(False)
    with _autocast(plan, c.device):
        new_fake = discriminator(fake if augment is None else augment(fake, rng), c)
    generator_loss = loss.generator(real_logits.detach(), new_fake)
    _minimise(state.optimizers["generator"], group.weigh(n) * generator_loss, group)

    # 6. Update the moving average, and record losses and accuracies
    _update_average(state)
    with torch.no_grad():  # logits have no fixed zero in relativistic games, hence the other side's median
        accuracies = [(real_logits > fake_logits.median()).float(), (fake_logits < real_logits.median()).float()]
        accuracies = [a.mean() for a in accuracies]
        state.history[state.step] = torch.stack([discriminator_loss, generator_loss, *accuracies])
        group.average_([state.history[state.step]])


def _draw_batch(state: TrainingState, plan: Plan, samples: RealSamples) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draw real samples, class codes, latent vectors and noise of a whole batch, and return this process's rows."""
    n, own, rng = plan.batch_size, plan.group.own, state.rng
    real, c = samples.draw(n, rng, own)
    z = torch.randn(n, plan.latent_dim, generator=rng, device=rng.device)[own]
    noise = torch.rand(n, state.generator.noise_dim, generator=rng, device=rng.device)[own]
    return real, c, z, noise


def _autocast(plan: Plan, device: torch.device) -> Any:
    return torch.autocast(device.type, torch.bfloat16) if plan.bfloat16 else nullcontext()


def _discriminate(
    discriminator: nn.Module, seen: tuple[Tensor, Tensor], c: Tensor, batch_norm: bool
) -> tuple[Tensor, Tensor]:
    """Return the logits of real and of synthetic samples: in one pass, or in two where batch norm would mix them."""
    real, fake = seen
    if batch_norm:
        return discriminator(real, c), discriminator(fake, c)
    both = discriminator(torch.cat([real, fake]), torch.cat([c, c]))
    return both[: len(real)], both[len(real) :]


def _minimise(optimizer: torch.optim.Optimizer, loss: Tensor, group: Group) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parameters = [p for part in optimizer.param_groups for p in part["params"]]
    group.average_(p.grad for p in parameters if p.grad is not None)
    optimizer.step()


@torch.no_grad()
def _update_average(state: TrainingState) -> None:
    decay = min(EMA_DECAY, (1 + state.step) / (10 + state.step))
    current = [*state.generator.parameters(), *float_buffers(state.generator)]
    average = [*state.average.parameters(), *float_buffers(state.average)]
    torch._foreach_lerp_(average, current, 1.0 - decay)  # the operator torch.optim.swa_utils uses too


def float_buffers(network: nn.Module) -> list[Tensor]:
    """Return the buffers of a network that hold floats, such as running means."""
    return [buffer for buffer in network.buffers() if buffer.is_floating_point()]
