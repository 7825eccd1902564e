"""From user data to a model: encode, hold out, train, decide the filters, look for collapse."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import CollapseWarning, DataError
from ..filters import FILTERS, Judge, Samples, draw, with_strength
from ..layers import initialise
from ..metrics import COLLAPSED, diversity
from ..modality import Architecture, Encoder, Generator, Modality
from ..rng import numpy_stream, stream_seed, torch_stream
from ..training import RealSamples, TrainingState, train_gan
from .checkpoint import Checkpoint
from .labels import Labels
from .model import Model
from .progress import say, shown, status
from .recipe import Options, Recipe, recipe_for
from .sampling import OVERSAMPLING, Source, Streams, prior_codes

Codes = NDArray[np.int64]

_MIN_ROWS = 8
_MIN_CLASS = 2
_MIN_HELD_OUT = 10
_MAX_HELD_OUT = 2000
_SCORED = 5000  # synthetic rows behind a held-out score
_NOISE = 0.1  # other filters have to win by this over the root of the held-out rows, or the difference is noise
_USUAL = {"label_agreement": 1.0}
_TELLING = 200  # fewer held-out rows cannot tell filters apart, and the usual ones are taken
_COLLAPSE_ROWS = 200


@dataclass
class _Data:
    """Encoded rows, apart: those the networks learn from and those that only judge."""

    x: Tensor
    codes: Tensor
    held_x: Tensor
    held_codes: Tensor
    prior: list[float]

    @property
    def enough_held_out(self) -> bool:
        return len(self.held_codes) >= _MIN_HELD_OUT

    def everything(self) -> list[Tensor]:
        return [self.x, self.codes, self.held_x, self.held_codes]


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
    labels, codes = Labels.fit(y)
    learned = _learnable(labels, codes, len(X), options.skip_rare)
    encoder.fit(X, numpy_stream(seed, "encoder"))
    x = encoder.transform(X, numpy_stream(seed, "places"))
    data = _hold_out(x[torch.from_numpy(learned)], codes[learned], len(labels.values), numpy_stream(seed, "held out"))
    recipe = recipe_for(options, len(data.codes), len(labels.values))
    checkpoint = Checkpoint.of(options, recipe, data.everything(), seed)
    started = time.monotonic()
    state = _train(modality, encoder, data, recipe, checkpoint, options, seed)
    generator = state.average.to("cpu")
    generator.load_state_dict(state.best)
    history = state.history[: state.step].cpu()
    facts = {"scores": state.scores, "n_rows": len(x), "held_out": len(data.held_codes), "seed": seed}
    model = Model(modality, encoder, labels, data.prior, recipe.architecture, generator, [], history, facts)
    with status("choosing filters on held-out rows", options.verbose):
        model.judges, facts["filters"] = _choose_filters(model, data, options.filters, seed)
    facts["diversity"] = _diversities(model, data, seed)
    facts["seconds"] = round(time.monotonic() - started, 3)
    if checkpoint:
        checkpoint.remove()
    say(_summary(model), options.verbose)
    return model


def _learnable(labels: Labels, codes: Codes, n: int, skip_rare: bool) -> NDArray[np.bool_]:
    """Return which rows belong to classes that can be learned, or raise DataError."""
    if n != len(codes):
        raise DataError(f"X has {n} rows and y has {len(codes)} labels; give one label per row.")
    counts = np.bincount(codes, minlength=len(labels.values))
    if len(counts) < 2:
        raise DataError(
            f"The target 'y' needs to have more than 1 class. Got 1 class instead: every label is "
            f"{labels.values[0]!r}; choose another label column, or add rows of another class."
        )
    rare = np.flatnonzero(counts < _MIN_CLASS)
    if len(rare) == len(counts) or (len(counts) > 20 and len(rare) > 0.5 * len(counts)):
        raise DataError(
            f"The label has {len(counts)} classes for {n} rows, most of them with a single row; it looks like an "
            "identifier or a number. Choose another label column, or cut the number into classes."
        )
    if len(rare) and not skip_rare:
        named = ", ".join(repr(labels.values[i]) for i in rare[:10])
        raise DataError(
            f"Class {named} has 1 row; a class needs at least 2 rows to learn from. Collect more, merge it with "
            "another class, or say skip_rare=True (--skip-rare) to keep its row and generate none."
        )
    learned = counts[codes] >= _MIN_CLASS
    if learned.sum() < _MIN_ROWS or len(counts) - len(rare) < 2:
        raise DataError(
            f"There are {int(learned.sum())} rows to learn from (n_samples = {n}), in {len(counts) - len(rare)} "
            f"classes; ganaug needs at least {_MIN_ROWS} rows in 2 classes."
        )
    return np.asarray(learned)


def _hold_out(x: Tensor, codes: Codes, n_classes: int, rng: np.random.Generator) -> _Data:
    """Set rows of each class apart: a tenth of a large table, a fifth of a small one, none of a rare class."""
    n = len(codes)
    share = min(_MAX_HELD_OUT, max(0.1 * n, min(0.2 * n, 100))) / n
    held = np.zeros(n, dtype=bool)
    for code in range(n_classes):
        rows = rng.permutation(np.flatnonzero(codes == code))
        held[rows[: int(share * len(rows)) if len(rows) >= 10 else 0]] = True
    if held.sum() < _MIN_HELD_OUT:
        held[:] = False
    counts = np.bincount(codes, minlength=n_classes)
    c, h = torch.from_numpy(codes), torch.from_numpy(held)
    return _Data(x[~h], c[~h], x[h], c[h], (counts / counts.sum()).tolist())


def _train(
    modality: Modality,
    encoder: Encoder,
    data: _Data,
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
        checkpoint.load(state)
    real = RealSamples(data.x.to(device), data.codes.to(device), _batch_weights(data.prior))
    scorer = _scorer(modality, encoder, data, recipe.architecture, seed)
    for _ in shown(train_gan(state, recipe.plan, real, scorer), options.verbose):
        if checkpoint:
            checkpoint.save_now_and_then(state)
    if checkpoint:
        checkpoint.save(state)  # what is left to do after training need not cost the training
    return state


def _batch_weights(prior: Sequence[float]) -> Tensor:
    """Return the share of each class in a batch: its own, but a rare one is shown more often than it occurs."""
    share = torch.tensor(prior, dtype=torch.float64)
    least = min(0.05, 0.5 / max(1, int((share > 0).sum())))
    return torch.where(share > 0, share.clamp_min(least), 0.0)


def _scorer(
    modality: Modality, encoder: Encoder, data: _Data, architecture: Architecture, seed: int
) -> Callable[[Generator], float]:
    """Return the function that says how good a generator's samples are by the held-out rows."""
    held = encoder.features(data.held_x), data.held_codes

    def score(generator: Generator) -> float:
        if not data.enough_held_out:
            return 0.0  # nothing to judge by: of equals the last weights are kept
        device = next(generator.parameters()).device
        source = Source(generator.to("cpu"), encoder.features, [], architecture.latent_dim)
        n = int(np.clip(len(data.x), 1000, _SCORED))
        synthetic = _sampled(source, data.prior, stream_seed(seed, "score"), n)
        generator.to(device)
        return modality.score(held, (synthetic.features, synthetic.codes), stream_seed(seed, "folds"))

    return score


