"""Train generator and discriminator: one loop for every modality.

`train_gan` trains both networks in turn and yields its progress. Its whole state is a `TrainingState`, from which a
checkpoint resumes bit for bit. It keeps the weights of an exponential moving average [1]_ at their best held-out
score, because the losses of a GAN do not measure the quality of its samples.

References
----------
.. [1] Yazici et al., "The Unusual Effectiveness of Averaging in GAN Training", ICLR 2019.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..errors import TrainingError
from ..layers import set_class_strength
from ..modality import Generator, identity
from .plan import Plan
from .state import TrainingState

Score = Callable[[Generator], float]
FindCollapsed = Callable[[Generator], Sequence[str]]
IsLearned = Callable[[Generator], bool]
Augment = Callable[[Tensor, torch.Generator], Tensor]

_CHECK_EVERY = 50
_MAX_RETRIES = 3  # of roll-backs after divergence, and of revivals after collapse
_FINAL_RATE = 0.03
_EMA_DECAY = 0.999
_ASKED = (3, 5, 7)  # numbers of scores after which to ask whether more steps would pay
_NO_SCORE = -1e9  # stands for a score that is not finite
_EXPLODED = 1e6  # far above any weight or loss of a training that converges


class Progress(NamedTuple):
    """Progress of a training: losses and accuracies are means over the steps since the last report."""

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
class _Evaluation:
    """What judges a generator, and the seconds that the last judgement took."""

    score: Score
    collapsed: FindCollapsed
    learned: IsLearned
    seconds: float = 0.0

    def find_budget(self, plan: Plan) -> float:
        """Return the seconds for steps: the last score, and the choice of filters, take about as long as a score."""
        most = math.inf if plan.max_seconds is None else plan.max_seconds
        return max(0.5 * most, most - 2 * self.seconds)

    def is_late(self, plan: Plan, seconds: float) -> bool:
        """Return whether the seconds for steps are used up."""
        return seconds >= self.find_budget(plan)


def train_gan(
    state: TrainingState,
    plan: Plan,
    real: RealSamples,
    score: Score,
    collapsed: FindCollapsed | None = None,
    augment: Augment | None = None,
    learned: IsLearned | None = None,
) -> Iterator[Progress]:
    """Train both networks, yielding about every fifty steps.

    Whenever it yields, `state` is finite and may be saved as a checkpoint. At the end ``state.best`` holds the weights
    to keep.

    Parameters
    ----------
    state : TrainingState
        State to start from; changed in place.
    plan : Plan
        Loss, steps and other settings.
    real : RealSamples
        Training samples.
    score : callable
        ``score(generator) -> float``, quality of the generator's samples by held-out real ones; higher is better.
    collapsed : callable, optional
        ``collapsed(generator) -> sequence of str``, names of the classes whose samples are all alike. Weights with a
        collapsed class never replace weights without one; instead the generator returns to those.
    augment : callable, optional
        ``augment(x, rng) -> x``, a differentiable random change of all samples that the discriminator sees.
    learned : callable, optional
        ``learned(generator) -> bool``, whether the generator has learned the training samples so well that more steps
        would hardly pay. It is asked with the third, fifth and seventh score. Once it is so, the learning rate falls
        at once, and the training ends after a third of the steps that it has taken.

    Yields
    ------
    Progress
        Step, losses, accuracies of the discriminator, the newest score and a note.

    Raises
    ------
    TrainingError
        The networks diverged again after every roll-back; or, measured over the first fifty steps, `max_seconds` is
        too short for one pass over the samples.
    """
    evaluation = _Evaluation(score, collapsed or (lambda _: ()), learned or (lambda _: False))
    started = time.monotonic() - state.seconds
    finite = (state.tensors(), state.facts())
    while not _is_finished(state, plan, started, evaluation):
        # 1. Train for some fifty steps
        first = state.step
        for _ in range(min(_CHECK_EVERY, state.last_step - state.step)):
            seconds = time.monotonic() - started
            if state.step > first and evaluation.is_late(plan, seconds):
                break
            _set_rate(state, plan, seconds, evaluation.find_budget(plan))
            _train_step(state, plan, real, augment)
            state.step += 1
        state.seconds = time.monotonic() - started
        _check_budget(state, plan, real)

        # 2. Score the average when that is due; or return to the last finite state
        newest = None
        if _is_finite(state, first):
            newest, note = _keep_best(state, plan, evaluation)
            finite = (state.tensors(), state.facts())
        else:
            note = _roll_back(state, finite)

        # 3. Report
        yield _make_progress(state, plan, first, newest, note)


def _is_finished(state: TrainingState, plan: Plan, started: float, evaluation: _Evaluation) -> bool:
    """Return whether steps, seconds or patience are used up."""
    late = evaluation.is_late(plan, time.monotonic() - started)
    if state.step and late and not state.best:
        return False  # one score is always taken, see _keep_best
    scores = [value for _, value in reversed(state.scores)]
    near = max(scores, default=0.0) - plan.tolerance
    stale = next((i for i, value in enumerate(scores) if value >= near), 0)  # scores since the newest good one
    return state.step >= state.last_step or (late and bool(state.best)) or stale >= plan.patience


def _check_budget(state: TrainingState, plan: Plan, real: RealSamples) -> None:
    """Raise TrainingError if `max_seconds` is too short for one pass: most samples would never be seen."""
    if plan.max_seconds is None:
        return
    n = len(real.x)
    pass_seconds = state.seconds / state.step * n / plan.batch_size
    if state.step * plan.batch_size < n and pass_seconds > plan.max_seconds:
        raise TrainingError(
            f"max_seconds={plan.max_seconds:g} is too short for one pass over the {n:,} training samples, which takes "
            f"about {math.ceil(pass_seconds)} s here, and a training many; give more seconds, or fewer samples."
        )


def _set_rate(state: TrainingState, plan: Plan, seconds: float, budget: float = math.inf) -> None:
    """Set the learning rate, and the strength of class conditioning, for the share of the training that is done."""
    # 1. The share that is done, by steps or by the clock; what is left of it is run through faster after a cut
    begun = state.cut_at / plan.max_steps
    done = begun + (1.0 - begun) * (state.step - state.cut_at) / (state.last_step - state.cut_at)
    done = min(1.0, max(done, seconds / budget))

    # 2. The strength of class conditioning: a linear ramp
    if plan.condition_ramp is not None:
        start, end = plan.condition_ramp
        for network in (state.generator, state.discriminator):
            set_class_strength(network, min(1.0, max(0.0, (done - start) / (end - start))))

    # 3. The learning rate
    for optimizer in state.optimizers.values():
        for group in optimizer.param_groups:
            _set_learning_rate(group, plan.learning_rate * state.rate * _anneal(done))


def _anneal(done: float) -> float:
    """Return the factor of the learning rate at a share of the training: half a cosine."""
    return _FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * done))


def _set_learning_rate(group: dict[str, Any], rate: float) -> None:
    """Set the learning rate of a parameter group, in place if it is a tensor, which optimizers may read on a device."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


