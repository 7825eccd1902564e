"""Write docs/api.md, the list of all public names: `python -m benchmarks.api_page`.

Each name stands with the first line of its docstring. A test compares the page with the code.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "api.md"

HEAD = """# Public names

The names listed here are public; all other modules and names may change without notice. Signatures, parameters and
examples are in the docstrings (`help(ganaug.GANAugmenter)`), and `python -m benchmarks.api_page` writes this page.
"""

DOORS: list[tuple[str, list[tuple[str, list[str] | None]]]] = [
    ("Augment", [("ganaug", ["GANAugmenter", "GaussianCopula", "SwapNoise"])]),
    (
        "Judge the gain",
        [
            (
                "ganaug",
                [
                    "gain_report",
                    "GainReport",
                    "expected_gain",
                    "ExpectedGain",
                    "TunedAugmenterCV",
                    "PriorCorrectedClassifier",
                    "CrossFittedTeacher",
                    "DistilledClassifier",
                    "ImageClassifier",
                ],
            ),
        ],
    ),
    ("Train in PyTorch", [("ganaug", ["augment_loader", "MixedDataset", "SyntheticMix", "Loss"])]),
    ("Plot", [("ganaug.plots", None)]),
    ("Measure tables", [("ganaug.metrics", None)]),
    ("Measure images", [("ganaug.metrics.images", None), ("ganaug.image.fidelity", None)]),
    (
        "Read and write images",
        [
            (
                "ganaug",
                [
                    "read_image_folder",
                    "write_image_folder",
                    "list_image_folder",
                    "augment_image_folder",
                    "is_image_file",
                ],
            ),
        ],
    ),
    ("Read and write tables", [("ganaug", ["read_table", "write_table", "join_label"])]),
    (
        "Errors and warnings",
        [
            (
                "ganaug",
                [
                    "GanaugError",
                    "DataError",
                    "ParameterError",
                    "TrainingError",
                    "ModelFileError",
                    "DataWarning",
                    "CollapseWarning",
                ],
            ),
        ],
    ),
    ("Write programs around ganaug", [("ganaug", ["__version__"]), ("ganaug.messages", None)]),
]
"""Headings, and below each the modules and their names; None stands for all public names of a module."""

TEXTS = {"ganaug.__version__": "Version of the installed package."}
"""Descriptions of names that have no docstring."""


def render_page() -> str:
    """Return the page."""
    parts = [HEAD]
    for title, modules in DOORS:
        lines = [f"## {title}\n"]
        for name, names in modules:
            module = importlib.import_module(name)
            if name != "ganaug" and names is None:
                lines.append(f"`{name}`: {read_first_line(module)}\n")
            lines += ["| | |", "|---|---|"]
            for member in list_public_names(module) if names is None else names:
                lines += render_rows(module, member)
            lines.append("")
        parts.append("\n".join(lines))
    return "\n".join(parts).rstrip() + "\n"


def list_public_names(module: ModuleType) -> list[str]:
    """Return the names in ``__all__`` of a module; without it, the public classes and functions defined there."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return [name for name in own if not name.startswith("_")]


def render_rows(module: ModuleType, name: str) -> Iterator[str]:
    """Yield the row of a name, and one for each method of a class."""
    value, path = getattr(module, name), f"{module.__name__}.{name}"
    yield render_row(path, describe(module, name))
    if inspect.isclass(value) and not issubclass(value, Exception):
        for method, text in list_methods(value):
            yield render_row(f"{name}.{method}", text)


def describe(module: ModuleType, name: str) -> str:
    """Return what a public name of a module is, in one line."""
    value, path = getattr(module, name), f"{module.__name__}.{name}"
    if inspect.isclass(value) or inspect.isfunction(value):
        return read_first_line(value)
    return TEXTS.get(path) or read_constants(module)[name]


def list_names() -> Iterator[str]:
    """Yield the dotted name of every class and function that is listed, and of every method."""
    for _, modules in DOORS:
        for path, names in modules:
            module = importlib.import_module(path)
            for name in list_public_names(module) if names is None else names:
                value = getattr(module, name)
                if inspect.isclass(value) or inspect.isfunction(value):
                    yield f"{path}.{name}"
                if inspect.isclass(value) and not issubclass(value, Exception):
                    yield from (f"{path}.{name}.{method}" for method, _ in list_methods(value))


def render_row(name: str, text: str) -> str:
    """Return one row of a table."""
    return f"| `{name}` | {text.replace('|', chr(92) + '|')} |"


def list_methods(owner: type) -> Iterator[tuple[str, str]]:
    """Yield name and description of the public methods that a class defines or inherits from a class of ganaug."""
    for name, value in inspect.getmembers(owner, inspect.isroutine):
        if not name.startswith("_") and value.__module__.startswith("ganaug") and value.__doc__:
            yield name, read_first_line(value)


def read_first_line(value: Any) -> str:
    """Return the first line of a docstring."""
    text = inspect.getdoc(value)
    if not text:
        raise ValueError(f"{value!r} has no docstring")
    return re.sub(r" \[\d+\]_", "", text.splitlines()[0])  # references stand below the docstring


def read_constants(package: ModuleType) -> dict[str, str]:
    """Return the first line of the text below each constant of a package."""
    found: dict[str, str] = {}
    for path in sorted(Path(package.__file__ or "").parent.glob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for node, below in pairwise(body):
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            text = below.value if isinstance(below, ast.Expr) else None
            if isinstance(target, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                found[target.id] = text.value.splitlines()[0]
    return found


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
