"""Train generator and discriminator: one loop for every modality.

`train_gan` trains both networks in turn and yields its progress. Its whole state is a `TrainingState`, from which a
checkpoint resumes bit for bit. It keeps the weights of an exponential moving average [1]_ at their best held-out
score, because the losses of a GAN do not measure the quality of its samples.

References
----------
.. [1] Yazici et al., "The Unusual Effectiveness of Averaging in GAN Training", ICLR 2019.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import TrainingError
from ..layers import set_class_strength
from ..modality import Generator
from .group import Group
from .plan import Plan
from .state import TrainingState
from .step import Augment, RealSamples, float_buffers, train_step

Score = Callable[[Generator], float]
FindCollapsed = Callable[[Generator], Sequence[str]]
IsLearned = Callable[[Generator], bool]

_CHECK_EVERY = 50
_MAX_RETRIES = 3  # of roll-backs after divergence, and of revivals after collapse
_FINAL_RATE = 0.03
_ASKED = (3, 5, 7)  # numbers of scores after which to ask whether more steps would pay
_FIRST_SCORE = 0.2  # share of `max_seconds` after which the first score is taken, if fifty steps take longer
_MOST_FOR_SCORE = 0.1  # share of `max_seconds`
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


@dataclass(frozen=True)
class _Clock:
    """Seconds of a training; those of the first process, where they decide anything."""

    plan: Plan
    started: float

    def read(self) -> float:
        """Return the seconds since the start, earlier runs included."""
        seconds = time.monotonic() - self.started
        return seconds if self.plan.max_seconds is None else self.plan.group.share(seconds)


@dataclass
class _Evaluation:
    """What judges a generator, the seconds that the last judgement took, and the step at which weights were kept."""

    score: Score
    collapsed: FindCollapsed
    learned: IsLearned
    seconds: float = 0.0
    kept: int = 0

    def is_costly(self, plan: Plan) -> bool:
        """Return whether a score takes so much of the seconds that steps are the better use of them."""
        return plan.max_seconds is not None and self.seconds > _MOST_FOR_SCORE * plan.max_seconds

    def find_budget(self, plan: Plan) -> float:
        """Return the seconds for steps: one more score has to fit in after them, unless scores are costly."""
        if plan.max_seconds is None:
            return math.inf
        most = max(0.5 * plan.max_seconds, plan.max_seconds - plan.reserved)
        return most if self.is_costly(plan) else most - self.seconds

    def is_wanted(self, plan: Plan, seconds: float) -> bool:
        """Return whether it is time to see how long a score takes, which decides how many there are."""
        return plan.max_seconds is not None and not self.seconds and seconds > _FIRST_SCORE * plan.max_seconds

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
    clock = _Clock(plan, time.monotonic() - state.seconds)
    finite = (state.tensors(), state.facts())
    while not _is_finished(state, plan, clock.read(), evaluation):
        # 1. Train for some fifty steps
        first = state.step
        for _ in range(min(_CHECK_EVERY, state.last_step - state.step)):
            seconds = clock.read()
            if state.step > first and (evaluation.is_late(plan, seconds) or evaluation.is_wanted(plan, seconds)):
                break
            _set_rate(state, plan, seconds, evaluation.find_budget(plan))
            train_step(state, plan, real, augment)
            state.step += 1
        state.seconds = clock.read()
        _check_budget(state, plan, real)

        # 2. Score the average when that is due; or return to the last finite state
        newest = None
        if _is_finite(state, first):
            newest, note = _keep_best(state, plan, evaluation)
            if newest is not None:
                _check_weights(state, plan.group)
            finite = (state.tensors(), state.facts())
        else:
            note = _roll_back(state, finite)

        # 3. Report
        yield _make_progress(state, plan, first, newest, note)


def _is_finished(state: TrainingState, plan: Plan, seconds: float, evaluation: _Evaluation) -> bool:
    """Return whether steps, seconds or patience are used up."""
    late = evaluation.is_late(plan, seconds)
    if state.step and late and (not state.best or (evaluation.is_costly(plan) and evaluation.kept < state.step)):
        return False  # one score is always taken, and the last weights are looked at, see _keep_best
    scores = [value for _, value in reversed(state.scores)]
    near = max(scores, default=0.0) - plan.tolerance
    stale = next((i for i, value in enumerate(scores) if value >= near), 0)  # scores since the newest good one
    return state.step >= state.last_step or (late and bool(state.best)) or stale >= plan.patience


def _check_budget(state: TrainingState, plan: Plan, real: RealSamples) -> None:
    """Raise TrainingError if `max_seconds` is too short for one pass: most samples would never be seen."""
    if plan.max_seconds is None:
        return
    n = real.n
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


def _is_finite(state: TrainingState, first: int) -> bool:
    """Return whether all weights, and all losses from step `first` on, are finite and not huge."""
    networks = (state.generator, state.discriminator, state.average)
    weights = [tensor for net in networks for tensor in (*net.parameters(), *float_buffers(net))]
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
    unknown = plan.max_seconds is not None and not evaluation.seconds
    if not (due or last or late or unknown):
        return None, ""
    evaluation.kept = state.step
    if state.best and evaluation.is_costly(plan):
        return None, _keep_unscored(state, plan, evaluation)

    # 2. Score the average
    began = time.monotonic()
    newest, collapsed = plan.group.decide(
        lambda: (evaluation.score(state.average), evaluation.collapsed(state.average))
    )
    evaluation.seconds = plan.group.share(time.monotonic() - began)
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
        elif len(state.scores) in _ASKED and not state.cut_at:
            learned = plan.group.decide(lambda: evaluation.learned(state.average))
            note = _cut_training(state) if learned else ""
    return newest, note


def _keep_unscored(state: TrainingState, plan: Plan, evaluation: _Evaluation) -> str:
    """Keep the average, unless a class has collapsed in it and in the best one none had; return a note."""
    collapsed = plan.group.decide(lambda: evaluation.collapsed(state.average))
    healthy, best = state.best_rank
    if not collapsed or not healthy:
        state.best = {k: v.detach().clone() for k, v in state.average.state_dict().items()}
        state.best_rank = (not collapsed, best)
    return f"newest weights kept without a score, which takes {evaluation.seconds:.0f} s of {plan.max_seconds:.0f} s"


def _check_weights(state: TrainingState, group: Group) -> None:
    """Raise TrainingError if the processes of the group have come to hold different weights."""
    if group.size == 1:
        return
    content = hashlib.sha256()
    for network in state.networks().values():
        for parameter in network.parameters():
            content.update(parameter.detach().cpu().numpy().tobytes())
    weights = {f"the weights at step {state.step}": f"of digest {content.hexdigest()[:12]}"}
    group.check_alike(
        weights, "Give all of them the same kind of processor, and the same versions of torch and ganaug."
    )


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
