"""Tell apart what distilling gives, what synthetic rows add to it, and what the teacher is ahead of its student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .experiment import Cost
from .intervals import Difference
from .plain_json import finite_or_none
from .verdict import write_amount


@dataclass(frozen=True)
class Distillation:
    """Comparison of students, with and without synthetic rows, and of their teacher.

    Attributes
    ----------
    sentence : str
        The comparison in words.
    metric, classifier : str
        Names of the metric and the classifier.
    soft_real, soft_real_ci_low, soft_real_ci_high : float or None
        Difference of a student of the real rows from the same classifier trained on their labels, with its 95 %
        interval.
    generator, generator_ci_low, generator_ci_high : float or None
        Difference of a student of real and synthetic rows from one of the real rows.
    teacher, teacher_ci_low, teacher_ci_high : float or None
        Difference of the teacher from its student of real and synthetic rows.
    size_ratio, time_ratio : float or None
        Size of the pickled teacher, and time of its prediction, in multiples of those of its student.
    """

    sentence: str
    metric: str
    classifier: str
    soft_real: float | None
    soft_real_ci_low: float | None
    soft_real_ci_high: float | None
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
    metric: str,
    classifier: str,
    soft_real: Difference,
    generator: Difference,
    teacher: Difference,
    costs: Sequence[Cost],
) -> Distillation:
    """Describe what each part of a distillation gives.

    Parameters
    ----------
    metric, classifier : str
        Names of the metric and the classifier.
    soft_real : Difference
        Student of the real rows, against the same classifier trained on their labels.
    generator : Difference
        Student of real and synthetic rows, against that of the real rows.
    teacher : Difference
        Teacher against its student of real and synthetic rows.
    costs : sequence of Cost
        Sizes and times of students and teacher.
    """
    size, seconds = _find_ratio(costs, "size"), _find_ratio(costs, "seconds")
    ends = {
        f"{name}{end}": finite_or_none(value)
        for name, found in (("soft_real", soft_real), ("generator", generator), ("teacher", teacher))
        for end, value in (("", found.mean), ("_ci_low", found.low), ("_ci_high", found.high))
    }
    return Distillation(
        sentence=_write_sentence(metric, classifier, soft_real, generator, teacher, size, seconds),
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
    metric: str,
    classifier: str,
    soft_real: Difference,
    generator: Difference,
    teacher: Difference,
    size: float | None,
    seconds: float | None,
) -> str:
    parts = [f"A teacher's probabilities of the real rows {_say_gain(soft_real, metric)} of {metric} ({classifier})"]
    if generator.n:
        parts.append(f"synthetic rows {_say_addition(generator, metric)}")
    if teacher.n:
        parts.append(_say_teacher(teacher, metric, size, seconds))
    return "; ".join(parts) + "."


def _say_gain(found: Difference, metric: str) -> str:
    if not found.n:
        return "were not measured"
    amount = write_amount(found, metric)
    if found.low > 0:
        return f"gain {amount}"
    return f"lose {amount}" if found.high < 0 else f"give {amount}, which may be chance,"


def _say_addition(found: Difference, metric: str) -> str:
    amount = write_amount(found, metric)
    if found.low > 0:
        return f"add {amount} to that"
    return f"take {amount} from that" if found.high < 0 else f"add {amount} to that, which may be chance"


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
