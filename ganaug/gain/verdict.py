"""Decide from paired differences whether augmentation helps, and write the decision as one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .arms import BASELINE
from .intervals import Difference, rows_needed
from .metric_names import say_metric, unit_of
from .plain_json import finite_or_none

HELPS, NO_BETTER, HURTS, CANNOT_TELL = "helps", "no_better", "hurts", "cannot_tell"


@dataclass(frozen=True, repr=False)
class Conclusion:
    """Verdict on augmentation for one metric and one classifier.

    Attributes
    ----------
    kind : {"helps", "no_better", "hurts", "cannot_tell"}
        Verdict.
    sentence : str
        Verdict in words.
    metric, classifier : str
        Names of the metric and the classifier.
    control : str or None
        Control with the best mean; None if no control was run.
    difference, ci_low, ci_high : float or None
        Difference of the augmented arm from the real rows alone, with its 95 % interval.
    control_difference, control_ci_low, control_ci_high : float or None
        Difference of the augmented arm from the best control, with its 95 % interval.
    rows_needed : int or None
        Approximate number of labelled rows that would settle an open question; None if `kind` is not "cannot_tell".
    n : int
        Number of folds.
    rival : str or None
        Arm that did as well as the augmented one ("no_better"), or may have done so ("cannot_tell"): the best control
        or "real_only". None if augmentation helps or hurts.
    chance : float or None
        Score of one answer for all rows, where neither the real rows alone nor the augmented ones led to a higher one.
        Nothing was learned then, and nothing can be told ("cannot_tell").
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
    rival: str | None = None
    chance: float | None = None

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"<Conclusion: {self.sentence}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain JSON, with `chance` only where there is one."""
        return {name: value for name, value in asdict(self).items() if name != "chance" or value is not None}


def conclude(
    metric: str,
    classifier: str,
    gain: Difference,
    over_control: tuple[str, Difference] | None,
    n_rows: int,
    margin: float,
    chance: float | None = None,
) -> Conclusion:
    """Decide whether augmentation helps.

    Parameters
    ----------
    metric, classifier : str
        Names of the metric and the classifier.
    gain : Difference
        Augmented arm against the real rows alone.
    over_control : (name, Difference) or None
        Augmented arm against the control with the best mean.
    n_rows : int
        Number of labelled rows in the experiment.
    margin : float
        Smallest difference worth having: an interval that ends below it counts as no gain.
    chance : float, optional
        Score of one answer for all rows, if neither arm does better; see `find_chance`.
    """
    kind = _classify(gain, over_control, margin)
    if kind in (HELPS, HURTS) or not gain.n:
        chance = None
    if chance is not None:
        kind = CANNOT_TELL
    control = None
    over = Difference(np.nan, np.nan, np.nan, np.nan, 0)
    if over_control is not None:
        control, over = over_control
    rival = find_rival(gain.mean, gain.low, control, over.mean)
    needed = None
    if kind == CANNOT_TELL and chance is None:
        is_control_open = control is not None and gain.low > 0
        needed = rows_needed(over if is_control_open else gain, n_rows)
    return Conclusion(
        kind=kind,
        sentence=(
            _write_sentence(kind, metric, classifier, gain, over_control, rival, needed)
            if chance is None
            else _write_chance(metric, classifier, gain.n, chance)
        ),
        metric=metric,
        classifier=classifier,
        control=control,
        difference=finite_or_none(gain.mean),
        ci_low=finite_or_none(gain.low),
        ci_high=finite_or_none(gain.high),
        control_difference=finite_or_none(over.mean),
        control_ci_low=finite_or_none(over.low),
        control_ci_high=finite_or_none(over.high),
        rows_needed=needed,
        n=gain.n,
        rival=rival if kind in (NO_BETTER, CANNOT_TELL) else None,
        chance=chance,
    )


def find_rival(gain: float | None, gain_low: float | None, control: str | None, over_control: float | None) -> str:
    """Return the arm that the augmented one has to beat: the best control, or the real rows if they score higher.

    Parameters
    ----------
    gain, gain_low : float or None
        Difference of the augmented arm from the real rows alone, and the lower end of its interval.
    control : str or None
        Name of the best control.
    over_control : float or None
        Difference of the augmented arm from the best control.
    """
    if control is None:
        return BASELINE
    beats_real_rows = gain_low is not None and gain_low > 0
    is_control_higher = gain is not None and over_control is not None and over_control <= gain
    return control if beats_real_rows or is_control_higher else BASELINE


def _classify(gain: Difference, over_control: tuple[str, Difference] | None, margin: float) -> str:
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


def _write_sentence(
    kind: str,
    metric: str,
    classifier: str,
    gain: Difference,
    over_control: tuple[str, Difference] | None,
    rival: str,
    needed: int | None,
) -> str:
    folds = _count_folds(gain.n)
    against = f"of {say_metric(metric)} against the real rows alone ({classifier}, {folds})"
    measured = f"{write_amount(gain, metric)} {against}"
    if kind == HELPS:
        beside = ""
        if over_control is not None:
            name, over = over_control
            beside = f", and {write_amount(over, metric)} against the best control, {name}"
        return f"Augmentation helps: {measured}{beside}."
    if kind == HURTS:
        return f"Augmentation hurts: {measured}. Do not augment."
    if kind == NO_BETTER:
        return _write_no_better(measured, metric, over_control, rival)
    return _write_cannot_tell(measured, metric, gain, over_control, needed)


