"""The second part of the page: how the generator learned, and how its rows look beside real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .drawings import BARS, Whisker, bars, curves, heat_maps, histogram, most, whiskers
from .parts import Figure, Section, Table
from .text import CI, count, interval, named, plural, score, share

Record = Mapping[str, Any]

MAX_COLUMNS = 24  # drawn; all are listed
MAX_LISTED = 1000
MAX_CLASSES = 60
_MAX_STEPS = 25  # rows of a table of curves
_MAX_CELLS = 20  # a side of a table of pairs

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


def training(report: Record) -> Section | None:
    """Return the learning curves of the first fold's generator; None where the augmenter keeps none."""
    kept = report.get("training")
    if not kept or not kept["steps"]:
        return None
    losses = {"discriminator": kept["discriminator_loss"], "generator": kept["generator_loss"]}
    hits = {"on real rows": kept["accuracy_real"], "on synthetic rows": kept["accuracy_synthetic"]}
    figures = [
        _curve("losses", "Losses", kept["steps"], losses, None, "Level curves, not falling ones, are the good sign."),
        _curve("hits", "Accuracy of the discriminator", kept["steps"], hits, 0.5, "At 0.5 it is guessing."),
    ]
    if kept["held_out_score"]:
        held = {"held-out score": kept["held_out_score"]}
        note = "By real rows that the generator did not see; the weights of the best step are kept."
        figures.append(_curve("held", "Held-out score", kept["score_step"], held, None, note))
    return Section("training", "How the generator learned", ["The generator of the first fold."], figures=figures)


def _curve(
    name: str, title: str, steps: Sequence[float], lines: Mapping[str, Sequence[float]], level: float | None, note: str
) -> Figure:
    ends = [f"{key} from {score(values[0])} to {score(values[-1])}" for key, values in lines.items()]
    svg = curves(
        f"training-{name}", f"{title} over {plural(len(steps), 'step')} shown: {'; '.join(ends)}.", steps, lines, level
    )
    shown = np.unique(np.linspace(0, len(steps) - 1, _MAX_STEPS).round().astype(int))
    rows = [[count(steps[i]), *(score(values[i]) for values in lines.values())] for i in shown]
    caption = title if len(shown) == len(steps) else f"{title}, {len(shown)} of {len(steps)} points"
    return Figure(title, svg, [Table.of(caption, ("Step", *(key.capitalize() for key in lines)), rows)], note)


def columns(report: Record) -> Section | None:
    """Return real beside synthetic shares, the worst columns first."""
    listed = sorted(report.get("columns") or [], key=lambda column: -(column["error"] or 0.0))
    if not listed:
        return None
    figures = [_column(i, column) for i, column in enumerate(listed[:MAX_COLUMNS]) if column["bins"]]
    text = [
        "Areas and bars are the real rows of the first fold; lines and dots the synthetic ones. The error is the "
        "distance of the two, from 0 (alike) to 1: Kolmogorov and Smirnov's for numbers and dates, total variation for "
        "categories. The worst columns come first."
    ]
    notes = []
    if len(listed) > len(figures):
        notes.append(
            f"{len(listed) - len(figures)} of {len(listed)} columns are not drawn; the table below lists their errors."
        )
    if len(listed) > MAX_LISTED:
        notes.append(f"The table holds the worst {MAX_LISTED}; report.to_dict() has them all.")
    rows = [
        (named(c["name"], 80), c["kind"], score(c["error"]), *(share(part) for part in c["missing"]))
        for c in listed[:MAX_LISTED]
    ]
    head = ("Column", "Kind", "Error", "Missing, real", "Missing, synthetic")
    return Section(
        "columns",
        "Columns: real beside synthetic",
        text,
        figures=figures,
        tables=[Table.of("Errors of all columns" if len(listed) <= MAX_LISTED else "Errors", head, rows, folded=True)],
        notes=notes,
    )


def _column(place: int, column: Record) -> Figure:
    title = named(column["name"])
    paint = bars if column["kind"] == "category" else histogram
    size = plural(len(column["bins"]), "bin")
    label = f"Column {title}: real and synthetic shares of {size}; error {score(column['error'])}."
    rows = list(zip(column["bins"], map(share, column["real"]), map(share, column["synthetic"]), strict=False))
    table = Table.of(f"Shares of {title}", ("Bin", "Real", "Synthetic"), [(named(b), r, s) for b, r, s in rows])
    note = f"Error {score(column['error'])}"
    if any(column["missing"]):
        note += f"; missing {share(column['missing'][0])} real, {share(column['missing'][1])} synthetic"
    if column["kind"] == "category" and len(column["bins"]) > BARS:
        note += f"; {BARS} of {len(column['bins'])} categories drawn"
    return Figure(title, paint(f"column-{place}", label, column), [table], note)


