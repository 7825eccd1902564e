"""GainReport: what was measured, and what it says."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import ParameterError
from ..files.places import new_file
from .arms import CONTROLS, OPTIONAL_ARMS
from .calibration import make_calibration_curves
from .experiment import ArmScores, PreparedFold
from .facts import count_fold_rows
from .fold_means import mean_fidelity, mean_privacy
from .folds import Fold
from .intervals import Difference, paired_difference
from .metric_names import PREVALENCE
from .plain_json import to_plain_json
from .printing import format_report
from .synthetic import count_labels
from .verdict import Conclusion, Decisions, best_control, compare_with_threshold, conclude

_COLUMNS = ("classifier", "metric", "arm", "mean", "difference", "ci_low", "ci_high", "n")
_PACKAGES = ("ganaug", "torch", "scikit-learn", "imbalanced-learn", "numpy", "pandas", "scipy")


@dataclass(frozen=True)
class Design:
    """What was asked for.

    Attributes
    ----------
    augmenter : sampler
        Unfitted.
    classifiers : mapping of name to estimator
        Unfitted.
    metrics, arms : list of str
        In order; the first metric leads.
    labels : ndarray of shape (n,)
        All labels.
    n_features : int
        Columns, or values of an image.
    image_shape : tuple of int or None
        Of one image, where samples are images.
    folds : list of Fold
        Which rows trained and tested.
    n_repeats : int
        How often rows were split anew.
    has_groups : bool
        Whether rows of one group stayed together.
    synthetic_fraction : float or None
        Share of synthetic rows.
    balance : bool
        Whether that share fills up small classes first.
    margin : float
        Smallest gain worth having.
    random_state : int
        What decided everything.
    call : str
        What repeats it.
    seconds : float
        How long it took.
    name : str or None
        Of the data set.
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
        """Test rows per training row."""
        return float(np.mean([len(fold.test) / len(fold.train) for fold in self.folds]))


