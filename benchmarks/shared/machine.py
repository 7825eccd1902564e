"""Describe the software and the machine that times depend on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

from .protocol import digest_source

PACKAGES = ("ganaug", "torch", "numpy", "pandas", "scikit-learn")


def read_versions() -> dict[str, str]:
    """Return the versions that times depend on."""
    return {name: metadata.version(name) for name in PACKAGES} | {"source": digest_source()}


def describe_machine() -> dict[str, Any]:
    """Return the facts about the machine that times depend on."""
    return {"system": platform.system(), "processors": os.cpu_count(), "python": platform.python_version()}
