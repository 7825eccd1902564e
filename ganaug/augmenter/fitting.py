"""Fit a model to user data: encode, hold out, train, fit filters, measure diversity."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.labels import Labels
from ..filters.judges import move_judges
from ..modality import (
    FEW_ROWS,
    Architecture,
    Defaults,
    Encoder,
    Generator,
    Modality,
    fit_transform,
    get_expand,
    row_defaults,
)
from ..progress import print_message, show_progress, show_status
from ..rng import numpy_stream, stream_seed
from ..training import ALONE, Group, Plan, TrainingState, train_gan
from ..training.checkpoint import Checkpoint
from .budget import Budget, cut_blocks
from .collapse import draw_pairs, find_collapsed_classes, measure_diversity, warn_of_alike_classes, warn_of_collapse
from .filtering import SCORED, draw_samples, fit_filters
from .model import Model, make_source
from .options import Options
from .planning import choose_device, plan_training
from .preview import Preview
from .split import Codes, Data, find_learned_rows, hold_out
from .starting import bind_augmentation, place_samples, start_state
from .streams import Source
from .timing import choose_by_time, time_step
from .together import check_same_data

_COMPARED = 20_000  # samples, real and synthetic: with fewer, less can be told apart
_LEAST_SCORED = 100  # samples, however short the time
_HARDLY_TOLD_APART = 0.55
"""ROC AUC of a classifier of real and synthetic samples, below which more training is of no use."""


def fit_model(
    modality: Modality,
    encoder: Encoder,
    X: Any,
    y: Any,
    options: Options,
    seed: int,
    weights: NDArray[np.float64] | None = None,
    group: Group = ALONE,
) -> Model:
    """Train a model.

    Parameters
    ----------
    modality : Modality
        Kind of data.
    encoder : Encoder
        An encoder of that kind, not yet fitted.
    X, y : user data
        Samples and one label for each.
    options : Options
        Options of the user.
    seed : int
        Seed of all randomness in this call.
    weights : ndarray of shape (n,), optional
        How many samples of a larger data set each one stands for, where they are drawn from one.
    group : Group
        The processes that train together. The first one scores, chooses filters, writes and reports.

    Returns
    -------
    Model
        The fitted model.

    Raises
    ------
    DataError
        The data cannot be learned from.
    TrainingError
        Training diverged again after every roll-back, or `max_seconds` is too short.
    ModelFileError
        The checkpoint to resume from is damaged or belongs to other data or options.
    """
    # 1. Encode the samples and hold some out
    began = time.monotonic()
    if not group.is_first:
        options = replace(options, verbose=0, preview_path=None)
    labels, codes = Labels.fit(y, modality.unit)
    learned = find_learned_rows(labels, codes, len(X), options.skip_rare)
    x = fit_transform(encoder, X, numpy_stream(seed, "encoder"), numpy_stream(seed, "places"))
    defaults = _find_defaults(modality, encoder, codes[learned], len(labels.values), options)
    data = hold_out(
        x[torch.from_numpy(learned)],
        codes[learned],
        len(labels.values),
        defaults.held_out,
        numpy_stream(seed, "held out"),
        get_expand(encoder),
        None if weights is None else weights[learned],
    )
    del x  # `data` has copies
    data.drawn = group.decide(lambda: _draw_smooth(modality, encoder, data, seed))

    # 2. Plan the training: sizes, steps, device, checkpoint
    check_same_data(group, data)
    architecture, plan, budget = _plan(modality, encoder, data, options, defaults, seed, group, began)
    checkpoint = None
    if options.checkpoint_path is not None:
        path = options.checkpoint_path
        checkpoint = group.decide(lambda: Checkpoint.of(path, architecture, plan, data.all_tensors(), seed))

    # 3. Train, and take the best average weights
    started = time.monotonic()
    state = _Training(modality, encoder, labels, data, architecture, seed, budget).run(plan, checkpoint, options)
    generator = state.average
    generator.load_state_dict(state.best)
    n_rows = len(codes) if weights is None else round(weights.sum())
    facts = {"scores": state.scores, "n_rows": n_rows, "held_out": len(data.held_codes), "seed": seed}
    model = Model(
        modality, encoder, labels, data.prior, architecture, generator, [], state.history[: state.step].cpu(), facts
    )

    # 4. Fit the filters
    with show_status("fitting the filters", options.verbose if options.filters else 0):
        judges, facts["filters"] = group.decide(lambda: fit_filters(model, data, options.filters, seed, budget))
        model.judges = move_judges(judges, plan.device)

    # 5. Look for classes that have collapsed, or that are alike although nobody cut the training short
    facts["diversity"] = group.decide(lambda: _look_for_collapse(model, data, seed, options, budget))
    budget.warn()

    # 6. Finish: from here on the model is sampled on the CPU
    model.generator = generator.to("cpu")
    move_judges(judges, "cpu")
    facts["seconds"] = round(time.monotonic() - started, 3)
    if checkpoint and group.is_first:
        checkpoint.remove()
    print_message(_summarise(model), options.verbose)
    return model


def _draw_smooth(modality: Modality, encoder: Encoder, data: Data, seed: int) -> tuple[Tensor, Tensor] | None:
    """Return samples of a simple model of few training samples, and their codes; None of many."""
    if modality.draw_smooth is None or len(data.codes) >= FEW_ROWS:
        return None
    return modality.draw_smooth(encoder, data.x, data.codes, numpy_stream(seed, "smooth"))


def _plan(
    modality: Modality,
    encoder: Encoder,
    data: Data,
    options: Options,
    defaults: Defaults,
    seed: int,
    group: Group,
    began: float,
) -> tuple[Architecture, Plan, Budget]:
    """Return the sizes of the networks, the plan of their training, and the budget of the fit that began then.

    Which networks there are may depend on what a step of them takes here.
    """
    n_classes, schema = len(data.prior), encoder.to_json()
    architecture, plan = choose_by_time(
        lambda chosen: plan_training(options, len(data.codes), n_classes, chosen, len(data.held_codes), group),
        defaults if options.architecture == "auto" else replace(defaults, cheaper=None),
        lambda *sized: group.decide(lambda: time_step(modality, schema, data, seed, *sized)),
    )
    budget = Budget(modality, plan.device, plan.max_seconds, began)
    reserved = budget.reserve(defaults.reserve[bool(options.filters)])
    return architecture, replace(plan, reserved=group.share(reserved)), budget


def _look_for_collapse(model: Model, data: Data, seed: int, options: Options, budget: Budget) -> dict[str, float]:
    """Return the diversity of each class; warn of classes that have collapsed or, after a whole training, are alike."""
    pairs = draw_pairs(model.source(), data, stream_seed(seed, "collapse"), budget)
    found = measure_diversity(pairs)
    warn_of_collapse(found, model.labels.values)
    if options.max_steps == "auto":
        warn_of_alike_classes(pairs)
    return {str(model.labels.values[code]): value for code, value in found.items()}


def _find_defaults(modality: Modality, encoder: Encoder, codes: Codes, n_classes: int, options: Options) -> Defaults:
    """Return the modality's defaults for the options that the user left open."""
    if modality.defaults is None:
        return row_defaults(len(codes))
    counts = np.bincount(codes, minlength=n_classes).tolist()
    return modality.defaults(encoder.to_json(), counts, choose_device(options.device, options.distributed).type)


