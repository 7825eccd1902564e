"""The milliseconds of a training step, eager or as a CUDA graph."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from .cases import Settings
from .data import make_data
from .graphs import WARM_UP, GraphedTraining, adam_by_tensor
from .inside import prepare_training

INTERVAL = 4  # of steps with a penalty: every chunk has as many of them as any other
LEAST, MOST = 3, 200  # chunks


def time_steps(asked: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the milliseconds of a step: the median, and the best, of chunks of steps."""
    take_step = _prepare(asked, settings.device)
    on_gpu = settings.device == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    for _ in range(INTERVAL * WARM_UP):
        take_step()
    chunk = INTERVAL * max(1, asked["chunk"] // INTERVAL)
    taken = _time_chunks(take_step, chunk, asked["seconds"], on_gpu)
    found = {"ms": 1000 * statistics.median(taken) / chunk, "best_ms": 1000 * min(taken) / chunk}
    found |= {"steps": chunk * len(taken)}
    return found | ({"peak_mib": torch.cuda.max_memory_allocated() / 2**20} if on_gpu else {})


def _prepare(asked: dict[str, Any], device: str) -> Callable[[], None]:
    """Return a function that takes the next step."""
    network = asked["network"]
    X, y = make_data("table" if network == "table" else "images")
    options = {"width": asked["width"], "batch_size": asked["batch"], "precision": asked["precision"]}
    options |= {} if network == "table" else {"architecture": network}
    options |= {"optimizer": adam_by_tensor} if asked["mode"] == "graph" else {}
    training = prepare_training(X, y, device=device, max_steps=100_000, **options)
    return GraphedTraining(training).take_step if asked["mode"] == "graph" else training.take_step


def _time_chunks(take_step: Callable[[], None], chunk: int, seconds: float, on_gpu: bool) -> list[float]:
    """Return the seconds of each chunk of steps, as many of them as fit into `seconds`."""
    wait = torch.cuda.synchronize if on_gpu else lambda: None
    taken: list[float] = []
    wait()
    while len(taken) < LEAST or (sum(taken) < seconds and len(taken) < MOST):
        started = time.perf_counter()
        for _ in range(chunk):
            take_step()
        wait()
        taken.append(time.perf_counter() - started)
    return taken
