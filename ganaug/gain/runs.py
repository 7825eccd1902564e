"""Run the folds of an experiment as independent pieces of work, in processes or on a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from joblib import delayed
from numpy.typing import NDArray
from sklearn.base import clone

from ..data.rows import take_rows
from ..errors import DataWarning
from ..jobs import run_jobs
from ..progress import track_items
from .arms import TAUGHT_ARMS, group_by_training
from .experiment import Amounts, ArmScores, PreparedFold, evaluate_arms, prepare_fold
from .folds import Fold
from .teaching import evaluate_taught


@dataclass(frozen=True)
class Experiment:
    """Data, folds, classifiers and metrics of an experiment, which all folds and arms share."""

    X: Any
    y: Any
    folds: list[Fold]
    classifiers: Mapping[str, Any]
    scorers: Mapping[str, Any]
    arms: list[str]
    labels: NDArray[Any]
    groups: NDArray[Any] | None
    teacher: Any


@dataclass(frozen=True)
class Runs:
    """The work of an experiment with one augmenter.

    Attributes
    ----------
    experiment : Experiment
        Data, folds, classifiers, metrics and arms.
    augmenter : sampler
        It is cloned in each fold.
    amounts : Amounts
        Numbers of synthetic rows.
    fidelity : bool
        Whether to compare synthetic rows with real ones.
    """

    experiment: Experiment
    augmenter: Any
    amounts: Amounts
    fidelity: bool

    def run(self, n_jobs: int | None, n_workers: int, verbose: int) -> tuple[list[PreparedFold], list[ArmScores]]:
        """Do all the work, and return for each fold what was prepared and scored, without its rows.

        A fold is one piece of work, so that its data go to a worker once and scores alone come back. Where there are
        more workers than folds, arms are pieces, too. The numbers are the same.

        Parameters
        ----------
        n_jobs : int or None
            Number of jobs, as for `joblib.Parallel`.
        n_workers : int
            How many that are.
        verbose : int
            0 is silent.
        """
        if n_workers > len(self.experiment.folds):
            return self._run_arms(n_jobs, verbose)
        jobs = (delayed(_measure_fold)(self._keep(fold), fold) for fold in self.experiment.folds)
        done = list(track_items(run_jobs(jobs, n_jobs), len(self.experiment.folds), "measuring folds", verbose))
        return [prepared for prepared, _ in done], [scores for _, evaluated in done for scores in evaluated]

    def _keep(self, fold: Fold) -> Runs:
        """Return the same work without the other folds."""
        return replace(self, experiment=replace(self.experiment, folds=[fold]))

    def prepare(self, fold: Fold) -> PreparedFold:
        """Fit the augmenter and draw synthetic rows in a fold."""
        own = self.experiment
        return prepare_fold(self.augmenter, own.X, own.y, own.groups, fold, self.amounts, self.fidelity)

    def list_evaluations(self, prepared: PreparedFold, fold: Fold) -> list[tuple[Any, ...]]:
        """Return the calls that train and score classifiers, one for the arms that share a training or a teacher."""
        own = self.experiment
        test = take_rows(own.X, fold.test), own.labels[fold.test]
        calls: list[tuple[Any, ...]] = []
        for arms in group_by_training(own.arms).values():
            given = (arms, prepared.data, fold, test, own.classifiers, own.scorers)
            taught = arms[0] in TAUGHT_ARMS
            calls.append((evaluate_taught, *given, own.teacher) if taught else (evaluate_arms, *given))
        return calls

    def _run_arms(self, n_jobs: int | None, verbose: int) -> tuple[list[PreparedFold], list[ArmScores]]:
        folds: Sequence[Fold] = self.experiment.folds
        jobs = (delayed(_prepare)(self._keep(fold), fold) for fold in folds)
        prepared = list(track_items(run_jobs(jobs, n_jobs), len(folds), "fitting the augmenter", verbose))
        total = len(folds) * len(group_by_training(self.experiment.arms))
        jobs = (
            delayed(call)(*given)
            for fold, done in zip(folds, prepared, strict=True)
            for call, *given in self.list_evaluations(done, fold)
        )
        evaluated = list(track_items(run_jobs(jobs, n_jobs), total, "training classifiers", verbose))
        return [done.without_rows() for done in prepared], evaluated


def _prepare(runs: Runs, fold: Fold) -> PreparedFold:
    return runs.prepare(fold)


def _measure_fold(runs: Runs, fold: Fold) -> tuple[PreparedFold, list[ArmScores]]:
    """Prepare a fold and score all its arms: a function of a module, which every backend of joblib can send."""
    prepared = runs.prepare(fold)
    evaluated = [call(*given) for call, *given in runs.list_evaluations(prepared, fold)]
    return prepared.without_rows(), evaluated


def keep_off_gpu(augmenter: Any) -> Any:
    """Return an augmenter that trains on the CPU where its device is "auto", for several workers that share a GPU.

    Warns
    -----
    DataWarning
        There is a GPU, which then is not used.
    """
    params = augmenter.get_params() if hasattr(augmenter, "get_params") else {}
    open_ = [name for name, value in params.items() if name.split("__")[-1] == "device" and value == "auto"]
    if not open_:
        return augmenter
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        warnings.warn(
            "Several jobs would train on one GPU; they take the CPU, as device is 'auto'. Say device='cuda' to share "
            "the GPU, or n_jobs=1 to use it for one training after the other.",
            DataWarning,
            stacklevel=3,
        )
    return clone(augmenter, safe=False).set_params(**dict.fromkeys(open_, "cpu"))
