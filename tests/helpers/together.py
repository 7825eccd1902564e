"""Trainings that several processes share: run as ``python together.py RANK SIZE FOLDER CASE ...``."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist
from small import numbers, quick_augmenter
from small_images import bars
from toy_table import make_toy_table

from ganaug import GanaugError
from ganaug.augmenter import fitting
from ganaug.training import checkpoint, step

FEW = 40  # rows of which none are held out, so that the last weights are kept
CUT = 2  # reports after which "cut" ends


def sgd(parameters, lr):
    """Plain descent: the first step of Adam is a sign, which rounding turns over where a gradient is zero."""
    return torch.optim.SGD(parameters, lr=lr)


def table(n=FEW):
    return make_toy_table(n)


EXACT = {"optimizer": sgd, "learning_rate": 1e-3, "precision": "float32"}
CASES = {
    "table": (table, {**EXACT, "max_steps": 200}),
    "uneven batch": (table, {**EXACT, "max_steps": 20, "batch_size": 15}),
    "images": (bars, {**EXACT, "max_steps": 20, "augmentation": None}),
    "batch norm in both networks": (table, {**EXACT, "max_steps": 20, "loss": "minimax"}),
    "spectral norm": (table, {**EXACT, "max_steps": 20, "loss": "hinge"}),
    "defaults": (lambda: table(200), {"max_steps": 60, "filters": "auto", "width": "auto", "batch_size": "auto"}),
    "penalty that draws": (table, {"max_steps": 10, "loss": "wasserstein"}),
    "augmented images": (bars, {"max_steps": 10}),
    "no seed": (table, {"random_state": None}),
    "budget": (table, {"max_steps": 100_000, "max_seconds": 1.0}),
    "cut": (table, {**EXACT, "max_steps": 200}),
    "killed": (table, {"max_steps": 1_000_000}),
    "other data": (lambda: numbers(seed=dist.get_rank()), {}),
    "another option": (table, lambda: {"max_steps": 4 + dist.get_rank()}),
    "another seed": (table, lambda: {"random_state": dist.get_rank()}),
    "tiny batch": (table, {"batch_size": 2}),
    "no checkpoint there": (table, {"checkpoint_path": __file__}),
}


@contextmanager
def batches_counted():
    """Give the numbers of real samples that this process takes in the steps inside."""
    sizes, draw = [], step._draw_batch

    def counted(*given):
        drawn = draw(*given)
        sizes.append(len(drawn[0]))
        return drawn

    step._draw_batch = counted
    try:
        yield sizes
    finally:
        step._draw_batch = draw


def train(case, **more):
    """Fit the augmenter of a case; return its weights, rows, batches and errors."""
    make, options = CASES[case]
    options = options() if callable(options) else options
    try:
        with warnings.catch_warnings(), batches_counted() as sizes:
            warnings.simplefilter("ignore")
            augmenter = quick_augmenter(**{**options, **more}).fit(*make())
    except (GanaugError, KeyboardInterrupt) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    tensors = augmenter.model_.generator.state_dict()
    weights = torch.cat([tensor.flatten().double() for tensor in tensors.values()])
    rows, labels = augmenter.sample(20, random_state=0)
    return {
        "weights": weights,
        "rows": str(rows),
        "labels": list(labels),
        "steps": len(augmenter.model_.history),
        "batches": set(sizes),
    }


def cut_short():
    """Let the next training end after some reports, in every process, with a checkpoint at each of them."""
    whole = fitting.train_gan

    def cut(*arguments):
        for number, progress in enumerate(whole(*arguments)):
            yield progress
            if number + 1 == CUT:
                raise KeyboardInterrupt

    fitting.train_gan, checkpoint._EVERY_SECONDS = cut, 0.0
    return whole


def get_environment():
    """Variables of processes that talk to each other on this machine alone, whatever its name resolves to."""
    loopback = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    return {**os.environ, **loopback, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}


def start(size, folder, *cases):
    """Start the processes of a group; return them."""
    environment = get_environment()
    command = [sys.executable, __file__]
    return [
        subprocess.Popen([*command, str(rank), str(size), folder, *cases], env=environment, stderr=subprocess.PIPE)
        for rank in range(size)
    ]


def train_together(size, folder, *cases):
    """Train cases in a group of processes; return what each process has, by case."""
    for process in start(size, folder, *cases):
        _, said = process.communicate(timeout=600)
        assert process.returncode == 0, said.decode()[-3000:]
    return [torch.load(Path(folder, f"rank{rank}.pt"), weights_only=False) for rank in range(size)]


def main(rank, size, folder, *cases):
    dist.init_process_group("gloo", init_method=f"file://{folder}/group", rank=int(rank), world_size=int(size))
    done = {}
    for case in cases:
        more = {"checkpoint_path": Path(folder, f"{case}.checkpoint")} if case in ("cut", "killed") else {}
        whole = cut_short() if case == "cut" else fitting.train_gan
        done[case] = train(case, distributed=True, **more)
        fitting.train_gan = whole
    torch.save(done, Path(folder, f"rank{rank}.pt"))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
