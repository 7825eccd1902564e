"""Cut a table so that one class is rare, to measure whether a generator still learns it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..shared.protocol import BenchmarkError
from ..shared.tables import Rare, Task

SHARES = (0.001, 0.005, 0.01, 0.02)
TABLES = ("mammography", "adult", "magic")
MIN_RARE = 20  # training rows of the rare class; with fewer, a score says more about the draw than about a model


class ExcludedError(BenchmarkError):
    """The table does not allow the cut; the text says why."""


def make_rare_task(task: Task, share: float, seed: int) -> Task:
    """Return the task with the rarest class undersampled to `share` of the training rows; all other rows stay.

    The test rows all stay, too: those of the rare class are weighted to the same share, since undersampling would leave
    only a handful.

    Parameters
    ----------
    task : Task
    share : float
        Of the rarest class in all training rows that are left, in (0, 1).
    seed : int
        Of the draw; a smaller share is a part of a larger one.

    Raises
    ------
    ExcludedError
        That would leave fewer than `MIN_RARE` rows, or the class is rarer already.
    """
    is_rare = (task.tidy_train[task.columns.target] == task.rarest).to_numpy()
    n_wanted = round(share / (1 - share) * int((~is_rare).sum()))
    if n_wanted < MIN_RARE:
        raise ExcludedError(f"{n_wanted} training rows of class {task.rarest!r} would be left, fewer than {MIN_RARE}")
    if n_wanted > is_rare.sum():
        raise ExcludedError(f"class {task.rarest!r} has {is_rare.mean():.2%} of the training rows already")
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(is_rare))[:n_wanted]
    kept = np.sort(np.concatenate([np.flatnonzero(~is_rare), drawn]))
    rare = Rare(share, _weigh_rows(task, share))
    return replace(task, train=task.train.iloc[kept].reset_index(drop=True), rare=rare)


def _weigh_rows(task: Task, share: float) -> np.ndarray:
    """Return the weight of each test row; those of the rare class sum to `share` of all."""
    is_rare = (task.tidy_test[task.columns.target] == task.rarest).to_numpy()
    if not is_rare.any() or is_rare.all():
        raise ExcludedError(f"the test rows need some of class {task.rarest!r} and some of another")
    return np.where(is_rare, share / (1 - share) * (~is_rare).sum() / is_rare.sum(), 1.0)
