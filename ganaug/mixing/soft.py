"""Turn labels into class probabilities: those of a teacher for synthetic samples, one-hot rows for real ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError

Teacher: TypeAlias = Callable[[Any], Any]

_TOLERANCE = 1e-3  # within which probabilities of a sample have to sum to 1


class LabelSoftener:
    """Class probabilities of samples, in the form that MixUp gives labels: float32 of shape (n_classes,).

    The teacher stays in the process that made the softener; worker processes need only what it said.

    Parameters
    ----------
    teacher : classifier with ``predict_proba``, or callable
        A callable gets all samples at once, as the augmenter returns them, and returns an array or tensor of
        probabilities of shape (m, n_classes). Column i is the class that the loader labels i.

    Attributes
    ----------
    n_classes : int or None
        Number of classes; None until a callable was asked for the first time.
    """

    def __init__(self, teacher: Any):
        self._teacher = teacher
        self._names = None if not hasattr(teacher, "classes_") else np.asarray(teacher.classes_).tolist()
        self.n_classes = None if self._names is None else len(self._names)
        self._real: Tensor | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what workers need."""
        return {**self.__dict__, "_teacher": None}

    def predict(self, X: Any) -> Tensor:
        """Return the probabilities of samples.

        Parameters
        ----------
        X : samples
            As the augmenter returns them.

        Returns
        -------
        Tensor of shape (m, n_classes), float32

        Raises
        ------
        DataError
            The teacher fails, or returns anything but probabilities of m samples.
        """
        ask = getattr(self._teacher, "predict_proba", self._teacher)
        try:
            with torch.no_grad():
                found = ask(X)
        except Exception as error:
            raise DataError(
                f"soft_labels= failed on {len(X)} synthetic samples with {type(error).__name__}: {error}; make it take "
                "what the augmenter samples."
            ) from error
        proba = torch.as_tensor(found if isinstance(found, Tensor) else np.asarray(found)).detach().cpu().float()
        if proba.ndim != 2 or len(proba) != len(X):
            raise DataError(
                f"soft_labels= got {len(X)} samples and returned the shape {tuple(proba.shape)}; return a row of class "
                "probabilities for each."
            )
        if not torch.isfinite(proba).all() or (proba < 0).any() or ((proba.sum(1) - 1).abs() > _TOLERANCE).any():
            raise DataError(
                "soft_labels= returned rows that are no probabilities, as they have to be 0 or more and to sum to 1; "
                "apply softmax to logits."
            )
        self.n_classes = proba.shape[1]
        return proba

    def check_classes(self, matched: Mapping[Hashable, Any]) -> None:
        """Check that labels number the teacher's classes.

        Parameters
        ----------
        matched : mapping
            Labels of the loader to classes of the augmenter.

        Raises
        ------
        DataError
            A label is no whole number from 0 to the number of classes, or the teacher has another class there.
        """
        for label, name in matched.items():
            if type(label) is not int or label < 0 or (self.n_classes is not None and label >= self.n_classes):
                most = "" if self.n_classes is None else f" to {self.n_classes - 1}"
                raise DataError(
                    f"soft_labels= needs labels that number the classes from 0{most}, and the data have {label!r}; "
                    "give such labels by target_transform."
                )
            if self._names is not None and self._names[label] not in (name, label):
                raise DataError(
                    f"The data label the class {name!r} as {label}, where the teacher has {self._names[label]!r}; give "
                    "soft_labels= a function that returns the columns in the order of the labels."
                )

    def learn_real(self, labels: list[Any]) -> None:
        """Take the soft labels of real samples from a `CrossFittedTeacher` that was fitted to them.

        Parameters
        ----------
        labels : list of length n
            Label of each sample.

        Raises
        ------
        DataError
            It was fitted to other samples, or to the same in another order.
        """
        known = getattr(self._teacher, "proba_", None)
        if known is None:
            return
        if np.asarray(self._teacher.codes_).tolist() != labels:
            raise DataError(
                f"The teacher was cross-fitted to {len(known)} rows, which are not the {len(labels)} of the data or "
                "have another order; fit it to these, or give its teacher_, which leaves real labels as they are."
            )
        self._real = torch.as_tensor(known).float().share_memory_()

    def soften(self, label: Any, owner: int | None = None) -> Tensor:
        """Return the probabilities of a real sample: its one-hot row, or what a cross-fitted teacher says of it.

        Parameters
        ----------
        label : int
            Its label.
        owner : int, optional
            Its index in the data set.
        """
        if self._real is not None and owner is not None:
            return self._real[owner].clone()
        row = torch.zeros(self.n_classes or label + 1)
        row[label] = 1.0
        return row
