"""Measure time and memory; standard library only, since peers run it in their own environments."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


class Stopwatch:
    """Wall and processor seconds since the start; processor time is summed over all threads of this process."""

    def __init__(self) -> None:
        self._wall, self._cpu, self._busy = time.perf_counter(), time.process_time(), _read_busy_seconds()

    def read(self) -> tuple[float, float]:
        """Return ``(wall, cpu)`` in seconds."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu

    def read_others(self) -> float:
        """Return the processor seconds that other programs used meanwhile; 0 where the system does not tell."""
        return max(0.0, _read_busy_seconds() - self._busy - self.read()[1])


def _read_busy_seconds() -> float:
    """Return the processor seconds that all programs together have used since the machine was started."""
    statistics = Path("/proc/stat")
    if not statistics.exists():
        return 0.0
    user, nice, system, _idle, _wait, *stolen = map(int, statistics.read_text().split()[1:9])
    return float(user + nice + system + sum(stolen)) / os.sysconf("SC_CLK_TCK")


def read_peak_memory() -> float:
    """Return the peak memory of this process in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the parent's memory too: a child inherits its maximum on Linux
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024
    import resource

    maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return maximum / 2**20 if sys.platform == "darwin" else maximum / 1024