def pairs(report: Record) -> Section | None:
    """Return the pairs of columns whose joint shares differ most."""
    listed = report.get("pairs") or []
    if not listed:
        return None
    text = [
        "The pairs of columns where synthetic rows are furthest from real ones. The stronger a cell's colour, the more "
        "rows it holds."
    ]
    figures = [_pair(i, pair) for i, pair in enumerate(listed[:4])]
    return Section("pairs", "Worst pairs: real beside synthetic", text, figures=figures)


def _pair(place: int, pair: Record) -> Figure:
    title = f"{named(pair['a'], 40)} by {named(pair['b'], 40)}"
    label = f"Heat maps of {title}, real rows left, synthetic rows right; error {score(pair['error'])}."
    tables = [_cells(f"{side} rows: {title}", pair, pair[side.lower()]) for side in ("Real", "Synthetic")]
    note = f"Error {score(pair['error'])}; full colour is {most(pair)} of the rows"
    return Figure(title, heat_maps(f"pair-{place}", label, pair), tables, note)


def _cells(caption: str, pair: Record, shares: Sequence[Sequence[float]]) -> Table:
    head = (named(pair["a"], 30), *(named(text, 30) for text in pair["bins_b"][:_MAX_CELLS]))
    rows = [
        (named(text, 30), *(share(value) for value in row[:_MAX_CELLS]))
        for text, row in zip(pair["bins_a"][:_MAX_CELLS], shares, strict=False)
    ]
    return Table.of(caption, head, rows)


def fidelity(report: Record) -> Section:
    """Return how far synthetic rows are from real ones, with held-out real rows as the mark."""
    found = report.get("fidelity")
    if not found:
        return Section("fidelity", "How close the rows are", ["Not measured."])
    if "classification_accuracy" in found:
        return _image_fidelity(found)
    values = [
        Whisker("Column shapes", found["shape_error"], strong=True, mark=found["holdout_shape_error"]),
        Whisker("Pair trends", found["trend_error"], strong=True, mark=found["holdout_trend_error"]),
        Whisker("Detection", found["detection_auc"], strong=True, mark=0.5),
    ]
    spoken = "; ".join(f"{v.name} {score(v.value)}, mark {score(v.mark)}" for v in values)
    svg = whiskers(
        "fidelity",
        f"Distance from real rows. {spoken}.",
        values,
        "lower is better",
        span=(0.0, 1.0),
        reference=None,
        form=score,
    )
    rows = [(v.name, score(v.value), score(v.mark)) for v in values]
    table = Table.of("Distance from the real training rows", ("Measure", "Synthetic rows", "Held-out real rows"), rows)
    text = [
        "Dots are the synthetic rows, bars the mark to reach: what held-out real rows get. Column shapes and pair "
        "trends are mean errors from 0 to 1; detection is the ROC AUC of a classifier that tells synthetic rows from "
        "real ones, 0.5 if it cannot."
    ]
    figure = Figure("Distance from real rows", svg, [table], "Bar: held-out real rows")
    return Section(
        "fidelity", "How close the rows are", text, figures=[figure], tables=_classes(found["classes"], "Rows")
    )


def _image_fidelity(found: Record) -> Section:
    """Return what networks make of synthetic images, with real ones as the mark.

    Parameters
    ----------
    found : mapping
        "fidelity" of a report about images.
    """
    rows = [Whisker(name, found[key], strong=True, mark=found[f"holdout_{key}"]) for key, name in _MEASURES.items()]
    drawn = [row for row, key in zip(rows, _MEASURES, strict=True) if key != _UNBOUNDED]
    spoken = "; ".join(f"{v.name} {score(v.value)}, mark {score(v.mark)}" for v in drawn)
    svg = whiskers(
        "fidelity",
        f"Closeness to real images. {spoken}.",
        drawn,
        "higher is better",
        span=(0.0, 1.0),
        reference=None,
        form=score,
    )
    cells = [(v.name, score(v.value), score(v.mark)) for v in rows]
    table = Table.of("Closeness to the real training images", ("Measure", "Synthetic images", "Real images"), cells)
    text = [
        "Dots are the synthetic images, bars the mark to reach. Accuracy is that of a small network on held-out real "
        "images, trained on synthetic ones or, for the mark, on the real ones. The others compare images with the "
        "training images in the features of that network; their mark is what held-out real images get. Precision is "
        "the share of synthetic images that lie among real ones, recall the share of real ones among synthetic ones."
    ]
    figure = Figure("Closeness to real images", svg, [table], "Bar: real images")
    return Section(
        "fidelity", "How close the images are", text, figures=[figure], tables=_classes(found["classes"], "Images")
    )


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
