"""What the commands share that measure costs: an option that takes JSON, and how they end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from .protocol import BenchmarkError


def json_object(text: str) -> dict[str, Any]:
    """Return the parameters that an option such as ``--options '{"max_steps": 50}'`` gives."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f'{text!r} is no JSON object such as {{"max_steps": 50}}')
    return found


def ended(run: Callable[[], tuple[str, list[str]]]) -> None:
    """Print the Markdown that `run` returns; failures end in a line each, other trouble in one, and exit code 1."""
    try:
        text, failures = run()
    except BenchmarkError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Interrupted: the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    print(text)
    if failures:
        sys.exit("\n".join(["Failed:", *failures]))
