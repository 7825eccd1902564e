"""Join the processes that torchrun starts to one training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .front import CommandLineError


def is_launched() -> bool:
    """Return whether torchrun, or a launcher that sets the same variables, started this process beside others."""
    return {"RANK", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys() and os.environ.get("WORLD_SIZE", "1") != "1"


def is_first() -> bool:
    """Return whether this is the process that writes and reports."""
    return not is_launched() or os.environ["RANK"] == "0"


def check_not_launched(command: str) -> None:
    """Raise CommandLineError if torchrun started several processes of a command that runs in one."""
    if is_launched():
        raise CommandLineError(
            f"torchrun starts several processes, and {command!r} runs in one; start it without torchrun. It is "
            "'ganaug train' that many processes share"
        )


@contextmanager
def process_group() -> Iterator[bool]:
    """Run the process group of torchrun, and give whether there is one."""
    if not is_launched():
        yield False
        return
    import torch
    import torch.distributed as dist

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield True
    finally:
        dist.destroy_process_group()
