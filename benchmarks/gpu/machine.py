"""Name the software and the GPU that results depend on."""

from __future__ import annotations

import shutil
import subprocess
from importlib import metadata
from typing import Any

import torch

from ..shared.machine import PACKAGES, describe_machine
from ..shared.protocol import digest_source

OTHERS = ("imbalanced-learn", "xgboost", "torchvision")


def find_versions() -> dict[str, str | None]:
    """Return the versions of everything involved; None for what is not installed, which may be ganaug itself."""
    return {name: _find_version(name) for name in (*PACKAGES, *OTHERS)} | {"source": digest_source()}


def _find_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def describe_device(device: str) -> dict[str, Any]:
    """Return what tells machines apart: processor count and system, and for CUDA also GPU, driver and libraries."""
    found = describe_machine() | {"torch": torch.__version__}
    if device != "cuda":
        return found
    properties = torch.cuda.get_device_properties(0)
    return found | {
        "gpu": properties.name,
        "gpu_gib": round(properties.total_memory / 2**30, 1),
        "capability": f"{properties.major}.{properties.minor}",
        "driver": _read_driver(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }


def _read_driver() -> str | None:
    """Return the version of the driver, as its own tool says it."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    command = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return (done.stdout.split("\n")[0].strip() or None) if done.returncode == 0 else None
