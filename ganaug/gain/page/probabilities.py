"""How true the probabilities are that a classifier states, with and without synthetic rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..arms import BASELINE
from ..calibration import CALIBRATION_ARMS
from .drawings import Points, reliability
from .parts import Figure, Group, Row, Section, Table
from .text import CI, NOTHING, known, score, share
from .units import PageUnit, page_unit
from .words import arm, classifier, metric

Record = Mapping[str, Any]

MAX_FIGURES = 20  # classifiers drawn
MAX_GROUPS = 30  # classifiers in one table
_ARMS = ("real_only", "calibrated", "augmented", "augmented_corrected")
_METRICS = ("neg_log_loss", "neg_brier_score")


def probabilities(report: Record) -> Section | None:
    """Return the calibration curves and the scores of probabilities; None where no curve was measured."""
    curves = _curves(report)
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
    figures = [_figure(i, key, found) for i, (key, found) in enumerate(list(curves.items())[:MAX_FIGURES])]
    notes = [f"{len(curves) - MAX_FIGURES} more classifiers are in report.to_dict()."] * (len(curves) > MAX_FIGURES)
    tables = [table] if (table := _scores(report)) else []
    return Section("probabilities", "Probabilities", text, figures=figures, tables=tables, notes=notes)


def _curves(report: Record) -> dict[str, list[Points]]:
    """Return for each classifier the curves that have points, in the order of their arms."""
    found: dict[str, list[Points]] = {}
    listed = [curve for curve in report.get("calibration") or [] if curve["arm"] in CALIBRATION_ARMS]
    for curve in sorted(listed, key=lambda curve: CALIBRATION_ARMS.index(curve["arm"])):
        both = zip(curve["predicted"], curve["observed"], strict=False)
        points = [(p, o) for p, o in both if known(p) and known(o)]
        if points:
            found.setdefault(curve["classifier"], []).append(Points(curve["arm"], arm(curve["arm"]), points))
    return found


def _figure(place: int, key: str, curves: Sequence[Points]) -> Figure:
    title = classifier(key)
    means = "; ".join(f"{curve.name}: {share(curve.predicted)} stated on average" for curve in curves)
    true = f"{share(curves[0].observed)} came true"
    svg = reliability(f"calibration-{place}", f"{title}, calibration curves. {means}; {true}.", curves)
    groups = [Group(curve.name, [Row((share(p), share(o))) for p, o in curve.points]) for curve in curves]
    table = Table(f"{title}: calibration curves", ("Predicted", "Came true"), groups)
    return Figure(title, svg, [table], f"Stated on average: {_stated(curves)}; came true: {share(curves[0].observed)}")


def _stated(curves: Sequence[Points]) -> str:
    words = {"real_only": "real rows", "augmented": "augmented", "augmented_corrected": "corrected"}
    return ", ".join(f"{words[curve.arm]} {share(curve.predicted)}" for curve in curves)


def _scores(report: Record) -> Table | None:
    """Return log loss and Brier score of the arms that are about probabilities, None where neither was measured."""
    names = [name for name in _METRICS if any(row["metric"] == name for row in report["rows"])]
    if not names:
        return None
    found = {(row["classifier"], row["arm"], row["metric"]): row for row in report["rows"]}
    classifiers = list(dict.fromkeys([report["verdict"]["classifier"], *(row["classifier"] for row in report["rows"])]))
    groups = []
    for key in classifiers[:MAX_GROUPS]:
        rows = [_row(name, [found.get((key, name, metric)) for metric in names], names) for name in _ARMS]
        groups.append(Group(classifier(key), [row for row in rows if any(cell != NOTHING for cell in row.cells[1:])]))
    head = ["Arm"]
    for name in names:
        head += [metric(name), _head(page_unit(name))]
    return Table(f"Scores of probabilities, with {CI}s", head, [group for group in groups if group.rows])


def _head(unit: PageUnit) -> str:
    return f"{unit.head()} (interval)"


def _row(name: str, found: Sequence[Record | None], metrics: Sequence[str]) -> Row:
    cells = [arm(name)]
    for row, own in zip(found, metrics, strict=True):
        cells += [score(row["mean"]), _difference(row, page_unit(own))] if row else [NOTHING, NOTHING]
    return Row(cells, strong=name == "augmented")


def _difference(row: Record, unit: PageUnit) -> str:
    if row["arm"] == BASELINE:
        return "baseline"
    within = unit.interval(row["ci_low"], row["ci_high"])
    return f"{unit.signed(row['difference'])} ({within})" if within != NOTHING else unit.signed(row["difference"])
