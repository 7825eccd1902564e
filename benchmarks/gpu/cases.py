"""The cases of a run: what each does and how large it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

GROUPS = ("equality", "eager", "graph", "fit")
"""What runs in processes of its own, in this order."""

NETWORKS = ("table", "dcgan", "residual")
PRECISIONS = ("float32", "bfloat16")


class Effort(NamedTuple):
    """How much is done.

    Attributes
    ----------
    compared : int
        Steps of trainings that are compared.
    seconds : float
        For which the steps of one setting are timed.
    chunk : int
        Steps between two looks at the clock.
    batches : tuple of int
        Batch sizes.
    widths : tuple of int
        Of the table networks, "dcgan" and "residual".
    max_steps, rows : int or None
        Limits of whole fits; None for no limit.
    per_class : int
        Images of each class that are fitted.
    sampled, sampled_there : int
        Rows that are sampled with the generator on the CPU, and on the device.
    """

    compared: int = 200
    seconds: float = 0.5
    chunk: int = 20
    batches: tuple[int, ...] = (64, 256, 1024)
    widths: tuple[int, ...] = (256, 32, 64)
    max_steps: int | None = None
    rows: int | None = None
    per_class: int = 20
    sampled: int = 1_000_000
    sampled_there: int = 200_000


FULL = Effort()
SMALL = Effort(20, 0.2, 4, (16, 32), (32, 8, 8), 60, 1500, 5, 20_000, 10_000)


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes
    ----------
    group : str
        One of `GROUPS`.
    work : str
        Name of the function that measures it; see `running.WORKS`.
    name : str
        What to call it.
    asked : dict
        All that the function needs to know, as JSON takes it.
    """

    group: str
    work: str
    name: str
    asked: dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What all cases of a run share.

    Attributes
    ----------
    device : str
        "cuda", or "cpu" for a trial.
    output : Path
        File of finished cases.
    data, images : Path or None
        Folders of tables and of images.
    versions : dict
        Versions that results depend on.
    """

    device: str
    output: Path
    data: Path | None = None
    images: Path | None = None
    versions: dict[str, Any] = field(default_factory=dict)

    def key(self, case: Case) -> dict[str, Any]:
        """Return all that the result of a case depends on."""
        known = {"benchmark": "gpu", "protocol": 1, "group": case.group, "case": case.name, **case.asked}
        return {**known, "device": self.device, "versions": self.versions}


def plan_cases(effort: Effort, tables: tuple[str, ...], images: str) -> list[Case]:
    """Return all cases of a run, those of one group together."""
    cases = [*_equality(effort), *_steps(effort), *_fits(effort, tables, images)]
    return sorted(cases, key=lambda case: GROUPS.index(case.group))


def _equality(effort: Effort) -> Iterator[Case]:
    steps = {"steps": effort.compared}
    for data in ("table", "digits"):
        yield Case("equality", "compare_devices", f"CPU and device: {data}", {"data": data, **steps})
    for data in ("table", "digits"):
        yield Case("equality", "compare_repeats", f"the same run twice: {data}", {"data": data, **steps})
    for data, options in (
        ("table", {}),
        ("digits", {}),
        ("digits", {"augmentation": None}),
        ("digits", {"precision": "bfloat16"}),
    ):
        name = ", ".join([data, *(f"{key} {value}" for key, value in options.items())])
        asked = {"data": data, "options": options, **steps}
        yield Case("graph", "compare_graph", f"graph and eager: {name}", asked)


def _steps(effort: Effort) -> Iterator[Case]:
    widths = dict(zip(NETWORKS, effort.widths, strict=True))
    for mode, network, precision in itertools.product(("eager", "graph"), NETWORKS, PRECISIONS):
        for batch in effort.batches:
            asked = {"network": network, "width": widths[network], "precision": precision, "batch": batch}
            asked |= {"seconds": effort.seconds, "chunk": effort.chunk, "mode": mode}
            yield Case(mode, "time_steps", f"{mode} step: {network}, {precision}, batch {batch}", asked)


def _fits(effort: Effort, tables: tuple[str, ...], images: str) -> Iterator[Case]:
    limits = {"max_steps": effort.max_steps, "rows": effort.rows}
    for table in tables:
        yield Case("fit", "fit_table", f"fit: {table}", {"table": table, **limits})
    for place, filters in itertools.product(("cpu", "device"), (False, True)):
        rows = effort.sampled if place == "cpu" else effort.sampled_there
        name = f"sample: {tables[0]}, generator on {place}, {'with' if filters else 'without'} filters"
        yield Case(
            "fit", "sample_rows", name, {"table": tables[0], **limits, "n": rows, "on": place, "filters": filters}
        )
    asked = {"images": images, "per_class": effort.per_class, "max_steps": effort.max_steps}
    yield Case("fit", "fit_images", f"fit: {images}, {effort.per_class} images per class", asked)
