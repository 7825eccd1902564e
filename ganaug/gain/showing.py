"""Show a gain report: as a forest plot, and as HTML in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from ..plots import GainDisplay
from ..plots.axes import check_matplotlib
from ..plots.cards import make_card
from ..plots.text import make_printable, pluralize
from ..plots.whiskers import Whisker
from .arms import BASELINE

if TYPE_CHECKING:
    from .verdict import Conclusion

Record = Mapping[str, Any]


class ShownReport:
    """Mixin of a plot and a summary for `GainReport`."""

    if TYPE_CHECKING:  # what `GainReport` brings
        conclude: Callable[[str | None, str | None], Conclusion]
        to_dict: Callable[[], dict[str, Any]]

    def plot(self, metric: str | None = None, classifier: str | None = None, *, ax: Any = None) -> GainDisplay:
        """Draw a forest plot: the difference of each arm from the real rows alone, with its 95 % interval.

        The last line is the comparison on which the verdict rests as well: the augmented rows against the best control.

        Parameters
        ----------
        metric : str, default=None
            One of `metrics`; None takes the first one.
        classifier : str, default=None
            Name of a classifier; None takes the mean of all.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        GainDisplay
            What was drawn, with the attributes `ax_` and `figure_`.

        Raises
        ------
        ParameterError
            The report has no such metric or classifier, matplotlib is not installed, or `ax` is no Axes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from ganaug import GaussianCopula, gain_report
        >>> X, y = load_iris(return_X_y=True)
        >>> tree = DecisionTreeClassifier(max_depth=2)
        >>> options = {"arms": ["bootstrap"], "fidelity": False, "random_state": 0}
        >>> display = gain_report(GaussianCopula(), X, y, classifier=tree, **options).plot()
        >>> [label.get_text() for label in display.ax_.get_yticklabels()]
        ['Bootstrapped rows', 'Augmented', 'Against bootstrapped rows']
        """
        check_matplotlib()
        return _make_display(self.to_dict(), self.conclude(metric, classifier).to_dict()).plot(ax)

    def _repr_html_(self) -> str:
        """Return the verdict, its evidence and where to find the rest, for a notebook."""
        report = self.to_dict()
        try:
            check_matplotlib()
        except ParameterError:
            return make_card(report["verdict"]["sentence"], note=_NOTE)
        return _make_card(report)


_NOTE = "plot() draws the differences, print() lists all scores, to_html() writes the whole report as one page."


def _make_display(report: Record, found: Record) -> GainDisplay:
    """Return the plot of one metric of one classifier, or of the mean of all.

    Parameters
    ----------
    report : mapping
        Output of `GainReport.to_dict`.
    found : mapping
        The conclusion for that metric and classifier.
    """
    from .page.top import write_headline
    from .page.units import page_unit
    from .page.words import arm_phrase, classifier_label, lower_first, metric_label

    unit = page_unit(found["metric"])
    of = (found["metric"], found["classifier"])
    rows = [row for row in report["rows"] if (row["metric"], row["classifier"]) == of and row["arm"] != BASELINE]
    compared = []
    if found["control"]:
        value, low, high = (unit.value(found[f"control_{end}"]) for end in ("difference", "ci_low", "ci_high"))
        compared = [Whisker(f"Against {arm_phrase(found['control'])}", value, low, high, strong=True)]
    measured = [metric_label(found["metric"]), lower_first(classifier_label(found["classifier"]))]
    return GainDisplay(
        [unit.whisker(row) for row in rows],
        write_headline(found),
        subtitle=", ".join([*measured, pluralize(found["n"], "fold"), "95 % intervals"]),
        unit=unit.name,
        decimals=unit.decimals,
        compared=compared,
    )


def _make_card(report: Record) -> str:
    """Return the top of the report page for a notebook, and the differences of the classifier of the verdict."""
    from .page.scores import build_differences
    from .page.top import build_verdict
    from .page.words import metric_label

    report = make_printable(report)
    found = report["verdict"]
    rows = [row for row in report["rows"] if row["classifier"] == found["classifier"]]
    verdict = build_verdict(report)
    title = f"{metric_label(found['metric'])}: differences from real rows only"
    figures = [(title, figure.svg) for figure in build_differences({**report, "rows": rows}).figures]
    figures += [(figure.title, figure.svg) for figure in verdict.figures[1:]]  # the first one draws the facts
    sentences = [verdict.sentence, *([verdict.threshold[1]] if verdict.threshold else [])]
    facts = [(term, f"{value} ({more})") for term, value, more in verdict.facts]
    return make_card(verdict.word, sentences, facts, figures, _NOTE)
