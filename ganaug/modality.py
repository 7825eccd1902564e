"""What a kind of data (tables, images, ...) must provide; the rest of ganaug sees nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

Json = Any

FEW_ROWS = 2000
"""Below so many, networks are smaller."""


class Encoder(Protocol):
    """The reversible map between user data and tensors; everything it learned is plain JSON."""

    @property
    def n_features(self) -> int:
        """Number of columns or other features."""
        ...

    def fit(self, X: Any, rng: np.random.Generator) -> Encoder:
        """Learn the schema of `X`."""
        ...

    def check(self, X: Any) -> Any:
        """Return `X` in the form `transform` takes, or raise DataError when it does not match the schema."""
        ...

    def transform(self, X: Any, rng: np.random.Generator) -> Tensor:
        """Return `X` as a tensor of shape (n, ...), float32, or whatever takes less memory; see `get_expand`."""
        ...

    def inverse_transform(self, x: Tensor, first_row: int, seed: int) -> Any:
        """Return encoded samples as user data; `first_row` counts the rows that came before in the same call."""
        ...

    def features(self, x: Tensor) -> Tensor:
        """Return encoded samples as (n, d) numbers that a tree can split; those of `transform` and of a generator."""
        ...

    def copies(self, X: Any, synthetic: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which rows of `synthetic` equal a row of `X`."""
        ...

    def join(self, parts: list[Any]) -> Any:
        """Return several pieces of user data as one."""
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
    """Return the map from samples as `encoder.transform` gives them to samples as networks see them, float32.

    That is the method ``expand`` of an encoder that has one, and is called for each batch; other encoders give them so
    at once.
    """
    return getattr(encoder, "expand", identity)


def get_pack(encoder: Encoder) -> Callable[[Tensor], Tensor]:
    """Return the map from samples as a generator makes them to those that are kept until they are decoded.

    That is the method ``pack`` of an encoder that has one: it gives what ``expand`` takes, and `features` and
    `inverse_transform` must take that too. Other encoders have their samples kept as they are.
    """
    return getattr(encoder, "pack", identity)


def identity(x: Tensor) -> Tensor:
    """Return `x`."""
    return x


class Conditions(Protocol):
    """What samples have to meet, of a modality whose samples can be asked for by what they are like."""

    @property
    def encoder(self) -> Encoder:
        """What decodes the candidates that were taken."""
        ...

    def accept(self, x: Tensor) -> Tensor:
        """Return with what probability each encoded candidate is to be taken, shape (n,)."""
        ...

    def make_error(self, x: Tensor, met: int, tried: int) -> Exception:
        """Return the error for conditions that `met` of `tried` candidates meet; `x` are some of these."""
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
        How many classes the networks are conditioned on.
    spectral_norm : bool
        Whether the discriminator's linear maps are divided by their largest singular value [1]_.
    batch_norm : bool
        Whether the discriminator normalises over the batch; only losses without a gradient penalty may.
    kind : str
        Which pair of networks, where a modality has several.

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
    """What a training takes where the user leaves it open.

    Attributes
    ----------
    width, max_steps, batch_size : int
        See `GANAugmenter`.
    learning_rate : float
        Of both networks, at the start.
    kind : str
        Which pair of networks.
    augmentation : tuple of str
        Changes by which both networks see real and synthetic samples.
    condition_ramp : pair of float or None
        Shares of the training between which the networks are told of classes little by little; None from the start.
    scores : int
        Held-out scores in a whole training.
    heavy : bool
        Whether products are so large that bfloat16 pays on a CPU, whatever the width.
    held_out : float
        Share of a small data set that only judges, in (0, 0.5).
    coarse_penalty : bool
        Whether bfloat16 is good enough for the gradient penalty, too.
    """

    width: int
    max_steps: int
    batch_size: int
    learning_rate: float = 8e-4
    kind: str = "auto"
    augmentation: tuple[str, ...] = ()
    condition_ramp: tuple[float, float] | None = None
    scores: int = 12
    heavy: bool = False
    held_out: float = 0.2
    coarse_penalty: bool = False


def row_defaults(n: int) -> Defaults:
    """Return what `n` samples take that are little more than a list of numbers each.

    1500 steps for up to three thousand samples, 2600 for ten thousand, and never more than 10,000.
    """
    small = n < FEW_ROWS
    batch_size = int(np.clip(n, 32, 64 if small else 256))
    max_steps = int(np.clip(round(26 * n**0.5, -2), 1500, 10_000))
    return Defaults(width=128 if small else 256, max_steps=max_steps, batch_size=batch_size)


