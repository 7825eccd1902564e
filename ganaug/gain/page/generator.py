"""Build the section on the training of the generator: learning curves of the first fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .drawings import draw_curves
from .parts import Figure, Section, Table
from .text import format_count, format_score, pluralize

Record = Mapping[str, Any]

_MAX_STEPS = 25  # rows of a table of curves


def build_training(report: Record) -> Section | None:
    """Return the section on training; None if the augmenter records no learning curves."""
    kept = report.get("training")
    if not kept or not kept["steps"]:
        return None
    losses = {"discriminator": kept["discriminator_loss"], "generator": kept["generator_loss"]}
    hits = {"on real rows": kept["accuracy_real"], "on synthetic rows": kept["accuracy_synthetic"]}
    figures = [
        _build_curve(
            "losses", "Losses", kept["steps"], losses, None, "Level curves, not falling ones, are the good sign."
        ),
        _build_curve("hits", "Accuracy of the discriminator", kept["steps"], hits, 0.5, "At 0.5 it is guessing."),
    ]
    if kept["held_out_score"]:
        held = {"held-out score": kept["held_out_score"]}
        note = "By real rows that the generator did not see; the weights of the best step are kept."
        figures.append(_build_curve("held", "Held-out score", kept["score_step"], held, None, note))
    return Section("training", "How the generator learned", ["The generator of the first fold."], figures=figures)


def _build_curve(
    name: str, title: str, steps: Sequence[float], lines: Mapping[str, Sequence[float]], level: float | None, note: str
) -> Figure:
    ends = [f"{key} from {format_score(values[0])} to {format_score(values[-1])}" for key, values in lines.items()]
    svg = draw_curves(
        f"training-{name}",
        f"{title} over {pluralize(len(steps), 'step')} shown: {'; '.join(ends)}.",
        steps,
        lines,
        level,
    )
    shown = np.unique(np.linspace(0, len(steps) - 1, _MAX_STEPS).round().astype(int))
    rows = [[format_count(steps[i]), *(format_score(values[i]) for values in lines.values())] for i in shown]
    caption = title if len(shown) == len(steps) else f"{title}, {len(shown)} of {len(steps)} points"
    return Figure(title, svg, [Table.of(caption, ("Step", *(key.capitalize() for key in lines)), rows)], note)
