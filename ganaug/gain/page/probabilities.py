"""Build the section on probabilities: calibration curves and scores, with and without synthetic rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...plots.text import CI, NOTHING, format_score, format_share, is_known
from ..arms import AUGMENTED, BASELINE
from ..calibration import CALIBRATION_ARMS
from .drawings import CalibrationCurve, draw_reliability
from .parts import Figure, Group, Row, Section, Table
from .units import PageUnit, page_unit
from .words import arm_label, classifier_label, metric_label

Record = Mapping[str, Any]

MAX_FIGURES = 20  # classifiers drawn
MAX_GROUPS = 30  # classifiers in one table
_ARMS = ("real_only", "calibrated", "augmented", "augmented_corrected")
_METRICS = ("neg_log_loss", "neg_brier_score")


def build_probabilities(report: Record) -> Section | None:
    """Return the section on probabilities; None if no calibration curve was measured."""
    curves = _collect_curves(report)
    if not curves:
        return None
    what = "of the rarer class" if len(report["design"]["classes"]) == 2 else "of every class against the rest"
    text = [
        f"Each point is a tenth of the test rows of all folds: how probable the classifier said it was {what}, and how "
        "often it came true (DeGroot and Fienberg, 1983). On the diagonal, stated probabilities come true; below it, "
        "they are too high. Both axes are stretched near 0, so that a rare class can be read.",
        "Rows that change the classes' shares make a rare class look more probable than it is. The correction puts the "
        "real shares back (Saerens et al., 2002); Platt scaling does without synthetic rows.",
    ]
    figures = [_build_figure(i, key, found) for i, (key, found) in enumerate(list(curves.items())[:MAX_FIGURES])]
    notes = [f"{len(curves) - MAX_FIGURES} more classifiers are in report.to_dict()."] * (len(curves) > MAX_FIGURES)
    tables = [table] if (table := _build_scores(report)) else []
    return Section("probabilities", "Probabilities", text, figures=figures, tables=tables, notes=notes)


def _collect_curves(report: Record) -> dict[str, list[CalibrationCurve]]:
    """Return the calibration curves of each classifier, in the order of their arms, without empty ones."""
    found: dict[str, list[CalibrationCurve]] = {}
    listed = [curve for curve in report.get("calibration") or [] if curve["arm"] in CALIBRATION_ARMS]
    for curve in sorted(listed, key=lambda curve: CALIBRATION_ARMS.index(curve["arm"])):
        both = zip(curve["predicted"], curve["observed"], strict=False)
        points = [(p, o) for p, o in both if is_known(p) and is_known(o)]
        if points:
            shown = CalibrationCurve(curve["arm"], arm_label(curve["arm"]), points)
            found.setdefault(curve["classifier"], []).append(shown)
    return found


def _build_figure(place: int, key: str, curves: Sequence[CalibrationCurve]) -> Figure:
    title = classifier_label(key)
    means = "; ".join(f"{curve.name}: {format_share(curve.predicted)} stated on average" for curve in curves)
    observed = format_share(curves[0].observed)
    label = f"{title}, calibration curves. {means}; {observed} came true."
    svg = draw_reliability(f"calibration-{place}", label, curves)
    groups = [Group(curve.name, [Row((format_share(p), format_share(o))) for p, o in curve.points]) for curve in curves]
    table = Table(f"{title}: calibration curves", ("Predicted", "Came true"), groups)
    return Figure(title, svg, [table], f"Stated on average: {_format_stated(curves)}; came true: {observed}")


def _format_stated(curves: Sequence[CalibrationCurve]) -> str:
    words = {"real_only": "real rows", "augmented": "augmented", "augmented_corrected": "corrected"}
    return ", ".join(f"{words[curve.arm]} {format_share(curve.predicted)}" for curve in curves)


def _build_scores(report: Record) -> Table | None:
    """Return the table of log loss and Brier score of the arms in `_ARMS`; None if neither was measured."""
    names = [name for name in _METRICS if any(row["metric"] == name for row in report["rows"])]
    if not names:
        return None
    found = {(row["classifier"], row["arm"], row["metric"]): row for row in report["rows"]}
    classifiers = list(dict.fromkeys([report["verdict"]["classifier"], *(row["classifier"] for row in report["rows"])]))
    groups = []
    for key in classifiers[:MAX_GROUPS]:
        rows = [_build_row(name, [found.get((key, name, metric)) for metric in names], names) for name in _ARMS]
        filled = [row for row in rows if any(cell != NOTHING for cell in row.cells[1:])]
        groups.append(Group(classifier_label(key), filled))
    head = ["Arm"]
    for name in names:
        head += [metric_label(name), _format_head(page_unit(name))]
    return Table(f"Scores of probabilities, with {CI}s", head, [group for group in groups if group.rows])


def _format_head(unit: PageUnit) -> str:
    return f"{unit.head()} (interval)"


def _build_row(name: str, found: Sequence[Record | None], metrics: Sequence[str]) -> Row:
    cells = [arm_label(name)]
    for row, metric in zip(found, metrics, strict=True):
        if row:
            cells += [format_score(row["mean"]), _format_difference(row, page_unit(metric))]
        else:
            cells += [NOTHING, NOTHING]
    return Row(cells, strong=name == AUGMENTED)


def _format_difference(row: Record, unit: PageUnit) -> str:
    if row["arm"] == BASELINE:
        return "baseline"
    within = unit.interval(row["ci_low"], row["ci_high"])
    return f"{unit.signed(row['difference'])} ({within})" if within != NOTHING else unit.signed(row["difference"])