def _resume(state: TrainingState, checkpoint: Checkpoint, plan: Plan) -> None:
    """Restore the state of the checkpoint; in a group the first process alone reads it."""

    def load() -> tuple[dict[str, Tensor], dict[str, Any]]:
        checkpoint.load(state, plan)
        return state.tensors(), state.facts()

    saved = plan.group.decide(load)
    if not plan.group.is_first:
        state.restore(*saved)


@dataclass(frozen=True)
class _Training:
    """One training, and the held-out evaluation of its generator."""

    modality: Modality
    encoder: Encoder
    labels: Labels
    data: Data
    architecture: Architecture
    seed: int
    budget: Budget

    def run(self, plan: Plan, checkpoint: Checkpoint | None, options: Options) -> TrainingState:
        """Train both networks, and return the state at the end."""
        # 1. Start a new state, or resume a saved one
        state = start_state(self.modality, self.encoder.to_json(), self.architecture, plan, self.seed)
        if checkpoint and options.resume:
            _resume(state, checkpoint, plan)
        self.budget.spend(state.seconds)

        # 2. Train; at each report save the state, show progress and preview
        real, augment = place_samples(self.data, plan), bind_augmentation(self.modality, plan)
        learned = None if options.effort == "best" else self.has_learned
        steps = train_gan(state, plan, real, self.score, self.find_collapsed, augment, learned)
        preview = Preview.of(options.preview_path, self.modality, self.data.prior, plan.latent_dim, self.seed)
        for progress in show_progress(steps, options.verbose):
            if checkpoint and plan.group.is_first:
                checkpoint.save_if_due(state)
            if preview:
                preview.show(state.average, progress)
        if preview:
            preview.close()
        if checkpoint and plan.group.is_first:
            checkpoint.save(state)  # so that a failure after training does not lose the training
        return state

    def score(self, generator: Generator) -> float:
        """Return the held-out score of the generator's samples; 0 without held-out samples: the last weights win."""
        data = self.data
        seed = self.seed
        if not data.enough_held_out:
            return 0.0
        source, n = self._make_source(generator), int(np.clip(len(data.x), 1000, SCORED))
        if self.budget.is_limited:
            n = self.budget.count_samples(source, n, _LEAST_SCORED)
            source = cut_blocks(source, [int(n * max(data.prior))])
        synthetic = draw_samples(source, data.prior, stream_seed(seed, "score"), n)
        held = self.encoder.features(data.held_x), data.held_codes
        return self.budget.score(held, (synthetic.features, synthetic.codes), stream_seed(seed, "folds"))

    def find_collapsed(self, generator: Generator) -> list[str]:
        """Return the classes whose samples are all alike."""
        seed = stream_seed(self.seed, "collapsed")
        codes = find_collapsed_classes(self._make_source(generator), self.data, seed, self.budget)
        return [repr(self.labels.values[code]) for code in codes]

    def has_learned(self, generator: Generator) -> bool:
        """Return whether the generator's samples are hardly told from training samples; never of few samples."""
        data, seed = self.data, stream_seed(self.seed, "learned")
        n = min(len(data.x), _COMPARED)
        if self.modality.detect is None or n < FEW_ROWS:
            return False
        rows = torch.from_numpy(np.random.default_rng(seed).permutation(len(data.x))[:n])
        real = self.encoder.features(data.x[rows]), data.codes[rows]
        synthetic = draw_samples(self._make_source(generator), data.prior, seed, n)
        return self.modality.detect(real, (synthetic.features, synthetic.codes), seed) < _HARDLY_TOLD_APART

    def _make_source(self, generator: Generator) -> Source:
        """Return the source of the generator's samples without judges; the generator stays where it is."""
        return make_source(self.modality, self.encoder, generator, [], self.architecture)


def _summarise(model: Model) -> str:
    """Return one line on steps, seconds and filters."""
    facts = model.facts
    strengths = facts["filters"]["strengths"]
    used = ", ".join(f"{name} at {value:g}" for name, value in strengths.items()) or "none"
    return f"trained {len(model.history)} steps in {facts['seconds']:.0f} s; filters: {used}"