def _sampled(source: Source, prior: Sequence[float], seed: int, n: int) -> Samples:
    codes = prior_codes(prior, 0, n, seed)
    return Samples(source.features(Streams(source, seed).take(codes)), torch.from_numpy(codes))


def _choose_filters(model: Model, data: _Data, wanted: Any, seed: int) -> tuple[list[Judge], dict[str, Any]]:
    """Fit the judges and decide their strengths: as the user said, or by the held-out score, zero included."""
    by_user = _strengths(wanted)
    if by_user == {}:
        return [], {"strengths": {}, "scores": []}
    names = list(FILTERS) if by_user is None else list(by_user)
    judges, tried = [], list[tuple[dict[str, float], float]]()
    if by_user is None and len(data.held_codes) >= _TELLING:
        judges = _judges(model, data.x, data.codes, names, seed)
        tried = list(_tried(model, data, judges, seed))
    strengths = _best_strengths(tried, len(data.held_codes)) if by_user is None else by_user
    if not tried:  # rows that were held out, and have nothing to decide here, may teach
        x, codes = torch.cat([data.x, data.held_x]), torch.cat([data.codes, data.held_codes])
        judges = _judges(model, x, codes, list(strengths), seed)
    used = with_strength(judges, strengths)
    facts = {"strengths": {judge.name: judge.strength for judge in used}}
    return used, facts | {"scores": [[s, round(v, 5)] for s, v in tried]}


