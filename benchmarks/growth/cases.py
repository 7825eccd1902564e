"""Define the sizes, and measure one case in a fresh process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, NamedTuple

from ..shared.clock import Stopwatch
from ..shared.machine import describe_machine
from ..shared.made_table import make_table
from ..shared.memory import measure_peak_above, reset_peak
from ..shared.protocol import BenchmarkError

PROTOCOL = 1  # part of each case's key: raise it when the table or a measure changes
ENCODING, FIT = "encoding", "fit"
ONLY_ENCODING = {"max_steps": 1, "filters": None}
WARM_ROWS = 300

Key = dict[str, Any]
Result = dict[str, Any]


class Sizes(NamedTuple):
    """Tables of `rows` rows and `usual_columns` columns, and of `usual_rows` rows and `columns` columns."""

    rows: tuple[int, ...]
    usual_columns: int
    columns: tuple[int, ...]
    usual_rows: int
    sampled: int


FULL = Sizes((10_000, 100_000, 1_000_000), 20, (10, 100, 500), 10_000, 100_000)
SMALL = Sizes((1000, 5000), 20, (10, 50), 1000, 5000)


@dataclass(frozen=True)
class Case:
    """One piece of work at one size.

    Attributes
    ----------
    rows, columns : int
        Of the made table.
    work : {"encoding", "fit"}
        A fit of one step without filters, so encoding and little else; or a whole fit.
    sampled : int
        Rows that are drawn afterwards, without and with filters respectively.
    options : dict
        Parameters of GANAugmenter.
    """

    rows: int
    columns: int
    work: str
    sampled: int
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name in messages."""
        return f"{self.rows:,} x {self.columns}, {self.work}"

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of GANAugmenter."""
        return {"random_state": 0, **self.options, **(ONLY_ENCODING if self.work == ENCODING else {})}

    def make_key(self, versions: dict[str, str]) -> Key:
        """Return all that the result depends on; cases with the same key have the same result."""
        return {
            "benchmark": "growth",
            "protocol": PROTOCOL,
            "rows": self.rows,
            "columns": self.columns,
            "work": self.work,
            "sampled": self.sampled,
            "options": self.options,
            "versions": versions,
        }


def plan_cases(sizes: Sizes, options: dict[str, Any]) -> Iterator[Case]:
    """Yield the cases, small tables first."""
    tables = {(rows, sizes.usual_columns) for rows in sizes.rows}
    tables |= {(sizes.usual_rows, columns) for columns in sizes.columns}
    for rows, columns in sorted(tables, key=lambda table: (table[0] * table[1], table)):
        for work in (ENCODING, FIT):
            yield Case(rows, columns, work, sizes.sampled, options)


def measure_in_process(case: Case) -> Result:
    """Measure a case in a fresh process, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(measure_case, case).result()
        except BrokenProcessPool:
            raise BenchmarkError("the process was killed, most likely for its memory") from None


def measure_case(case: Case) -> Result:
    """Fit, sample, and return the costs in seconds, MiB and rows per second.

    A fit of a few hundred rows comes first, so that no figure includes the loading of libraries.
    """
    from ganaug import GANAugmenter

    with warnings.catch_warnings(record=True) as warned:
        GANAugmenter(**case.parameters | {"max_steps": 1}).fit(*make_table(WARM_ROWS, 4))
        warned.clear()  # a generator of one step has collapsed, as it must
        X, y = make_table(case.rows, case.columns)
        frame_bytes, held, watch = int(X.memory_usage(deep=True).sum()), reset_peak(), Stopwatch()
        augmenter = GANAugmenter(**case.parameters).fit(X, y)
        (wall, cpu), others, peak = watch.read(), watch.read_others(), measure_peak_above(held)
        watch = Stopwatch()
        augmenter.sample(case.sampled)
        sample_seconds, sample_cpu_seconds = watch.read()
    return {
        "frame_mib": frame_bytes / 2**20,
        "fit_seconds": wall,
        "fit_cpu_seconds": cpu,
        "others_cpu_seconds": others,
        "memory_above_mib": peak,
        "steps": len(augmenter.history_["generator_loss"]),
        "sample_seconds": sample_seconds,
        "rows_per_second": case.sampled / sample_seconds,
        "rows_per_cpu_second": case.sampled / sample_cpu_seconds,
        "warnings": [str(warning.message) for warning in warned] if case.work == FIT else [],
        "machine": describe_machine(),
    }