def _train_step(state: TrainingState, plan: Plan, samples: RealSamples, augment: Augment | None) -> None:
    """Train the discriminator, then the generator, for one step on the same pairs of real and synthetic samples."""
    loss = plan.loss
    generator = state.generator
    discriminator = state.discriminator

    # 1. Draw real samples, and as many synthetic ones of the same classes
    real, c = samples.draw(plan.batch_size, state.rng)
    z = torch.randn(len(c), plan.latent_dim, generator=state.rng, device=c.device)
    noise = torch.rand(len(c), generator.noise_dim, generator=state.rng, device=c.device)
    # One autocast context per pass: kept open over an optimizer step it would serve stale casted weights.
    with _autocast(plan, c.device):
        fake = generator(z, c, noise)

    # 2. Augment both sides in the same way
    seen = (real, fake.detach())
    if augment is not None:
        seen = augment(real, state.rng), augment(fake.detach(), state.rng)

    # 3. Compute the discriminator's loss
    discriminator.requires_grad_(True)
    with _autocast(plan, c.device):
        real_logits, fake_logits = _discriminate(discriminator, seen, c, loss.batch_norm)
    discriminator_loss = loss.discriminator(real_logits, fake_logits)

    # 4. Add the gradient penalty, at every interval only and on a part of the batch
    total = discriminator_loss
    if loss.penalty is not None and state.step % loss.penalty_interval == 0:
        part = slice(max(1, round(loss.penalty_share * len(c))))
        with _autocast(plan, c.device) if plan.coarse_penalty else nullcontext():
            penalty = loss.penalty(discriminator, seen[0][part], seen[1][part], c[part], state.rng)
        total = total + loss.penalty_weight * loss.penalty_interval * penalty
    _minimise(state.optimizers["discriminator"], total)

    # 5. Train the generator against the new discriminator. The logits of real samples are those of the old one, which
    #    saves a fourth of the step: they are only the level to reach.
    discriminator.requires_grad_(False)
    with _autocast(plan, c.device):
        new_fake = discriminator(fake if augment is None else augment(fake, state.rng), c)
    generator_loss = loss.generator(real_logits.detach(), new_fake)
    _minimise(state.optimizers["generator"], generator_loss)

    # 6. Update the moving average, and record losses and accuracies
    _update_average(state)
    with torch.no_grad():  # logits have no fixed zero in relativistic games, hence the other side's median
        accuracies = [(real_logits > fake_logits.median()).float(), (fake_logits < real_logits.median()).float()]
        accuracies = [a.mean() for a in accuracies]
        state.history[state.step] = torch.stack([discriminator_loss, generator_loss, *accuracies])


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


