"""The verdict: one sentence, computed from differences and their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .intervals import Difference, rows_needed

HELPS, NO_BETTER, HURTS, CANNOT_TELL = "helps", "no_better", "hurts", "cannot_tell"


@dataclass(frozen=True)
class Conclusion:
    """What a comparison comes to.

    Attributes
    ----------
    kind : {"helps", "no_better", "hurts", "cannot_tell"}
        The answer.
    sentence : str
        The answer in words.
    metric, classifier : str
        What it rests on.
    control : str or None
        The control with the best mean, or None where none was run.
    difference, ci_low, ci_high : float or None
        Of the augmented arm to the real rows alone.
    control_difference, control_ci_low, control_ci_high : float or None
        Of the augmented arm to the best control.
    rows_needed : int or None
        About how many labelled rows would settle it, where it cannot be told.
    n : int
        Number of folds.
    """

    kind: str
    sentence: str
    metric: str
    classifier: str
    control: str | None
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    control_difference: float | None
    control_ci_low: float | None
    control_ci_high: float | None
    rows_needed: int | None
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


def conclude(
    metric: str,
    classifier: str,
    gain: Difference,
    over_control: tuple[str, Difference] | None,
    n_rows: int,
    margin: float,
) -> Conclusion:
    """Return what the differences say.

    Parameters
    ----------
    metric, classifier : str
        What was measured.
    gain : Difference
        Augmented against real rows alone.
    over_control : (name, Difference) or None
        Augmented against the control with the best mean.
    n_rows : int
        Labelled rows that were there.
    margin : float
        Smallest difference worth having: an interval that ends below it is as good as no gain.
    """
    kind, needed = _kind(gain, over_control, margin), None
    if kind == CANNOT_TELL:
        open_question = gain if over_control is None or not gain.low > 0 else over_control[1]
        needed = rows_needed(open_question, n_rows)
    sentence = _sentence(kind, metric, classifier, gain, over_control, needed)
    name, second = over_control if over_control is not None else (None, Difference(np.nan, np.nan, np.nan, np.nan, 0))
    return Conclusion(
        kind=kind,
        sentence=sentence,
        metric=metric,
        classifier=classifier,
        control=name,
        difference=_known(gain.mean),
        ci_low=_known(gain.low),
        ci_high=_known(gain.high),
        control_difference=_known(second.mean),
        control_ci_low=_known(second.low),
        control_ci_high=_known(second.high),
        rows_needed=needed,
        n=gain.n,
    )


def _kind(gain: Difference, over_control: tuple[str, Difference] | None, margin: float) -> str:
    if not gain.n or np.isnan(gain.low):
        return CANNOT_TELL
    if gain.high < 0:
        return HURTS
    if gain.low > 0 and (over_control is None or over_control[1].low > 0):
        return HELPS
    if gain.high < margin:
        return NO_BETTER
    beside = over_control[1] if over_control is not None and not np.isnan(over_control[1].low) else None
    if beside is not None and (beside.high < margin or (gain.low > 0 and beside.mean < margin)):
        return NO_BETTER
    return CANNOT_TELL


def _sentence(
    kind: str,
    metric: str,
    classifier: str,
    gain: Difference,
    over_control: tuple[str, Difference] | None,
    needed: int | None,
) -> str:
    measured = f"{_amount(gain, metric)} of {metric} against the real rows alone ({classifier}, {_folds(gain.n)})"
    if kind == HELPS:
        beside = (
            f", and {_amount(over_control[1], metric)} against the best control, {over_control[0]}"
            if over_control
            else ""
        )
        return f"Augmentation helps: {measured}{beside}."
    if kind == HURTS:
        return f"Augmentation hurts: {measured}. Do not augment."
    if kind == NO_BETTER:
        if over_control is not None and (gain.low > 0 or over_control[1].mean <= gain.mean):
            name, second = over_control
            if name == "threshold":
                return (
                    "Augmentation does no better than a decision threshold, which is free. The threshold gives as "
                    f"much: {_amount(second, metric)} of {metric} against it, and {measured}. Do not augment; move the "
                    "threshold."
                )
            return (
                f"Augmentation does no better than {name}, which is free: {_amount(second, metric)} of {metric} "
                f"against it, and {measured}. Do not augment."
            )
        return f"Augmentation does no better than the real rows alone: {measured}. Do not augment."
    return _undecided(measured, metric, gain, over_control, needed)


def _undecided(
    measured: str, metric: str, gain: Difference, over_control: tuple[str, Difference] | None, needed: int | None
) -> str:
    if not gain.n:
        return "Cannot tell: no fold has scores of both the real rows alone and the augmented ones."
    if np.isnan(gain.low):
        return f"Cannot tell from {_folds(gain.n)}: {measured}; take more folds."
    show = f"about {needed:,} labelled rows would be needed to show it" if needed else "no number of rows would show it"
    if gain.low > 0 and over_control is not None:
        name, beside = over_control
        if np.isnan(beside.low):
            found = (
                f"{_amount(beside, metric)} of {metric} against it ({_folds(beside.n)})"
                if beside.n
                else "no fold has scores of both"
            )
            return (
                f"Cannot tell whether augmentation beats {name}, which is free: {found}, and {measured}; "
                f"take more folds. Until then, take {name}."
            )
        return (
            f"Cannot tell with this much data whether augmentation beats {name}, which is free: "
            f"{_amount(beside, metric)} of {metric} against it, and {measured}; {show}. Until then, take {name}."
        )
    return (
        f"Cannot tell with this much data: {measured}; {show}, if that difference is real. Until then, do not augment."
    )


def _folds(n: int) -> str:
    return f"{n} fold{'s' * (n != 1)}"


def _amount(difference: Difference, metric: str) -> str:
    scale, unit = (1.0, "") if is_unbounded(metric) else (100.0, " points")
    digits = 3 if scale == 1 else 1
    mean, low, high = (f"{scale * v:+.{digits}f}" for v in (difference.mean, difference.low, difference.high))
    interval = f" (95 % interval {low} to {high})" if np.isfinite(difference.low) else ""
    return f"{mean}{unit}{interval}"


@dataclass(frozen=True)
class Decisions:
    """What of a gain in decisions a threshold gives for nothing.

    Attributes
    ----------
    kind : {"threshold", "open", "beyond"}
        The threshold gives as much; it may; augmentation gives more.
    sentence : str
        The same in words.
    metric : str
        A metric of decisions.
    difference, ci_low, ci_high : float or None
        Of the augmented arm to the real rows alone, deciding as the classifier does.
    threshold, threshold_ci_low, threshold_ci_high : float or None
        Of the threshold to the real rows alone.
    beyond, beyond_ci_low, beyond_ci_high : float or None
        Of the augmented arm to the threshold.
    """

    kind: str
    sentence: str
    metric: str
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    threshold: float | None
    threshold_ci_low: float | None
    threshold_ci_high: float | None
    beyond: float | None
    beyond_ci_low: float | None
    beyond_ci_high: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


def decide(metric: str, gain: Difference, threshold: Difference, beyond: Difference, margin: float) -> Decisions | None:
    """Return what of a gain in decisions a threshold gives, or None where there is no clear gain.

    Parameters
    ----------
    metric : str
        A metric of decisions.
    gain, threshold : Difference
        Of the augmented arm, and of the threshold, to the real rows alone.
    beyond : Difference
        Of the augmented arm to the threshold.
    margin : float
        Smallest difference worth having.
    """
    if not gain.low > 0 or not threshold.n:
        return None
    free = f"the threshold gives {_amount(threshold, metric)} for nothing"
    start = f"In {metric} augmentation gains {_amount(gain, metric)}"
    if beyond.low > 0:
        kind, sentence = "beyond", f"{start}; {free}, and augmentation {_amount(beyond, metric)} beyond it."
    elif beyond.mean < margin:
        kind, sentence = "threshold", f"{start}, but the threshold gives as much: {_amount(threshold, metric)}."
    else:
        kind, sentence = "open", f"{start}; {free}, and the rest, {_amount(beyond, metric)}, may be chance."
    ends = [(_known(d.mean), _known(d.low), _known(d.high)) for d in (gain, threshold, beyond)]
    return Decisions(kind, sentence, metric, *ends[0], *ends[1], *ends[2])


def is_unbounded(metric: str) -> bool:
    """Return whether a metric is not a share between 0 and 1, so that its differences are not points."""
    return metric.startswith("neg_") and metric not in ("neg_calibration_error", "neg_brier_score")


def best_control(scores: Mapping[str, float]) -> str | None:
    """Return the control with the best mean score; NaN does not count."""
    known = {arm: score for arm, score in scores.items() if not np.isnan(score)}
    return max(known, key=lambda arm: known[arm]) if known else None


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
