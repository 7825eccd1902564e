"""Resident memory of this process: what it holds now, and the most since a moment that can be chosen; Linux only."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> float | None:
    """Give back what is free, count the peak from here on, and return what is held in MiB; None if that is impossible.

    Memory that earlier work freed but the C library kept would serve later work without being counted.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if STATUS.exists() else None
    if trim is not None:
        trim(0)
    try:
        CLEAR.write_text("5")  # proc(5): sets the peak to what is held now
    except OSError:
        return None
    return _read_field("VmRSS")


def measure_peak_above(held: float | None) -> float | None:
    """Return the most memory held since `reset_peak` returned `held`, less that, in MiB."""
    return None if held is None else _read_field("VmHWM") - held


def _read_field(field: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024
