"""Convert tables (frames, arrays or lists) to a frame, and a frame back to the original container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..data.dtypes import dtype_name, parse_dtype
from ..errors import DataError
from ..files.notes import valid_notes
from .objects import forms_from_json, restore_objects
from .spelled import check_spellings, spell


def to_frame(X: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a table as a frame, and a JSON description of its container.

    Raises
    ------
    DataError
        Column names repeat, or are neither text nor whole numbers; or an array does not have two dimensions.
    """
    if isinstance(X, pd.DataFrame):
        if X.columns.has_duplicates:
            repeated = X.columns[X.columns.duplicated()][0]
            raise DataError(f"The column name {repeated!r} occurs more than once; rename the columns.")
        names = [_to_name(name) for name in X.columns]
        title = X.columns.name if isinstance(X.columns.name, str) else None
        frame = X.copy(deep=False)  # shares the cells; set_axis of older pandas copies them
        frame.columns = pd.Index(names)
        return frame, {"kind": "frame", "attrs": valid_notes(X.attrs), "title": title}
    array = np.asarray(X)
    if array.ndim != 2:
        raise DataError(
            f"A table has two dimensions, and X has the shape {array.shape}; give X.reshape(len(X), -1), or images "
            "with modality='auto'."
        )
    if isinstance(X, list | tuple) and array.dtype.kind == "U":
        array = np.asarray(X, dtype=object)  # numpy turns cells beside text into text
    if array.dtype.kind in "OUS":
        frame = pd.DataFrame(array, dtype=object)
        for position, dtype in enumerate(frame.infer_objects().dtypes):
            if dtype.kind in "mM":
                frame.isetitem(position, frame[position].astype(dtype))
    else:
        frame = pd.DataFrame(
            array.astype(array.dtype.newbyteorder("="), copy=False)
        )  # pandas reads the native byte order only
    return frame, {"kind": "array", "dtype": dtype_name(array.dtype)}


def check_container(container: Mapping[str, Any]) -> None:
    """Raise ValueError or TypeError for a description that `to_frame` cannot return, from a forged file."""
    if container["kind"] not in ("frame", "array"):
        raise ValueError(f"a table does not come in a {str(container['kind'])[:20]!r}")
    if container["kind"] == "array":
        parse_dtype(container["dtype"])
    elif not isinstance(container["title"], str | None):
        raise ValueError("the title of a frame is no text")
    elif not isinstance(attrs := container["attrs"], dict) or valid_notes(attrs) != attrs:
        raise ValueError("the notes of a frame spell no cells")
    check_spellings(container.get("spelled", []))
    forms_from_json(container.get("objects", []))


def join_columns(parts: list[pd.Series[Any]], names: list[Any], container: Mapping[str, Any]) -> Any:
    """Join columns to a table in the container that `to_frame` described."""
    spelled = {spelling["name"]: spelling for spelling in container.get("spelled", [])}
    parts = [spell(part, spelled[name]) if name in spelled else part for part, name in zip(parts, names, strict=True)]
    objects = {form.name: form for form in forms_from_json(container.get("objects", []))}
    pairs = zip(parts, names, strict=True)
    parts = [restore_objects(part, objects[name]) if name in objects else part for part, name in pairs]
    frame = pd.concat(parts, axis=1) if parts else pd.DataFrame()
    if container["kind"] == "frame":
        frame = frame.set_axis(pd.Index(names, name=container["title"]), axis=1)
        frame.attrs = dict(container["attrs"])
        return frame
    return frame.to_numpy(dtype=np.dtype(container["dtype"]))


def _to_name(name: Any) -> str | int:
    if isinstance(name, str):
        return str(name)
    if isinstance(name, int | np.integer) and not isinstance(name, bool):
        return int(name)
    raise DataError(
        f"The column name {name!r} is a {type(name).__name__}; name columns by text or whole numbers "
        "(X.columns = X.columns.map(str))."
    )
