"""ImagesDisplay: real images beside synthetic ones, a row for each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .axes import provide_axes, write_plainly
from .text import show_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pictures = NDArray[np.uint8]

_GAP = 0.08  # of an image, between two of them
_MIDDLE = 0.6  # of an image, between real and synthetic ones
_INCHES = 0.55  # of an image


class ImagesDisplay:
    """Strips of images: real ones on the left, synthetic ones on the right, a row for each class.

    Parameters
    ----------
    pictures : mapping of name to (real, synthetic)
        For each class two arrays of 8-bit images, of shape (k, h, w) or (k, h, w, c) with 3 or 4 channels, all of the
        same size.
    note : str, default=""
        Remark below the strips, such as on classes that are left out.

    Attributes
    ----------
    ax_ : Axes
        What was drawn on.
    figure_ : Figure
        Its figure.

    See Also
    --------
    GANAugmenter.plot_columns : Draw real images beside those of an augmenter.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.plots import ImagesDisplay
    >>> light, dark = np.full((4, 8, 8), 200, np.uint8), np.full((4, 8, 8), 50, np.uint8)
    >>> display = ImagesDisplay({"cat": (light, dark), "dog": (dark, light)}).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['cat', 'dog']
    """

    ax_: Axes
    figure_: Figure

    def __init__(self, pictures: Mapping[str, tuple[Pictures, Pictures]], *, note: str = ""):
        self.pictures = dict(pictures)
        self.note = note

    def plot(self, ax: Any = None) -> ImagesDisplay:
        """Draw the strips.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        ImagesDisplay
            Itself.

        Raises
        ------
        ParameterError
            matplotlib is not installed, or `ax` is no Axes.
        """
        most = max((len(part) for pair in self.pictures.values() for part in pair), default=1)
        size = (1.0 + _INCHES * (2 * most + _MIDDLE), 0.5 + _INCHES * max(1, len(self.pictures)))
        (self.ax_,) = provide_axes(ax, ["images"], size)
        self.figure_ = self.ax_.figure  # type: ignore[assignment]
        self._paint(most)
        return self

    def _paint(self, most: int) -> None:
        # 1. One image after the other, each one unit wide, at its own place
        ax = self.ax_
        starts = (0.0, most + _MIDDLE)
        tall = 1.0
        for line, pair in enumerate(self.pictures.values()):
            for start, images in zip(starts, pair, strict=True):
                for place, image in enumerate(images):
                    tall = image.shape[0] / image.shape[1]
                    left, top = start + place, line * tall
                    extent = (left + _GAP / 2, left + 1 - _GAP / 2, top + tall - _GAP / 2, top + _GAP / 2)
                    ax.imshow(image, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="nearest")

        # 2. The names of the classes and of both sides
        lines = len(self.pictures)
        ax.set(xlim=(0, 2 * most + _MIDDLE), ylim=(lines * tall, 0), aspect="equal")
        ticks = ax.set_yticks([(i + 0.5) * tall for i in range(lines)], [show_name(n, 20) for n in self.pictures])
        ax.set_xticks([start + most / 2 for start in starts], ["real", "synthetic"])
        ax.xaxis.tick_top()
        ax.set_xlabel(self.note)
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)
        write_plainly(*(tick.label1 for tick in ticks))
