"""expected_gain(): estimate the gain from a benchmark of other tables, in seconds and without training a GAN."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from ..data.foreign import to_pandas
from ..data.rows import as_frame, take_rows
from ..errors import DataError, ParameterError
from ..plots.cards import make_card
from ..rng import Seed, new_seed, numpy_stream, stream_seed
from .classifiers import clone_with_seed, is_categorical, resolve_classifiers
from .image_inputs import are_images
from .scorers import roc_auc
from .synthetic import allocate_rows, check_labels

FAMILIES = ("logistic", "neighbours", "forest", "boosting")
_MODEL = "expected.json"
_MAX_ROWS = 5000  # rows on which ROC AUC is measured
_FOLDS = 5
_LITTLE = 0.05  # below this ratio of added to real rows, balancing is expected to change nothing


@dataclass(frozen=True, repr=False)
class ExpectedGain:
    """Expected gain from synthetic rows, as estimated by `expected_gain`.

    Attributes
    ----------
    facts : dict of str to dict
        For each classifier the predictors of the estimate: "rows", "columns", "categorical" (share of columns),
        "cardinality" (largest number of categories in a column), "classes", "rarest" (share of the rarest class),
        "added" (ratio of the rows that balancing adds to the real rows), and "auc" (cross-validated area under the ROC
        curve of the real rows alone).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from ganaug import expected_gain
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> expected = expected_gain(X, y, classifier="logistic", random_state=0)
    >>> expected.facts["logistic"]["columns"]
    30.0
    >>> "columns" in expected.outside
    True
    """

    facts: dict[str, dict[str, float]]

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each classifier.

        Returns
        -------
        DataFrame
            Columns "classifier"; "auc", the ROC AUC of the real rows alone, in [0, 1]; "expected", the expected
            difference of ROC AUC, and "low" and "high", the ends of its 80 % interval, in points (hundredths).
        """
        model = _load_model()
        rows = [
            {"classifier": name, "auc": facts["auc"]} | _predict_gain(model, name, facts) for name, facts in self._all()
        ]
        return pd.DataFrame(rows, columns=["classifier", "auc", "expected", "low", "high"])

    @property
    def outside(self) -> list[str]:
        """Predictors outside the range of the benchmark; the estimate uses the nearest value in the range."""
        ranges = _load_model()["ranges"]
        seen = {name: (facts[name], *ranges[name]) for _, facts in self._all() for name in ranges}
        return [name for name, (value, low, high) in seen.items() if not low <= value <= high]

    def __str__(self) -> str:
        lines = [
            f"{row.classifier}: ROC AUC {row.auc:.3f} with the real rows alone; expected gain of balancing with ganaug "
            f"{row.expected:+.1f} points (80 % interval {row.low:+.1f} to {row.high:+.1f})"
            for row in self.to_frame().itertuples()
        ]
        return "\n".join([*lines, *self._judge()])

    def __repr__(self) -> str:
        return f"<ExpectedGain>\n{self}"

    def _repr_html_(self) -> str:
        """Return the gains and how far they can be trusted, for a notebook."""
        facts = [
            (str(row.classifier), f"{row.expected:+.1f} ({row.low:+.1f} to {row.high:+.1f}); real rows {row.auc:.3f}")
            for row in self.to_frame().itertuples()
        ]
        heading = "Expected gain of balancing with ganaug: points of ROC AUC (80 % interval)"
        return make_card(heading, self._judge(), facts)

    def _judge(self) -> list[str]:
        """Return sentences on how far the expectation can be trusted."""
        error = _load_model()["error"]
        sentences = [
            f"From {error['cases']} cases of {error['tables']} tables; on a table left out the expectation is off by "
            f"{error['rmse']:.1f} points (root mean square; {error['rmse_of_zero']:.1f} for always saying 0). A "
            f"Gaussian copula, which is free, gained {error['copula']:+.1f} points where ganaug gained "
            f"{error['ganaug']:+.1f}: measure before you add rows, with gain_report or 'ganaug report'."
        ]
        if all(facts["added"] < _LITTLE for _, facts in self._all()):
            sentences.append("The classes are of one size already, so that balancing adds next to nothing.")
        elif outside := self.outside:
            sentences.append(
                f"This table lies outside the benchmark in {', '.join(outside)}; trust the expectation less."
            )
        return sentences

    def _all(self) -> list[tuple[str, dict[str, float]]]:
        return list(self.facts.items())


