"""Resolve which columns a user calls categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ParameterError


def resolve_categorical(frame: pd.DataFrame, features: str | Sequence[Any]) -> list[Any]:
    """Return the column names of names, positions or a mask; what is both name and position counts as a name."""
    if isinstance(features, str):
        return []
    listed, names = list(features), frame.columns.tolist()
    if listed and all(isinstance(feature, bool | np.bool_) for feature in listed):
        if len(listed) != len(names):
            raise ParameterError(
                f"categorical_features is a mask of {len(listed)} entries, but there are {len(names)} columns."
            )
        return [name for name, chosen in zip(names, listed, strict=True) if chosen]
    found = []
    for feature in listed:
        if feature in names:
            found.append(feature)
        elif isinstance(feature, int | np.integer) and -len(names) <= feature < len(names):
            found.append(names[feature])
        else:
            raise ParameterError(
                f"categorical_features names the column {feature!r}, which is not in the data; give names, positions "
                "from 0, or a mask of booleans."
            )
    return found
