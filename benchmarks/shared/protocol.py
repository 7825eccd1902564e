"""Define what all benchmarks share: their error, the columns to compare, and the file of finished cases."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PROTOCOL = 2  # part of each case's key: raise it when a measure changes, and no old number is taken for a new one
MISSING = "(missing)"


class BenchmarkError(Exception):
    """The benchmark cannot run as asked; the text says why and what to do."""


@dataclass(frozen=True)
class Columns:
    """How each column is measured: `numeric` as numbers, `categorical` and the label `target` as text."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    target: str

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, target: str) -> Columns:
        """Infer the kinds from the dtypes of the training rows; numbers, dates and times are numeric."""
        features = [name for name in frame.columns if name != target]
        numeric = tuple(name for name in features if _is_number(frame[name]))
        return cls(numeric, tuple(name for name in features if name not in numeric), target)

    @property
    def text(self) -> list[str]:
        """The columns that are compared as text, the label among them."""
        return [*self.categorical, self.target]

    def tidy(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns in one order: float64 (dates as seconds since 1970), or text with `MISSING`."""
        tidy = {name: _convert_to_number(frame[name]) for name in self.numeric}
        tidy |= {name: _convert_to_text(frame[name]) for name in self.text}
        table: pd.DataFrame = pd.DataFrame(tidy)
        return table


def _is_number(column: pd.Series) -> bool:
    types = pd.api.types
    is_number = types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)
    return bool(is_number or types.is_datetime64_any_dtype(column.dtype))


def _convert_to_number(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = (pd.to_datetime(column, utc=True) - pd.Timestamp(0, tz="UTC")) / pd.Timedelta("1s")
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan)) + 0.0  # -0.0 and 0.0 are one value


def _convert_to_text(column: pd.Series) -> np.ndarray:
    missing = column.isna().to_numpy()
    return np.where(missing, MISSING, column.astype(str).to_numpy(dtype=object))


# ---- finished cases ------------------------------------------------------------------------------


class Results:
    """JSON file of finished cases, each written as soon as it is measured, and never measured again.

    Parameters
    ----------
    path : Path
        Read if it exists; replaced as a whole after each case, so that it is never half written.

    Raises
    ------
    BenchmarkError
        The file is not one of finished cases, or its folder does not exist.
    """

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise BenchmarkError(f"{path.parent} is not a folder: make it first, or name another --output.")
        self._path, self._cases = path, read_cases(path) if path.exists() else []

    def find(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the result kept under `key`, or None."""
        return next((dict(case["result"]) for case in self._cases if case["key"] == key), None)

    def put(self, *pairs: tuple[Mapping[str, Any], dict[str, Any]]) -> None:
        """Keep pairs of a key and its result, all or none of them; the newest comes last."""
        keys = [dict(key) for key, _ in pairs]
        self._cases = [case for case in self._cases if case["key"] not in keys]
        self._cases += [{"key": dict(key), "result": result} for key, result in pairs]
        write_atomically(self._path, json.dumps({"cases": self._cases}, indent=1, allow_nan=False) + "\n")


def read_cases(path: Path) -> list[dict[str, Any]]:
    """Return the finished cases of a file, each with its ``key`` and ``result``.

    Raises
    ------
    BenchmarkError
        The file cannot be read, or is not one of finished cases.
    """
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
        return [{"key": dict(case["key"]), "result": dict(case["result"])} for case in cases]
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError):
        raise BenchmarkError(f"{path} is not a results file of this benchmark: name another file.") from None


def digest_source() -> str:
    """Return a digest of the code of ganaug, which the version number does not identify between two releases."""
    spec = importlib.util.find_spec("ganaug")
    if spec is None or spec.origin is None:
        raise BenchmarkError("ganaug is not installed: pip install 'ganaug[bench]'.")
    digest = hashlib.sha256()
    for path in sorted(Path(spec.origin).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a crash leaves the old file or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
