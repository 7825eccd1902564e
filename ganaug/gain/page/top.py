"""Build the top of the page: the verdict, its evidence, and advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...plots.text import CI, NOTHING, format_count, is_known, pluralize
from ...plots.whiskers import Whisker
from ..arms import BASELINE, NOT_CONTROLS
from ..verdict import HELPS, HURTS, NO_BETTER, find_rival
from .decisions import TOOLS, advise_on_decisions, summarize_threshold
from .drawings import draw_whiskers
from .parts import Figure, Section, Table
from .units import page_unit
from .words import arm_label, arm_phrase, classifier_label, describe_size, lower_first, metric_label, verdict_label

Record = Mapping[str, Any]

MAX_CLASSIFIERS = 30


@dataclass(frozen=True)
class Verdict:
    """Verdict of a report: its sentence, numbers and drawings, and the gain of a moved threshold in words."""

    kind: str
    word: str
    sentence: str
    facts: Sequence[tuple[str, str, str]]
    figures: Sequence[Figure]
    threshold: tuple[str, str] | None = None


def build_verdict(report: Record) -> Verdict:
    """Return the verdict with its differences, intervals and drawings."""
    found = report["verdict"]
    unit = page_unit(found["metric"])
    facts = [
        (f"Against {name}", f"{unit.signed(gain)} {unit.name}".rstrip(), unit.within(low, high))
        for name, gain, low, high in _list_comparisons(found)
    ]
    facts.append(("Measured on", pluralize(found["n"], "fold"), describe_size(report["design"])))
    figures = [drawing] if (drawing := _build_drawing(found)) else []
    threshold = None
    if summary := summarize_threshold(report):
        word, sentence, drawing = summary
        threshold = (word, sentence)
        figures.append(drawing)
    sentence = found["sentence"].replace(" %", "\u00a0%")
    return Verdict(found["kind"], write_headline(found), sentence, facts, figures, threshold)


def _list_comparisons(found: Record) -> list[tuple[str, float | None, float | None, float | None]]:
    """Return each arm that the augmented one is compared with, the difference, and its interval."""
    first = (arm_phrase(BASELINE), found["difference"], found["ci_low"], found["ci_high"])
    if not found.get("control"):
        return [first]
    name = arm_phrase(found["control"])
    return [first, (name, found["control_difference"], found["control_ci_low"], found["control_ci_high"])]


def write_headline(found: Record) -> str:
    """Return the verdict in a few words, such as "No better than SMOTE"."""
    if found["kind"] == NO_BETTER:
        return f"No better than {arm_phrase(_find_rival(found))}"
    return verdict_label(found["kind"])


def _find_rival(found: Record) -> str:
    """Return the arm that the augmented one did not beat; reports saved by earlier versions do not name it."""
    if found.get("rival"):
        return str(found["rival"])
    return find_rival(found["difference"], found["ci_low"], found.get("control"), found.get("control_difference"))


def _build_drawing(found: Record) -> Figure | None:
    unit = page_unit(found["metric"])
    rows = [
        Whisker(name, unit.value(gain), unit.value(low), unit.value(high), strong=True)
        for name, gain, low, high in _list_comparisons(found)
        if is_known(gain)
    ]
    if not rows:
        return None
    title = f"{metric_label(found['metric'])}, augmented against"
    spoken = "; ".join(
        f"{name}: {unit.signed(gain)}, {unit.within(*ends)}" for name, gain, *ends in _list_comparisons(found)
    )
    axis = f"{unit.name or 'difference'}, higher is better"
    svg = draw_whiskers("verdict", f"{title} {spoken}.", rows, axis, form=unit.write)
    return Figure(title, svg, [], classifier_label(found["classifier"]))


def build_meaning(report: Record) -> Section:
    """Return the section that explains the verdict and gives advice."""
    explanation, advice = _advise(report["verdict"])
    points = [
        advice,
        advise_on_decisions(report),
        _describe_teacher(report),
        _list_free_gains(report),
        _note_disagreement(report),
        _note_failures(report),
    ]
    found = report.get("verdicts") or []
    tables = [_build_verdicts(found)] if len(found) > 1 else []
    return Section("meaning", "What this means", [explanation], [point for point in points if point], tables=tables)


def _advise(found: Record) -> tuple[str, str]:
    """Return an explanation of a verdict, and advice."""
    name = lower_first(metric_label(found["metric"]))
    unseen = "on rows that neither the generator nor the classifier had seen"
    if found["kind"] == HELPS:
        beside = f", and {arm_phrase(found['control'])} did not give as much" if found.get("control") else ""
        return (
            f"With synthetic rows, {name} was higher {unseen}{beside}. The intervals leave zero out.",
            "Add the synthetic rows when you train, and measure again when the data or the classifier changes.",
        )
    if found["kind"] == HURTS:
        return (
            f"With synthetic rows, {name} was lower {unseen}, and the interval leaves zero out.",
            "Do not augment this table with this augmenter.",
        )
    rival = _find_rival(found)
    if found["kind"] == NO_BETTER:
        return _advise_no_better(name, rival)
    return _advise_cannot_tell(found, name, rival)


def _advise_no_better(name: str, rival: str) -> tuple[str, str]:
    if rival == BASELINE:
        return f"Synthetic rows gave no more {name} than the real rows alone.", "Do not augment."
    if rival == "threshold":
        return (
            f"Synthetic rows gave no more {name} than a threshold at the share of each class, which is free.",
            f"Do not augment; move the threshold. {TOOLS}.",
        )
    return (
        f"Synthetic rows gave no more {name} than {arm_phrase(rival)}, which is free.",
        f"Do not augment with this augmenter; where a difference is worth having, use {arm_phrase(rival)}.",
    )


def _advise_cannot_tell(found: Record, name: str, rival: str) -> tuple[str, str]:
    if found.get("chance") is not None:
        return (
            f"Nothing was learned, neither from the real rows alone nor from the augmented ones: {name} is no higher "
            "than that of one answer for all rows.",
            "Mend the classifier first, with more steps, rows or other features, and measure again.",
        )
    needed = found.get("rows_needed")
    more = f" About {format_count(needed)} labelled rows would be needed to settle it." if needed else ""
    if (found.get("ci_low") or 0) > 0:
        tools = f" {TOOLS}." if rival == "threshold" else ""
        return (
            f"With synthetic rows, {name} was higher than with the real rows alone; the folds leave it open whether "
            f"{arm_phrase(rival)} does as well.{more}",
            f"Take {arm_phrase(rival)} on this evidence, which is free; or collect more real rows.{tools}",
        )
    return (
        f"The folds leave it open whether {name} is higher or lower with synthetic rows, or whether a free alternative "
        f"does as well.{more}",
        "Do not augment on this evidence; collect more real rows, or measure with more repeats.",
    )


def _list_free_gains(report: Record) -> str:
    """Return a sentence that lists the controls with a clear gain over the real rows."""
    found = report["verdict"]
    unit = page_unit(found["metric"])
    rows = [
        row
        for row in report["rows"]
        if (row["metric"], row["classifier"]) == (found["metric"], found["classifier"])
        and row["arm"] not in NOT_CONTROLS
    ]
    gains = [row for row in rows if is_known(row["difference"]) and is_known(row["ci_low"]) and row["ci_low"] > 0]
    gains.sort(key=lambda row: -row["difference"])
    listed = ", ".join(f"{arm_phrase(row['arm'])} ({unit.signed(row['difference'])})" for row in gains)
    if gains:
        return f"Free controls that are clearly above real rows only: {listed}."
    return "No free control is clearly above real rows only." if rows else ""


def _describe_teacher(report: Record) -> str:
    """Return what a teacher's probabilities give; reports of earlier versions say nothing of a teacher."""
    found = report.get("distillation")
    return found["sentence"].replace(" %", "\u00a0%") if found else ""


def _note_disagreement(report: Record) -> str:
    kinds = {found["kind"] for found in report.get("verdicts") or []}
    return "The classifiers do not agree: look at yours in the table." if len(kinds) > 1 else ""


def _note_failures(report: Record) -> str:
    n = len(report.get("failures") or [])
    return f"{pluralize(n, 'part')} of the measurement failed and could not be counted; see Failures." if n else ""


def _build_verdicts(verdicts: Sequence[Record]) -> Table:
    """Return the table of the verdicts of all classifiers."""
    unit = page_unit(verdicts[0]["metric"])
    against = f"Against it, {unit.name}" if unit.name else "Against it"
    head = ("Classifier", "Verdict", unit.head(), CI, "Best control", against)
    rows = [
        (
            classifier_label(found["classifier"]),
            write_headline(found),
            unit.signed(found["difference"]),
            unit.interval(found["ci_low"], found["ci_high"]),
            arm_label(found["control"]) if found.get("control") else NOTHING,
            unit.signed(found.get("control_difference")),
        )
        for found in verdicts[:MAX_CLASSIFIERS]
    ]
    return Table.of("The verdict for each classifier", head, rows)
