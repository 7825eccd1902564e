"""Encode labels as class codes, and decode them into the container and dtype of the labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

import numpy as np
import pandas as pd
import torch
from msgspec import Meta
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError, ParameterError
from ..messages import join_names
from ..records import decode
from .dtypes import check_description, check_texts, describe_dtype, dtype_name, parse_dtype, restore, split

Codes = NDArray[np.int64]

MAX_CLASSES = 10_000
"""Most classes of a data set, and most columns of one-vs-all indicators."""


_Values = Annotated[list[str | bool | int | float], Meta(max_length=MAX_CLASSES)]


class _Container(TypedDict):
    """The part of the description of a container that all containers of labels have."""

    kind: Literal["series", "frame", "array", "list", "indicator"]
    name: str | int | bool | None
    dtype: dict[str, Any]


class Labels:
    """The classes of a data set.

    Attributes
    ----------
    values : list
        Classes as plain values, in order.
    container : dict
        JSON description of the container of y: a series, an array, a tensor, a list, a frame of one column, or
        one-vs-all indicators.
    unit : str
        Word for one sample in messages.
    """

    def __init__(self, values: list[Any], container: dict[str, Any], unit: str = "row"):
        self.values = values
        self.container = container
        self.unit = unit

    @classmethod
    def fit(cls, y: Any, unit: str = "row") -> tuple[Labels, Codes]:
        """Learn the classes of `y`.

        Parameters
        ----------
        y : array-like of shape (n,)
            One label per row: text, whole numbers, booleans; a series, array, list or frame of one column. One-vs-all
            indicators of shape (n, n_classes), as imbalanced-learn allows, are taken as well.
        unit : str
            Word for one sample in messages.

        Returns
        -------
        labels : Labels
            Classes.
        codes : ndarray of int64, shape (n,)
            Class code of each row.

        Raises
        ------
        DataError
            Labels are absent, missing, infinite, continuous numbers, dates, or of types without a common order.
        """
        series, container = _to_series(y)
        if series.isna().any():
            row = int(np.flatnonzero(series.isna().to_numpy())[0])
            every = f"every {unit}" if series.isna().all() else f"{unit} {row}"
            raise DataError(
                f"The label is missing in {every} (Input y contains NaN); drop the {unit}s without a label. "
                f"{unit.capitalize()}s count from 0."
            )
        _refuse_lists(series, unit)
        plain, _ = split(series, container["dtype"])
        _check_classes(plain, container["dtype"]["dtype"], unit)
        values, codes = _factorise(plain)
        if len(values) > MAX_CLASSES:
            raise DataError(
                f"The labels have {len(values):,} different values, and ganaug takes up to {MAX_CLASSES:,} classes; "
                "choose other labels, or put rare ones together."
            )
        check_texts("The label", values)
        return cls(values, container, unit), codes

    @property
    def classes(self) -> Any:
        """The classes as an array of y's dtype."""
        array = np.asarray(self._series(np.arange(len(self.values))))
        return array.astype(self.container["array"]) if self.container["kind"] in ("array", "list") else array

    def encode(self, y: Any) -> Codes:
        """Return the class codes of labels.

        Raises
        ------
        DataError
            A label is missing or did not occur in training.
        """
        series, container = _to_series(y)
        plain, missing = split(series, container["dtype"])
        index = {value: i for i, value in enumerate(self.values)}
        listed = plain.tolist()
        for row, value in enumerate(listed):
            if missing[row]:
                raise DataError(
                    f"The label is missing in {self.unit} {row}; drop the {self.unit}s without a label. "
                    f"{self.unit.capitalize()}s count from 0."
                )
            if value not in index:
                raise DataError(
                    f"The label {value!r} in {self.unit} {row} is none of the classes: {self.listing()}. Fit again, "
                    f"or drop the {self.unit}."
                )
        return np.asarray([index[value] for value in listed], dtype=np.int64)

    def like(self, y: Any) -> Labels:
        """Return the same classes with the container and dtype of `y`."""
        return Labels(self.values, _to_series(y)[1], self.unit)

    def find(self, label: Any) -> int:
        """Return the code of one label.

        Raises
        ------
        ParameterError
            There is no such class.
        """
        label = label.item() if isinstance(label, np.generic) else label
        for code, value in enumerate(self.values):
            if value == label:
                return code
        raise ParameterError(f"{label!r} is none of the classes: {self.listing()}.")

    def listing(self) -> str:
        """Return the classes as text for a message."""
        return join_names(self.values, most=20)

    def restore(self, codes: Codes) -> Any:
        """Return class codes as labels, in the container and dtype of the training labels."""
        if self.container.get("tensor"):
            return torch.from_numpy(self._restored(codes))
        return self._restored(codes)

    def _restored(self, codes: Codes) -> Any:
        kind = self.container["kind"]
        if kind == "indicator":
            indicators = np.zeros((len(codes), self.container["width"]), dtype=self.container["array"])
            indicators[np.arange(len(codes)), np.asarray(self.values, dtype=np.int64)[codes]] = 1
            return indicators
        series = self._series(codes)
        if kind == "series":
            return series
        if kind == "frame":
            return series.to_frame()
        return series.tolist() if kind == "list" else series.to_numpy().astype(self.container["array"])

    def join(self, parts: list[Any]) -> Any:
        """Concatenate parts of labels that `restore` returned."""
        if isinstance(parts[0], pd.Series | pd.DataFrame):
            return pd.concat(parts, ignore_index=True)
        if isinstance(parts[0], Tensor):
            return torch.cat(parts)
        return [label for part in parts for label in part] if isinstance(parts[0], list) else np.concatenate(parts)

    def _series(self, codes: Codes) -> pd.Series[Any]:
        dtype = self.container["dtype"]
        plain = _plain_array(self.values)[codes]
        return restore(plain, np.zeros(len(codes), dtype=bool), dtype).rename(self.container["name"])

    def to_json(self) -> dict[str, Any]:
        """Return the classes as plain JSON."""
        return {"values": self.values, "container": self.container}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any], unit: str = "row") -> Labels:
        """Return the labels of a JSON description that `to_json` returned.

        Raises
        ------
        ValueError, TypeError, KeyError, IndexError
            `to_json` cannot have returned this description.
        """
        values, container = decode(facts["values"], _Values), dict(facts["container"])
        decode(container, _Container)
        if len(set(map(repr, values))) < len(values):
            raise ValueError("one of the labels stands twice")
        check_texts("The label", values)
        labels = cls(values, container, unit)
        if container["kind"] == "indicator" and not len(labels.values) <= container["width"] <= MAX_CLASSES:
            raise ValueError(f"there are {container['width']} indicators of {len(labels.values)} classes")
        if "array" in container:
            parse_dtype(container["array"])
        check_description(container["dtype"])
        labels.restore(np.arange(len(labels.values)))
        return labels


