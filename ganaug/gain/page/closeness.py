"""Build the sections on fidelity and on privacy: how close synthetic rows are to real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...plots.text import CI, format_count, format_interval, format_score, format_share, pluralize, show_name
from ...plots.whiskers import Whisker
from .drawings import draw_whiskers
from .parts import Figure, Section, Table

Record = Mapping[str, Any]

MAX_CLASSES = 60
_IMAGE_MEASURES = {
    "classification_accuracy": "Accuracy of a network trained on them",
    "precision": "Precision",
    "recall": "Recall",
    "density": "Density",
    "coverage": "Coverage",
}
_UNBOUNDED = "density"  # not drawn: the axis ends at 1
_CLASS_MEASURES = {
    "accuracy": "accuracy on its real images",
    "density": "density (about 1 is good, 0 far from real ones)",
    "coverage": "coverage (share of real ones reached)",
}

_NO_PROMISE = (
    "Nothing is promised about privacy: these attacks are a sample of what is known, and passing them does not make "
    "synthetic rows anonymous."
)


def build_fidelity(report: Record) -> Section:
    """Return the section on fidelity: distances from the real training rows, beside those of held-out real rows."""
    found = report.get("fidelity")
    if not found:
        return Section("fidelity", "How close the rows are", ["Not measured."])
    if "classification_accuracy" in found:
        return _build_image_fidelity(found)
    return _build_table_fidelity(found)


def _build_table_fidelity(found: Record) -> Section:
    rows = [
        Whisker("Column shapes", found["shape_error"], strong=True, mark=found["holdout_shape_error"]),
        Whisker("Pair trends", found["trend_error"], strong=True, mark=found["holdout_trend_error"]),
        Whisker("Detection", found["detection_auc"], strong=True, mark=0.5),
    ]
    head = ("Measure", "Synthetic rows", "Held-out real rows")
    table = Table.of("Distance from the real training rows", head, _format_marked(rows))
    svg = _draw_marked("Distance from real rows", rows, "lower is better")
    text = (
        "Dots are the synthetic rows, bars the mark to reach: what held-out real rows get. Column shapes and pair "
        "trends are mean errors from 0 to 1; detection is the ROC AUC of a classifier that tells synthetic rows from "
        "real ones, 0.5 if it cannot."
    )
    figure = Figure("Distance from real rows", svg, [table], "Bar: held-out real rows")
    tables = _build_classes(found["classes"], "Rows")
    return Section("fidelity", "How close the rows are", [text], figures=[figure], tables=tables)


def _build_image_fidelity(found: Record) -> Section:
    rows = {
        key: Whisker(name, found[key], strong=True, mark=found[f"holdout_{key}"])
        for key, name in _IMAGE_MEASURES.items()
    }
    drawn = [row for key, row in rows.items() if key != _UNBOUNDED]
    head = ("Measure", "Synthetic images", "Real images")
    table = Table.of("Closeness to the real training images", head, _format_marked(rows.values()))
    svg = _draw_marked("Closeness to real images", drawn, "higher is better")
    text = (
        "Dots are the synthetic images, bars the mark to reach. Accuracy is that of a small network on held-out real "
        "images, trained on synthetic ones or, for the mark, on the real ones. The others compare images with the "
        "training images in the features of that network; their mark is what held-out real images get. Precision is "
        "the share of synthetic images that lie among real ones, recall the share of real ones among synthetic ones."
    )
    figure = Figure("Closeness to real images", svg, [table], "Bar: real images")
    tables = _build_classes(found["classes"], "Images")
    return Section("fidelity", "How close the images are", [text], figures=[figure], tables=tables)


def _format_marked(rows: Iterable[Whisker]) -> list[tuple[str, str, str]]:
    return [(row.name, format_score(row.value), format_score(row.mark)) for row in rows]


def _draw_marked(title: str, rows: Sequence[Whisker], axis: str) -> str:
    """Return a drawing of measures in [0, 1] beside their marks."""
    spoken = "; ".join(f"{name} {value}, mark {mark}" for name, value, mark in _format_marked(rows))
    return draw_whiskers(
        "fidelity", f"{title}. {spoken}.", rows, axis, span=(0.0, 1.0), reference=None, form=format_score
    )


def _build_classes(classes: Sequence[Record], counted: str) -> list[Table]:
    """Return a list with the table of measures of each class; empty if there are no classes."""
    if not classes:
        return []
    measures = [name for name in _CLASS_MEASURES if name in classes[0]]
    rows = [
        (show_name(c["label"]), format_count(c["rows"]), *(format_score(c[name]) for name in measures))
        for c in classes[:MAX_CLASSES]
    ]
    caption = f"Each class: {', '.join(_CLASS_MEASURES[name] for name in measures)}"
    if len(classes) > MAX_CLASSES:
        caption += f"; {MAX_CLASSES} of {len(classes)} classes"
    head = ("Class", counted, *(name.capitalize() for name in measures))
    return [Table.of(caption, head, rows, folded=len(rows) > 12)]


def build_privacy(report: Record) -> Section:
    """Return the section on near-copies and membership inference, with a caution."""
    found = report.get("privacy")
    title = "Copies and membership"
    if not found:
        return Section("privacy", title, ["Not measured.", _NO_PROMISE])
    copies = found.get("near_copies")
    attacks = found.get("membership")
    tables = [_build_copies(copies)] if copies else []
    figures = [_build_attacks(attacks)] if attacks else []
    text = [_NO_PROMISE]
    if attacks:
        top = attacks["maximum"]
        within = format_interval(top["ci_low"], top["ci_high"], format_score)
        text.append(
            f"Membership inference: an attacker guesses which real rows the generator learned from. The best of "
            f"{len(attacks['attacks'])} attacks reaches a ROC AUC of {format_score(top['auc'])} "
            f"({CI} {within}, {show_name(top['name'])}); 0.5 is guessing."
        )
    return Section("privacy", title, text, figures=figures, tables=tables)


def _build_copies(copies: Record) -> Table:
    rows = [
        ("Synthetic rows", format_share(copies["synthetic"])),
        ("Held-out real rows", format_share(copies["holdout"])),
    ]
    caption = (
        f"Near-copies of training rows: unusually close to one, or equal ({pluralize(copies['n'], 'row')} looked at)"
    )
    return Table.of(caption, ("Rows", "Near-copies"), rows)


def _build_attacks(attacks: Record) -> Figure:
    title = "Membership inference"
    top = attacks["maximum"]
    rows = [Whisker(a["name"], a["auc"], a["ci_low"], a["ci_high"]) for a in attacks["attacks"]]
    rows.append(Whisker("maximum", top["auc"], top["ci_low"], top["ci_high"], strong=True))
    cells = [(show_name(r.name, 80), format_score(r.value), format_interval(r.low, r.high, format_score)) for r in rows]
    spoken = "; ".join(", ".join(cell) for cell in cells)
    label = f"{title}, ROC AUC of each attack. {spoken}."
    svg = draw_whiskers("membership", label, rows, "0.5 is guessing", reference=0.5, form=format_score)
    table = Table.of("ROC AUC of membership inference", ("Attack", "ROC AUC", CI), cells)
    note = f"{pluralize(attacks['members'], 'row')} learned from, {format_count(attacks['non_members'])} not"
    return Figure(title, svg, [table], note)
