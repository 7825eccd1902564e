"""Define the interface of a modality: what a kind of data (tables, images, ...) provides to the rest of ganaug."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

Json = Any

FEW_ROWS = 2000
"""Row count below which smaller networks are used."""


class Encoder(Protocol):
    """Reversible map between user data and tensors, whose learned parameters are plain JSON."""

    @property
    def n_features(self) -> int:
        """Number of columns or other features."""
        ...

    def fit(self, X: Any, rng: np.random.Generator) -> Encoder:
        """Learn the schema of `X`."""
        ...

    def check(self, X: Any) -> Any:
        """Return `X` in the form that `transform` takes; raise DataError if it does not match the schema."""
        ...

    def transform(self, X: Any, rng: np.random.Generator) -> Tensor:
        """Return `X` as a tensor of shape (n, ...), float32, or packed to take less memory; see `get_expand`."""
        ...

    def inverse_transform(self, x: Tensor, first_row: int, seed: int) -> Any:
        """Return encoded samples as user data; `first_row` is the number of rows decoded before in the same call."""
        ...

    def features(self, x: Tensor) -> Tensor:
        """Return encoded samples, of `transform` or of a generator, as (n, d) features for a classifier."""
        ...

    def copies(self, X: Any, synthetic: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which rows of `synthetic` equal a row of `X`."""
        ...

    def join(self, parts: list[Any]) -> Any:
        """Concatenate several parts of user data."""
        ...

    def to_json(self) -> dict[str, Json]:
        """Return everything that was learned."""
        ...

    @classmethod
    def from_json(cls, schema: Mapping[str, Json]) -> Encoder:
        """Return the encoder that `to_json` described."""
        ...


def fit_transform(encoder: Encoder, X: Any, fit_rng: np.random.Generator, transform_rng: np.random.Generator) -> Tensor:
    """Fit `encoder` to `X` and return the encoded samples.

    Call the method ``fit_transform(X, fit_rng, transform_rng)`` if the encoder's class has one; otherwise `fit`, then
    `transform`. Both ways give the same tensor.
    """
    if hasattr(type(encoder), "fit_transform"):  # not one that a wrapper hands through and that knows nothing of it
        x: Tensor = encoder.fit_transform(X, fit_rng, transform_rng)  # type: ignore[attr-defined]
        return x
    return encoder.fit(X, fit_rng).transform(X, transform_rng)


def get_expand(encoder: Encoder) -> Callable[[Tensor], Tensor]:
    """Return the function that turns the output of `encoder.transform` into float32 network input, batch by batch.

    It is the encoder's method ``expand``, or the identity if the encoder has none.
    """
    return getattr(encoder, "expand", identity)


def get_pack(encoder: Encoder) -> Callable[[Tensor], Tensor]:
    """Return the function that packs the output of a generator for storage until it is decoded.

    It is the encoder's method ``pack``, or the identity if the encoder has none. ``expand``, `features` and
    `inverse_transform` must accept packed samples.
    """
    return getattr(encoder, "pack", identity)


def identity(x: Tensor) -> Tensor:
    """Return `x` unchanged."""
    return x


class Conditions(Protocol):
    """Conditions that samples of a modality meet."""

    @property
    def encoder(self) -> Encoder:
        """Encoder to decode accepted candidates with."""
        ...

    def accept(self, x: Tensor) -> Tensor:
        """Return the probability of accepting each encoded candidate, shape (n,)."""
        ...

    def make_error(self, x: Tensor, met: int, tried: int) -> Exception:
        """Return the error for conditions met by only `met` of `tried` candidates; `x` are some of the candidates."""
        ...


@dataclass(frozen=True)
class Architecture:
    """Sizes of the two networks.

    Attributes
    ----------
    latent_dim : int
        Length of the latent vector z.
    width : int
        Hidden units of a table network, base channels of an image network.
    n_classes : int
        Number of classes the networks are conditioned on.
    spectral_norm : bool
        Whether the discriminator's linear maps are divided by their largest singular value [1]_.
    batch_norm : bool
        Whether the discriminator normalises over the batch; excludes a gradient penalty.
    kind : str
        Name of the pair of networks, if a modality has several.

    References
    ----------
    .. [1] Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
    """

    latent_dim: int
    width: int
    n_classes: int
    spectral_norm: bool = False
    batch_norm: bool = False
    kind: str = "auto"


