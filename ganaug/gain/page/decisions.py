"""What a threshold gives: the scores of decisions, as a classifier decides and at the prevalence of each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..arms import BASELINE
from ..metric_names import PREVALENCE, recall_label
from .drawings import Whisker, limits, whiskers
from .parts import Figure, Group, Row, Section, Table
from .text import CI, interval, known, named, score
from .units import PageUnit, page_unit
from .words import arm, classifier, in_sentence, metric

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
    return word, found["sentence"].replace(" %", "\u00a0%"), _threshold_figure(found)


def advice(report: Record) -> str:
    """Return what to do about decisions, empty where there is nothing to say."""
    found = report.get("decisions")
    return _ADVICE.get(found["kind"], "") if found else ""


def _threshold_figure(found: Record) -> Figure:
    unit, name = page_unit(found["metric"]), metric(found["metric"])
    compared = [
        ("Threshold moved", "real rows only", "threshold", "threshold_ci_low", "threshold_ci_high"),
        ("Augmented", "real rows only", "difference", "ci_low", "ci_high"),
        ("Beyond the threshold", "augmented against the threshold", "beyond", "beyond_ci_low", "beyond_ci_high"),
    ]
    rows, cells = [], []
    for what, against, *keys in compared:
        gain, low, high = (unit.value(found.get(key)) for key in keys)
        rows.append(Whisker(what, gain, low, high, strong=what == "Augmented"))
        cells.append((what, against, unit.write(gain), interval(low, high, unit.write)))
    spoken = "; ".join(f"{what} ({against}) {gain}, {CI} {within}" for what, against, gain, within in cells)
    svg = whiskers(
        "threshold",
        f"{name}, difference from real rows only. {spoken}.",
        rows,
        f"{unit.name or 'difference'}, higher is better",
        form=unit.write,
    )
    table = Table.of("What moving the threshold gives", ("What", "Against", unit.head(), CI), cells)
    note = f"{name} against real rows only; last line: augmented against the threshold"
    return Figure("What moving the threshold gives", svg, [table], note)


def told_twice(report: Record) -> list[str]:
    """Return the metrics of decisions that were measured at prevalence too, in order."""
    names = dict.fromkeys(row["metric"] for row in report["rows"])
    return [name for name in names if name + PREVALENCE in names]


def decisions(report: Record) -> Section | None:
    """Return the scores of decisions in both ways, a table for each metric; None where they were taken in one."""
    names = told_twice(report)
    if not names:
        return None
    plain = [name for name in names if recall_label(name) is None]
    recalls = [name for name in names if recall_label(name) is not None]
    tables = [_table(report, name, folded=i > 0) for i, name in enumerate(plain[:MAX_METRICS])]
    if recalls:
        tables.append(_recalls(report, recalls[:MAX_CLASSES], folded=bool(plain)))
    text = [
        "As it decides: a classifier takes the most probable class; with two classes, its threshold is 0.5. At "
        "prevalence: the same classifier takes the class that is most probable relative to its share in the rows it "
        "was trained on (Elkan, 2001). For a rare class the threshold is then as low as the class is rare.",
        "Balancing classes with synthetic rows moves the threshold too. What an arm is ahead in the first column but "
        "not in the second is the threshold, which is free; what it is ahead in both is more than that.",
    ]
    figures = [_figure(report, plain[0])] if plain else []
    notes = ["Means over folds. Differences and intervals are against real rows only, both as the classifier decides."]
    return Section("decisions", "Decisions", text, figures=figures, tables=tables, notes=notes)


def _pairs(report: Record, name: str) -> Iterator[tuple[str, list[tuple[Record, float | None]]]]:
    """Yield classifiers, that of the verdict first, with the rows of a metric and their means at prevalence."""
    moved = {(r["classifier"], r["arm"]): r["mean"] for r in report["rows"] if r["metric"] == name + PREVALENCE}
    groups: dict[str, list[tuple[Record, float | None]]] = {report["verdict"]["classifier"]: []}
    for row in report["rows"]:
        if row["metric"] == name:
            pair = (row, moved.get((row["classifier"], row["arm"])))
            groups.setdefault(row["classifier"], []).append(pair)
    yield from ((key, rows) for key, rows in groups.items() if rows)


def _head(unit: PageUnit) -> tuple[str, ...]:
    return ("Arm", "As it decides", "At prevalence", unit.head(), CI)


def _row(row: Record, moved: float | None, unit: PageUnit) -> Row:
    baseline = row["arm"] == BASELINE
    gain = "baseline" if baseline else unit.signed(row["difference"])
    within = "" if baseline else unit.interval(row["ci_low"], row["ci_high"])
    cells = (arm(row["arm"]), score(row["mean"]), score(moved), gain, within)
    return Row(cells, strong=row["arm"] in ("augmented", "threshold"))


def _table(report: Record, name: str, folded: bool) -> Table:
    unit = page_unit(name)
    groups = [
        Group(classifier(key), [_row(row, moved, unit) for row, moved in pairs])
        for key, pairs in list(_pairs(report, name))[:MAX_GROUPS]
    ]
    return Table(f"{metric(name)}, decided in two ways", _head(unit), groups, folded)


def _recalls(report: Record, names: Sequence[str], folded: bool) -> Table:
    """Return one group a class, for the classifier of the verdict alone."""
    groups, unit = [], page_unit(names[0])
    for name in names:
        key, pairs = next(_pairs(report, name))
        title = f"{named(recall_label(name) or '')} ({in_sentence(classifier(key))})"
        groups.append(Group(title, [_row(row, moved, unit) for row, moved in pairs]))
    return Table("Recall of each class, decided in two ways", _head(unit), groups, folded)


def _figure(report: Record, name: str) -> Figure:
    """Return a dot for each arm as the verdict's classifier decides, and a bar at prevalence."""
    key, pairs = next(_pairs(report, name))
    rows = [Whisker(arm(row["arm"]), row["mean"], strong=row["arm"] == "augmented", mark=moved) for row, moved in pairs]
    spoken = "; ".join(f"{row.name} {score(row.value)}, at prevalence {score(row.mark)}" for row in rows)
    svg = whiskers(
        "decisions",
        f"{metric(name)} of each arm, {in_sentence(classifier(key))}. {spoken}.",
        rows,
        f"{in_sentence(metric(name))}, higher is better",
        span=limits([row for row in rows if known(row.value)], None),
        reference=None,
        form=score,
    )
    cells = [(row.name, score(row.value), score(row.mark)) for row in rows]
    table = Table.of(
        f"{metric(name)}, {in_sentence(classifier(key))}", ("Arm", "As it decides", "At prevalence"), cells
    )
    note = f"{classifier(key)}. Dot: as it decides; bar: at prevalence"
    return Figure(f"{metric(name)} in both ways", svg, [table], note)
