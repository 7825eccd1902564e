"""Turn the arguments of `sample` into a request: number of rows, their classes and their conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..data.labels import allocate_by_share
from ..errors import ParameterError
from ..modality import Encoder
from ..rng import stream_seed
from .model import Model
from .streams import ClassStream, ClassStreams, MixedClassStream, Source, prior_codes

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Request:
    """A request for samples, served in chunks from the first row on.

    Attributes
    ----------
    total : int
        Number of rows.
    take : callable
        ``take(first, count)`` returns encoded rows `first` to ``first + count - 1``, and their class codes.
    encoder : Encoder
        Decodes the rows.
    streams : callable
        ``streams()`` returns the streams from which rows were taken so far.
    """

    total: int
    take: Callable[[int, int], tuple[Tensor, Codes]]
    encoder: Encoder
    streams: Callable[[], list[ClassStream]]

    @classmethod
    def of(cls, model: Model, n: Any, y: Any, where: Any, latent_scale: float, seed: int) -> Request:
        """Return the request of a call of `sample`.

        Parameters
        ----------
        model : Model
            The fitted model.
        n : int or mapping of class to int, or None
            Number of rows, or the number of each class.
                y : label, array-like of labels, mapping of class to int, or None
            Class of all `n` rows, the label of every row, or exact numbers of some classes.
                where : mapping or None
            Conditions on the rows.
        latent_scale : float
            Standard deviation of the latent vector.
        seed : int
            Seed of all randomness in this call.

        Raises
        ------
        ParameterError
            `n`, `y` or `where` is invalid, or names an unknown column or value, or an unknown or skipped class.
        """
        source, encoder = _find_source(model, where, latent_scale)
        by_prior = y is None and not isinstance(n, Mapping)
        if by_prior and source.conditions is not None:
            return cls._make_conditional(model, source, encoder, _check_count(n, "n"), seed)
        total, codes_of = find_codes(model, n, y, stream_seed(seed, "classes"))
        streams = ClassStreams(source, stream_seed(seed, "rows"))

        def take(first: int, count: int) -> tuple[Tensor, Codes]:
            codes = codes_of(first, count)
            return streams.take(codes), codes

        return cls(total, take, encoder, lambda: list(streams.by_class.values()))

    @classmethod
    def _make_conditional(cls, model: Model, source: Source, encoder: Encoder, total: int, seed: int) -> Request:
        """Return a request for classes in the proportions in which they meet the conditions."""
        stream = MixedClassStream(source, model.prior, stream_seed(seed, "rows"))
        nothing = ClassStreams(source, 0).take(np.empty(0, dtype=np.int64)), np.empty(0, dtype=np.int64)

        def take(first: int, count: int) -> tuple[Tensor, Codes]:
            if not count:
                return nothing
            x, codes = stream.take_with_codes(count)
            return x, codes.numpy()

        return cls(total, take, encoder, lambda: [stream])

    def count_candidates(self) -> dict[str, int]:
        """Return the number of candidates "tried" so far, and the number that "met" the conditions."""
        streams = self.streams()
        return {"tried": sum(stream.tried for stream in streams), "met": sum(stream.met for stream in streams)}


def _find_source(model: Model, where: Any, latent_scale: float) -> tuple[Source, Encoder]:
    """Return the source of the samples, with conditions if there are any, and the encoder to decode them."""
    source = model.source(latent_scale)
    if where is not None and not isinstance(where, Mapping):
        raise ParameterError(
            "The 'where' parameter of sample must be a mapping of column to condition, such as {'age': (30, 40)}. Got "
            f"{where!r} instead."
        )
    if not where:
        return source, model.encoder
    if model.modality.conditions is None:
        raise ParameterError(f"The 'where' parameter does not apply to {model.modality.name} data; leave it out.")
    if (label := model.labels.container["name"]) is not None and label in where:
        raise ParameterError(
            f"where names {label!r}, which is the label; choose classes by y, or n={{class: number}} (--class)."
        )
    conditions = model.modality.conditions(model.encoder, where)
    return replace(source, conditions=conditions), conditions.encoder


def find_codes(model: Model, n: Any, y: Any, seed: int) -> tuple[int, Callable[[int, int], Codes]]:
    """Return the number of rows of a request, and the function that returns their class codes.

    Parameters
    ----------
    model : Model
        The fitted model.
    n : int or mapping of class to int, or None
        Number of rows, or the number of each class.
        y : label, array-like of labels, mapping of class to int, or None
        Class of all `n` rows, the label of every row, or exact numbers of some classes.
        seed : int
        Seed of the order of classes if only a number is given.

    Returns
    -------
    total : int
        Number of rows.
    codes_of : callable
        ``codes_of(first, count)`` returns the codes of rows `first` to ``first + count - 1``.

    Raises
    ------
    ParameterError
        `n` or `y` is invalid, or names a class that is unknown or was skipped.
    """
    if y is None and not isinstance(n, Mapping):
        return _check_count(n, "n"), lambda first, count: prior_codes(model.prior, first, count, seed)
    codes = _list_codes(model, n, y)
    for code in np.unique(codes):
        if not model.prior[code]:
            label, unit = model.labels.values[code], model.modality.unit
            raise ParameterError(
                f"Class {label!r} had a single {unit} and was skipped in training; it cannot be sampled."
            )
    return len(codes), lambda first, count: codes[first : first + count]


def _list_codes(model: Model, n: Any, y: Any) -> Codes:
    """Return the class code of every row."""
    labels = model.labels
    if isinstance(n, Mapping):
        if y is not None:
            raise ParameterError("Give the numbers per class as n={label: number}, or y, but not both.")
        pairs = [(labels.find(label), _check_count(count, f"n[{label!r}]")) for label, count in n.items()]
        return np.repeat([code for code, _ in pairs], [count for _, count in pairs]).astype(np.int64)
    if isinstance(y, Mapping):
        return _fill_classes(model, _check_count(n, "n"), y)
    if np.ndim(y) == 0:
        return np.full(_check_count(n, "n"), labels.find(y), dtype=np.int64)
    if n is not None and n != len(y):
        raise ParameterError(f"y has {len(y)} labels, one for each {model.modality.unit}; leave n out. Got n={n!r}.")
    return labels.encode(y)


def _fill_classes(model: Model, n: int, counts: Mapping[Any, Any]) -> Codes:
    """Return the codes of `n` rows: exact numbers of some classes, and the rest by the shares of the others."""
    fixed = {model.labels.find(label): _check_count(count, f"y[{label!r}]") for label, count in counts.items()}
    rest = n - sum(fixed.values())
    if rest < 0:
        raise ParameterError(f"y (--class) asks for {n - rest} samples, n for {n}; raise n (-n) or leave it out.")
    shares = np.asarray(model.prior, dtype=np.float64)
    shares[list(fixed)] = 0.0
    if rest and not shares.any():
        raise ParameterError(
            f"y (--class) names every class and leaves {rest} of n = {n} over; leave n (-n) out, or raise the numbers."
        )
    others = allocate_by_share(rest, shares)
    codes = [*fixed, *np.flatnonzero(others)]
    return np.repeat(codes, [*fixed.values(), *others[others > 0]]).astype(np.int64)


def _check_count(n: Any, name: str) -> int:
    """Return `n` as an int; raise ParameterError for anything but a whole number of at least 0."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
        raise ParameterError(f"The {name!r} parameter of sample must be an integer of at least 0. Got {n!r} instead.")
    return int(n)