@dataclass(frozen=True)
class Defaults:
    """Default settings of a training, for the options that the user leaves open.

    Attributes
    ----------
    width, max_steps, batch_size : int
        See `GANAugmenter`.
    learning_rate : float
        Initial learning rate of both networks.
    kind : str
        Name of the pair of networks.
    augmentation : tuple of str
        Random changes of all samples that the discriminator sees.
    condition_ramp : pair of float or None
        Shares of the training at which class conditioning starts and reaches full strength; None for full strength
        from the start.
    scores : int
        Number of held-out scores in a whole training.
    heavy : bool
        Whether matrix products are large enough to gain from bfloat16 on a CPU at any width.
    held_out : float
        Share of a small data set that is held out, in (0, 0.5).
    coarse_penalty : bool
        Whether the gradient penalty may run in bfloat16, too.
    penalty_weight : float
        Weight of R1 and R2, for the losses that have them.
    reserve : pair of float
        Shares of `max_seconds` that are kept for what follows the training, without filters and with them.
    step_seconds : float
        Most seconds of a training step; where it takes longer on this machine, the cheaper defaults are taken.
    cheaper : Defaults or None
        Defaults whose steps take less time; None if there are none, and steps need not be timed.
    """

    width: int
    max_steps: int
    batch_size: int
    learning_rate: float = 1.6e-3
    kind: str = "auto"
    augmentation: tuple[str, ...] = ()
    condition_ramp: tuple[float, float] | None = None
    scores: int = 12
    heavy: bool = False
    held_out: float = 0.2
    coarse_penalty: bool = False
    penalty_weight: float = 0.15
    reserve: tuple[float, float] = (0.0, 0.25)
    step_seconds: float = math.inf
    cheaper: Defaults | None = None


def row_defaults(n: int) -> Defaults:
    """Return the default settings for `n` samples that are short lists of numbers each.

    Networks are narrow and batches small, because more steps are worth more than wider networks or larger batches that
    take as long; but few samples would be overfitted. They take 1500 steps below two thousand samples, 2600 from there
    on, 5800 for ten thousand, and at most 20,000.
    """
    if n < FEW_ROWS:
        return Defaults(width=128, max_steps=1500, batch_size=int(np.clip(n, 32, 64)))
    return Defaults(width=128, max_steps=int(min(round(58 * n**0.5, -2), 20_000)), batch_size=128)


