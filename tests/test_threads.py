"""Work in several threads: the same results in the same order, and errors as they were raised."""

from __future__ import annotations

import copy
import threading
import time

import numpy as np
import pytest
import torch
from small import digest, same_rows

from ganaug import ParameterError, threads
from ganaug.augmenter import streams as sampling
from ganaug.augmenter.streams import ClassStreams, Source
from ganaug.modality import Generator
from ganaug.threads import map_in_threads, one_thread


@pytest.fixture
def cores(monkeypatch):
    """Says how many cores there are."""

    def say(n):
        monkeypatch.setattr(threads, "_count_cores", lambda: n)

    return say


# The work


@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_results_come_in_the_order_of_the_items(cores, n):
    cores(n)

    def slow_at_first(item):
        time.sleep(0.002 * (8 - item) if item < 8 else 0)
        return item * item

    assert map_in_threads(slow_at_first, iter(range(20))) == [item * item for item in range(20)]
    assert map_in_threads(slow_at_first, []) == []


@pytest.mark.parametrize(("known", "items", "at_once"), [(3, 9, 3), (99, 20, 8), (4, 2, 2)])
def test_several_items_are_worked_on_at_once(cores, known, items, at_once):
    cores(known)
    together, lock, now, most = threading.Barrier(at_once), threading.Lock(), [], []

    def meet(item):
        with lock:
            now.append(item)
            most.append(len(now))
        if item < at_once:
            together.wait(timeout=20)
        time.sleep(0.02)
        now.remove(item)

    map_in_threads(meet, range(items))
    assert max(most) == at_once


@pytest.mark.parametrize(("known", "items"), [(1, 5), (4, 1)])
def test_with_one_core_or_one_item_the_caller_does_the_work(cores, known, items):
    cores(known)
    assert set(map_in_threads(lambda _: threading.get_ident(), range(items))) == {threading.get_ident()}


def test_each_thread_keeps_to_one_core_and_the_caller_keeps_its_own(cores):
    cores(3)
    before = torch.get_num_threads()
    with one_thread():
        assert map_in_threads(lambda _: torch.get_num_threads(), range(6)) == [1] * 6
    torch.set_num_threads(2)
    try:
        assert map_in_threads(lambda _: torch.get_num_threads(), range(6)) == [1] * 6
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("known", [1, 4])
def test_an_error_comes_out_as_it_is_and_ends_the_work(cores, known):
    cores(known)
    begun = []

    def fail_at_three(item):
        begun.append(item)
        time.sleep(0.002)
        if item == 3:
            raise ParameterError("as it is")
        return item

    with pytest.raises(ParameterError, match=r"^as it is$"):
        map_in_threads(fail_at_three, range(500))
    assert len(begun) < 50


@pytest.mark.parametrize(("said", "expected"), [("3", 3), ("1", 1), ("", None), ("0", None), ("many", None)])
def test_omp_num_threads_says_how_many_and_the_machine_where_that_says_nothing(monkeypatch, said, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda pid: {0, 4, 5, 6, 7}, raising=False)
    assert threads._count_cores() == (expected or 5)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads._count_cores() == 5
    monkeypatch.delattr(threads.os, "sched_getaffinity")
    monkeypatch.setattr(threads.os, "cpu_count", lambda: None)
    assert threads._count_cores() == 1


# Samples


class Counted(Generator):
    """Samples that are their latent numbers; notes the threads that made them."""

    noise_dim = 1

    def __init__(self):
        super().__init__()
        self.threads = set()

    def sample(self, z, c, noise):
        self.threads.add(threading.get_ident())
        time.sleep(0.001)
        return torch.cat([z, c.unsqueeze(1).float(), noise], 1)


def test_blocks_are_made_in_several_threads_and_are_those_of_one(cores):
    taken, made_in = [], []
    for n in (1, 4):
        cores(n)
        source = Source(Counted(), lambda x: x, [], 2, block=64)
        taken.append(ClassStreams(source, 5).take(np.arange(2000) % 3))
        made_in.append(source.generator.threads)
    assert torch.equal(*taken) and len(torch.unique(taken[0][:, 0])) == 2000
    assert made_in[0] == {threading.get_ident()}
    assert len(made_in[1]) > 1 and threading.get_ident() not in made_in[1]


def test_rows_and_what_was_dropped_are_the_same_with_any_number_of_cores(judged_augmenter, toy_table, cores):
    found = []
    for n in (1, 2, 5):
        cores(n)
        augmenter = copy.deepcopy(judged_augmenter)
        rows = augmenter.sample(3000, random_state=3)
        more = augmenter.set_params(sampling_strategy={"leaves": 1500, "stays": 1000}).resample(*toy_table)
        found.append((rows, more, augmenter.resampled_["dropped"]))
    for rows, more, dropped in found[1:]:
        assert same_rows(rows, found[0][0]) and digest(*more) == digest(*found[0][1]) and dropped == found[0][2]
    assert sum(found[0][2].values()) > 1000


@pytest.mark.parametrize("asked", [{"n": 4000}, {"n": {0: 1500, 1: 2500}}])
def test_conditions_are_met_and_counted_the_same_with_any_number_of_cores(judged_augmenter, cores, asked):
    augmenter, found = copy.deepcopy(judged_augmenter), []
    where = {"city": ["Bern", "Oslo"], "member": False}
    n = asked["n"] if isinstance(asked["n"], int) else dict(zip(["leaves", "stays"], asked["n"].values(), strict=True))
    for known in (1, 4):
        cores(known)
        X, y = augmenter.sample(n, where=where, random_state=1)
        assert len(X) == 4000 and X["city"].isin(["Bern", "Oslo"]).all() and not X["member"].any()
        found.append(((X, y), augmenter.conditions_))
    assert same_rows(found[0][0], found[1][0]) and found[0][1] == found[1][1]
    assert found[0][1]["tried"] > found[0][1]["met"] >= 4000


@pytest.mark.parametrize("known", [1, 4])
def test_the_refusal_of_conditions_comes_out_of_a_thread_as_it_is(judged_augmenter, cores, monkeypatch, known):
    cores(known)
    monkeypatch.setattr(sampling, "_MOST", 3072)
    narrow = {"age": 18, "city": "São Paulo", "plan": "pro", "member": True, "balance": 0.0}
    with pytest.raises(ParameterError, match=r"Hardly any row meets .* of 3,072 candidates do"):
        copy.deepcopy(judged_augmenter).sample(3000, where=narrow)
