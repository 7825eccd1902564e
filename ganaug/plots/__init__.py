"""Plots with matplotlib, in the manner of scikit-learn's Display objects.

`GainReport.plot`, `GANAugmenter.plot_history` and `GANAugmenter.plot_columns` return these objects. The drawn Axes are
their attributes `ax_` and `axes_`, the figure is `figure_`, and `plot` draws again, on other Axes. matplotlib is
imported when something is drawn; ``pip install 'ganaug[plot]'`` brings it.
"""

from .columns import ColumnsDisplay
from .differences import GainDisplay
from .history import HistoryDisplay
from .images import ImagesDisplay

__all__ = ["ColumnsDisplay", "GainDisplay", "HistoryDisplay", "ImagesDisplay"]
