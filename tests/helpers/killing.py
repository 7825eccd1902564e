"""Processes that are killed (-9) while they save or train: run as ``python killing.py WHAT FOLDER SEED KILLS``.

Prints one JSON: how many were killed in the middle of it, and what was wrong afterwards.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import torch
import torch._dynamo  # the first optimizer of every process would import it, longer than all else takes
from forging import parts
from small import JUDGED, quick_augmenter
from toy_table import make_toy_table

from ganaug import GanaugError, GANAugmenter
from ganaug.augmenter import sampling
from ganaug.storage import TensorSpec, read_model, write_model
from ganaug.training import checkpoint, loop

SIZE = 500_000


def child(work):
    """Start `work` in a process of its own; return its number."""
    number = os.fork()
    if number == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return number


def kill(number):
    """Kill a process; say whether it was still running."""
    os.kill(number, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(number, 0)[1])


def finished(number):
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0


def saving(folder, chance, kills):
    """Kill writers of one file; say which versions were found, and whether any was torn."""
    path = folder / "model"

    def save(number):
        write_model(path, {"w": torch.full((SIZE,), float(number))}, {"number": number})

    def for_ever():
        number = 0
        while True:
            number += 1
            save(number)

    save(0)
    wrong, seen, leftovers = [], [], 0
    for _ in range(kills):
        number = child(for_ever)
        time.sleep(chance.uniform(0.01, 0.08))
        assert kill(number)
        try:
            tensors, metadata = read_model(path, lambda _: {"w": TensorSpec(torch.float32, (SIZE,))})
        except GanaugError as error:
            wrong.append(str(error))
            continue
        seen.append(metadata["number"])
        if tensors["w"].unique().tolist() != [seen[-1]]:
            wrong.append(f"version {seen[-1]} holds {tensors['w'].unique().tolist()}")
    for leftover in folder.glob(".*"):
        leftovers += 1
        os.utime(leftover, (0, 0))
    save(0)
    wrong += [f"{left.name} was not swept" for left in folder.iterdir() if left != path]
    return {"killed": kills, "newest": max(seen), "leftovers": leftovers, "wrong": wrong}


def fit(folder):
    """Train with a checkpoint, resuming where there is one, and save."""
    loop._CHECK_EVERY, checkpoint._EVERY_SECONDS = 10, 0.0
    place = {"checkpoint_path": folder / "checkpoint", "resume": True}
    augmenter = quick_augmenter(max_steps=150, width=16, filters=JUDGED, **place)
    augmenter.fit(*make_toy_table(200)).save(folder / "model")


def learned(folder):
    """What a model file holds, but for the seconds it took."""
    tensors, metadata = parts(folder / "model")
    metadata["facts"].pop("seconds")
    drawn = GANAugmenter.load(folder / "model").sample(50)[0].to_csv()
    return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}, metadata, drawn


def training(folder, chance, kills):
    """Kill trainings, resume them, and compare with one that ran through."""
    started = time.monotonic()
    assert finished(child(lambda: fit(folder)))
    seconds, expected = time.monotonic() - started, learned(folder)
    killed, wrong = 0, []
    while killed < kills:
        (folder / "model").unlink()
        number = child(lambda: fit(folder))
        while not (folder / "checkpoint").exists() and not (folder / "model").exists():
            time.sleep(0.01)
        time.sleep(chance.uniform(0, seconds))
        alive = kill(number)
        killed += alive
        if alive and not finished(child(lambda: fit(folder))):
            wrong.append(f"kill {killed}: it could not be resumed")
        elif learned(folder) != expected:
            wrong.append(f"kill {killed}: what was resumed is another model")
        if (folder / "checkpoint").exists():
            wrong.append(f"kill {killed}: the checkpoint was left behind")
            (folder / "checkpoint").unlink()
    return {"killed": killed, "wrong": wrong}


def shards(folder, chance, kills):
    """Kill writers of 20 files, let each be finished by the same call, and compare with one that ran through."""
    augmenter = quick_augmenter().fit(*make_toy_table(200))
    sampling._CHUNK = 500

    def write(place):
        augmenter.write_samples(place, 10_000, shard_rows=500)

    def found(place):
        return {path.name: path.read_bytes() for path in place.iterdir()}

    write(folder / "whole")
    expected, killed, unfinished, wrong = found(folder / "whole"), 0, 0, []
    while killed < kills:
        place = folder / str(killed)
        number = child(lambda place=place: write(place))
        wanted = chance.randrange(20)
        while not (place / f"part-{wanted:05d}.parquet").exists() and not (place / "part-00019.parquet").exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.05))
        killed += kill(number)
        left = found(place)
        unfinished += len(left) < len(expected)
        whole = {name: data for name, data in left.items() if not name.endswith(".tmp")}
        if not whole.items() <= expected.items():
            wrong.append(f"kill {killed}: a file is torn")
        write(place)
        if found(place) != expected:
            wrong.append(f"kill {killed}: what was finished is another folder")
    return {"killed": killed, "unfinished": unfinished, "wrong": wrong}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    what, folder, seed, kills = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    print(
        json.dumps({"saving": saving, "training": training, "shards": shards}[what](folder, random.Random(seed), kills))
    )
