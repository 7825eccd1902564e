"""From user data to a model: encode, hold out, train, decide the filters, look for collapse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.labels import Labels
from ..layers import initialise
from ..modality import Architecture, Defaults, Encoder, Generator, Modality, expansion, row_defaults
from ..rng import numpy_stream, stream_seed, torch_stream
from ..training import RealSamples, TrainingState, train_gan
from .checkpoint import Checkpoint
from .collapse import collapsed_classes, diversities, warn_of_collapse
from .judging import SCORED, choose_filters, sampled
from .model import Model, source_of
from .preview import Preview
from .progress import say, shown, status
from .recipe import Options, Recipe, choose_device, recipe_for
from .sampling import Source
from .split import Codes, Data, hold_out, learnable


def fit_model(modality: Modality, encoder: Encoder, X: Any, y: Any, options: Options, seed: int) -> Model:
    """Train a model.

    Parameters
    ----------
    modality : Modality
        Kind of data.
    encoder : Encoder
        A fresh encoder of that kind.
    X, y : user data
        Samples and one label for each.
    options : Options
        What the user asked for.
    seed : int
        Decides everything.

    Returns
    -------
    Model
        What was learned.

    Raises
    ------
    DataError
        The data cannot be learned from.
    TrainingError
        Training diverged for good.
    ModelFileError
        The checkpoint to resume from is damaged or belongs to other data or options.
    """
    labels, codes = Labels.fit(y, modality.unit)
    learned = learnable(labels, codes, len(X), options.skip_rare)
    encoder.fit(X, numpy_stream(seed, "encoder"))
    usual = _usual(modality, encoder, codes[learned], len(labels.values), options)
    data = hold_out(
        encoder.transform(X, numpy_stream(seed, "places"))[torch.from_numpy(learned)],  # not kept: Data has copies
        codes[learned],
        len(labels.values),
        usual.held_out,
        numpy_stream(seed, "held out"),
        expansion(encoder),
    )
    recipe = recipe_for(options, len(data.codes), len(labels.values), usual, len(data.held_codes))
    checkpoint = Checkpoint.of(options, recipe, data.everything(), seed)
    started = time.monotonic()
    state = _train(modality, encoder, labels, data, recipe, checkpoint, options, seed)
    generator = state.average.to("cpu")
    generator.load_state_dict(state.best)
    history = state.history[: state.step].cpu()
    facts = {"scores": state.scores, "n_rows": len(codes), "held_out": len(data.held_codes), "seed": seed}
    model = Model(modality, encoder, labels, data.prior, recipe.architecture, generator, [], history, facts)
    with status("fitting the filters", options.verbose):
        model.judges, facts["filters"] = choose_filters(model, data, options.filters, seed)
    found = diversities(model.source(), data, stream_seed(seed, "collapse"))
    facts["diversity"] = {str(labels.values[code]): value for code, value in found.items()}
    warn_of_collapse(found, labels.values)
    facts["seconds"] = round(time.monotonic() - started, 3)
    if checkpoint:
        checkpoint.remove()
    say(_summary(model), options.verbose)
    return model


def _usual(modality: Modality, encoder: Encoder, codes: Codes, n_classes: int, options: Options) -> Defaults:
    """Return what the modality takes for the options that the user left open."""
    if modality.defaults is None:
        return row_defaults(len(codes))
    counts = np.bincount(codes, minlength=n_classes).tolist()
    return modality.defaults(encoder.to_json(), counts, choose_device(options.device).type)


def _train(
    modality: Modality,
    encoder: Encoder,
    labels: Labels,
    data: Data,
    recipe: Recipe,
    checkpoint: Checkpoint | None,
    options: Options,
    seed: int,
) -> TrainingState:
    schema, device = encoder.to_json(), recipe.device
    generator = initialise(modality.generator(schema, recipe.architecture), torch_stream(seed, "generator"))
    discriminator = initialise(modality.discriminator(schema, recipe.architecture), torch_stream(seed, "discriminator"))
    rng = torch_stream(seed, "training", device=device)
    state = TrainingState.start(generator.to(device), discriminator.to(device), recipe.plan, rng)
    if checkpoint and options.resume:
        checkpoint.load(state, recipe.plan)
    real = RealSamples(data.x.to(device), data.codes.to(device), _batch_weights(data.prior), data.expand)
    overseer = _Overseer(modality, encoder, labels, data, recipe.architecture, seed)
    steps = train_gan(state, recipe.plan, real, overseer.score, overseer.collapsed, _augment(modality, recipe))
    preview = Preview.of(options.preview_path, modality, data.prior, recipe.plan.latent_dim, seed)
    for progress in shown(steps, options.verbose):
        if checkpoint:
            checkpoint.save_now_and_then(state)
        if preview:
            preview.show(state.average, progress)
    if preview:
        preview.close()
    if checkpoint:
        checkpoint.save(state)  # what is left to do after training need not cost the training
    return state


def _augment(modality: Modality, recipe: Recipe) -> Callable[[Tensor, torch.Generator], Tensor] | None:
    """Return the change by which both networks see all samples, None where there is none."""
    change, names = modality.augment, recipe.augmentation
    if change is None or not names:
        return None
    return lambda x, rng: change(x, names, rng)


def _batch_weights(prior: Sequence[float]) -> Tensor:
    """Return the share of each class in a batch: its own, but a rare one is shown more often than it occurs."""
    share = torch.tensor(prior, dtype=torch.float64)
    least = min(0.05, 0.5 / max(1, int((share > 0).sum())))
    return torch.where(share > 0, share.clamp_min(least), 0.0)


@dataclass(frozen=True)
class _Overseer:
    """What held-out samples say of a generator while it is trained."""

    modality: Modality
    encoder: Encoder
    labels: Labels
    data: Data
    architecture: Architecture
    seed: int

    def score(self, generator: Generator) -> float:
        """Return how good the generator's samples are; 0 where there is nothing to judge by: the last are kept."""
        data, seed = self.data, self.seed
        if not data.enough_held_out:
            return 0.0
        n = int(np.clip(len(data.x), 1000, SCORED))
        with self._source(generator) as source:
            synthetic = sampled(source, data.prior, stream_seed(seed, "score"), n)
        held = self.encoder.features(data.held_x), data.held_codes
        return self.modality.score(held, (synthetic.features, synthetic.codes), stream_seed(seed, "folds"))

    def collapsed(self, generator: Generator) -> list[str]:
        """Return the classes whose samples are all alike."""
        with self._source(generator) as source:
            codes = collapsed_classes(source, self.data, stream_seed(self.seed, "collapsed"))
        return [repr(self.labels.values[code]) for code in codes]

    @contextmanager
    def _source(self, generator: Generator) -> Iterator[Source]:
        device = next(generator.parameters()).device
        yield source_of(self.modality, self.encoder, generator.to("cpu"), [], self.architecture)
        generator.to(device)


def _summary(model: Model) -> str:
    facts = model.facts
    strengths = facts["filters"]["strengths"]
    used = ", ".join(f"{name} at {value:g}" for name, value in strengths.items()) or "none"
    return f"trained {len(model.history)} steps in {facts['seconds']:.0f} s; filters: {used}"