class GainReport:
    """What synthetic rows do for classifiers; `gain_report` makes it.

    Attributes
    ----------
    verdict : str
        One sentence: it helps, does no better than a named control, hurts, or cannot be told.
    conclusion : Conclusion
        The verdict and the numbers that it rests on.
    conclusions : dict of str to Conclusion
        The same for each classifier alone.
    decisions : Decisions or None
        What of a gain in decisions the threshold gives; None where there is no gain, or the verdict is about it.
    metrics : list of str
        What was measured; after each metric of decisions, its name with ``@prevalence``.
    command : str or None
        The shell command that made the report, for the page to name; the command line sets it.
    failures : DataFrame
        What could not be measured: "fold", "arm", "classifier", "metric", "reason".
    """

    def __init__(self, design: Design, prepared: Sequence[PreparedFold], evaluated: Sequence[ArmScores]):
        self.design = design
        self.command: str | None = None
        self._prepared = list(prepared)
        self._scores = [score for done in evaluated for score in done.scores]
        self._by = self._table()
        self._predictions = [one for done in evaluated for one in done.calibration]
        failures = [f for done in prepared for f in done.failures] + [f for e in evaluated for f in e.failures]
        columns = ["fold", "arm", "classifier", "metric", "reason"]
        self.failures = pd.DataFrame([asdict(f) for f in failures], columns=columns)
        said = [done.warnings for done in prepared] + [done.warnings for done in evaluated]
        self.warnings = sorted({text for texts in said for text in texts})
        names = list(design.classifiers)
        self._everyone = f"mean of {len(names)} classifiers" if len(names) > 1 else names[0]
        self.metrics = self._measured()
        self.conclusions: dict[str, Conclusion] = {name: self.conclude(classifier=name) for name in names}
        self.conclusion = self.conclude()
        self.decisions = self._decisions()

    @property
    def verdict(self) -> str:
        """The answer, and what of a gain in decisions a threshold gives as well."""
        return " ".join([self.conclusion.sentence, *([self.decisions.sentence] if self.decisions else [])])

    def conclude(self, metric: str | None = None, classifier: str | None = None) -> Conclusion:
        """Return what a metric says.

        Parameters
        ----------
        metric : str, default=None
            Of those in `to_frame`; None takes the first, which decides the verdict.
        classifier : str, default=None
            Its name; None takes the mean of all.

        Returns
        -------
        Conclusion
            Whether the augmented rows beat the real ones alone and the best control.

        Raises
        ------
        ParameterError
            There is no such metric or classifier.
        """
        metric = self.design.metrics[0] if metric is None else metric
        classifier = self._everyone if classifier is None else classifier
        if metric not in self.metrics or classifier not in (*self.design.classifiers, self._everyone):
            raise ParameterError(
                f"The report has no metric {metric!r} of {classifier!r}; it has {', '.join(self.metrics)}, and "
                f"{', '.join(self.design.classifiers)}."
            )
        found = self._concluded(metric, classifier)
        return replace(found, sentence=found.sentence + self._idle())

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each classifier, metric and arm.

        Returns
        -------
        DataFrame
            "classifier", "metric", "arm", "mean" over folds, "difference" to ``real_only`` on the same folds,
            "ci_low" and "ci_high" of its 95 % interval, and "n", the number of folds; 0 where all failed.
        """
        rows = [row for row in self._rows() if row["classifier"] in self.design.classifiers]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON, NaN being None; it is all that the page is made from."""
        first = next((p.facts for p in self._prepared if p.facts), {})
        found = list(enumerate(p.facts for p in self._prepared))
        return {
            "format": 1,
            "verdict": self.conclusion.to_dict(),
            "decisions": self.decisions.to_dict() if self.decisions else None,
            "verdicts": [conclusion.to_dict() for conclusion in self.conclusions.values()],
            "design": self._design(),
            "rows": to_plain_json(self._rows()),
            "scores": [asdict(score) for score in self._scores],
            "calibration": make_calibration_curves(self._predictions),
            "failures": to_plain_json(
                self.failures.astype(object).where(self.failures.notna(), None).to_dict("records")
            ),
            "warnings": self.warnings,
            "counts": [
                count_fold_rows(fold, done.material.y, fold.test, done.material.added)
                for fold, done in zip(self.design.folds, self._prepared, strict=True)
            ],
            "choice": [{"fold": i, **facts["choice"]} for i, facts in found if "choice" in facts],
            "filters": [{"fold": i, **facts["filters"]} for i, facts in found if "filters" in facts],
            "training": first.get("training"),
            "fidelity": mean_fidelity([facts["fidelity"] for _, facts in found if facts.get("fidelity")]),
            "columns": first.get("columns", []),
            "pairs": first.get("pairs", []),
            "privacy": mean_privacy([facts["privacy"] for _, facts in found if facts.get("privacy")]),
        }

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write one self-contained page.

        Parameters
        ----------
        path : path-like
            The file, such as "gain.html"; replaced as a whole or not at all.

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
            with new_file(os.fspath(path), overwrite=True) as file:
                file.write(data)
        return text

    def __str__(self) -> str:
        return format_report(self.to_dict())

    def __repr__(self) -> str:
        return f"<GainReport: {self.verdict}>"

    def _rows(self) -> list[dict[str, Any]]:
        everyone = [self._everyone] if len(self.design.classifiers) > 1 else []
        return [
            row
            for classifier in (*self.design.classifiers, *everyone)
            for metric in self.metrics
            for arm in self.design.arms
            if (row := self._row(classifier, metric, arm)) is not None
        ]

    def _row(self, classifier: str, metric: str, arm: str) -> dict[str, Any] | None:
        scores = self._of(self._averaged(classifier, (arm,), metric), metric, arm)
        known = scores[~np.isnan(scores)]
        note = self._note(classifier, metric, arm)
        if not len(known) and not note:
            return None  # an arm that makes no sense here
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

    def _note(self, classifier: str, metric: str, arm: str) -> str:
        """Return why scores are missing, empty where none is."""
        of = self.failures
        mine = of["arm"] == arm
        mine &= of["classifier"].isna() | (of["classifier"] == classifier) | (classifier == self._everyone)
        reasons = of[mine & (of["metric"].isna() | (of["metric"] == metric))]
        if reasons.empty:
            return ""
        folds = reasons["fold"].nunique()
        return f"failed in {folds} of {len(self.design.folds)} folds: {reasons['reason'].iloc[0]}"

    def _table(self) -> dict[tuple[str, str, str], NDArray[np.float64]]:
        """Return the score of each fold, NaN where there is none, by classifier, metric and arm."""
        table: dict[tuple[str, str, str], NDArray[np.float64]] = {}
        for score in self._scores:
            key = (score.classifier, score.metric, score.arm)
            table.setdefault(key, np.full(len(self.design.folds), np.nan))[score.fold] = score.score
        return table

    def _averaged(self, classifier: str, arms: Sequence[str], metric: str) -> list[str]:
        """Return the classifiers behind a name: of all, those that can have the arm, such as class weights."""
        if classifier in self.design.classifiers:
            return [classifier]
        special = [arm for arm in arms if arm in OPTIONAL_ARMS]
        takers = [n for n in self.design.classifiers if all((n, metric, arm) in self._by for arm in special)]
        return takers or list(self.design.classifiers)

    def _of(self, names: Sequence[str], metric: str, arm: str) -> NDArray[np.float64]:
        """Return the mean score over classifiers in each fold, NaN where one of them has none."""
        none = np.full(len(self.design.folds), np.nan)
        return np.mean([self._by.get((name, metric, arm), none) for name in names], axis=0)

    def _difference(self, classifier: str, metric: str, arm: str, reference: str) -> Difference:
        names = self._averaged(classifier, (arm, reference), metric)
        pair = self._of(names, metric, arm), self._of(names, metric, reference)
        return paired_difference(*pair, self.design.test_to_train)

    def _concluded(self, metric: str, classifier: str) -> Conclusion:
        ran = [arm for arm in CONTROLS if arm in self.design.arms]
        gains = {arm: self._difference(classifier, metric, arm, "real_only") for arm in ran}
        # one that does not differ, such as a threshold where nothing is decided, is the real rows alone once more
        control = best_control({arm: gain.mean for arm, gain in gains.items() if gain.differs})
        beside = (control, self._difference(classifier, metric, "augmented", control)) if control else None
        gain = self._difference(classifier, metric, "augmented", "real_only")
        return conclude(metric, classifier, gain, beside, len(self.design.labels), self.design.margin)

    def _decisions(self) -> Decisions | None:
        """Return what of a gain in decisions a threshold gives, None where there is none or the verdict is about it."""
        known = [name for name in self.metrics if name + PREVALENCE in self.metrics]
        if not known or known[0] == self.design.metrics[0] or "threshold" not in self.design.arms:
            return None
        return compare_with_threshold(
            known[0],
            self._difference(self._everyone, known[0], "augmented", "real_only"),
            self._difference(self._everyone, known[0], "threshold", "real_only"),
            self._difference(self._everyone, known[0], "augmented", "threshold"),
            self.design.margin,
        )

    def _measured(self) -> list[str]:
        """Return the metrics in order, those of decisions followed by what they are at prevalence."""
        of = {metric for _, metric, _ in self._by} | set(self.failures["metric"].dropna())
        return [name for own in self.design.metrics for name in (own, own + PREVALENCE) if name == own or name in of]

    def _idle(self) -> str:
        """Return the sentence that tells of folds to which the augmenter added nothing."""
        done = [fold.material for fold in self._prepared if not fold.material.failure]
        idle = sum(not any(material.added.values()) for material in done)
        return f" The augmenter added no rows in {idle} of {len(done)} folds." if idle else ""

    def _design(self) -> dict[str, Any]:
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
    """Return what an estimator calls itself, without the addresses of functions, which differ from run to run."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(estimator).split()))
