"""Print the oldest releases that pyproject.toml allows, as pip takes them: ``python tests/helpers/oldest.py test``.

Arguments are names of extras. Where a package has several lower bounds, the highest counts.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import tomllib

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
BOUND = re.compile(r"([\w.-]+)(?:\[([\w,]+)\])?>=([\d.]+)")


def requirements(project: dict, extras: list[str]) -> Iterator[str]:
    """Yield the requirements of the project, and those of `extras` and of the extras that these name."""
    yield from project["dependencies"]
    for extra in extras:
        for requirement in project["optional-dependencies"][extra]:
            own = re.fullmatch(rf"{project['name']}\[([\w,]+)\]", requirement)
            if own:
                yield from requirements(project | {"dependencies": []}, own[1].split(","))
            else:
                yield requirement


def oldest(found: Iterator[str]) -> dict[str, str]:
    """Return the highest lower bound of each package."""
    bounds: dict[str, str] = {}
    for requirement in found:
        match = BOUND.fullmatch(requirement)
        if match is None:
            raise ValueError(f"{requirement!r} has no lower bound such as >=1.2")
        name, _, version = match.groups()
        bounds[name] = max(bounds.get(name, "0"), version, key=as_numbers)
    return bounds


def as_numbers(version: str) -> list[int]:
    """Return the parts of a version such as 2.10.1."""
    return [int(part) for part in version.split(".")]


if __name__ == "__main__":
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    print("\n".join(f"{name}=={version}" for name, version in oldest(requirements(project, sys.argv[1:])).items()))
