"""The scores behind the verdict: differences drawn for each classifier, and a table for each metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..arms import BASELINE
from ..metric_names import PREVALENCE, recall_label
from .decisions import told_twice
from .drawings import Limits, Whisker, limits, whiskers
from .parts import Figure, Group, Row, Section, Table
from .text import CI, count, named, score, shorten, signed
from .units import PageUnit, page_unit, reading
from .words import arm, classifier, in_sentence, metric

Record = Mapping[str, Any]

MAX_FIGURES = 20  # classifiers drawn
MAX_GROUPS = 30  # classifiers in one table
MAX_METRICS = 12
MAX_CLASSES = 60


def differences(report: Record) -> Section:
    """Return the differences of the leading metric, a drawing for each classifier."""
    name = report["verdict"]["metric"]
    unit = page_unit(name)
    groups = {key: rows for key, rows in _by(report, name) if any(row["arm"] != BASELINE for row in rows)}
    # Synthetic rows alone are often far below: they may leave the scale rather than flatten everything else.
    scaled = [row for rows in groups.values() for row in rows if row["arm"] not in (BASELINE, "synthetic_only")]
    span = limits([unit.whisker(row) for row in scaled])
    shown = list(groups.items())[:MAX_FIGURES]
    figures = [_difference_figure(f"difference-{i}", key, rows, span, unit) for i, (key, rows) in enumerate(shown)]
    text = [
        f"{metric(name)}, higher is better. Each dot is the mean over folds of the paired difference from the same "
        f"classifier trained on the real rows only{', in points (hundredths)' if unit.name else ''}; its line is the "
        f"{CI}. A filled dot: the interval leaves zero out; a hollow dot: no clear difference; a triangle: beyond the "
        "scale. All drawings share a scale."
    ]
    notes = _left_out(len(groups), MAX_FIGURES, "classifiers", "drawn here")
    return Section("differences", "Differences", text, figures=figures, notes=notes)


def _difference_figure(name: str, key: str, rows: Sequence[Record], span: Limits, unit: PageUnit) -> Figure:
    title = classifier(key)
    others = [row for row in rows if row["arm"] != BASELINE]
    lines: list[Whisker] = [unit.whisker(row) for row in others]
    cells = [
        (
            arm(r["arm"]),
            unit.signed(r["difference"]),
            unit.interval(r["ci_low"], r["ci_high"]),
            reading(r["ci_low"], r["ci_high"]),
        )
        for r in others
    ]
    spoken = "; ".join(f"{what} {gain}, {within}" for what, gain, within, _ in cells)
    label = f"{title}, difference from real rows only, with {CI}. {spoken}."
    svg = whiskers(name, label, lines, unit.name or "difference", span=span, form=unit.write)
    table = Table.of(f"{title}: differences from real rows only", ("Arm", unit.head(), CI, "Reading"), cells)
    base = next((row["mean"] for row in rows if row["arm"] == BASELINE), None)
    return Figure(title, svg, [table], f"Real rows only: {score(base)}")


def _by(report: Record, name: str) -> Iterator[tuple[str, list[Record]]]:
    """Yield classifiers with their rows of a metric, the one of the verdict first."""
    groups: dict[str, list[Record]] = {report["verdict"]["classifier"]: []}
    for row in report["rows"]:
        if row["metric"] == name:
            groups.setdefault(row["classifier"], []).append(row)
    yield from ((key, rows) for key, rows in groups.items() if rows)


def metrics(report: Record) -> Section:
    """Return a table for each metric, and one for the recall of every class."""
    lead = report["verdict"]["metric"]
    elsewhere = {name + PREVALENCE for name in told_twice(report)}
    names = [n for n in dict.fromkeys([lead, *(row["metric"] for row in report["rows"])]) if n not in elsewhere]
    plain = [name for name in names if recall_label(name) is None]
    tables = [_metric_table(report, name, folded=name != lead) for name in plain[:MAX_METRICS]]
    recalls = [name for name in names if recall_label(name) is not None]
    if recalls:
        tables.append(_recall_table(report, recalls))
    longest = max((len(list(_by(report, name))) for name in plain), default=0)
    notes = [
        *_left_out(len(plain), MAX_METRICS, "metrics", "shown"),
        *_left_out(longest, MAX_GROUPS, "classifiers", "in each table"),
        *_left_out(len(recalls), MAX_CLASSES, "classes", "shown"),
    ]
    text = ["Means over folds; differences, intervals and effect sizes are against real rows only. Higher is better."]
    if elsewhere:
        text.append("Decisions are those of the classifier itself; the section Decisions has them at prevalence too.")
    return Section("metrics", "All metrics", text, tables=tables, notes=notes)


def _head(unit: PageUnit) -> tuple[str, ...]:
    return ("Arm", "Mean", unit.head(), CI, "Reading", "Effect size", "Folds", "Note")


def _metric_table(report: Record, name: str, folded: bool) -> Table:
    unit = page_unit(name)
    groups = [Group(classifier(key), [_row(row, unit) for row in rows]) for key, rows in _by(report, name)]
    return _without_empty_notes(Table(metric(name), _head(unit), groups[:MAX_GROUPS], folded))


def _without_empty_notes(table: Table) -> Table:
    if any(row.cells[-1] for group in table.groups for row in group.rows):
        return table
    groups = [Group(group.title, [Row(row.cells[:-1], row.strong) for row in group.rows]) for group in table.groups]
    return replace(table, head=table.head[:-1], groups=groups)


def _recall_table(report: Record, names: Sequence[str]) -> Table:
    """Return one group a class, for the classifier of the verdict alone: all would be too many to read."""
    groups, unit = [], page_unit(names[0])
    for name in names[:MAX_CLASSES]:
        key, rows = next(_by(report, name))
        groups.append(
            Group(f"{named(recall_label(name) or '')} ({in_sentence(classifier(key))})", [_row(r, unit) for r in rows])
        )
    return _without_empty_notes(Table("Recall of each class", _head(unit), groups, folded=True))


def _row(row: Record, unit: PageUnit) -> Row:
    baseline = row["arm"] == BASELINE
    cells = (
        arm(row["arm"]),
        score(row["mean"]),
        "baseline" if baseline else unit.signed(row["difference"]),
        "" if baseline else unit.interval(row["ci_low"], row["ci_high"]),
        "" if baseline else reading(row["ci_low"], row["ci_high"]),
        "" if baseline else signed(row.get("effect_size"), 2),
        count(row["n"]),
        shorten(row.get("note") or "", 200),
    )
    return Row(cells, strong=row["arm"] == "augmented")


def _left_out(number: int, shown: int, what: str, where: str) -> list[str]:
    if number <= shown:
        return []
    return [f"{number - shown} of {number} {what} are not {where}; report.to_dict() has them all."]
