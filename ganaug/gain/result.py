"""GainReport: the scores of an experiment, differences between arms, and the verdict."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import ParameterError
from ..files.places import open_output
from .arms import CONTROLS, OPTIONAL_ARMS
from .calibration import make_calibration_curves
from .chance import find_chance
from .distillation import Distillation, compare_with_teacher
from .experiment import ArmScores, Cost, PreparedFold
from .facts import count_fold_rows
from .fold_means import mean_fidelity, mean_privacy
from .folds import Fold
from .intervals import Difference, paired_difference
from .metric_names import PREVALENCE
from .plain_json import to_plain_json
from .printing import format_report, name_left_out
from .showing import ShownReport
from .synthetic import count_labels
from .verdict import Conclusion, Decisions, best_control, compare_with_threshold, conclude

_COLUMNS = ("classifier", "metric", "arm", "mean", "difference", "ci_low", "ci_high", "n")
_PACKAGES = ("ganaug", "torch", "scikit-learn", "imbalanced-learn", "numpy", "pandas", "scipy")


@dataclass(frozen=True)
class Design:
    """Design of an experiment.

    Attributes
    ----------
    augmenter : sampler
        Unfitted augmenter.
    classifiers : mapping of name to estimator
        Unfitted classifiers.
    metrics, arms : list of str
        Metrics and arms in order; the first metric decides the verdict.
    labels : ndarray of shape (n,)
        All labels.
    n_features : int
        Number of columns, or of values of an image.
    image_shape : tuple of int or None
        Shape of one image; None for tables.
    folds : list of Fold
        Positions of training and test rows.
    n_repeats : int
        Number of times that the rows were split.
    has_groups : bool
        Whether rows of one group stayed together.
    synthetic_fraction : float or None
        Share of synthetic rows in the augmented rows.
    balance : bool
        Whether the synthetic rows of a share filled up small classes first.
    margin : float
        Smallest gain worth having.
    random_state : int
        Seed of the experiment.
    call : str
        Python call that repeats the experiment.
    seconds : float
        Duration.
    name : str or None
        Name of the data set.
    """

    augmenter: Any
    classifiers: Mapping[str, Any]
    metrics: list[str]
    arms: list[str]
    labels: NDArray[Any]
    n_features: int
    image_shape: tuple[int, ...] | None
    folds: list[Fold]
    n_repeats: int
    has_groups: bool
    synthetic_fraction: float | None
    balance: bool
    margin: float
    random_state: int
    call: str
    seconds: float
    name: str | None

    @property
    def test_to_train(self) -> float:
        """Mean number of test rows per training row."""
        return float(np.mean([len(fold.test) / len(fold.train) for fold in self.folds]))


class GainReport(ShownReport):
    """Gain of classifiers from synthetic rows, as measured by `gain_report`.

    Attributes
    ----------
    verdict : str
        Verdict in words: augmentation helps, does no better than a named control, hurts, or the data cannot tell.
    conclusion : Conclusion
        Verdict for the mean of all classifiers, with its numbers.
    conclusions : dict of str to Conclusion
        Verdict for each classifier.
    decisions : Decisions or None
        Comparison of the gain in decisions with that of a moved threshold; None without a clear gain, or if the verdict
        itself is about decisions.
    distillation : Distillation or None
        What a teacher's probabilities give, what rows with swapped cells and synthetic rows add to it, and what the
        teacher is ahead of its student; None unless the arms of a teacher were run.
    metrics : list of str
        Metrics; each metric of decisions is followed by its name with ``@prevalence``.
    command : str or None
        Shell command that made the report, shown on the page; set by the command line.
    failures : DataFrame
        Failures, with columns "fold", "arm", "classifier", "metric" and "reason".
    warnings : list of str
        Warnings of augmenter and classifiers, without duplicates.

    See Also
    --------
    gain_report : Run the experiment.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from ganaug import GaussianCopula, gain_report
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = DecisionTreeClassifier(max_depth=2)
    >>> options = {"arms": ["duplicate"], "fidelity": False, "random_state": 0}
    >>> report = gain_report(GaussianCopula(), X, y, classifier=tree, **options)
    >>> report.conclusion.metric, report.conclusion.n
    ('roc_auc_ovr', 10)
    >>> report.to_frame()["arm"].unique().tolist()
    ['real_only', 'duplicate', 'augmented']
    >>> report.to_html("gain.html")  # doctest: +SKIP
    """

    def __init__(self, design: Design, prepared: Sequence[PreparedFold], evaluated: Sequence[ArmScores]):
        self.design = design
        self.command: str | None = None
        self._prepared = list(prepared)
        self._scores = [score for done in evaluated for score in done.scores]
        self._fold_scores = self._index_scores()
        self._predictions = [one for done in evaluated for one in done.calibration]
        parts: list[PreparedFold | ArmScores] = [*prepared, *evaluated]
        failures = [asdict(failure) for part in parts for failure in part.failures]
        self.failures = pd.DataFrame(failures, columns=["fold", "arm", "classifier", "metric", "reason"])
        self.warnings = sorted({text for part in parts for text in part.warnings})
        names = list(design.classifiers)
        self._mean_name = f"mean of {len(names)} classifiers" if len(names) > 1 else names[0]
        self.metrics = self._list_metrics()
        self.conclusions: dict[str, Conclusion] = {name: self.conclude(classifier=name) for name in names}
        self.conclusion = self.conclude()
        self.decisions = self._compare_decisions()
        self.distillation = self._compare_with_teacher([cost for done in evaluated for cost in done.costs])

    @property
    def verdict(self) -> str:
        """Verdict in words, with the comparisons of decisions and with a teacher if there are any."""
        parts = (self.conclusion, self.decisions, self.distillation)
        return " ".join(part.sentence for part in parts if part is not None)

    def conclude(self, metric: str | None = None, classifier: str | None = None) -> Conclusion:
        """Decide whether augmentation helps in one metric.

        Parameters
        ----------
        metric : str, default=None
            One of `metrics`; None takes the first one.
        classifier : str, default=None
            Name of a classifier; None takes the mean of all.

        Returns
        -------
        Conclusion
            Verdict, with the differences from the real rows alone and from the best control.

        Raises
        ------
        ParameterError
            The report has no such metric or classifier.
        """
        metric = self.design.metrics[0] if metric is None else metric
        classifier = self._mean_name if classifier is None else classifier
        if metric not in self.metrics or classifier not in (*self.design.classifiers, self._mean_name):
            raise ParameterError(
                f"The report has no metric {metric!r} of {classifier!r}; it has {', '.join(self.metrics)}, and "
                f"{', '.join(self.design.classifiers)}."
            )
        found = self._compare_arms(metric, classifier)
        return replace(found, sentence=found.sentence + self._note_idle_folds())

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each classifier, metric and arm.

        Returns
        -------
        DataFrame
            Columns "classifier", "metric", "arm", "mean" over folds, "difference" from ``real_only`` on the same folds,
            "ci_low" and "ci_high" of its 95 % interval, and "n", the number of folds without a failure.
        """
        rows = [row for row in self._make_rows() if row["classifier"] in self.design.classifiers]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON, with None for NaN; the page is made from this dict alone."""
        facts_of_folds = list(enumerate(fold.facts for fold in self._prepared))
        first = next((facts for _, facts in facts_of_folds if facts), {})
        return {
            "format": 1,
            "verdict": self.conclusion.to_dict(),
            "decisions": self.decisions.to_dict() if self.decisions else None,
            "distillation": self.distillation.to_dict() if self.distillation else None,
            "verdicts": [conclusion.to_dict() for conclusion in self.conclusions.values()],
            "design": self._describe_design(),
            "rows": to_plain_json(self._make_rows()),
            "scores": [asdict(score) for score in self._scores],
            "calibration": make_calibration_curves(self._predictions),
            "failures": to_plain_json(
                self.failures.astype(object).where(self.failures.notna(), None).to_dict("records")
            ),
            "warnings": self.warnings,
            "counts": [
                count_fold_rows(fold, self.design.labels[fold.train], fold.test, done.data.added)
                for fold, done in zip(self.design.folds, self._prepared, strict=True)
            ],
            "choice": [{"fold": i, **facts["choice"]} for i, facts in facts_of_folds if "choice" in facts],
            "filters": [{"fold": i, **facts["filters"]} for i, facts in facts_of_folds if "filters" in facts],
            "training": first.get("training"),
            "fidelity": mean_fidelity([facts["fidelity"] for _, facts in facts_of_folds if facts.get("fidelity")]),
            "columns": first.get("columns", []),
            "pairs": first.get("pairs", []),
            "privacy": mean_privacy([facts["privacy"] for _, facts in facts_of_folds if facts.get("privacy")]),
        }

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write the report as one self-contained HTML page.

        Parameters
        ----------
        path : path-like
            File, such as "gain.html"; it is replaced as a whole or not at all.

        Raises
        ------
        DataError
            The file cannot be written.
        """
        from .page import write_page

        write_page(self.to_dict(), path)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to a file if a path is given.

        Parameters
        ----------
        path : path-like, default=None
            The file, such as "gain.json"; replaced as a whole or not at all.

        Returns
        -------
        str
            JSON in UTF-8, indented, with a newline at the end.

        Raises
        ------
        DataError
            The file cannot be written.

        See Also
        --------
        to_html : Write the report as a page.

        Examples
        --------
        >>> import json
        >>> from imblearn.over_sampling import RandomOverSampler
        >>> from sklearn.datasets import load_iris
        >>> from ganaug import gain_report
        >>> X, y = load_iris(return_X_y=True)
        >>> report = gain_report(
        ...     RandomOverSampler(), X, y, classifier="logistic", cv=2, n_repeats=1, arms=[], random_state=0
        ... )
        >>> json.loads(report.to_json())["design"]["arms"]
        ['real_only', 'augmented']
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        if path is not None:
            # Half a character, which text of a table may hold, has no UTF-8
            data = text.encode("utf-8", "backslashreplace")
            with open_output(os.fspath(path), overwrite=True) as file:
                file.write(data)
        return text

    def __str__(self) -> str:
        return format_report(self.to_dict())

    def __repr__(self) -> str:
        return f"<GainReport: {self.verdict}>"

    def _make_rows(self) -> list[dict[str, Any]]:
        everyone = [self._mean_name] if len(self.design.classifiers) > 1 else []
        return [
            row
            for classifier in (*self.design.classifiers, *everyone)
            for metric in self.metrics
            for arm in self.design.arms
            if (row := self._make_row(classifier, metric, arm)) is not None
        ]

    def _make_row(self, classifier: str, metric: str, arm: str) -> dict[str, Any] | None:
        names = self._resolve_names(classifier, (arm,), metric)
        scores = self._mean_scores(names, metric, arm)
        known = scores[~np.isnan(scores)]
        asked = self._resolve_names(classifier, (), metric)
        note = self._explain_missing(classifier, metric, arm) or name_left_out(asked, names)
        if not len(known) and not note:
            return None  # the arm does not apply
        gain = self._difference(classifier, metric, arm, "real_only")
        return {
            "classifier": classifier,
            "metric": metric,
            "arm": arm,
            "mean": float(known.mean()) if len(known) else np.nan,
            "difference": gain.mean,
            "ci_low": gain.low,
            "ci_high": gain.high,
            "n": len(known),
            "effect_size": gain.effect_size,
            "note": note,
        }

    def _explain_missing(self, classifier: str, metric: str, arm: str) -> str:
        """Return why scores are missing, "" if none is missing."""
        if (of := self.failures).empty:
            return ""
        mine = of["arm"] == arm
        mine &= of["classifier"].isna() | (of["classifier"] == classifier) | (classifier == self._mean_name)
        reasons = of[mine & (of["metric"].isna() | (of["metric"] == metric))]
        if reasons.empty:
            return ""
        folds = reasons["fold"].nunique()
        return f"failed in {folds} of {len(self.design.folds)} folds: {reasons['reason'].iloc[0]}"

    def _index_scores(self) -> dict[tuple[str, str, str], NDArray[np.float64]]:
        """Return the scores of all folds, NaN if missing, by classifier, metric and arm."""
        table: dict[tuple[str, str, str], NDArray[np.float64]] = {}
        for score in self._scores:
            key = (score.classifier, score.metric, score.arm)
            table.setdefault(key, np.full(len(self.design.folds), np.nan))[score.fold] = score.score
        return table

    def _resolve_names(self, classifier: str, arms: Sequence[str], metric: str) -> list[str]:
        """Return the classifiers that a name stands for; the mean takes those that have scores in optional arms."""
        if classifier in self.design.classifiers:
            return [classifier]
        special = [arm for arm in arms if arm in OPTIONAL_ARMS]
        takers = [n for n in self.design.classifiers if all((n, metric, arm) in self._fold_scores for arm in special)]
        return takers or list(self.design.classifiers)

    def _mean_scores(self, names: Sequence[str], metric: str, arm: str) -> NDArray[np.float64]:
        """Return the mean score over classifiers in each fold, NaN if one of them has none."""
        none = np.full(len(self.design.folds), np.nan)
        return np.mean([self._fold_scores.get((name, metric, arm), none) for name in names], axis=0)

    def _difference(self, classifier: str, metric: str, arm: str, reference: str) -> Difference:
        names = self._resolve_names(classifier, (arm, reference), metric)
        pair = self._mean_scores(names, metric, arm), self._mean_scores(names, metric, reference)
        return paired_difference(*pair, self.design.test_to_train)

    def _compare_arms(self, metric: str, classifier: str) -> Conclusion:
        ran = [arm for arm in CONTROLS if arm in self.design.arms]
        gains = {arm: self._difference(classifier, metric, arm, "real_only") for arm in ran}
        # A control without any difference, such as a threshold for a metric of ranks, repeats the real rows alone.
        control = best_control({arm: gain.mean for arm, gain in gains.items() if gain.differs})
        beside = (control, self._difference(classifier, metric, "augmented", control)) if control else None
        gain = self._difference(classifier, metric, "augmented", "real_only")
        names = self._resolve_names(classifier, (), metric)
        both = [self._mean_scores(names, metric, arm) for arm in ("real_only", "augmented")]
        chance = find_chance(metric, self.design.labels, both, self.design.margin)
        return conclude(metric, classifier, gain, beside, len(self.design.labels), self.design.margin, chance)

    def _compare_decisions(self) -> Decisions | None:
        """Compare decisions with a moved threshold; None without a clear gain, or if the verdict is about decisions."""
        known = [name for name in self.metrics if name + PREVALENCE in self.metrics]
        if not known or known[0] == self.design.metrics[0] or "threshold" not in self.design.arms:
            return None
        pairs = (("augmented", "real_only"), ("threshold", "real_only"), ("augmented", "threshold"))
        gain, threshold, beyond = (self._difference(self._mean_name, known[0], *pair) for pair in pairs)
        return compare_with_threshold(known[0], gain, threshold, beyond, self.design.margin)

    def _compare_with_teacher(self, costs: Sequence[Cost]) -> Distillation | None:
        if "teacher" not in self.design.arms:
            return None
        metric = self.design.metrics[0]
        steps = ("real_only", "soft_real", "soft_swapped", "distilled", "teacher")
        gains = [self._difference(self._mean_name, metric, arm, before) for before, arm in pairwise(steps)]
        return compare_with_teacher(metric, self._mean_name, gains, costs)

    def _list_metrics(self) -> list[str]:
        """Return the metrics in order, each metric of decisions followed by the same at prevalence."""
        of = {metric for _, metric, _ in self._fold_scores} | set(self.failures["metric"].dropna())
        return [name for own in self.design.metrics for name in (own, own + PREVALENCE) if name == own or name in of]

    def _note_idle_folds(self) -> str:
        """Return a sentence on folds in which the augmenter added no rows, "" if there are none."""
        done = [fold.data for fold in self._prepared if not fold.data.failure]
        idle = sum(not any(data.added.values()) for data in done)
        return f" The augmenter added no rows in {idle} of {len(done)} folds." if idle else ""

    def _describe_design(self) -> dict[str, Any]:
        d = self.design
        n_splits = len(d.folds) // d.n_repeats
        return {
            "rows": len(d.labels),
            "features": d.n_features,
            "image_shape": None if d.image_shape is None else list(d.image_shape),
            "classes": [{"label": str(label), "rows": n} for label, n in count_labels(d.labels).items()],
            "folds": len(d.folds),
            "n_splits": n_splits,
            "n_repeats": d.n_repeats,
            "groups": d.has_groups,
            "random_state": d.random_state,
            "synthetic_fraction": d.synthetic_fraction,
            "balance": d.balance,
            "margin": d.margin,
            "metrics": self.metrics,
            "classifiers": [{"name": name, "repr": to_one_line(c)} for name, c in d.classifiers.items()],
            "augmenter": to_one_line(d.augmenter),
            "arms": d.arms,
            "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
            "call": d.call,
            "command": self.command,
            "seconds": round(d.seconds, 1),
            "name": d.name,
        }


def to_one_line(estimator: Any) -> str:
    """Return the representation of an object on one line, without addresses of functions, which differ between runs."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(estimator).split()))
