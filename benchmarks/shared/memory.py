"""Measure the resident memory of this process, and its peak since a chosen moment; Linux only."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> float | None:
    """Free unused memory, restart the peak, and return the resident memory in MiB, or None where that is impossible.

    Without the release, later work would reuse memory of the C library without being counted.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if STATUS.exists() else None
    if trim is not None:
        trim(0)
    try:
        CLEAR.write_text("5")  # proc(5): sets the peak to the current value
    except OSError:
        return None
    return _read_field("VmRSS")


def measure_peak_above(held: float | None) -> float | None:
    """Return the peak memory since `reset_peak` returned `held`, minus that, in MiB."""
    return None if held is None else _read_field("VmHWM") - held


def _read_field(field: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024
