"""Section on the training of the generator: learning curves of the first fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .drawings import curves
from .parts import Figure, Section, Table
from .text import count, plural, score

Record = Mapping[str, Any]

_MAX_STEPS = 25  # rows of a table of curves


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
