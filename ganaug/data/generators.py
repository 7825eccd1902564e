"""Ask a generator for samples, whoever wrote it: the one place that calls ``sample`` of what users bring.

The protocol is that of a fitted `GANAugmenter`: ``sample(None, y=labels, random_state=seed)`` returns the samples of an
array of labels, one for each, and these labels. Where classes are not known, ``sample(n, random_state=seed)`` returns n
samples of any classes, and their labels.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from ..errors import DataError, GanaugError
from .foreign import to_pandas
from .items import convert_label

_SHOWN = 4  # labels of a call that a message shows


def sample_labels(generator: Any, labels: NDArray[Any], seed: int) -> tuple[Any, Any]:
    """Return one sample for each label.

    Parameters
    ----------
    generator : object with ``sample``
        It is called as ``sample(None, y=labels, random_state=seed)``.
    labels : ndarray of shape (m,)
        Labels of the samples.
    seed : int
        Seed of the draw.

    Returns
    -------
    X : m samples
        As the generator returned them.
    y : m labels
        The same as asked for.

    Raises
    ------
    DataError
        The call failed, or returned something else than a sample of each label, in order.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.data.generators import sample_labels
    >>> class Mine:
    ...     def sample(self, n=None, y=None, random_state=None):
    ...         return np.zeros((len(y), 2)), y
    >>> sample_labels(Mine(), np.array([0, 1, 1]), 7)[1]
    array([0, 1, 1])
    """
    X, y = call_sample(generator, None, labels, seed)
    given = y.tolist() if getattr(y, "ndim", 0) == 1 else [convert_label(label) for label in y]
    if len(X) != len(labels) or given != labels.tolist():
        is_other = len(given) == len(labels) and given != labels.tolist()
        got = "other labels" if is_other else f"{len(given)} labels"
        raise DataError(
            f"The augmenter was asked for {len(labels)} samples of given labels and returned {len(X)} with {got}; "
            f"{_write_call(None, labels, seed)} has to return one sample per label, in order, and these labels."
        )
    return X, y


def call_sample(generator: Any, n: int | None, labels: NDArray[Any] | None, seed: int) -> tuple[Any, Any]:
    """Return what ``sample`` of a generator returns, if that is a pair of samples and labels.

    Parameters
    ----------
    generator : object with ``sample``
        Of the user's own, or ganaug's, whose errors stay as they are.
    n : int or None
        Number of samples, of any classes, without `labels`.
    labels : ndarray of shape (m,) or None
        Labels of the samples.
    seed : int
        Seed of the draw.

    Raises
    ------
    DataError
        The call failed, or returned no such pair.
    """
    options = {"random_state": seed} if labels is None else {"y": labels, "random_state": seed}
    try:
        made = generator.sample(n, **options)
    except (GanaugError, NotFittedError):
        raise
    except Exception as error:  # third-party code may raise anything
        raise DataError(
            f"{_write_call(n, labels, seed)} of the augmenter, a {type(generator).__name__}, failed with "
            f"{type(error).__name__}: {error}; make it {_write_duty(n, labels)}."
        ) from error
    if not isinstance(made, tuple | list) or len(made) != 2 or not all(hasattr(part, "__len__") for part in made):
        got = type(made).__name__
        if isinstance(made, tuple | list):
            got += f" of {', '.join(type(part).__name__ for part in made)}"
        raise DataError(
            f"{_write_call(n, labels, seed)} of the augmenter, a {type(generator).__name__}, returned a {got}; make it "
            f"{_write_duty(n, labels)}."
        )
    return made[0], to_pandas(made[1])


def _write_call(n: int | None, labels: NDArray[Any] | None, seed: int) -> str:
    """Return a call as it was made, with the first of its labels."""
    if labels is None:
        return f"sample({n}, random_state={seed})"
    more = ", ..." if len(labels) > _SHOWN else ""
    first = ", ".join(map(repr, labels[:_SHOWN].tolist()))
    return f"sample(None, y=array([{first}{more}]), random_state={seed})"


def _write_duty(n: int | None, labels: NDArray[Any] | None) -> str:
    if labels is None:
        return f"return the pair (X, y) of {n} samples and their labels"
    return f"return the pair (X, y) of {len(labels)} samples, one for each label of y in order, and these labels"
