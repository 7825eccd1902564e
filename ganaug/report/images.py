"""The part of the page that says how close synthetic images are to real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .figures import Whisker, whiskers
from .parts import Figure, Section, Table
from .text import count, named, score

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


def image_fidelity(found: Record) -> Section:
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
    return Section("fidelity", "How close the images are", text, figures=[figure], tables=_classes(found))


def _classes(found: Record) -> list[Table]:
    classes = found["classes"]
    if not classes:
        return []
    rows = [
        (named(c["label"]), count(c["rows"]), score(c["accuracy"]), score(c["density"]), score(c["coverage"]))
        for c in classes[:MAX_CLASSES]
    ]
    caption = "Each class: accuracy on its real images, density (about 1 is good) and coverage (share of them reached)"
    if len(classes) > MAX_CLASSES:
        caption += f"; {MAX_CLASSES} of {len(classes)} classes"
    return [Table.of(caption, ("Class", "Images", "Accuracy", "Density", "Coverage"), rows, folded=len(rows) > 12)]
