"""Build the sections on scores: differences for each classifier, and a table for each metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...plots.text import CI, format_count, format_score, format_signed, shorten, show_name
from ...plots.whiskers import Limits, Whisker, axis_limits
from ..arms import AUGMENTED, BASELINE
from ..metric_names import PREVALENCE, recall_label
from .drawings import draw_whiskers
from .parts import Figure, Group, Row, Section, Table
from .selection import first_group, group_by_classifier, metrics_at_prevalence
from .units import PageUnit, describe_interval, page_unit
from .words import arm_label, classifier_label, lower_first, metric_label

Record = Mapping[str, Any]

MAX_FIGURES = 20  # classifiers drawn
MAX_GROUPS = 30  # classifiers in one table
MAX_METRICS = 12
MAX_CLASSES = 60


def build_differences(report: Record) -> Section:
    """Return the section on differences in the leading metric, a drawing for each classifier."""
    name = report["verdict"]["metric"]
    unit = page_unit(name)
    by_classifier = group_by_classifier(report, name)
    groups = {key: rows for key, rows in by_classifier.items() if any(row["arm"] != BASELINE for row in rows)}
    # Synthetic rows alone often score far lower: they may leave the scale, so that the other arms stay readable.
    whiskers = [unit.whisker(row) for rows in groups.values() for row in rows if row["arm"] != BASELINE]
    span = axis_limits([row for row in whiskers if row.scaled])
    shown = list(groups.items())[:MAX_FIGURES]
    figures = [
        _build_difference_figure(f"difference-{i}", key, rows, span, unit) for i, (key, rows) in enumerate(shown)
    ]
    in_points = ", in points (hundredths)" if unit.name else ""
    text = [
        f"{metric_label(name)}, higher is better. Each dot is the mean over folds of the paired difference from the "
        f"same classifier trained on the real rows only{in_points}; its line is the {CI}. A filled dot: the interval "
        "leaves zero out; a hollow dot: no clear difference; a triangle: beyond the scale. All drawings share a scale."
    ]
    notes = _note_left_out(len(groups), MAX_FIGURES, "classifiers", "drawn here")
    return Section("differences", "Differences", text, figures=figures, notes=notes)


def _build_difference_figure(name: str, key: str, rows: Sequence[Record], span: Limits, unit: PageUnit) -> Figure:
    title = classifier_label(key)
    others = [row for row in rows if row["arm"] != BASELINE]
    lines: list[Whisker] = [unit.whisker(row) for row in others]
    cells = [
        (
            arm_label(r["arm"]),
            unit.signed(r["difference"]),
            unit.interval(r["ci_low"], r["ci_high"]),
            describe_interval(r["ci_low"], r["ci_high"]),
        )
        for r in others
    ]
    spoken = "; ".join(f"{what} {gain}, {within}" for what, gain, within, _ in cells)
    label = f"{title}, difference from real rows only, with {CI}. {spoken}."
    svg = draw_whiskers(name, label, lines, unit.name or "difference", span=span, form=unit.write)
    table = Table.of(f"{title}: differences from real rows only", ("Arm", unit.head(), CI, "Reading"), cells)
    base = next((row["mean"] for row in rows if row["arm"] == BASELINE), None)
    return Figure(title, svg, [table], f"Real rows only: {format_score(base)}")


def build_metrics(report: Record) -> Section:
    """Return the section with a table for each metric, and one for the recall of every class."""
    lead = report["verdict"]["metric"]
    elsewhere = {name + PREVALENCE for name in metrics_at_prevalence(report)}
    names = [n for n in dict.fromkeys([lead, *(row["metric"] for row in report["rows"])]) if n not in elsewhere]
    plain = [name for name in names if recall_label(name) is None]
    tables = [_build_metric_table(report, name, folded=name != lead) for name in plain[:MAX_METRICS]]
    recalls = [name for name in names if recall_label(name) is not None]
    if recalls:
        tables.append(_build_recall_table(report, recalls))
    longest = max((len(group_by_classifier(report, name)) for name in plain), default=0)
    notes = [
        *_note_left_out(len(plain), MAX_METRICS, "metrics", "shown"),
        *_note_left_out(longest, MAX_GROUPS, "classifiers", "in each table"),
        *_note_left_out(len(recalls), MAX_CLASSES, "classes", "shown"),
    ]
    text = ["Means over folds; differences, intervals and effect sizes are against real rows only. Higher is better."]
    if elsewhere:
        text.append("Decisions are those of the classifier itself; the section Decisions has them at prevalence too.")
    return Section("metrics", "All metrics", text, tables=tables, notes=notes)


def _table_head(unit: PageUnit) -> tuple[str, ...]:
    return ("Arm", "Mean", unit.head(), CI, "Reading", "Effect size", "Folds", "Note")


def _build_metric_table(report: Record, name: str, folded: bool) -> Table:
    unit = page_unit(name)
    groups = [
        Group(classifier_label(key), [_build_row(row, unit) for row in rows])
        for key, rows in group_by_classifier(report, name).items()
    ]
    return _drop_empty_notes(Table(metric_label(name), _table_head(unit), groups[:MAX_GROUPS], folded))


def _drop_empty_notes(table: Table) -> Table:
    if any(row.cells[-1] for group in table.groups for row in group.rows):
        return table
    groups = [Group(group.title, [Row(row.cells[:-1], row.strong) for row in group.rows]) for group in table.groups]
    return replace(table, head=table.head[:-1], groups=groups)


def _build_recall_table(report: Record, names: Sequence[str]) -> Table:
    """Return the recall of each class, of the classifier of the verdict alone, so that the table stays readable."""
    unit = page_unit(names[0])
    groups = []
    for name in names[:MAX_CLASSES]:
        key, rows = first_group(report, name)
        title = f"{show_name(recall_label(name) or '')} ({lower_first(classifier_label(key))})"
        groups.append(Group(title, [_build_row(row, unit) for row in rows]))
    return _drop_empty_notes(Table("Recall of each class", _table_head(unit), groups, folded=True))


def _build_row(row: Record, unit: PageUnit) -> Row:
    difference = ("baseline", "", "", "")
    if row["arm"] != BASELINE:
        difference = (
            unit.signed(row["difference"]),
            unit.interval(row["ci_low"], row["ci_high"]),
            describe_interval(row["ci_low"], row["ci_high"]),
            format_signed(row.get("effect_size"), 2),
        )
    note = shorten(row.get("note") or "", 200)
    cells = (arm_label(row["arm"]), format_score(row["mean"]), *difference, format_count(row["n"]), note)
    return Row(cells, strong=row["arm"] == AUGMENTED)


def _note_left_out(number: int, shown: int, what: str, where: str) -> list[str]:
    if number <= shown:
        return []
    return [f"{number - shown} of {number} {what} are not {where}; report.to_dict() has them all."]
