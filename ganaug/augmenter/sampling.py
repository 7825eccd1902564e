"""Turn the arguments of `sample` into a request: number of rows, their classes and their conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from ..data.labels import allocate_by_share
from ..data.rows import take_rows
from ..errors import ParameterError
from ..modality import Encoder
from ..rng import stream_seed
from ..threads import one_thread
from .class_order import ClassOrder, Codes, GroupedOrder, ListedOrder, SharedOrder
from .model import Model
from .streams import ClassStream, ClassStreams, MixedClassStream, Source

_CHUNK = 10_000
_CHUNK_CELLS = 2**25  # values in a chunk: large images come in smaller chunks


@dataclass(frozen=True)
class Wanted:
    """What a call of `GANAugmenter.sample` asks for, as the user gave it.

    Attributes
    ----------
    n : int or mapping of class to int, or None
        Number of rows, or the number of each class.
    y : label, array-like of labels, mapping of class to int, or None
        Class of all `n` rows, the label of every row, or exact numbers of some classes.
    where : mapping or None
        Conditions on the rows.
    """

    n: Any = None
    y: Any = None
    where: Any = None

    @property
    def by_prior(self) -> bool:
        """Whether classes come in the proportions of the training data."""
        return self.y is None and not isinstance(self.n, Mapping)


@dataclass(frozen=True)
class Request:
    """A request for samples, served in chunks from a first row on.

    Attributes
    ----------
    total : int
        Number of rows of the whole request.
    first : int
        The first row that is served.
    take : callable
        ``take(first, count)`` returns encoded rows `first` to ``first + count - 1``, and their class codes. Calls go
        forward, without gaps.
    encoder : Encoder
        Decodes the rows.
    streams : callable
        ``streams()`` returns the streams from which rows were taken so far.
    seed : int
        Seed of all randomness.
    """

    total: int
    first: int
    take: Callable[[int, int], tuple[Tensor, Codes]]
    encoder: Encoder
    streams: Callable[[], list[ClassStream]]
    seed: int

    @classmethod
    def of(cls, model: Model, wanted: Wanted, latent_scale: float, seed: int, start: int = 0) -> Request:
        """Return the request of a call of `sample`.

        Parameters
        ----------
        model : Model
            The fitted model.
        wanted : Wanted
            Arguments of the call.
        latent_scale : float
            Standard deviation of the latent vector.
        seed : int
            Seed of all randomness in this call.
        start : int
            Row from which on rows are wanted.

        Raises
        ------
        ParameterError
            `n`, `y` or `where` is invalid, or names an unknown column or value, or an unknown or skipped class;
            `start` is beyond the rows, or given beside `where`.
        """
        source, encoder = _find_source(model, wanted.where, latent_scale)
        if source.conditions is not None and start:
            raise ParameterError(
                "The 'start' parameter does not go with 'where': rows that meet conditions are found one after the "
                "other. Leave one of them out."
            )
        if wanted.by_prior and source.conditions is not None:
            return cls._make_conditional(model, source, encoder, _check_count(wanted.n, "n"), seed)
        order = find_order(model, wanted, stream_seed(seed, "classes"))
        if start > order.total:
            raise ParameterError(
                f"The 'start' parameter of sample must be at most n = {order.total}. Got {start} instead."
            )
        first = start - start % chunk_size(encoder)
        streams = ClassStreams(source, stream_seed(seed, "rows"), order.count_before(first))

        def take(first: int, count: int) -> tuple[Tensor, Codes]:
            codes = order.take(first, count)
            return streams.take(codes), codes

        return cls(order.total, start, take, encoder, lambda: list(streams.by_class.values()), seed)

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

        return cls(total, 0, take, encoder, lambda: [stream], seed)

    def count_chunks(self) -> int:
        """Return the number of chunks."""
        return len(self._chunk_starts(self.total))

    def serve(self, stop: int | None = None) -> Iterator[tuple[Any, Codes]]:
        """Yield the rows, and their class codes, in chunks that begin at multiples of `chunk_size`.

        Parameters
        ----------
        stop : int, optional
            The row before which to end. No rows at all are one empty chunk.
        """
        stop = self.total if stop is None else min(stop, self.total)
        chunk = chunk_size(self.encoder)
        for first in self._chunk_starts(stop):
            with one_thread():
                x, codes = self.take(first, min(chunk, stop - first))
                X = self.encoder.inverse_transform(x, first, stream_seed(self.seed, "cells"))
            before = max(0, self.first - first)  # rows of the first chunk that are not wanted
            yield (take_rows(X, np.arange(before, len(codes))), codes[before:]) if before else (X, codes)

    def _chunk_starts(self, stop: int) -> range:
        chunk = chunk_size(self.encoder)
        first = self.first - self.first % chunk
        return range(first, max(stop, first + 1), chunk)

    def count_candidates(self) -> dict[str, int]:
        """Return the number of candidates "tried" so far, and the number that "met" the conditions."""
        streams = self.streams()
        return {"tried": sum(stream.tried for stream in streams), "met": sum(stream.met for stream in streams)}


def chunk_size(encoder: Encoder) -> int:
    """Return the number of rows that are decoded at a time, which decides the random numbers of their cells."""
    return max(1, min(_CHUNK, _CHUNK_CELLS // max(1, encoder.n_features)))


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


def find_order(model: Model, wanted: Wanted, seed: int) -> ClassOrder:
    """Return the class of every row of a request.

    Parameters
    ----------
    model : Model
        The fitted model.
    wanted : Wanted
        Arguments of the call.
    seed : int
        Seed of the order of classes if only a number is given.

    Raises
    ------
    ParameterError
        `n` or `y` is invalid, or names a class that is unknown or was skipped.
    """
    if wanted.by_prior:
        return SharedOrder(model.prior, _check_count(wanted.n, "n"), seed)
    order = _choose_order(model, wanted.n, wanted.y)
    for code in np.flatnonzero(order.count_before(order.total)):
        if not model.prior[code]:
            label, unit = model.labels.values[code], model.modality.unit
            raise ParameterError(
                f"Class {label!r} had a single {unit} and was skipped in training; it cannot be sampled."
            )
    return order


def _choose_order(model: Model, n: Any, y: Any) -> ClassOrder:
    """Return the order of classes that the user gave the numbers of, or one by one."""
    labels, n_classes = model.labels, len(model.prior)
    if isinstance(n, Mapping):
        if y is not None:
            raise ParameterError("Give the numbers per class as n={label: number}, or y, but not both.")
        pairs = [(labels.find(label), _check_count(count, f"n[{label!r}]")) for label, count in n.items()]
        return GroupedOrder(n_classes, pairs)
    if isinstance(y, Mapping):
        return GroupedOrder(n_classes, _fill_classes(model, _check_count(n, "n"), y))
    if np.ndim(y) == 0:
        total = _check_count(n, "n")
        return GroupedOrder(n_classes, [(labels.find(y), total)])
    if n is not None and n != len(y):
        raise ParameterError(f"y has {len(y)} labels, one for each {model.modality.unit}; leave n out. Got n={n!r}.")
    return ListedOrder(n_classes, labels.encode(y))


def _fill_classes(model: Model, n: int, counts: Mapping[Any, Any]) -> list[tuple[int, int]]:
    """Return the number of rows of each class: exact ones of some, and the rest by the shares of the others."""
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
    return [*fixed.items(), *((int(code), int(others[code])) for code in np.flatnonzero(others))]


def _check_count(n: Any, name: str) -> int:
    """Return `n` as an int; raise ParameterError for anything but a whole number of at least 0."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
        raise ParameterError(f"The {name!r} parameter of sample must be an integer of at least 0. Got {n!r} instead.")
    return int(n)
