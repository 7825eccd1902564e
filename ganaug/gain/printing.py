"""Format a gain report as text for a terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from ..messages import join_names
from .arms import AUGMENTED, BASELINE
from .metric_names import POINTS, PREVALENCE, Unit, recall_label, unit_of

_WIDTH = 110
_METRICS = 8  # columns of the overview
_NOTE = 200  # characters of a note


def format_report(report: Mapping[str, Any]) -> str:
    """Return the verdict, an overview of all metrics, the arms in the leading metric, and each classifier in it.

    Parameters
    ----------
    report : mapping
        Output of `GainReport.to_dict`.
    """
    out = io.StringIO()
    console = Console(  # which in a notebook would show what it prints, and write nothing
        file=out, width=_WIDTH, no_color=True, highlight=False, markup=False, emoji=False, force_jupyter=False
    )
    console.print(report["verdict"]["sentence"])
    for comparison in (report["decisions"], report["distillation"]):
        if comparison:
            console.print(comparison["sentence"])
    leading = report["verdict"]["metric"]
    about = report["verdict"]["classifier"]
    console.print()
    console.print(_make_overview(about, [row for row in report["rows"] if row["classifier"] == about]))
    shown = [row for row in report["rows"] if row["metric"] == leading]
    arms = [row for row in shown if row["classifier"] == about]
    console.print()
    console.print(_make_table(about, leading, arms))
    for row in arms:
        if row["note"]:
            console.print(f"{row['arm']}: {row['note'][:_NOTE]}")
    each = [found for found in report["verdicts"] if found["metric"] == leading]
    if len(each) > 1:
        console.print()
        console.print(_make_summary(leading, each, shown))
    if report["failures"]:
        first = report["failures"][0]
        console.print(
            f"{len(report['failures'])} failures; the first in fold {first['fold']}, {first['arm']}: {first['reason']}"
        )
    return out.getvalue().rstrip("\n")


def name_left_out(asked: Sequence[str], measured: Sequence[str]) -> str:
    """Return which classifiers a mean is without, or "" if it is of all that were asked for."""
    left_out = [name for name in asked if name not in measured]
    return f"without {join_names(left_out, form=str)}" if left_out else ""


def _make_overview(classifier: str, rows: list[dict[str, Any]]) -> Table:
    """Return the means of every arm in the first metrics, with decisions at prevalence as well."""
    metrics = [name for name in dict.fromkeys(row["metric"] for row in rows) if recall_label(name) is None]
    noted = {row["arm"] for row in rows if row["note"]}
    title = f"{classifier}, means; @prev.: decisions at the share of each class in training"
    title += "; *: see below" * bool(noted)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("arm", no_wrap=True)
    for name in metrics[:_METRICS]:
        table.add_column(name.replace(PREVALENCE, " @prev.").replace("_", " "), justify="right")
    means = {(row["arm"], row["metric"]): row["mean"] for row in rows}
    for arm in dict.fromkeys(row["arm"] for row in rows):
        known = [means.get((arm, name)) for name in metrics[:_METRICS]]
        table.add_row(arm + " *" * (arm in noted), *map(_format_mean, known))
    return table


def _make_table(classifier: str, metric: str, rows: list[dict[str, Any]]) -> Table:
    """Return the mean of every arm in one metric, with its difference from the real rows alone."""
    unit = unit_of(metric)
    table = Table(title=f"{classifier}, {metric}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm")
    for head in ("mean", _head_difference(unit), "95 % interval", "effect size", "folds"):
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(*_make_cells(row, unit))
    return table


def _make_summary(metric: str, verdicts: Sequence[Mapping[str, Any]], rows: list[dict[str, Any]]) -> Table:
    """Return one line for each classifier: its scores, the difference and the verdict."""
    unit = unit_of(metric)
    means = {(row["classifier"], row["arm"]): row["mean"] for row in rows}
    table = Table(title=f"each classifier, {metric}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("classifier")
    for head in (BASELINE, AUGMENTED, _head_difference(unit), "95 % interval"):
        table.add_column(head, justify="right")
    table.add_column("verdict")
    for found in verdicts:
        scores = [means.get((found["classifier"], arm)) for arm in (BASELINE, AUGMENTED)]
        cells = [*map(_format_mean, scores), *_format_difference(found, unit), found["kind"].replace("_", " ")]
        table.add_row(found["classifier"], *cells)
    return table


def _head_difference(unit: Unit) -> str:
    return f"to {BASELINE}, points" if unit == POINTS else f"to {BASELINE}"


def _make_cells(row: Mapping[str, Any], unit: Unit) -> tuple[str, ...]:
    difference = interval = effect = ""
    if row["arm"] != BASELINE:
        difference, interval = _format_difference(row, unit)
        if row["effect_size"] is not None:
            effect = f"{row['effect_size']:+.2f}"
    return row["arm"], _format_mean(row["mean"]), difference, interval, effect, str(row["n"])


def _format_mean(mean: float | None) -> str:
    return "" if mean is None else f"{mean:.3f}"


def _format_difference(row: Mapping[str, Any], unit: Unit) -> tuple[str, str]:
    """Return the difference from the real rows alone, and its interval; each is "" if it is not known."""
    difference = "" if row["difference"] is None else unit.format(row["difference"])
    known = row["ci_low"] is not None
    return difference, f"{unit.format(row['ci_low'])} to {unit.format(row['ci_high'])}" if known else ""
