"""Sections on how close synthetic rows are to real ones: fidelity, near-copies, membership inference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .drawings import Whisker, whiskers
from .parts import Figure, Section, Table
from .text import CI, count, interval, named, plural, score, share

Record = Mapping[str, Any]

MAX_CLASSES = 60
_MEASURES = {
    "classification_accuracy": "Accuracy of a network trained on them",
    "precision": "Precision",
    "recall": "Recall",
    "density": "Density",
    "coverage": "Coverage",
}
_UNBOUNDED = "density"
_OF_A_CLASS = {
    "accuracy": "accuracy on its real images",
    "density": "density (about 1 is good, 0 far from real ones)",
    "coverage": "coverage (share of real ones reached)",
}

_NO_PROMISE = (
    "Nothing is promised about privacy: these attacks are a sample of what is known, and passing them does not make "
    "synthetic rows anonymous."
)


def fidelity(report: Record) -> Section:
    """Return how close synthetic rows are to the real training rows, beside held-out real rows."""
    found = report.get("fidelity")
    if not found:
        return Section("fidelity", "How close the rows are", ["Not measured."])
    if "classification_accuracy" in found:
        return _image_fidelity(found)
    return _table_fidelity(found)


def _table_fidelity(found: Record) -> Section:
    rows = [
        Whisker("Column shapes", found["shape_error"], strong=True, mark=found["holdout_shape_error"]),
        Whisker("Pair trends", found["trend_error"], strong=True, mark=found["holdout_trend_error"]),
        Whisker("Detection", found["detection_auc"], strong=True, mark=0.5),
    ]
    head = ("Measure", "Synthetic rows", "Held-out real rows")
    table = Table.of("Distance from the real training rows", head, _marked_cells(rows))
    svg = _draw_marked("Distance from real rows", rows, "lower is better")
    text = (
        "Dots are the synthetic rows, bars the mark to reach: what held-out real rows get. Column shapes and pair "
        "trends are mean errors from 0 to 1; detection is the ROC AUC of a classifier that tells synthetic rows from "
        "real ones, 0.5 if it cannot."
    )
    figure = Figure("Distance from real rows", svg, [table], "Bar: held-out real rows")
    tables = _classes(found["classes"], "Rows")
    return Section("fidelity", "How close the rows are", [text], figures=[figure], tables=tables)


def _image_fidelity(found: Record) -> Section:
    rows = {
        key: Whisker(name, found[key], strong=True, mark=found[f"holdout_{key}"]) for key, name in _MEASURES.items()
    }
    drawn = [row for key, row in rows.items() if key != _UNBOUNDED]
    head = ("Measure", "Synthetic images", "Real images")
    table = Table.of("Closeness to the real training images", head, _marked_cells(rows.values()))
    svg = _draw_marked("Closeness to real images", drawn, "higher is better")
    text = (
        "Dots are the synthetic images, bars the mark to reach. Accuracy is that of a small network on held-out real "
        "images, trained on synthetic ones or, for the mark, on the real ones. The others compare images with the "
        "training images in the features of that network; their mark is what held-out real images get. Precision is "
        "the share of synthetic images that lie among real ones, recall the share of real ones among synthetic ones."
    )
    figure = Figure("Closeness to real images", svg, [table], "Bar: real images")
    tables = _classes(found["classes"], "Images")
    return Section("fidelity", "How close the images are", [text], figures=[figure], tables=tables)


def _marked_cells(rows: Iterable[Whisker]) -> list[tuple[str, str, str]]:
    return [(row.name, score(row.value), score(row.mark)) for row in rows]


def _draw_marked(title: str, rows: Sequence[Whisker], axis: str) -> str:
    """Return a drawing of measures in [0, 1] with their marks."""
    spoken = "; ".join(f"{name} {value}, mark {mark}" for name, value, mark in _marked_cells(rows))
    return whiskers("fidelity", f"{title}. {spoken}.", rows, axis, span=(0.0, 1.0), reference=None, form=score)


def _classes(classes: Sequence[Record], unit: str) -> list[Table]:
    """Return the table of the measures of each class, and none where there are no classes."""
    if not classes:
        return []
    measures = [name for name in _OF_A_CLASS if name in classes[0]]
    rows = [
        (named(c["label"]), count(c["rows"]), *(score(c[name]) for name in measures)) for c in classes[:MAX_CLASSES]
    ]
    caption = f"Each class: {', '.join(_OF_A_CLASS[name] for name in measures)}"
    if len(classes) > MAX_CLASSES:
        caption += f"; {MAX_CLASSES} of {len(classes)} classes"
    head = ("Class", unit, *(name.capitalize() for name in measures))
    return [Table.of(caption, head, rows, folded=len(rows) > 12)]


def privacy(report: Record) -> Section:
    """Return near-copies and membership inference, and what they do not say."""
    found = report.get("privacy")
    title = "Copies and membership"
    if not found:
        return Section("privacy", title, ["Not measured.", _NO_PROMISE])
    copies, attacks = found.get("near_copies"), found.get("membership")
    tables = [_copies(copies)] if copies else []
    figures = [_attacks(attacks)] if attacks else []
    text = [_NO_PROMISE]
    if attacks:
        top = attacks["maximum"]
        text.append(
            f"Membership inference: an attacker guesses which real rows the generator learned from. The best of "
            f"{len(attacks['attacks'])} attacks reaches a ROC AUC of {score(top['auc'])} ({CI} "
            f"{interval(top['ci_low'], top['ci_high'], score)}, {named(top['name'])}); 0.5 is guessing."
        )
    return Section("privacy", title, text, figures=figures, tables=tables)


def _copies(copies: Record) -> Table:
    rows = [("Synthetic rows", share(copies["synthetic"])), ("Held-out real rows", share(copies["holdout"]))]
    caption = f"Near-copies of training rows: unusually close to one, or equal ({plural(copies['n'], 'row')} looked at)"
    return Table.of(caption, ("Rows", "Near-copies"), rows)


def _attacks(attacks: Record) -> Figure:
    title = "Membership inference"
    top = attacks["maximum"]
    rows = [Whisker(a["name"], a["auc"], a["ci_low"], a["ci_high"]) for a in attacks["attacks"]]
    rows.append(Whisker("maximum", top["auc"], top["ci_low"], top["ci_high"], strong=True))
    cells = [(named(r.name, 80), score(r.value), interval(r.low, r.high, score)) for r in rows]
    spoken = "; ".join(", ".join(cell) for cell in cells)
    label = f"{title}, ROC AUC of each attack. {spoken}."
    svg = whiskers("membership", label, rows, "0.5 is guessing", reference=0.5, form=score)
    table = Table.of("ROC AUC of membership inference", ("Attack", "ROC AUC", CI), cells)
    note = f"{plural(attacks['members'], 'row')} learned from, {count(attacks['non_members'])} not"
    return Figure(title, svg, [table], note)