def _minimise(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
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


def _is_finite(state: TrainingState, first: int) -> bool:
    """Return whether all weights, and all losses from step `first` on, are finite and not huge."""
    networks = (state.generator, state.discriminator, state.average)
    weights = [tensor for net in networks for tensor in (*net.parameters(), *_float_buffers(net))]
    numbers = [state.history[first : state.step], *weights]
    largest = [n.detach().float().abs().max().nan_to_num(math.inf) for n in numbers if n.numel()]
    return bool(torch.stack(largest).max() < _EXPLODED)


def _keep_best(state: TrainingState, plan: Plan, evaluation: _Evaluation) -> tuple[float | None, str]:
    """Score the average when that is due, keep it if none was better, and revive it if a class has collapsed.

    Return the score, None if it was not due, and a note.
    """
    # 1. Is a score due?
    last = state.step >= state.last_step
    late = evaluation.is_late(plan, state.seconds)
    due = state.step // plan.score_every > (len(state.scores) and state.scores[-1][0] // plan.score_every)
    if not (due or last or late):
        return None, ""

    # 2. Score the average
    began = time.monotonic()
    newest = evaluation.score(state.average)
    collapsed = evaluation.collapsed(state.average)
    evaluation.seconds = time.monotonic() - began
    newest = newest if math.isfinite(newest) else _NO_SCORE

    # 3. Keep it if it is as good as the best: first by collapse, then by score
    healthy, best = state.best_rank
    if not state.best or (not collapsed, newest) >= (healthy, best - plan.tolerance):
        state.best = {k: v.detach().clone() for k, v in state.average.state_dict().items()}
        state.best_rank = (not collapsed, max(newest, best) if healthy or collapsed else newest)
    state.scores.append([state.step, newest])

    # 4. Return to the best weights if a class has collapsed since; or see whether the training still pays
    note = ""
    if not (last or late):
        if collapsed:
            note = _revive(state, collapsed) if healthy else ""
        elif len(state.scores) in _ASKED and not state.cut_at and evaluation.learned(state.average):
            note = _cut_training(state)
    return newest, note


def _cut_training(state: TrainingState) -> str:
    """Let the learning rate fall from here on, and the training end after a third of the steps so far."""
    state.cut_at = state.step
    return f"synthetic samples are hardly told from real ones: the training ends at step {state.last_step}"


def _revive(state: TrainingState, collapsed: Sequence[str]) -> str:
    """Reset the generator to the best average, at half the learning rate; return a note."""
    if state.revivals >= _MAX_RETRIES:
        return ""
    for network in (state.generator, state.average):
        network.load_state_dict(state.best)
    state.revivals += 1
    state.rate /= 2
    named = ", ".join(collapsed)
    return f"class {named} collapsed by step {state.step}: the generator goes back to its best, at half the rate"


def _roll_back(state: TrainingState, finite: tuple[dict[str, Tensor], dict[str, Any]]) -> str:
    """Restore the last finite state, at half the learning rate; return a note.

    Raises
    ------
    TrainingError
        That was done too often.
    """
    failed = state.step
    retries = state.retries
    rate = state.rate
    rng = state.rng.get_state()
    if retries >= _MAX_RETRIES:
        raise TrainingError(
            f"Training diverged at step {failed} and again after {retries} roll-backs, the learning rate halved each "
            "time. Try a smaller learning_rate, the loss 'relativistic', or look for extreme values in the data."
        )
    state.restore(*finite)
    state.retries = retries + 1
    state.rate = rate / 2
    state.rng.set_state(rng)  # draw other samples than those that diverged
    return f"diverged before step {failed}: back to step {state.step} at half the learning rate"


def _make_progress(state: TrainingState, plan: Plan, first: int, newest: float | None, note: str) -> Progress:
    means = state.history[min(first, max(0, state.step - 1)) : max(1, state.step)].mean(0).tolist()
    d_loss, g_loss, on_real, on_synthetic = means
    return Progress(state.step, state.last_step, state.seconds, d_loss, g_loss, on_real, on_synthetic, newest, note)


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
    """

    def __init__(self, x: Tensor, c: Tensor, class_weights: Tensor, expand: Callable[[Tensor], Tensor] = identity):
        self.x = x
        self.expand = expand
        self.by_class = torch.argsort(c, stable=True)
        counts = torch.bincount(c, minlength=len(class_weights))
        self.counts = counts.to(torch.float32)
        self.first = counts.cumsum(0) - counts
        share = class_weights.double().cumsum(0) / class_weights.double().sum()
        self.cumulative = share.float().to(x.device)  # float32 before it moves: not every device has float64

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return `n` samples, with replacement, and their class codes."""
        # 1. A class by its weight; 2. a sample of that class
        u = torch.rand(2, n, generator=rng, device=self.x.device)
        c = torch.searchsorted(self.cumulative, u[0]).clamp_(max=len(self.counts) - 1)
        row = torch.minimum((u[1] * self.counts[c]).long(), self.counts[c].long() - 1)
        return self.expand(self.x[self.by_class[self.first[c] + row]]), c
