"""One integer decides everything, in any process and beside any number of threads."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from promises import full_length
from small import JUDGED, digest, quick_augmenter
from toy_table import make_toy_table

from ganaug.threads import one_thread

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")


def outcome(seed=0):
    """SHA-256 of what a fit, its samples and its resampling give."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        augmenter = quick_augmenter(filters=JUDGED, random_state=seed, max_steps=6)
        X, y = make_toy_table()
        resampled = augmenter.fit_resample(X, y)
        drawn = augmenter.sample(50), augmenter.sample(20, random_state=9), augmenter.sample({"stays": 5})
        history = np.column_stack([augmenter.history_["generator_loss"], augmenter.history_["discriminator_loss"]])
        return digest(*resampled, *(part for pair in drawn for part in pair), history)


@pytest.fixture(scope="module")
def expected():
    return outcome()


@pytest.mark.promise("same bytes")
def test_two_fits_in_one_process(expected, attempt):
    for _ in range(full_length(10, suite=1)):
        assert outcome() == expected
        attempt()
    assert outcome(seed=1) != expected


OTHER_PROCESS = """
import torch, test_determinism as here
print(here.outcome())
torch.set_num_threads(3)  # this would stay with the process
print(here.outcome() == here.outcome(), torch.get_num_threads())
"""


@pytest.mark.slow
@pytest.mark.promise("same bytes")
def test_two_processes_whatever_the_hash_seed_and_the_number_of_cores(expected, attempt):
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS],
            env={**here, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": cores},
            cwd=Path(__file__).parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, cores in [("0", "1"), ("1", "3"), ("2", "2"), ("3", "1"), ("random", "2")][: full_length(5, suite=2)]
    ]
    attempt(2 * len(processes))
    for process in processes:
        assert process.communicate(timeout=120)[0].splitlines() == [expected, "True 3"]


def states():
    return pickle.dumps((random.getstate(), np.random.get_state(), torch.get_rng_state().numpy().tobytes()))


@pytest.mark.promise("global state")
def test_global_random_state_is_neither_read_nor_written(expected):
    for seed in (31, 32):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        before = states()
        assert outcome() == expected
        assert states() == before


@pytest.mark.promise("threads")
def test_fits_and_samples_in_threads_do_not_disturb_each_other(judged_augmenter, attempt):
    alone = [digest(*judged_augmenter.sample(40, random_state=seed)) for seed in range(4)]
    start = threading.Barrier(4)

    def together(seed):
        start.wait(timeout=60)
        found = [digest(*judged_augmenter.sample(40, random_state=seed)) for _ in range(full_length(100, suite=5))]
        return found, {quick_digest(seed) for _ in range(full_length(100, suite=1))}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = [quick_digest(seed) for seed in range(4)]
        with ThreadPoolExecutor(4) as pool:
            for seed, (sampled, fit) in enumerate(pool.map(together, range(4))):
                attempt(len(sampled) + full_length(100, suite=1))
                assert set(sampled) == {alone[seed]} and fit == {fitted[seed]}


def quick_digest(seed):
    return digest(*quick_augmenter(random_state=seed).fit(*make_toy_table(80)).sample(20))


def test_one_thread_is_for_the_calling_thread_alone():
    before = torch.get_num_threads()
    seen = {}
    with one_thread():
        seen["inside"] = torch.get_num_threads()
        other = threading.Thread(target=lambda: seen.update(other=torch.get_num_threads()))
        other.start()
        other.join()
    assert seen == {"inside": 1, "other": before} and torch.get_num_threads() == before


def test_one_thread_ends_with_an_error_too():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert torch.get_num_threads() == before
