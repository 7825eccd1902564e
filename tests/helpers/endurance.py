"""Work that goes on for long in one process: ``python endurance.py fits N``, ``memory ROWS`` or ``random SECONDS``.

Prints one JSON of what it took.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from small import JUDGED, quick_augmenter, same_rows
from strategies import frames
from toy_table import make_toy_table

from benchmarks.shared.memory import measure_peak_above, reset_peak
from ganaug import GanaugError, GANAugmenter

MEGABYTE = 2**20
FRAMES = 20  # of which hypothesis makes one round


def resident():
    """Megabytes that the process has in memory now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / MEGABYTE


def held():
    """What a process must not gather: open files and threads."""
    return {"files": len(list(Path("/proc/self/fd").iterdir())), "threads": threading.active_count()}


def fits(n):
    """Fit, sample and save again and again; memory after a fifth of it and at the end."""
    memory, before = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(n):
            X, y = make_toy_table(300, seed=number)
            judges = {"label_agreement": 1.0} if number % 5 else JUDGED
            augmenter = quick_augmenter(filters=judges, max_steps=20, width=64, batch_size=64).fit(X, y)
            augmenter.sample(500)
            augmenter.save(Path(folder) / "model")
            GANAugmenter.load(Path(folder) / "model").fit_resample(X, y)
            del augmenter
            memory.append(resident())
            before = before or held()
    return {"first": memory[max(1, n // 5)], "last": memory[-1], "before": before, "after": held()}


def memory(rows):
    """Fit to a large table and sample as many rows; the most that each needed beyond what was there."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(rows, 50)), columns=[f"c{i}" for i in range(50)])
    y = (X["c0"] + rng.normal(size=rows) > 0).to_numpy().astype(int)
    data = X.memory_usage().sum() / MEGABYTE
    quick_augmenter(filters="auto").fit(X[:500], y[:500]).sample(100)  # what is imported only once
    start = reset_peak()
    augmenter = quick_augmenter(max_steps=100, filters="auto", batch_size=256, width=64).fit(X, y)
    found = {"data": data, "fit": measure_peak_above(start)}
    start = reset_peak()
    made, _ = augmenter.sample(rows)
    return found | {"sample": measure_peak_above(start), "made": made.memory_usage().sum() / MEGABYTE}


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "filters": st.sampled_from([None, "auto", JUDGED]),
        "loss": st.sampled_from(["relativistic", "hinge", "wasserstein"]),
        "batch_size": st.sampled_from([2, 16, 64]),
        "width": st.sampled_from([8, 32]),
        "max_steps": st.integers(1, 20),
        "random_state": st.integers(0, 9),
    },
)


def live(frame, n_classes, options, folder):
    """One life of an augmenter: fit, sample, save, load, resample. What it may not do raises AssertionError."""
    y = np.arange(len(frame)) % n_classes
    try:
        augmenter = quick_augmenter(**options).fit(frame, y)
    except GanaugError as refusal:
        return str(refusal).split("(")[0][:40]
    made = augmenter.sample(30)
    augmenter.save(folder / "model")
    assert same_rows(GANAugmenter.load(folder / "model").sample(30), made), "the loaded model is another"
    X, labels = augmenter.resample(frame, y)
    assert len(X) == len(labels) and not np.isnan(augmenter.history_["generator_loss"]).any()
    return "trained"


def random(seconds):
    """Live for so many seconds on random tables; count what happened, and what was held at the start and the end."""
    end, outcomes, memory, before = time.monotonic() + seconds, Counter(), [], {}
    with tempfile.TemporaryDirectory() as folder:
        number = 0
        while time.monotonic() < end or not memory:

            @seed(number)
            @settings(
                max_examples=FRAMES,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(frames(), st.sampled_from([2, 3, 4, 1]), OPTIONS)
            def round_of_lives(frame, n_classes, options):
                outcomes[live(frame, n_classes, options, Path(folder))] += 1

            round_of_lives()
            number += 1
            memory.append(resident())
            before = before or held()
    early = memory[len(memory) // 5]
    return {"outcomes": outcomes, "first": early, "last": memory[-1], "before": before, "after": held()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    print(json.dumps({"fits": fits, "memory": memory, "random": random}[sys.argv[1]](int(sys.argv[2]))))
