"""Colours of the drawings: of plots on a light and a dark ground, and of the report page.

The pairs that carry meaning, real beside synthetic, differ in lightness, so that they are told apart without colours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Look:
    """Colours of a drawing, each as ``#rrggbb``.

    Attributes
    ----------
    ink : str
        Text and ordinary marks.
    muted : str
        Reference lines and remarks.
    rule : str
        Grid and frame.
    accent : str
        What comes from the augmenter.
    real : str
        Areas that stand for real rows.
    paper : str
        Ground of the drawing, which also fills hollow marks.
    """

    ink: str
    muted: str
    rule: str
    accent: str
    real: str
    paper: str


LIGHT = Look(ink="#1c2226", muted="#566069", rule="#d9dcd9", accent="#0b6b73", real="#c3c8c9", paper="#ffffff")
DARK = Look(ink="#e7eaec", muted="#a4aeb6", rule="#353c42", accent="#5fc6cc", real="#4a545b", paper="#1b2024")


def find_look(ax: Axes) -> Look:
    """Return the colours that can be read on the ground of an Axes, such as dark ones in a light style."""
    from matplotlib.colors import to_hex, to_rgba

    grounds = (to_rgba(part.get_facecolor()) for part in (ax, ax.figure))
    ground = next((colour[:3] for colour in grounds if colour[3] > 0), (1.0, 1.0, 1.0))
    red, green, blue = ground
    is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5  # luma of ITU-R BT.601
    return replace(DARK if is_dark else LIGHT, paper=to_hex(ground))