def _to_series(y: Any) -> tuple[pd.Series[Any], dict[str, Any]]:
    """Return labels as a series, and a description of their container."""
    if isinstance(y, Tensor):
        series, container = _to_series(y.numpy(force=True))
        return series, container | {"tensor": True}
    if y is None:
        raise DataError("GANAugmenter requires y to be passed, but the target y is None; give one label per sample.")
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise DataError(
                f"y has {y.shape[1]} columns; give one column of labels, such as y.idxmax(axis=1) of one-hot columns."
            )
        series, container = _to_series(y.iloc[:, 0])
        return series, container | {"kind": "frame"}
    if isinstance(y, pd.Series):
        if y.name is not None and not isinstance(y.name, str | int | np.integer):
            raise DataError(f"The name {y.name!r} of y is a {type(y.name).__name__}; name it by text or a number.")
        name = int(y.name) if isinstance(y.name, np.integer) else y.name
        return y.reset_index(drop=True), {"kind": "series", "name": name, "dtype": describe_dtype(y)}
    array = _to_array(y)
    if array.ndim == 2 and array.shape[1] > 1:
        return _indicators(array)
    if array.ndim not in (1, 2):
        raise DataError(f"y should be a 1d array, got an array of shape {array.shape} instead.")
    array = array.ravel()
    series = pd.Series(array if array.dtype.kind not in "US" else array.astype(str).astype(object))
    kind = "list" if isinstance(y, list | tuple) else "array"
    return series, {"kind": kind, "name": None, "dtype": describe_dtype(series), "array": dtype_name(array.dtype)}


def _to_array(y: Any) -> NDArray[Any]:
    """Return labels as an array; numpy alone would turn numbers and missing marks beside text into text."""
    try:
        array = np.asarray(y)
    except ValueError:
        raise DataError("The labels are lists of different lengths; give one label per sample.") from None
    if isinstance(y, list | tuple) and array.ndim == 1 and len({type(label) for label in y}) > 1:
        return np.asarray(y, dtype=object)
    return array