def _judges(model: Model, x: Tensor, codes: Tensor, names: Sequence[str], seed: int) -> list[Judge]:
    real = Samples(model.encoder.features(x), codes)
    n = int(np.clip(len(codes), 1000, 40_000))
    candidates = _sampled(model.source(), model.prior, stream_seed(seed, "judges"), n)
    fitted = [FILTERS[name].fit(real, candidates, stream_seed(seed, name)) for name in names]
    return [judge for judge in fitted if judge is not None]


def _best_strengths(tried: Sequence[tuple[dict[str, float], float]], n_held_out: int) -> dict[str, float]:
    """Return the strengths that won clearly, or the usual ones."""
    usual = next((score for strengths, score in tried if strengths == _USUAL), -np.inf)
    best, score = max(tried, key=lambda pair: pair[1], default=(_USUAL, -np.inf))  # of equals the first, so the weakest
    return best if score > usual + _NOISE / max(1, n_held_out) ** 0.5 else _USUAL


def _tried(model: Model, data: _Data, judges: Sequence[Judge], seed: int) -> Iterator[tuple[dict[str, float], float]]:
    """Yield strengths, and how good the held-out rows find what they let through of one set of candidates."""
    held = model.encoder.features(data.held_x), data.held_codes
    n = OVERSAMPLING * int(np.clip(len(data.x), 1000, _SCORED))
    pool = _sampled(model.source(), model.prior, stream_seed(seed, "pool"), n)
    weights = {judge.name: judge.log_weight(pool) for judge in judges}
    for strengths in _grid([judge.name for judge in judges]):
        total = sum((strength * weights[name] for name, strength in strengths.items()), torch.zeros(n))
        kept = _drawn_by_class(pool.codes, total, torch_stream(seed, "draw"))
        chosen = pool.rows(kept)
        score = model.modality.score(held, (chosen.features, chosen.codes), stream_seed(seed, "folds"))
        yield strengths, score


def _drawn_by_class(codes: Tensor, weights: Tensor, rng: torch.Generator) -> Tensor:
    """Return the rows that survive when each class keeps one in `OVERSAMPLING`."""
    kept = []
    for code in torch.unique(codes):
        rows = torch.nonzero(codes == code).squeeze(1)
        kept.append(rows[draw(weights[rows], max(1, len(rows) // OVERSAMPLING), rng)])
    return torch.cat(kept)


def _strengths(wanted: Any) -> dict[str, float] | None:
    """Return the strengths that the user gave; None leaves them to the held-out rows."""
    if isinstance(wanted, str):
        return None if wanted == "auto" else {wanted: 1.0}
    if wanted is None:
        return {}
    if isinstance(wanted, Mapping):
        return {name: float(strength) for name, strength in wanted.items()}
    return dict.fromkeys(wanted, 1.0)


def _grid(names: Sequence[str]) -> list[dict[str, float]]:
    """Return the strengths to try, weakest first: each judge alone at two strengths, and all together."""
    grid: list[dict[str, float]] = [{}]
    grid += [{name: strength} for strength in (0.5, 1.0) for name in names]
    if len(names) > 1:
        grid += [dict.fromkeys(names, strength) for strength in (0.5, 1.0)]
    return grid


def _diversities(model: Model, data: _Data, seed: int) -> dict[str, float]:
    """Return the diversity of each class, and warn of those that collapsed."""
    streams = Streams(model.source(), stream_seed(seed, "collapse"))
    found = {}
    for code, label in enumerate(model.labels.values):
        real = data.x[data.codes == code][:_COLLAPSE_ROWS]
        if len(real) >= 5:
            found[str(label)] = round(diversity(real, streams.take(np.full(len(real), code))), 4)
    collapsed = [label for label, value in found.items() if value < COLLAPSED]
    if collapsed:
        warnings.warn(
            f"The synthetic samples of class {', '.join(map(repr, collapsed))} vary far less than its real ones "
            f"(diversity below {COLLAPSED}); the generator has collapsed there. Train longer (max_steps), take the "
            "loss 'relativistic', or leave the class out of sampling_strategy.",
            CollapseWarning,
            stacklevel=4,
        )
    return found


def _summary(model: Model) -> str:
    facts = model.facts
    strengths = facts["filters"]["strengths"]
    used = ", ".join(f"{name} at {value:g}" for name, value in strengths.items()) or "none"
    return f"trained {len(model.history)} steps in {facts['seconds']:.0f} s; filters: {used}"