def _write_no_better(measured: str, metric: str, over_control: tuple[str, Difference] | None, rival: str) -> str:
    if over_control is None or rival == BASELINE:
        return f"Augmentation does no better than the real rows alone: {measured}. Do not augment."
    against = f"{write_amount(over_control[1], metric)} of {say_metric(metric)} against it"
    if rival == "threshold":
        return (
            "Augmentation does no better than a decision threshold, which is free. The threshold gives as "
            f"much: {against}, and {measured}. Do not augment; move the threshold."
        )
    return f"Augmentation does no better than {rival}, which is free: {against}, and {measured}. Do not augment."


def _write_cannot_tell(
    measured: str, metric: str, gain: Difference, over_control: tuple[str, Difference] | None, needed: int | None
) -> str:
    if not gain.n:
        return "Cannot tell: no fold has scores of both the real rows alone and the augmented ones."
    if np.isnan(gain.low):
        return f"Cannot tell from {_count_folds(gain.n)}: {measured}; take more folds."
    show = "no number of rows would show it"
    if needed:
        show = f"about {needed:,} labelled rows would be needed to show it"
    if over_control is None or not gain.low > 0:
        return (
            f"Cannot tell with this much data: {measured}; {show}, if that difference is real. "
            "Until then, do not augment."
        )
    name, over = over_control
    against = f"{write_amount(over, metric)} of {say_metric(metric)} against it"
    if not np.isnan(over.low):
        return (
            f"Cannot tell with this much data whether augmentation beats {name}, which is free: {against}, and "
            f"{measured}; {show}. Until then, take {name}."
        )
    found = f"{against} ({_count_folds(over.n)})" if over.n else "no fold has scores of both"
    return (
        f"Cannot tell whether augmentation beats {name}, which is free: {found}, and {measured}; take more folds. "
        f"Until then, take {name}."
    )


def _write_chance(metric: str, classifier: str, n: int, chance: float) -> str:
    return (
        "Cannot tell, because nothing was learned, neither from the real rows alone nor from the augmented ones: both "
        f"reach no more {say_metric(metric)} than one answer for all rows, {chance:.3f} ({classifier}, "
        f"{_count_folds(n)}). Mend the classifier first, with more steps, rows or other features, and measure again."
    )


def _count_folds(n: int) -> str:
    return f"{n} fold{'s' * (n != 1)}"


def write_amount(difference: Difference, metric: str) -> str:
    """Return a difference in the unit of its metric, with its interval where it has one."""
    unit = unit_of(metric)
    amount = f"{unit.format(difference.mean)} {unit.name}".rstrip()
    if not np.isfinite(difference.low):
        return amount
    return f"{amount} (95 % interval {unit.format(difference.low)} to {unit.format(difference.high)})"


@dataclass(frozen=True)
class Decisions:
    """Comparison of the gain in decisions with the gain from a moved decision threshold.

    Attributes
    ----------
    kind : {"threshold", "open", "beyond"}
        The threshold gives as much; it may give as much; augmentation gives more.
    sentence : str
        The comparison in words.
    metric : str
        Metric of decisions, such as "balanced_accuracy".
    difference, ci_low, ci_high : float or None
        Difference of the augmented arm from the real rows alone, with its 95 % interval; both arms decide as the
        classifier does.
    threshold, threshold_ci_low, threshold_ci_high : float or None
        Difference of the moved threshold from the real rows alone, with its 95 % interval.
    beyond, beyond_ci_low, beyond_ci_high : float or None
        Difference of the augmented arm from the moved threshold, with its 95 % interval.
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
        """Return the comparison as plain JSON."""
        return asdict(self)


def compare_with_threshold(
    metric: str, gain: Difference, threshold: Difference, beyond: Difference, margin: float
) -> Decisions | None:
    """Compare the gain in decisions with that of a moved threshold; return None if there is no clear gain.

    Parameters
    ----------
    metric : str
        Metric of decisions.
    gain, threshold : Difference
        Augmented arm, and moved threshold, against the real rows alone.
    beyond : Difference
        Augmented arm against the moved threshold.
    margin : float
        Smallest difference worth having.
    """
    if not gain.low > 0 or not threshold.n:
        return None
    start = f"In {say_metric(metric)} augmentation gains {write_amount(gain, metric)}"
    free = f"the threshold gives {write_amount(threshold, metric)} for nothing"
    if beyond.low > 0:
        kind = "beyond"
        sentence = f"{start}; {free}, and augmentation {write_amount(beyond, metric)} beyond it."
    elif beyond.mean < margin:
        kind = "threshold"
        sentence = f"{start}, but the threshold gives as much: {write_amount(threshold, metric)}."
    else:
        kind = "open"
        sentence = f"{start}; {free}, and the rest, {write_amount(beyond, metric)}, may be chance."
    return Decisions(
        kind=kind,
        sentence=sentence,
        metric=metric,
        difference=finite_or_none(gain.mean),
        ci_low=finite_or_none(gain.low),
        ci_high=finite_or_none(gain.high),
        threshold=finite_or_none(threshold.mean),
        threshold_ci_low=finite_or_none(threshold.low),
        threshold_ci_high=finite_or_none(threshold.high),
        beyond=finite_or_none(beyond.mean),
        beyond_ci_low=finite_or_none(beyond.low),
        beyond_ci_high=finite_or_none(beyond.high),
    )


def best_control(scores: Mapping[str, float]) -> str | None:
    """Return the control with the best mean score, ignoring NaN; None if no score is known."""
    known = {arm: score for arm, score in scores.items() if not np.isnan(score)}
    return max(known, key=lambda arm: known[arm]) if known else None
