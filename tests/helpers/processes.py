"""Modules of this folder that have a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run_module(name, *arguments, timeout=3600):
    """Run a module of this folder in a process of its own; what it prints is one JSON value."""
    done = subprocess.run(
        [sys.executable, f"{name}.py", *map(str, arguments)],
        cwd=HERE,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