class Generator(nn.Module):
    """Latent vectors and classes to encoded samples; what every modality's generator is.

    Attributes
    ----------
    noise_dim : int
        How many uniform numbers per sample it wants besides z.
    """

    noise_dim: int

    def sample(self, z: Tensor, c: Tensor, noise: Tensor) -> Tensor:
        """Return final samples; ``forward``, of the same arguments, gives the soft ones that training needs.

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


class Classifier(Protocol):
    """A fitted classifier that a model file can hold: tensors, and the numbers that fix their shapes."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return logits of shape (n, k), or the log-odds of the second of two classes, of shape (n, 1)."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors by name."""
        ...

    def to_json(self) -> Json:
        """Return what fixes the shapes of the tensors."""
        ...


class Reader(Protocol):
    """How classifiers of one kind are read back; the class of such a `Classifier`."""

    def expected(self, facts: Json) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        """Return dtype and shape of each tensor of the classifier whose `to_json` gave `facts`."""
        ...

    def from_json(self, facts: Json, tensors: Mapping[str, Tensor]) -> Classifier:
        """Return the classifier that `to_json` and `tensors` described."""
        ...


class Learner(Reader, Protocol):
    """How a modality's classifiers are trained, and read back."""

    def fit(self, x: Tensor, y: Tensor, seed: int) -> Classifier:
        """Return a classifier of samples `x` of shape (n, ...) with codes `y`, 0 to k - 1, all present."""
        ...


@dataclass(frozen=True)
class Modality:
    """One kind of data: how it is recognised, encoded, generated and judged.

    Attributes
    ----------
    name : str
        Name under which a model file remembers the modality.
    accepts : callable
        ``accepts(X) -> bool``, whether `X` is of this kind; asked only for ``modality="auto"``.
    encoder : callable
        ``encoder(**options) -> Encoder`` (a class with ``from_json``).
    generator, discriminator : callable
        ``generator(schema, architecture) -> Generator``, and ``discriminator(schema, architecture)``, a module of
        ``(x, c)`` that gives logits; both uninitialised, on the "meta" device.
    score : callable
        ``score(real, synthetic, seed) -> float``: how good synthetic samples are by held-out real ones, higher is
        better. Each argument is a pair (features, class codes).
    options : tuple of str
        Options of `GANAugmenter` that are the encoder's.
    take_apart : callable or None
        ``take_apart(X, y) -> (X, y)``: samples and labels of whatever may hold both; raises DataError.
    learner : Learner or None
        Trains the classifiers that judge candidates by their features; None takes boosted trees.
    filters : tuple of str
        Which filters such a classifier is good for, those to be tried by themselves first.
    defaults : callable or None
        ``defaults(schema, counts, device_type) -> Defaults`` for so many samples of each class; None takes
        `row_defaults`.
    augment : callable or None
        ``augment(x, names, rng) -> x``, differentiable: the changes that `augmentation` names.
    augmentations, architectures : tuple of str
        What there is of them, and of pairs of networks.
    pictures : callable or None
        ``pictures(x) -> ndarray``, encoded samples as uint8 images of shape (n, h, w) or (n, h, w, 3 or 4).
    conditions : callable or None
        ``conditions(encoder, where) -> Conditions`` for what a user wants samples to be like; raises ParameterError.
    describe : callable or None
        ``describe(schema) -> dict``, the part of `GANAugmenter.describe` that depends on the kind of data, as plain
        JSON; None shows the schema itself.
    block, oversampling : int
        Candidates that are generated at once, and for each sample that is kept where judges weigh them.
    unit : str
        What messages call one sample.
    """

    name: str
    accepts: Callable[[Any], bool]
    encoder: Any
    generator: Callable[[Mapping[str, Json], Architecture], Generator]
    discriminator: Callable[[Mapping[str, Json], Architecture], nn.Module]
    score: Callable[[tuple[Tensor, Tensor], tuple[Tensor, Tensor], int], float]
    options: tuple[str, ...] = ()
    take_apart: Callable[[Any, Any], tuple[Any, Any]] | None = None
    learner: Learner | None = None
    filters: tuple[str, ...] = ("density_ratio", "label_agreement", "marginals")
    defaults: Callable[[Mapping[str, Json], Sequence[int], str], Defaults] | None = None
    augment: Callable[[Tensor, Sequence[str], torch.Generator], Tensor] | None = None
    augmentations: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    pictures: Callable[[Tensor], np.ndarray[Any, np.dtype[np.uint8]]] | None = None
    conditions: Callable[[Any, Mapping[Any, Any]], Conditions] | None = None
    describe: Callable[[Mapping[str, Json]], Mapping[str, Json]] | None = None
    block: int = 1536
    oversampling: int = 3
    unit: str = "row"