class Generator(nn.Module):
    """Map latent vectors and classes to encoded samples; the base class of all generators.

    Attributes
    ----------
    noise_dim : int
        Number of uniform random numbers per sample that it takes besides z.
    """

    noise_dim: int

    def sample(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return final samples; ``forward``, with the same arguments, returns differentiable ones for training.

        Parameters
        ----------
        z : Tensor of shape (n, latent_dim)
            Standard normal.
        c : Tensor of shape (n,)
            Class codes.
        noise : Tensor of shape (n, noise_dim)
            Uniform in (0, 1).

        Returns
        -------
        Tensor of shape (n, ...)
            Encoded samples.
        """
        return self(z, c, noise)

    def make_sampler(self, pack: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return a function that draws samples in their stored form, on the CPU, with the present weights.

        Parameters
        ----------
        pack : callable
            ``pack(x) -> Tensor``, the stored form of samples.

        Returns
        -------
        callable
            It takes `z`, `c` and `noise` as `sample` does, and gives samples of the same distribution, not the same
            ones. It may overwrite `noise`.
        """
        return lambda z, c, noise: pack(self.sample(z, c, noise).cpu())


class Classifier(Protocol):
    """Fitted classifier that a model file can store: tensors, and the numbers that fix their shapes."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return logits of shape (n, k), or the log-odds of the second of two classes, of shape (n, 1)."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors by name."""
        ...

    def to_json(self) -> Json:
        """Return the numbers that fix the shapes of the tensors."""
        ...


class OutOfTime(Exception):
    """Raised where the seconds of a training ended before anything was learned."""


class Reader(Protocol):
    """Reads classifiers of one kind from a file; the class of such a `Classifier`."""

    def expected(self, facts: Json) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        """Return dtype and shape of each tensor of the classifier whose `to_json` gave `facts`."""
        ...

    def from_json(self, facts: Json, tensors: Mapping[str, Tensor]) -> Classifier:
        """Return the classifier that `to_json` and `tensors` described."""
        ...


class Learner(Reader, Protocol):
    """Trains the classifiers of a modality, and reads them from a file."""

    def fit(self, x: Tensor, y: Tensor, seed: int) -> Classifier:
        """Return a classifier of samples `x` of shape (n, ...) with codes `y`, 0 to k - 1, all present."""
        ...


@dataclass(frozen=True)
class Modality:
    """One kind of data: how to recognise, encode, generate and score it.

    Attributes
    ----------
    name : str
        Name of the modality in model files.
    accepts : callable
        ``accepts(X) -> bool``, whether `X` is of this kind; called only for ``modality="auto"``.
    encoder : callable
        ``encoder(**options) -> Encoder`` (a class with ``from_json``).
    generator, discriminator : callable
        ``generator(schema, architecture) -> Generator``, and ``discriminator(schema, architecture)``, a module of
        ``(x, c)`` that gives logits; both uninitialised, on the "meta" device.
    score : callable
        ``score(real, synthetic, seed) -> float``, quality of synthetic samples by held-out real ones, higher is
        better. The first two arguments are pairs (features, class codes).
    trains_networks : bool
        Whether `score`, and ``fit`` of the learner, train networks: they then take ``device`` and ``seconds``, too,
        the device of the training and the most seconds, and raise OutOfTime where those are too few. Classifiers then
        have ``to(device)``.
    detect : callable or None
        ``detect(real, synthetic, seed) -> float``, from 0.5 to 1, how well samples are told apart, for the same
        arguments; None if trainings are not to end early.
    options : tuple of str
        Options of `GANAugmenter` that are passed on to the encoder.
    take_apart : callable or None
        ``take_apart(X, y) -> (X, y)``, samples and labels of a container that may hold both; raises DataError. It gets
        ``image`` and ``label``, too, where the user names these fields of items.
    learner : Learner or None
        Trains the classifiers that judge candidates by their features; None takes boosted trees.
    filters : tuple of str
        Filters for this modality.
    defaults : callable or None
        ``defaults(schema, counts, device_type) -> Defaults`` for the number of samples of each class; None takes
        `row_defaults`.
    augment : callable or None
        ``augment(x, names, rng) -> x``, the differentiable augmentations of these names.
    augmentations, architectures : tuple of str
        Names of the augmentations and of the pairs of networks.
    pictures : callable or None
        ``pictures(x) -> ndarray``, encoded samples as uint8 images of shape (n, h, w) or (n, h, w, 3 or 4).
    conditions : callable or None
            ``conditions(encoder, where) -> Conditions`` for the conditions of a user; raises ParameterError.
    describe : callable or None
        ``describe(schema) -> dict``, the part of `GANAugmenter.describe` that depends on the kind of data, as plain
        JSON; None shows the schema itself.
    draw_smooth : callable or None
        ``draw_smooth(encoder, x, codes, rng) -> (x, codes)``, samples of a simple model of few encoded samples, several
        for each, to train on beside them; None if there is no such model.
    block, oversampling : int
        Number of candidates that are generated at once, and of candidates for each sample that judges keep.
    unit : str
        Name of one sample in messages.
    """

    name: str
    accepts: Callable[[Any], bool]
    encoder: Any
    generator: Callable[[Mapping[str, Json], Architecture], Generator]
    discriminator: Callable[[Mapping[str, Json], Architecture], nn.Module]
    score: Callable[..., float]
    detect: Callable[[tuple[Tensor, Tensor], tuple[Tensor, Tensor], int], float] | None = None
    options: tuple[str, ...] = ()
    take_apart: Callable[..., tuple[Any, Any]] | None = None
    learner: Learner | None = None
    filters: tuple[str, ...] = ("density_ratio", "label_agreement", "marginals")
    defaults: Callable[[Mapping[str, Json], Sequence[int], str], Defaults] | None = None
    augment: Callable[[Tensor, Sequence[str], torch.Generator], Tensor] | None = None
    augmentations: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    pictures: Callable[[Tensor], np.ndarray[Any, np.dtype[np.uint8]]] | None = None
    conditions: Callable[[Any, Mapping[Any, Any]], Conditions] | None = None
    describe: Callable[[Mapping[str, Json]], Mapping[str, Json]] | None = None
    draw_smooth: Callable[[Any, Tensor, Tensor, np.random.Generator], tuple[Tensor, Tensor]] | None = None
    block: int = 1536
    oversampling: int = 3
    unit: str = "row"
    trains_networks: bool = False
