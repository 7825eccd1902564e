"""Format a gain report as text for a terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from .arms import BASELINE
from .metric_names import POINTS, PREVALENCE, Unit, recall_label, unit_of

_WIDTH = 110
_METRICS = 8  # columns of the overview


def format_report(report: Mapping[str, Any]) -> str:
    """Return the verdict, an overview of all metrics, and a table of the leading metric for each classifier.

    Parameters
    ----------
    report : mapping
        Output of `GainReport.to_dict`.
    """
    out = io.StringIO()
    console = Console(file=out, width=_WIDTH, no_color=True, highlight=False, markup=False, emoji=False)
    console.print(report["verdict"]["sentence"])
    for comparison in (report["decisions"], report["distillation"]):
        if comparison:
            console.print(comparison["sentence"])
    leading = report["verdict"]["metric"]
    about = report["verdict"]["classifier"]
    console.print()
    console.print(_make_overview(about, [row for row in report["rows"] if row["classifier"] == about]))
    shown = [row for row in report["rows"] if row["metric"] == leading]
    for classifier in dict.fromkeys(row["classifier"] for row in shown):
        console.print()
        console.print(_make_table(classifier, leading, [row for row in shown if row["classifier"] == classifier]))
    if report["failures"]:
        first = report["failures"][0]
        console.print(
            f"{len(report['failures'])} failures; the first in fold {first['fold']}, {first['arm']}: {first['reason']}"
        )
    return out.getvalue().rstrip("\n")


def _make_overview(classifier: str, rows: list[dict[str, Any]]) -> Table:
    """Return the means of every arm in the first metrics, with decisions at prevalence as well."""
    metrics = [name for name in dict.fromkeys(row["metric"] for row in rows) if recall_label(name) is None]
    title = f"{classifier}, means; @prev.: decisions at prevalence, the share of each class in training"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("arm", no_wrap=True)
    for name in metrics[:_METRICS]:
        table.add_column(name.replace(PREVALENCE, " @prev.").replace("_", " "), justify="right")
    means = {(row["arm"], row["metric"]): row["mean"] for row in rows}
    for arm in dict.fromkeys(row["arm"] for row in rows):
        known = [means.get((arm, name)) for name in metrics[:_METRICS]]
        table.add_row(arm, *("" if value is None else f"{value:.3f}" for value in known))
    return table


def _make_table(classifier: str, metric: str, rows: list[dict[str, Any]]) -> Table:
    """Return the mean of every arm in one metric, with its difference from the real rows alone."""
    unit = unit_of(metric)
    difference_head = "to real_only, points" if unit == POINTS else "to real_only"
    table = Table(title=f"{classifier}, {metric}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm")
    for head in ("mean", difference_head, "95 % interval", "effect size", "folds"):
        table.add_column(head, justify="right")
    table.add_column("")
    for row in rows:
        table.add_row(*_make_cells(row, unit))
    return table


def _make_cells(row: Mapping[str, Any], unit: Unit) -> tuple[str, ...]:
    mean = "" if row["mean"] is None else f"{row['mean']:.3f}"
    difference = interval = effect = ""
    if row["arm"] != BASELINE:
        if row["difference"] is not None:
            difference = unit.format(row["difference"])
        if row["ci_low"] is not None:
            interval = f"{unit.format(row['ci_low'])} to {unit.format(row['ci_high'])}"
        if row["effect_size"] is not None:
            effect = f"{row['effect_size']:+.2f}"
    return row["arm"], mean, difference, interval, effect, str(row["n"]), row["note"][:60]
