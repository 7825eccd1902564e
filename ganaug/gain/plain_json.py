"""Turn numbers and nested values into what JSON can hold."""

from __future__ import annotations

from typing import Any

import numpy as np


def finite_or_none(value: Any) -> float | None:
    """Return a number as a Python float, and None in place of NaN and infinity."""
    return float(value) if np.isfinite(value) else None


def to_plain_json(value: Any) -> Any:
    """Return nested values with NumPy numbers as Python numbers, and None in place of NaN and infinity."""
    if isinstance(value, dict):
        return {str(key): to_plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain_json(item) for item in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