def _refuse_lists(series: pd.Series[Any], unit: str) -> None:
    """Raise DataError for samples that have several labels."""
    if series.dtype != np.dtype(object):
        return
    for row, label in enumerate(series.tolist()):
        if isinstance(label, list | tuple | set | dict | np.ndarray):
            raise DataError(
                f"The label of {unit} {row} is {label!r}, and ganaug takes one class for each {unit}; make it text "
                f"(y.map(str)), or fit one augmenter for each label. {unit.capitalize()}s count from 0."
            )


def _check_classes(plain: NDArray[Any], dtype: str, unit: str) -> None:
    """Raise DataError for labels that are quantities rather than classes; a pandas categorical always holds classes."""
    if dtype.startswith(("datetime64", "timedelta64")):
        raise DataError(
            f"Unknown label type: the labels are {dtype}, and ganaug wants classes. Cut them into periods first, as "
            "text or whole numbers (y.dt.year)."
        )
    if plain.dtype.kind != "f" or dtype == "category":
        return
    if not np.isfinite(plain).all():
        row = int(np.flatnonzero(~np.isfinite(plain))[0])
        raise DataError(
            f"The label is infinite in {unit} {row} (Input y contains infinity); drop the {unit} or name a class. "
            f"{unit.capitalize()}s count from 0."
        )
    broken = plain[plain != np.rint(plain)]
    if len(broken):
        raise DataError(
            f"Unknown label type: the labels are continuous numbers such as {broken.tolist()[0]!r}, and ganaug wants "
            "classes. Choose other labels, or cut them into classes first (pandas.qcut)."
        )


def _indicators(array: NDArray[Any]) -> tuple[pd.Series[Any], dict[str, Any]]:
    if array.dtype.kind not in "iufb" or not np.array_equal(array != 0, array == 1) or (array.sum(1) != 1).any():
        raise DataError(
            f"y has {array.shape[1]} columns, but only one-vs-all indicators (a single 1 in each row) may; multilabel "
            "and multioutput targets are not supported. Give one column of labels."
        )
    if array.shape[1] > MAX_CLASSES:
        raise DataError(f"y has {array.shape[1]} columns of at most {MAX_CLASSES}; give one column of labels.")
    series = pd.Series(array.argmax(1))
    facts = {"kind": "indicator", "name": None, "dtype": {"dtype": "int64"}}
    return series, facts | {"array": array.dtype.str, "width": array.shape[1]}


def _factorise(plain: NDArray[Any]) -> tuple[list[Any], Codes]:
    listed = plain.tolist()
    try:
        values = sorted(set(listed))
    except TypeError:
        raise DataError(
            f"The labels are of mixed types ({', '.join(sorted({type(v).__name__ for v in listed}))}), which have no "
            "order; make them all text (y.astype(str))."
        ) from None
    index = {value: i for i, value in enumerate(values)}
    return values, np.asarray([index[v] for v in listed], dtype=np.int64)


def _plain_array(values: list[Any]) -> NDArray[Any]:
    types = {type(v) for v in values}
    if types <= {int} and values and max(values) >= 2**63:
        return np.asarray(values, dtype=np.uint64)  # numpy would take floats if zero is among them
    if types <= {bool} or types <= {int} or types <= {float}:
        return np.asarray(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def allocate_by_share(n: int, shares: NDArray[np.float64]) -> Codes:
    """Return `n` split by shares into whole numbers, by the method of largest remainders.

    Parameters
    ----------
    n : int
        Number to be split.
    shares : ndarray of shape (n_classes,)
        Shares, or numbers in proportion to them.

    Returns
    -------
    ndarray of shape (n_classes,)
        Whole numbers that sum to `n`; all 0 if `n` is 0.

    Examples
    --------
    >>> allocate_by_share(7, np.array([0.5, 0.25, 0.25])).tolist()
    [3, 2, 2]
    """
    if not n:
        return np.zeros(len(shares), dtype=np.int64)
    exact = n * shares / shares.sum()
    counts = np.floor(exact).astype(np.int64)
    largest = np.argsort(counts - exact, kind="stable")[: n - counts.sum()]
    counts[largest] += 1
    return counts
