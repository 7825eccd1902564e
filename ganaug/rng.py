"""Derive independent, named random streams from one seed, and keep the global random state out of results.

ganaug itself neither reads nor writes the global random state (``random``, ``numpy.random``, ``torch``), so that fits
in several threads, or inside somebody else's program, do not disturb each other. Transforms and data sets of users may
draw from it; `isolated_global_state` runs them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
import torch

from .errors import ParameterError

Seed: TypeAlias = "int | np.random.RandomState | np.random.Generator | None"

_SEED_LIMIT = 2**63


def new_seed(random_state: Seed) -> int:
    """Return the integer seed behind a `random_state`.

    Parameters
    ----------
    random_state : int, numpy RandomState or Generator, or None
        An integer is returned as it is; a generator is drawn from (and so advances); None takes fresh entropy from
        the operating system.

    Returns
    -------
    int
        A number in [0, 2**63).

    Raises
    ------
    ParameterError
        `random_state` is none of these, or negative.
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(0, 2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(0, _SEED_LIMIT))
    is_integer = isinstance(random_state, int | np.integer) and not isinstance(random_state, bool)
    if not is_integer or not 0 <= int(random_state) < _SEED_LIMIT:
        raise ParameterError(
            "The 'random_state' parameter must be an integer from 0 to 2**63 - 1, a numpy RandomState or Generator, "
            f"or None. Got {random_state!r} instead."
        )
    return int(random_state)


def stream_seed(seed: int, *names: str | int) -> int:
    """Return the seed of the stream called `names`, statistically independent of every other name.

    Parameters
    ----------
    seed : int
        What `new_seed` returned.
    *names : str or int
        What the stream is for, such as ``("sample", 3, 17)``.

    Returns
    -------
    int
        A number in [0, 2**63).
    """
    text = repr((seed, *names)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def numpy_stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return a numpy generator for the stream called `names`; see `stream_seed`."""
    return np.random.default_rng(stream_seed(seed, *names))


def torch_stream(seed: int, *names: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a torch generator on `device` for the stream called `names`; see `stream_seed`."""
    return torch.Generator(device=device).manual_seed(stream_seed(seed, *names))


@contextmanager
def isolated_global_state(rng: torch.Generator | None = None) -> Iterator[None]:
    """Run code that may draw from the global generators of python, numpy and torch, and restore their states.

    Parameters
    ----------
    rng : torch.Generator, default=None
        Seeds the global generators by one draw, which advances it. With None they continue from their states.

    Notes
    -----
    Of torch only the generator of the CPU is seeded and restored.

    Examples
    --------
    >>> import random
    >>> from ganaug.rng import isolated_global_state, torch_stream
    >>> def draw():
    ...     with isolated_global_state(torch_stream(0, "augmentation")):
    ...         return random.random()
    >>> draw() == draw()
    True
    """
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 - restored below
    torch_state = torch.random.get_rng_state()
    try:
        if rng is not None:
            _seed_global_generators(int(torch.randint(2**63 - 1, (), generator=rng, device=rng.device)))
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.random.set_rng_state(torch_state)


def _seed_global_generators(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002, TID251 - inside isolated_global_state alone
    torch.default_generator.manual_seed(seed)
