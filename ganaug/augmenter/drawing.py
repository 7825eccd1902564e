"""What a fitted augmenter gives: samples of any class, and real rows with synthetic ones below them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sklearn.utils.validation import check_is_fitted

from ..data.checks import taken_apart
from ..params import check_params
from ..rng import Seed, new_seed, stream_seed
from ..threads import one_thread
from .model import Model
from .requests import Request
from .resampling import Resampled, resample, wanted_counts
from .rules import RULES

_CHUNK = 10_000
_CHUNK_CELLS = 2**25  # so that large images come in smaller pieces


class SamplingMixin:
    """The methods of `GANAugmenter` that need no training."""

    model_: Model
    latent_scale: float
    random_state: Seed
    sampling_strategy: Any

    def sample(
        self,
        n: int | Mapping[Any, int] | None = None,
        y: Any = None,
        random_state: Seed = None,
        where: Mapping[Any, Any] | None = None,
    ) -> tuple[Any, Any]:
        """Return synthetic rows or images, and their labels.

        Parameters
        ----------
        n : int >= 0 or mapping of class to int, default=None
            Number of rows, in the proportions of the classes in training; or the exact number of each class. Not
            given when `y` is an array.
        y : label, or array-like of shape (n,), default=None
            A class, of which `n` rows are returned; or a label for every row that is wanted, in order.
        random_state : int, numpy RandomState or Generator, or None, default=None
            None takes the augmenter's own. With an integer the same call gives the same rows again, and
            ``sample(a)`` is a prefix of ``sample(b)``.
        where : mapping of column to condition, default=None
            Of tables: what every row has to meet, such as ``{"sex": "Female", "age": (30, 40)}``. A condition is a
            value; a list or set of values; or a tuple ``(low, high)`` of numbers or dates, both included, with None
            for an open end. None and NaN among values stand for a missing cell. Candidates are made until enough of
            them meet it, and `conditions_` says how many that took; where only a number is asked for, classes come in
            the proportions in which they meet it.

        Returns
        -------
        X : DataFrame, ndarray or Tensor of n samples
            Rows with columns, order, dtypes and value ranges of those in training. Images in their container, layout,
            size, dtype and range; lists, data sets and folders of them as one array or tensor.
        y : Series, ndarray, Tensor or list of shape (n,)
            Labels, in the container and dtype that `fit` got.

        Raises
        ------
        NotFittedError
            The augmenter is not fitted.
        ParameterError
            `n`, `y` or `where` is not what it may be, or names what was not in training; or hardly any of two million
            candidates meets `where`.
        DataError
            A label of an array `y` is none of the classes.
        """
        check_is_fitted(self)
        chunks = list(self.sample_chunks(n, y, random_state, where))
        encoder, labels = self.model_.encoder, self.model_.labels
        return encoder.join([X for X, _ in chunks]), labels.join([part for _, part in chunks])

    def sample_chunks(
        self,
        n: int | Mapping[Any, int] | None = None,
        y: Any = None,
        random_state: Seed = None,
        where: Mapping[Any, Any] | None = None,
    ) -> Iterator[tuple[Any, Any]]:
        """Yield what `sample` returns, 10,000 rows (of large images fewer) at a time, in bounded memory.

        Parameters
        ----------
        n, y, random_state, where
            As for `sample`.

        Yields
        ------
        X, y
            Rows and their labels; together, exactly those of `sample`.
        """
        check_is_fitted(self)
        check_params(type(self).__name__, {"latent_scale": self.latent_scale}, RULES)
        model = self.model_
        seed = new_seed(self.random_state if random_state is None else random_state)
        wanted = Request.of(model, n, y, where, self.latent_scale, seed)
        chunk = max(1, min(_CHUNK, _CHUNK_CELLS // max(1, model.encoder.n_features)))
        for first in range(0, max(wanted.total, 1), chunk):
            with one_thread():
                x, codes = wanted.take(first, min(chunk, wanted.total - first))
                X = wanted.encoder.inverse_transform(x, first, stream_seed(seed, "cells"))
            if where:
                self.conditions_ = wanted.cost()
            yield X, model.labels.restore(codes)

    def resample(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        """Return the rows with synthetic ones below them, as `sampling_strategy` wants, without training again.

        Parameters
        ----------
        X, y
            Rows of the columns and classes that were learned; not necessarily the training rows.
        """
        check_is_fitted(self)
        wanted = {name: getattr(self, name) for name in ("sampling_strategy", "latent_scale")}
        check_params(type(self).__name__, wanted, RULES)
        X, y = taken_apart(self.model_.modality, X, y)
        counts = wanted_counts(self.sampling_strategy, self.model_, y)
        with one_thread():
            seed = stream_seed(new_seed(self.random_state), "resample")
            done: Resampled = resample(self.model_, X, y, counts, seed, self.latent_scale)
        self.sampling_strategy_ = {self.model_.labels.values[code]: count for code, count in counts.items()}
        self.resampled_ = {"added": done.added, "dropped": done.dropped, "copies_kept": done.copies_kept}
        return done.X, done.y
