"""Show a fitted augmenter: as plots, as HTML in a notebook, and as text."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from ..errors import GanaugError
from ..plots import ColumnsDisplay, HistoryDisplay, ImagesDisplay
from ..plots.cards import make_card
from ..rng import Seed, new_seed
from .comparing import compare_images, compare_rows
from .summary import list_facts, write_headline

if TYPE_CHECKING:
    from .model import Model


_NOTE = "plot_history() draws the training, plot_columns(X) real beside synthetic samples; describe() tells all."


class ShownAugmenter:
    """Mixin of plots and summaries for `GANAugmenter`.

    `repr` stays the call that makes the unfitted estimator: scikit-learn, logs and `gain_report` rely on that. What was
    learned is said by ``print`` and in notebooks, above scikit-learn's own diagram.
    """

    if TYPE_CHECKING:  # what `GANAugmenter` brings
        model_: Model
        history_: dict[str, Any]
        random_state: Seed
        describe: Callable[[], dict[str, Any]]
        sample: Callable[..., tuple[Any, Any]]

    def plot_history(self, curves: str | Sequence[str] | None = None, *, ax: Any = None) -> HistoryDisplay:
        """Draw losses, accuracy of the discriminator, and held-out scores over the steps of the training.

        Parameters
        ----------
        curves : {"losses", "accuracy", "score"}, or sequence of these, default=None
            What to draw, one panel each; None draws all that were recorded, or as many as there are Axes.
        ax : Axes or array of Axes, default=None
            Where to draw, one for each panel; None makes a new figure.

        Returns
        -------
        HistoryDisplay
            What was drawn, with the attributes `ax_`, `axes_` and `figure_`.

        Raises
        ------
        NotFittedError
            The augmenter is not fitted.
        ParameterError
            matplotlib is not installed, there is no such curve, or the number of Axes is another than that of panels.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> display = augmenter.plot_history("losses")
        >>> display.ax_.get_xlabel()
        'training step'
        """
        check_is_fitted(self)
        return HistoryDisplay(self.history_).plot(curves, ax=ax)

    def plot_columns(
        self,
        X: Any,
        y: Any = None,
        *,
        columns: Hashable | Sequence[Hashable] | None = None,
        random_state: Seed = None,
        ax: Any = None,
    ) -> ColumnsDisplay | ImagesDisplay:
        """Draw real beside synthetic samples: the distribution of each column, or of images a strip of each class.

        Parameters
        ----------
        X : samples
            Real samples with the columns, or the format, of the training data; held-out ones show most. Up to 10,000
            synthetic rows are drawn to compare them with.
        y : array-like of shape (n,), default=None
            Classes of the samples. With it, synthetic samples come in the same classes; without it, in the proportions
            of the training data.
        columns : name, or sequence of names, default=None
            Columns to draw, in this order; None draws the twelve with the largest errors, or as many as there are Axes.
            Tables only.
        random_state : int, numpy RandomState or Generator, or None, default=None
            Seed of the samples; None takes the augmenter's own.
        ax : Axes or array of Axes, default=None
            Where to draw, one for each column, or a single one for images; None makes a new figure.

        Returns
        -------
        ColumnsDisplay or ImagesDisplay
            What was drawn, with the attributes `ax_` and `figure_`.

        Raises
        ------
        NotFittedError
            The augmenter is not fitted.
        DataError
            `X` or `y` do not match the training data.
        ParameterError
            matplotlib is not installed, there is no such column, or the number of Axes is another than that of columns.

        See Also
        --------
        ganaug.plots.ColumnsDisplay.from_frames : The same for any two tables.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import GANAugmenter
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> augmenter = GANAugmenter(max_steps=20, filters=None, random_state=0).fit(X, y)
        >>> display = augmenter.plot_columns(X, columns="petal length (cm)")
        >>> display.ax_.get_title(loc="left")
        'petal length (cm)'
        """
        check_is_fitted(self)
        seed = new_seed(self.random_state if random_state is None else random_state)
        if self.model_.modality.pictures is None:
            figures = compare_rows(self.model_, self.sample, X, y, seed)
            return ColumnsDisplay(figures).plot(columns, ax=ax)
        pictures, note = compare_images(self.model_, self.sample, X, y, columns, seed)
        return ImagesDisplay(pictures, note=note).plot(ax)

    def __str__(self) -> str:
        """Return the call that makes the estimator, and below it what a fitted one learned."""
        try:
            described = self.describe() if hasattr(self, "model_") else None
        except GanaugError:  # a forged model file
            described = None
        if described is None:
            return repr(self)
        lines = [f"  {term}: {text}" for term, text in list_facts(described)]
        return "\n".join([repr(self), write_headline(described), *lines])

    def _repr_html_inner(self) -> str:
        """Return what was learned, above scikit-learn's diagram; scikit-learn shows it unless told to show text."""
        diagram: str = super()._repr_html_inner()  # type: ignore[misc]
        if not hasattr(self, "model_"):
            return diagram
        described = self.describe()
        return make_card(write_headline(described), facts=list_facts(described), note=_NOTE) + diagram

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        bundle["text/plain"] = str(self)
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle
