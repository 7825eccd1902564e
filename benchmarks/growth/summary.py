"""Render finished cases as Markdown: costs against rows, and against columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cases import ENCODING, FIT, Result

DISTURBED = 0.1  # processors that other programs may use before the times are called into question
HEAD = (
    "frame, MiB",
    "encoding, s",
    "its CPU s",
    "its memory, MiB (x frame)",
    "fit, s",
    "its CPU s",
    "steps",
    "its memory, MiB",
    "rows/s, unfiltered",
    "rows/s, filtered",
)
Entry = dict[str, Any]


@dataclass
class Point:
    """Results at one size, one for each kind of work that is finished."""

    rows: int
    columns: int
    results: dict[str, Result] = field(default_factory=dict)

    def get_value(self, work: str, name: str) -> float | None:
        """Return a figure, or None where it was not measured."""
        return self.results.get(work, {}).get(name)

    @property
    def frame_mib(self) -> float:
        """Size of the frame in MiB."""
        return float(next(iter(self.results.values()))["frame_mib"])


@dataclass(frozen=True)
class Curve:
    """Points in order of the size that changes.

    Attributes
    ----------
    axis : {"rows", "columns"}
    points : list of Point
    """

    axis: str
    points: list[Point]

    @property
    def fixed(self) -> str:
        """The size that all points share, as text."""
        point = self.points[0]
        return f"{point.columns} columns" if self.axis == "rows" else f"{point.rows:,} rows"


def find_curves(entries: Iterable[Entry]) -> list[Curve]:
    """Return the curves of finished cases, each of at least two sizes.

    Only cases of the newest version, with its options and on its machine, count: a curve must not mix versions.
    """
    entries = list(entries)
    points: dict[tuple[int, int], Point] = {}
    for entry in entries:
        key = entry["key"]
        if _list_conditions(entry) == _list_conditions(entries[-1]):
            point = points.setdefault((key["rows"], key["columns"]), Point(key["rows"], key["columns"]))
            point.results[key["work"]] = entry["result"]
    found = (
        _find_longest(list(points.values()), axis, fixed) for axis, fixed in (("rows", "columns"), ("columns", "rows"))
    )
    return [curve for curve in found if len(curve.points) > 1]


def _list_conditions(entry: Entry) -> list[Any]:
    return [entry["key"][name] for name in ("protocol", "versions", "options", "sampled")] + [
        entry["result"]["machine"]
    ]


def _find_longest(points: Sequence[Point], axis: str, fixed: str) -> Curve:
    """Return the most points that share the size `fixed`."""
    lines = [[p for p in points if getattr(p, fixed) == size] for size in {getattr(p, fixed) for p in points}]
    longest = max(lines, key=lambda line: (len(line), -getattr(line[0], fixed)), default=[])
    return Curve(axis, sorted(longest, key=lambda p: getattr(p, axis)))


def render_markdown(entries: Iterable[Entry]) -> str:
    """Return a table for each curve, with notes."""
    found = find_curves(entries)
    if not found:
        return "Nothing is finished at two sizes yet.\n"
    return (
        "\n\n".join(f"### Growth with {curve.axis}: {curve.fixed}\n\n{render_table(curve)}" for curve in found) + "\n"
    )


def render_table(curve: Curve) -> str:
    """Return the Markdown table of a curve, with its notes."""
    lines = [
        [curve.axis, *HEAD],
        ["---"] * (len(HEAD) + 1),
        *(_format_row(curve.axis, point) for point in curve.points),
    ]
    notes = [note for point in curve.points for note in _list_notes(curve.axis, point)]
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ([""] + notes if notes else []))


def _format_row(axis: str, point: Point) -> list[str]:
    return [
        f"{getattr(point, axis):,}",
        f"{point.frame_mib:,.1f}",
        _format_number(point.get_value(ENCODING, "fit_seconds"), ",.1f"),
        _format_number(point.get_value(ENCODING, "fit_cpu_seconds"), ",.1f"),
        _format_memory(point),
        _format_number(point.get_value(FIT, "fit_seconds"), ",.0f"),
        _format_number(point.get_value(FIT, "fit_cpu_seconds"), ",.0f"),
        _format_number(point.get_value(FIT, "steps"), ",.0f"),
        _format_number(point.get_value(FIT, "memory_above_mib"), ",.0f"),
        _format_number(point.get_value(ENCODING, "rows_per_second"), ",.0f"),
        _format_number(point.get_value(FIT, "rows_per_second"), ",.0f"),
    ]


def _format_memory(point: Point) -> str:
    memory = point.get_value(ENCODING, "memory_above_mib")
    return "" if memory is None else f"{memory:,.0f} ({memory / point.frame_mib:,.1f} x)"


def _format_number(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def _list_notes(axis: str, point: Point) -> list[str]:
    """Return notes on other programs that used the processor during a fit, and on warnings of a whole fit."""
    busy = [
        f"* {getattr(point, axis):,} {axis}, {work}: other programs used {result['others_cpu_seconds']:.0f} processor "
        f"seconds in these {result['fit_seconds']:.0f} s: times are too long."
        for work, result in point.results.items()
        if result["others_cpu_seconds"] > max(DISTURBED * result["fit_seconds"], 1)
    ]
    return busy + [
        f"* {getattr(point, axis):,} {axis}: {text}" for text in point.results.get(FIT, {}).get("warnings", [])
    ]
