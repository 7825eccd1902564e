"""Define the result of a case of a gain benchmark, for tables and for images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

WHOLE = "all"
"""The cut that is the whole data set."""

Record = dict[str, Any]


class ExcludedError(Exception):
    """The data set does not allow the case; the text says why."""


class NotApplicableError(Exception):
    """The method is not made for such data; the text says why."""


class Identified(Protocol):
    """What the ledger needs of a case."""

    @property
    def id(self) -> str:
        """The permanent name."""
        ...


@dataclass(frozen=True)
class CaseResult:
    """Result of a job.

    Attributes
    ----------
    id : str
        Name of the case.
    facts : dict
        Table and its digest, cut, seed, numbers of rows by class, what was left out.
    excluded : str or None
        Why there is no such case.
    records : list of dict
        One for each method and learner: "method", "learner", and "scores", "not_applicable" or "error"; "added" rows
        by class, and what the method "chose".
    seconds : float
        Shown, not kept: two runs of the same code give the same file.
    """

    id: str
    facts: Record
    excluded: str | None = None
    records: list[Record] = field(default_factory=list)
    seconds: float = 0.0

    def format_summary(self) -> str:
        """Return one line that describes the result."""
        if self.excluded:
            return f"excluded: {self.excluded}"
        failed = sorted({record["method"] for record in self.records if "error" in record})
        return f"{self.seconds:.0f} s" + (f", failed: {', '.join(failed)}" if failed else "")
