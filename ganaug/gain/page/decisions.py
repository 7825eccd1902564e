"""Build the section on decisions: scores of the classifier's own decisions, and of decisions at prevalence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...plots.text import CI, format_interval, format_score, is_known, show_name
from ...plots.whiskers import Whisker, axis_limits
from ..arms import AUGMENTED, BASELINE
from ..metric_names import PREVALENCE, recall_label
from .drawings import draw_whiskers
from .parts import Figure, Group, Row, Section, Table
from .selection import first_group, group_by_classifier, metrics_at_prevalence
from .units import PageUnit, page_unit
from .words import arm_label, classifier_label, lower_first, metric_label

Record = Mapping[str, Any]

MAX_METRICS = 12
MAX_GROUPS = 30  # classifiers in one table
MAX_CLASSES = 60
TOOLS = (
    "scikit-learn has the tools (1.5 or later, sklearn.model_selection): FixedThresholdClassifier sets a threshold, "
    "TunedThresholdClassifierCV finds one"
)
_WORDS = {
    "threshold": "A threshold decides as well",
    "open": "A threshold may decide as well",
    "beyond": "It decides better than a threshold",
}
_ADVICE = {
    "threshold": f"For better decisions alone, move the threshold: it gives as much, and is free. {TOOLS}.",
    "open": f"For better decisions, move the threshold first: it is free, and may be all there is to gain. {TOOLS}.",
    "beyond": "In decisions, synthetic rows gave more than a threshold at the share of each class; see Decisions.",
}


def summarize_threshold(report: Record) -> tuple[str, str, Figure] | None:
    """Return the gain of a moved threshold as a few words, a sentence and a drawing; None if it was not compared."""
    found = report.get("decisions")
    if not found:
        return None
    word = _WORDS.get(found["kind"], "What a threshold gives")
    return word, found["sentence"].replace(" %", "\u00a0%"), _build_threshold_figure(found)


def advise_on_decisions(report: Record) -> str:
    """Return advice on decisions, or "" if the threshold was not compared."""
    found = report.get("decisions")
    return _ADVICE.get(found["kind"], "") if found else ""


def _build_threshold_figure(found: Record) -> Figure:
    unit = page_unit(found["metric"])
    name = metric_label(found["metric"])
    compared = [
        ("Threshold moved", "real rows only", "threshold", "threshold_ci_low", "threshold_ci_high"),
        ("Augmented", "real rows only", "difference", "ci_low", "ci_high"),
        ("Beyond the threshold", "augmented against the threshold", "beyond", "beyond_ci_low", "beyond_ci_high"),
    ]
    rows, cells = [], []
    for what, against, *keys in compared:
        gain, low, high = (unit.value(found.get(key)) for key in keys)
        rows.append(Whisker(what, gain, low, high, strong=what == "Augmented"))
        cells.append((what, against, unit.write(gain), format_interval(low, high, unit.write)))
    spoken = "; ".join(f"{what} ({against}) {gain}, {CI} {within}" for what, against, gain, within in cells)
    svg = draw_whiskers(
        "threshold",
        f"{name}, difference from real rows only. {spoken}.",
        rows,
        f"{unit.name or 'difference'}, higher is better",
        form=unit.write,
    )
    table = Table.of("What moving the threshold gives", ("What", "Against", unit.head(), CI), cells)
    note = f"{name} against real rows only; last line: augmented against the threshold"
    return Figure("What moving the threshold gives", svg, [table], note)


def build_decisions(report: Record) -> Section | None:
    """Return the section on decisions, a table for each metric; None if none was measured at prevalence."""
    names = metrics_at_prevalence(report)
    if not names:
        return None
    plain = [name for name in names if recall_label(name) is None]
    recalls = [name for name in names if recall_label(name) is not None]
    tables = [_build_table(report, name, folded=i > 0) for i, name in enumerate(plain[:MAX_METRICS])]
    if recalls:
        tables.append(_build_recalls(report, recalls[:MAX_CLASSES], folded=bool(plain)))
    text = [
        "As it decides: a classifier takes the most probable class; with two classes, its threshold is 0.5. At "
        "prevalence: the same classifier takes the class that is most probable relative to its share in the rows it "
        "was trained on (Elkan, 2001). For a rare class the threshold is then as low as the class is rare.",
        "Balancing classes with synthetic rows moves the threshold too. What an arm is ahead in the first column but "
        "not in the second is the threshold, which is free; what it is ahead in both is more than that.",
    ]
    figures = [_build_figure(report, plain[0])] if plain else []
    notes = ["Means over folds. Differences and intervals are against real rows only, both as the classifier decides."]
    return Section("decisions", "Decisions", text, figures=figures, tables=tables, notes=notes)


def _means_at_prevalence(report: Record, name: str) -> dict[tuple[str, str], float | None]:
    """Return the means of a metric at prevalence, by classifier and arm."""
    rows = [row for row in report["rows"] if row["metric"] == name + PREVALENCE]
    return {(row["classifier"], row["arm"]): row["mean"] for row in rows}


def _table_head(unit: PageUnit) -> tuple[str, ...]:
    return ("Arm", "As it decides", "At prevalence", unit.head(), CI)


def _build_group(title: str, report: Record, name: str, rows: Sequence[Record]) -> Group:
    moved = _means_at_prevalence(report, name)
    unit = page_unit(name)
    return Group(title, [_build_row(row, moved.get((row["classifier"], row["arm"])), unit) for row in rows])


def _build_row(row: Record, moved: float | None, unit: PageUnit) -> Row:
    gain = "baseline"
    within = ""
    if row["arm"] != BASELINE:
        gain = unit.signed(row["difference"])
        within = unit.interval(row["ci_low"], row["ci_high"])
    cells = (arm_label(row["arm"]), format_score(row["mean"]), format_score(moved), gain, within)
    return Row(cells, strong=row["arm"] in (AUGMENTED, "threshold"))


def _build_table(report: Record, name: str, folded: bool) -> Table:
    by_classifier = list(group_by_classifier(report, name).items())[:MAX_GROUPS]
    groups = [_build_group(classifier_label(key), report, name, rows) for key, rows in by_classifier]
    return Table(f"{metric_label(name)}, decided in two ways", _table_head(page_unit(name)), groups, folded)


def _build_recalls(report: Record, names: Sequence[str], folded: bool) -> Table:
    """Return the recall of each class, of the classifier of the verdict alone."""
    groups = []
    for name in names:
        key, rows = first_group(report, name)
        title = f"{show_name(recall_label(name) or '')} ({lower_first(classifier_label(key))})"
        groups.append(_build_group(title, report, name, rows))
    return Table("Recall of each class, decided in two ways", _table_head(page_unit(names[0])), groups, folded)


def _build_figure(report: Record, name: str) -> Figure:
    """Return a drawing with a dot for each arm's own decisions, and a bar for its decisions at prevalence."""
    key, found = first_group(report, name)
    moved = _means_at_prevalence(report, name)
    rows = [
        Whisker(arm_label(row["arm"]), row["mean"], strong=row["arm"] == AUGMENTED, mark=moved.get((key, row["arm"])))
        for row in found
    ]
    title = metric_label(name)
    classifier = classifier_label(key)
    spoken = "; ".join(f"{row.name} {format_score(row.value)}, at prevalence {format_score(row.mark)}" for row in rows)
    svg = draw_whiskers(
        "decisions",
        f"{title} of each arm, {lower_first(classifier)}. {spoken}.",
        rows,
        f"{lower_first(title)}, higher is better",
        span=axis_limits([row for row in rows if is_known(row.value)], None),
        reference=None,
        form=format_score,
    )
    cells = [(row.name, format_score(row.value), format_score(row.mark)) for row in rows]
    table = Table.of(f"{title}, {lower_first(classifier)}", ("Arm", "As it decides", "At prevalence"), cells)
    note = f"{classifier}. Dot: as it decides; bar: at prevalence"
    return Figure(f"{title} in both ways", svg, [table], note)
