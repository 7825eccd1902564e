"""What a kind of data (tables, images, ...) must provide; the rest of ganaug sees nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

Json = Any


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
        """Return `X` as a float32 tensor of shape (n, ...)."""
        ...

    def inverse_transform(self, x: Tensor, first_row: int, seed: int) -> Any:
        """Return encoded samples as user data; `first_row` counts the rows that came before in the same call."""
        ...

    def features(self, x: Tensor) -> Tensor:
        """Return encoded samples as (n, d) numbers that a tree can split."""
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

    References
    ----------
    .. [1] Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
    """

    latent_dim: int
    width: int
    n_classes: int
    spectral_norm: bool = False
    batch_norm: bool = False


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
    """

    name: str
    accepts: Callable[[Any], bool]
    encoder: Any
    generator: Callable[[Mapping[str, Json], Architecture], Generator]
    discriminator: Callable[[Mapping[str, Json], Architecture], nn.Module]
    score: Callable[[tuple[Tensor, Tensor], tuple[Tensor, Tensor], int], float]
