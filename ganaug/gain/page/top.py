"""The top of the page: what was decided, and what it means for the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..arms import BASELINE, NOT_CONTROLS
from ..verdict import find_rival
from .decisions import TOOLS, advice, summarize_threshold
from .drawings import Whisker, whiskers
from .parts import Figure, Section, Table
from .text import CI, NOTHING, count, known, plural
from .units import page_unit
from .words import arm, classifier, in_sentence, kind, metric, phrase, size

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


def verdict(report: Record) -> Verdict:
    """Return the top of the page."""
    found, design = report["verdict"], report["design"]
    unit = page_unit(found["metric"])
    facts = [
        (f"Against {name}", f"{unit.signed(gain)} {unit.name}".rstrip(), unit.within(low, high))
        for name, gain, low, high in _comparisons(found)
    ]
    facts.append(("Measured on", plural(found["n"], "fold"), size(design)))
    figures = [drawing] if (drawing := _drawing(found)) else []
    threshold = None
    if summary := summarize_threshold(report):
        word, sentence, drawing = summary
        threshold = (word, sentence)
        figures.append(drawing)
    sentence = found["sentence"].replace(" %", "\u00a0%")
    return Verdict(found["kind"], _word(found), sentence, facts, figures, threshold)


def _comparisons(found: Record) -> list[tuple[str, float | None, float | None, float | None]]:
    """Return what the augmented arm is compared with, and the difference with its interval."""
    first = (phrase(BASELINE), found["difference"], found["ci_low"], found["ci_high"])
    if not found.get("control"):
        return [first]
    name = phrase(found["control"])
    return [first, (name, found["control_difference"], found["control_ci_low"], found["control_ci_high"])]


def _word(found: Record) -> str:
    return f"No better than {phrase(_rival(found))}" if found["kind"] == "no_better" else kind(found["kind"])


def _rival(found: Record) -> str:
    """Return the arm that the augmented one did not beat; reports saved by earlier versions do not name it."""
    if found.get("rival"):
        return str(found["rival"])
    return find_rival(found["difference"], found["ci_low"], found.get("control"), found.get("control_difference"))


def _drawing(found: Record) -> Figure | None:
    unit = page_unit(found["metric"])
    rows = [
        Whisker(name, unit.value(gain), unit.value(low), unit.value(high), strong=True)
        for name, gain, low, high in _comparisons(found)
        if known(gain)
    ]
    if not rows:
        return None
    title = f"{metric(found['metric'])}, augmented against"
    spoken = "; ".join(
        f"{name}: {unit.signed(gain)}, {unit.within(*ends)}" for name, gain, *ends in _comparisons(found)
    )
    axis = f"{unit.name or 'difference'}, higher is better"
    svg = whiskers("verdict", f"{title} {spoken}.", rows, axis, form=unit.write)
    return Figure(title, svg, [], classifier(found["classifier"]))


def meaning(report: Record) -> Section:
    """Return what the verdict means and what to do, in words."""
    means, todo = _advice(report["verdict"])
    points = [todo, advice(report), _other_gains(report), _disagreement(report), _troubles(report)]
    found = report.get("verdicts") or []
    tables = [_each_classifier(found)] if len(found) > 1 else []
    return Section("meaning", "What this means", [means], [point for point in points if point], tables=tables)


def _advice(found: Record) -> tuple[str, str]:
    """Return what a verdict means, and what to do about it."""
    name = in_sentence(metric(found["metric"]))
    unseen = "on rows that neither the generator nor the classifier had seen"
    if found["kind"] == "helps":
        beside = f", and {phrase(found['control'])} did not give as much" if found.get("control") else ""
        return (
            f"With synthetic rows, {name} was higher {unseen}{beside}. The intervals leave zero out.",
            "Add the synthetic rows when you train, and measure again when the data or the classifier changes.",
        )
    if found["kind"] == "hurts":
        return (
            f"With synthetic rows, {name} was lower {unseen}, and the interval leaves zero out.",
            "Do not augment this table with this augmenter.",
        )
    rival = _rival(found)
    if found["kind"] == "no_better":
        return _advice_no_better(name, rival)
    return _advice_cannot_tell(found, name, rival)


def _advice_no_better(name: str, rival: str) -> tuple[str, str]:
    if rival == BASELINE:
        return f"Synthetic rows gave no more {name} than the real rows alone.", "Do not augment."
    if rival == "threshold":
        return (
            f"Synthetic rows gave no more {name} than a threshold at the share of each class, which is free.",
            f"Do not augment; move the threshold. {TOOLS}.",
        )
    return (
        f"Synthetic rows gave no more {name} than {phrase(rival)}, which is free.",
        f"Do not augment with this augmenter; where a difference is worth having, use {phrase(rival)}.",
    )


def _advice_cannot_tell(found: Record, name: str, rival: str) -> tuple[str, str]:
    needed = found.get("rows_needed")
    more = f" About {count(needed)} labelled rows would be needed to settle it." if needed else ""
    if (found.get("ci_low") or 0) > 0:
        tools = f" {TOOLS}." if rival == "threshold" else ""
        return (
            f"With synthetic rows, {name} was higher than with the real rows alone; the folds leave it open whether "
            f"{phrase(rival)} does as well.{more}",
            f"Take {phrase(rival)} on this evidence, which is free; or collect more real rows.{tools}",
        )
    return (
        f"The folds leave it open whether {name} is higher or lower with synthetic rows, or whether a free alternative "
        f"does as well.{more}",
        "Do not augment on this evidence; collect more real rows, or measure with more repeats.",
    )


def _other_gains(report: Record) -> str:
    """Say which of the free controls helped by themselves."""
    found = report["verdict"]
    unit = page_unit(found["metric"])
    rows = [
        row
        for row in report["rows"]
        if (row["metric"], row["classifier"]) == (found["metric"], found["classifier"])
        and row["arm"] not in NOT_CONTROLS
    ]
    gains = [row for row in rows if known(row["difference"]) and known(row["ci_low"]) and row["ci_low"] > 0]
    gains.sort(key=lambda row: -row["difference"])
    listed = ", ".join(f"{phrase(row['arm'])} ({unit.signed(row['difference'])})" for row in gains)
    if gains:
        return f"Free controls that are clearly above real rows only: {listed}."
    return "No free control is clearly above real rows only." if rows else ""


def _disagreement(report: Record) -> str:
    kinds = {found["kind"] for found in report.get("verdicts") or []}
    return "The classifiers do not agree: look at yours in the table." if len(kinds) > 1 else ""


def _troubles(report: Record) -> str:
    n = len(report.get("failures") or [])
    return f"{plural(n, 'part')} of the measurement failed and could not be counted; see Failures." if n else ""


def _each_classifier(verdicts: Sequence[Record]) -> Table:
    unit = page_unit(verdicts[0]["metric"])
    head = (
        "Classifier",
        "Verdict",
        unit.head(),
        CI,
        "Best control",
        f"Against it{f', {unit.name}' if unit.name else ''}",
    )
    rows = [
        (
            classifier(found["classifier"]),
            _word(found),
            unit.signed(found["difference"]),
            unit.interval(found["ci_low"], found["ci_high"]),
            arm(found["control"]) if found.get("control") else NOTHING,
            unit.signed(found.get("control_difference")),
        )
        for found in verdicts[:MAX_CLASSIFIERS]
    ]
    return Table.of("The verdict for each classifier", head, rows)