def expected_gain(X: Any, y: Any, *, classifier: Any = None, random_state: Seed = None) -> ExpectedGain:
    """Estimate the gain from balancing with `GANAugmenter`, in seconds and without training it.

    The estimate is a ridge regression on properties of the table, fitted to the gains in the project's own benchmark
    (``python -m benchmarks.expected_gain``), after the decision support of Liu et al. [1]_. It generalises from few
    tables, and its printed form states the error on tables left out; `gain_report` measures the gain.

    Parameters
    ----------
    X : frame or array of shape (n, d)
        Table.
    y : array-like of shape (n,)
        Labels.
    classifier : name or sequence of names, default=None
        One or several of "logistic", "neighbours", "forest" and "boosting"; None takes all four.
    random_state : int, numpy RandomState or Generator, or None, default=None
        Seed of the cross-validation on the real rows.

    Returns
    -------
    ExpectedGain
        Expected difference of ROC AUC for each classifier, with an 80 % interval.

    Raises
    ------
    DataError
        `X` is not a table, there is only one class, or a class has a single row.
    ParameterError
        A classifier has another name.

    See Also
    --------
    gain_report : Measure the gain.

    References
    ----------
    .. [1] Liu, El Emam et al., arXiv 2501.18741, BMC Medical Informatics and Decision Making, 2025.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from ganaug import expected_gain
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> expected = expected_gain(X, y, classifier="logistic", random_state=0)
    >>> expected.to_frame().columns.tolist()
    ['classifier', 'auc', 'expected', 'low', 'high']
    >>> print(expected)  # doctest: +SKIP
    """
    names = _resolve_names(classifier)
    X, y = to_pandas(X), to_pandas(y)
    labels = check_labels(X, y)
    if are_images(X) or np.ndim(X) != 2:
        raise DataError(f"expected_gain takes tables, of two dimensions; X has {np.ndim(X)}. Measure with gain_report.")
    facts = _describe_table(X, labels)
    seed = new_seed(random_state)
    rows = _subsample(labels, seed)
    X, labels = take_rows(X, rows), labels[rows]
    return ExpectedGain({name: facts | {"auc": _measure_roc_auc(name, X, labels, seed)} for name in names})


def _resolve_names(classifier: Any) -> list[str]:
    if classifier is None:
        return list(FAMILIES)
    names = [classifier] if isinstance(classifier, str) else list(classifier)
    for name in names:
        if name not in FAMILIES:
            raise ParameterError(
                f"The 'classifier' parameter of expected_gain must be of {', '.join(map(repr, FAMILIES))}, as others "
                f"were not measured. Got {name!r} instead; measure with gain_report."
            )
    if not names:
        raise ParameterError("The 'classifier' parameter of expected_gain is empty; give at least one name, or None.")
    return names


def _describe_table(X: Any, labels: NDArray[Any]) -> dict[str, float]:
    """Return the properties of a table that the regression takes."""
    frame = as_frame(X)
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    categories = [column.nunique() for column in columns if is_categorical(column)]
    sizes = np.unique(labels, return_counts=True)[1]
    if sizes.min() < 2:
        raise DataError("A class has a single row, too few to cross-validate; drop it or merge it with another.")
    return {
        "rows": float(len(labels)),
        "columns": float(len(columns)),
        "categorical": len(categories) / len(columns),
        "cardinality": float(max([1, *categories])),
        "classes": float(len(sizes)),
        "rarest": float(sizes.min() / len(labels)),
        "added": float((sizes.max() - sizes).sum() / len(labels)),
    }


def _subsample(labels: NDArray[Any], seed: int) -> NDArray[np.int64]:
    """Return the positions of all rows, or of about `_MAX_ROWS`, in the proportions of classes, at least two each."""
    if len(labels) <= _MAX_ROWS:
        return np.arange(len(labels))
    rng, kept = numpy_stream(seed, "rows"), []
    for label, n in allocate_rows(labels, _MAX_ROWS, balance=False).items():
        rows = rng.permutation(np.flatnonzero(labels == label))
        kept.append(rows[: max(n, 2)])
    return np.sort(np.concatenate(kept))


def _measure_roc_auc(name: str, X: Any, labels: NDArray[Any], seed: int) -> float:
    """Return the mean cross-validated area under the ROC curve of the real rows."""
    (classifier,) = resolve_classifiers(name, X).values()
    n_splits = max(2, min(_FOLDS, int(np.unique(labels, return_counts=True)[1].min())))
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=stream_seed(seed, "folds") % 2**32)
    areas = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for train, test in folds.split(np.zeros(len(labels)), labels):
            fitted = clone_with_seed(classifier, stream_seed(seed, name)).fit(take_rows(X, train), labels[train])
            areas.append(roc_auc(fitted, take_rows(X, test), labels[test]))
    return float(np.mean(areas))


def make_features(facts: Mapping[str, float], ranges: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the predictors of the regression, clipped to the ranges in the benchmark.

    Parameters
    ----------
    facts : mapping
        Facts of one classifier; see `ExpectedGain`.
    ranges : mapping of str to pair of float
        Lowest and highest value of each fact in the benchmark.
    """
    clipped = {name: float(np.clip(facts[name], *ranges[name])) for name in ranges}
    logs = [np.log(clipped[name]) for name in ("rows", "columns", "cardinality", "classes", "rarest")]
    return np.array([*logs, clipped["categorical"], clipped["auc"]])


def _predict_gain(model: Mapping[str, Any], name: str, facts: Mapping[str, float]) -> dict[str, float]:
    if facts["added"] < _LITTLE:
        return {"expected": 0.0, "low": 0.0, "high": 0.0}
    own = model["classifiers"][name]
    z = (make_features(facts, model["ranges"]) - model["mean"]) / model["scale"]
    expected = float(own["intercept"] + z @ np.asarray(own["slopes"]))
    low, high = own["residuals"]
    return {"expected": expected, "low": expected + low, "high": expected + high}


def _load_model() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files("ganaug.gain").joinpath(_MODEL).read_text(encoding="utf-8"))
    return found
