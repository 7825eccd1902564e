"""Tell apart what distilling gives, what added rows give to it, and what the teacher is ahead of its student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .experiment import Cost
from .intervals import Difference
from .metric_names import say_metric
from .plain_json import finite_or_none
from .verdict import write_amount

_STEPS = ("soft_real", "swapped", "generator", "teacher")


@dataclass(frozen=True)
class Distillation:
    """Comparison of students and their teacher, each difference with its 95 % interval.

    Attributes
    ----------
    sentence : str
        The comparison in words.
    metric, classifier : str
        Names of the metric and the classifier.
    soft_real, soft_real_ci_low, soft_real_ci_high : float or None
        Student of the real rows, against the same classifier trained on their labels.
    swapped, swapped_ci_low, swapped_ci_high : float or None
        Student of real rows and rows with swapped cells, against that of the real rows.
    generator, generator_ci_low, generator_ci_high : float or None
        Student of real rows and rows of the augmenter, against that with swapped cells.
    teacher, teacher_ci_low, teacher_ci_high : float or None
        Teacher against its student of real rows and rows of the augmenter.
    size_ratio, time_ratio : float or None
        Size of the pickled teacher, and time of its prediction, in multiples of those of that student.
    """

    sentence: str
    metric: str
    classifier: str
    soft_real: float | None
    soft_real_ci_low: float | None
    soft_real_ci_high: float | None
    swapped: float | None
    swapped_ci_low: float | None
    swapped_ci_high: float | None
    generator: float | None
    generator_ci_low: float | None
    generator_ci_high: float | None
    teacher: float | None
    teacher_ci_low: float | None
    teacher_ci_high: float | None
    size_ratio: float | None
    time_ratio: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain JSON."""
        return asdict(self)


def compare_with_teacher(
    metric: str, classifier: str, gains: Sequence[Difference], costs: Sequence[Cost]
) -> Distillation:
    """Describe what each part of a distillation gives.

    Parameters
    ----------
    metric, classifier : str
        Names of the metric and the classifier.
    gains : sequence of four Difference
        Each against the one before: soft labels, swapped cells added, rows of the augmenter in their place, teacher.
    costs : sequence of Cost
        Sizes and times of students and teacher.
    """
    size, seconds = _find_ratio(costs, "size"), _find_ratio(costs, "seconds")
    ends = {
        f"{name}{end}": finite_or_none(value)
        for name, found in zip(_STEPS, gains, strict=True)
        for end, value in (("", found.mean), ("_ci_low", found.low), ("_ci_high", found.high))
    }
    return Distillation(
        sentence=_write_sentence(metric, classifier, gains, size, seconds),
        metric=metric,
        classifier=classifier,
        **ends,
        size_ratio=size,
        time_ratio=seconds,
    )


def _find_ratio(costs: Sequence[Cost], what: str) -> float | None:
    """Return the cost of the teacher in multiples of that of its student, the geometric mean over classifiers."""
    of: dict[tuple[str, str], list[float]] = {}
    for cost in costs:
        of.setdefault((cost.classifier, cost.arm), []).append(getattr(cost, what))
    students = [name for name, arm in of if arm == "distilled" and (name, "teacher") in of]
    ratios = [np.mean(of[name, "teacher"]) / np.mean(of[name, "distilled"]) for name in students]
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else None


def _write_sentence(
    metric: str, classifier: str, gains: Sequence[Difference], size: float | None, seconds: float | None
) -> str:
    soft_real, swapped, generator, teacher = gains
    parts = [
        f"In {say_metric(metric)} ({classifier}) a teacher's probabilities of the real rows "
        f"{_say(soft_real, metric, 'gain', 'lose', 'give')}"
    ]
    if swapped.n:
        parts.append(f"rows with swapped cells {_say(swapped, metric, 'add', 'take', 'add')}")
    if generator.n:
        parts.append(f"rows of the augmenter in their place {_say(generator, metric, 'add', 'take', 'add')}")
    if teacher.n:
        parts.append(_say_teacher(teacher, metric, size, seconds))
    return "; ".join(parts) + "."


def _say(found: Difference, metric: str, more: str, less: str, open_: str) -> str:
    """Return what a difference does, in a verb for a clear gain, a clear loss, or neither."""
    if not found.n:
        return "were not measured"
    amount = write_amount(found, metric)
    if found.low > 0:
        return f"{more} {amount}"
    return f"{less} {amount}" if found.high < 0 else f"{open_} {amount}, which may be chance"


def _say_teacher(found: Difference, metric: str, size: float | None, seconds: float | None) -> str:
    amount = write_amount(found, metric)
    ahead = f"the teacher itself scores {amount} beside its student"
    if found.low > 0:
        ahead = f"the teacher itself is ahead of its student by {amount}"
    elif found.high < 0:
        ahead = f"the teacher itself is behind its student by {amount}"
    if size is None or seconds is None:
        return ahead
    return f"{ahead}, and has {_times(size)} times its size and {_times(seconds)} times its prediction time"


def _times(ratio: float) -> str:
    """Return a ratio to two digits, such as "0.5" or "1,200"."""
    return f"{float(f'{ratio:.2g}'):,g}"
