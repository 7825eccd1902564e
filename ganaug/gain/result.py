"""GainReport: what was measured, and what it says."""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .arms import CONTROLS
from .figures import counts_of
from .folds import Fold
from .gathered import mean_fidelity, mean_privacy
from .intervals import Difference, paired_difference
from .printing import as_text
from .running import Evaluated, Prepared
from .synthetic import count_labels
from .verdict import Conclusion, best_control, conclude

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
        Columns.
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
    folds: list[Fold]
    n_repeats: int
    has_groups: bool
    synthetic_fraction: float | None
    balance: bool
    margin: float
    random_state: int
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
    command : str or None
        The shell command that made the report, for the page to name; the command line sets it.
    failures : DataFrame
        What could not be measured: "fold", "arm", "classifier", "metric", "reason".
    """

    def __init__(self, design: Design, prepared: Sequence[Prepared], evaluated: Sequence[Evaluated]):
        self.design = design
        self.command: str | None = None
        self._prepared = list(prepared)
        self._scores = _table([asdict(score) for done in evaluated for score in done.scores])
        failures = [f for done in prepared for f in done.failures] + [f for e in evaluated for f in e.failures]
        columns = ["fold", "arm", "classifier", "metric", "reason"]
        self.failures = pd.DataFrame([asdict(f) for f in failures], columns=columns)
        said = [done.warnings for done in prepared] + [done.warnings for done in evaluated]
        self.warnings = sorted({text for texts in said for text in texts})
        names = list(design.classifiers)
        self._everyone = f"mean of {len(names)} classifiers" if len(names) > 1 else names[0]
        self.conclusions: dict[str, Conclusion] = {name: self._conclude(name) for name in names}
        self.conclusion = self._conclude(self._everyone)

    @property
    def verdict(self) -> str:
        """The answer, in one sentence."""
        return self.conclusion.sentence

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
            "verdicts": [conclusion.to_dict() for conclusion in self.conclusions.values()],
            "design": self._design(),
            "rows": _plain(self._rows()),
            "scores": _plain(self._scores.to_dict("records")),
            "failures": _plain(self.failures.astype(object).where(self.failures.notna(), None).to_dict("records")),
            "warnings": self.warnings,
            "counts": [
                counts_of(fold, done.material.y, fold.test, done.material.added)
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
        from ..report import write_page

        write_page(self.to_dict(), path)

    def __str__(self) -> str:
        return as_text(self.to_dict())

    def __repr__(self) -> str:
        return f"<GainReport: {self.verdict}>"

    def _rows(self) -> list[dict[str, Any]]:
        everyone = [self._everyone] if len(self.design.classifiers) > 1 else []
        return [
            row
            for classifier in (*self.design.classifiers, *everyone)
            for metric in self.design.metrics
            for arm in self.design.arms
            if (row := self._row(classifier, metric, arm)) is not None
        ]

    def _row(self, classifier: str, metric: str, arm: str) -> dict[str, Any] | None:
        scores = self._of(classifier, metric, arm)
        note = self._note(classifier, metric, arm)
        if not scores.notna().any() and not note:
            return None  # an arm that makes no sense here
        gain = self._difference(classifier, metric, arm, "real_only")
        return {
            "classifier": classifier,
            "metric": metric,
            "arm": arm,
            "mean": float(scores.mean()),
            "difference": gain.mean,
            "ci_low": gain.low,
            "ci_high": gain.high,
            "n": int(scores.notna().sum()),
            "effect_size": gain.effect_size,
            "note": note,
        }

    def _note(self, classifier: str, metric: str, arm: str) -> str:
        """Return why scores are missing, empty where none is."""
        of = self.failures
        mine = (of["arm"] == arm) | (of["arm"] == "augmented") & of["classifier"].isna() & (arm == "synthetic_only")
        mine &= of["classifier"].isna() | (of["classifier"] == classifier) | (classifier == self._everyone)
        reasons = of[mine & (of["metric"].isna() | (of["metric"] == metric))]
        if reasons.empty:
            return ""
        folds = reasons["fold"].nunique()
        return f"failed in {folds} of {len(self.design.folds)} folds: {reasons['reason'].iloc[0]}"

    def _of(self, classifier: str, metric: str, arm: str) -> pd.Series[float]:
        """Return the score of each fold, NaN where there is none; of everyone, the mean where nobody failed."""
        of = self._scores[(self._scores["metric"] == metric) & (self._scores["arm"] == arm)]
        folds = range(len(self.design.folds))
        if classifier in self.design.classifiers:
            return of[of["classifier"] == classifier].set_index("fold")["score"].reindex(folds)
        wide = of.pivot_table(index="fold", columns="classifier", values="score", dropna=False)
        takers = [name for name in self.design.classifiers if name in wide] if arm == "class_weight" else None
        wide = wide.reindex(index=folds, columns=takers or list(self.design.classifiers))
        return wide.mean(axis=1, skipna=False)

    def _difference(self, classifier: str, metric: str, arm: str, reference: str) -> Difference:
        pair = self._of(classifier, metric, arm), self._of(classifier, metric, reference)
        return paired_difference(*pair, self.design.test_to_train)

    def _conclude(self, classifier: str) -> Conclusion:
        metric = self.design.metrics[0]
        arms = [arm for arm in CONTROLS if arm in self.design.arms]
        if classifier not in self.design.classifiers:
            arms = [arm for arm in arms if arm != "class_weight"]  # not every classifier takes them
        control = best_control({arm: float(self._of(classifier, metric, arm).mean()) for arm in arms})
        beside = (control, self._difference(classifier, metric, "augmented", control)) if control else None
        gain = self._difference(classifier, metric, "augmented", "real_only")
        return conclude(metric, classifier, gain, beside, len(self.design.labels), self.design.margin)

    def _design(self) -> dict[str, Any]:
        d = self.design
        n_splits = len(d.folds) // d.n_repeats
        return {
            "rows": len(d.labels),
            "features": d.n_features,
            "classes": [{"label": str(label), "rows": n} for label, n in count_labels(d.labels).items()],
            "folds": len(d.folds),
            "n_splits": n_splits,
            "n_repeats": d.n_repeats,
            "groups": d.has_groups,
            "random_state": d.random_state,
            "synthetic_fraction": d.synthetic_fraction,
            "balance": d.balance,
            "margin": d.margin,
            "metrics": d.metrics,
            "classifiers": [{"name": name, "repr": _on_one_line(c)} for name, c in d.classifiers.items()],
            "augmenter": _on_one_line(d.augmenter),
            "arms": d.arms,
            "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
            "call": _call(d, n_splits),
            "command": self.command,
            "seconds": round(d.seconds, 1),
            "name": d.name,
        }


def _call(design: Design, n_splits: int) -> str:
    share = "" if design.synthetic_fraction is None else f", synthetic_fraction={design.synthetic_fraction}"
    share += f", balance={design.balance}" if share else ""
    return (
        f"gain_report({_on_one_line(design.augmenter)}, X, y, cv={n_splits}, n_repeats={design.n_repeats}{share}, "
        f"random_state={design.random_state})"
    )


def _on_one_line(estimator: Any) -> str:
    """Return what an estimator calls itself, without the addresses of functions, which differ from run to run."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(estimator).split()))


def _table(records: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(records, columns=["fold", "classifier", "metric", "arm", "score"])


def _plain(value: Any) -> Any:
    """Return nested values with NaN and infinity as None."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
