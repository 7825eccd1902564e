"""Build the last sections of the page: failures, how to reproduce the report, and the glossary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...messages import join_names
from ...plots.text import (
    NOTHING,
    format_count,
    format_share,
    is_known,
    pluralize,
    shorten,
    show_name,
)
from ..metric_names import PREVALENCE, recall_label, recall_name
from .parts import Section, Table
from .units import page_unit
from .words import (
    ARM_TEXTS,
    METRIC_TEXTS,
    PREVALENCE_TEXT,
    RECALL_TEXT,
    TERM_TEXTS,
    arm_label,
    classifier_label,
    describe_size,
    metric_label,
)

Record = Mapping[str, Any]

MAX_FOLDS = 50
MAX_LINES = 200  # failures, warnings
MAX_CLASSES = 12  # in a sentence
MAX_NAMES = 30


def build_failures(report: Record) -> Section:
    """Return the section on failures and warnings, or one sentence if there were none."""
    failed = report.get("failures") or []
    warned = report.get("warnings") or []
    if not failed and not warned:
        return Section("failures", "Failures and warnings", ["Nothing failed, and there were no warnings."])
    tables = []
    if failed:
        head = ("Where", "Arm", "Classifier", "Metric", "Reason")
        rows = [_build_failure(failure) for failure in failed[:MAX_LINES]]
        tables = [Table.of("What failed; it is missing from the means", head, rows)]
    notes = [
        f"{len(lines) - MAX_LINES} more {what} are in report.to_dict()."
        for lines, what in ((failed, "failures"), (warned, "warnings"))
        if len(lines) > MAX_LINES
    ]
    text = [f"{pluralize(len(failed), 'failure')}." if failed else "Nothing failed."]
    points = [shorten(warning, 600) for warning in warned[:MAX_LINES]]
    return Section("failures", "Failures and warnings", text, points, tables=tables, notes=notes)


def _build_failure(failure: Record) -> tuple[str, ...]:
    fold = "all folds" if failure["fold"] is None else f"Fold {failure['fold']}"
    who = classifier_label(failure["classifier"]) if failure["classifier"] else "all"
    what = metric_label(failure["metric"]) if failure["metric"] else "all"
    return fold, arm_label(failure["arm"]), who, what, shorten(failure["reason"], 600)


def build_method(report: Record) -> Section:
    """Return the section on the design of the experiment, with the call that repeats it."""
    design = report["design"]
    facts = [
        ("Data", _format_data(design)),
        ("Classes", _format_classes(design["classes"])),
        ("Folds", _format_folds(design)),
        ("Seed", str(design["random_state"])),
        ("Synthetic rows", _format_amount(design)),
        ("Arms", ", ".join(arm_label(name) for name in design["arms"])),
        ("Metrics", _format_few([metric_label(name) for name in design["metrics"]])),
        ("Time", _format_time(design["seconds"])),
    ]
    if is_known(design.get("margin")):
        facts.insert(5, ("Smallest gain worth having", _format_margin(design)))
    codes = [("In Python", design["call"])]
    if design.get("command"):
        codes.append(("At the shell", design["command"]))
    codes.append(("Augmenter", design["augmenter"]))
    codes.append(("Classifiers", "\n\n".join(f"{c['name']}:\n{c['repr']}" for c in design["classifiers"][:MAX_NAMES])))
    tables = [Table.of("Versions", ("Package", "Version"), list(design["versions"].items()))]
    if report.get("counts"):
        tables.append(_build_counts(report["counts"]))
    text = [
        "In each fold the augmenter learned from the training rows alone, and every arm was tested on the same rows, "
        "which neither the augmenter nor the classifier had seen. Intervals account for training sets that overlap "
        "(Nadeau and Bengio, Inference for the Generalization Error, 2003)."
    ]
    return Section("method", "How to reproduce it", text, facts=facts, tables=tables, codes=codes)


def _format_data(design: Record) -> str:
    name = f"{show_name(design['name'])}: " if design.get("name") else ""
    return f"{name}{describe_size(design)}"


def _format_classes(classes: Sequence[Record]) -> str:
    counts = [f"{show_name(c['label'], 40)} ({format_count(c['rows'])})" for c in classes[:MAX_CLASSES]]
    if len(classes) > MAX_CLASSES:
        counts.append(f"and {len(classes) - MAX_CLASSES} more")
    return ", ".join(counts)


def _format_few(names: Sequence[str]) -> str:
    return join_names(names, MAX_NAMES, form=show_name)


def _format_folds(design: Record) -> str:
    splits = f"{format_count(design['n_splits'])} splits \u00d7 {pluralize(design['n_repeats'], 'repeat')}"
    groups = ", groups kept together" if design["groups"] else ""
    return f"{format_count(design['folds'])} ({splits}{groups})"


def _format_amount(design: Record) -> str:
    fraction = design["synthetic_fraction"]
    if fraction is None:
        return "as many as the augmenter adds by itself"
    proportions = "balanced" if design["balance"] else "in their own proportions"
    return f"{format_share(fraction)} of the augmented rows, classes {proportions}"


def _format_margin(design: Record) -> str:
    unit = page_unit(design["metrics"][0])
    return f"{unit.signed(design['margin'])} {unit.name}".strip()


def _format_time(seconds: float | None) -> str:
    if not is_known(seconds):
        return NOTHING
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _build_counts(folds: Sequence[Record]) -> Table:
    rows = [
        (
            f"Fold {fold['fold']}",
            format_count(fold["train"]),
            format_count(fold["test"]),
            format_count(sum(fold["synthetic"].values())),
            _format_synthetic(fold),
        )
        for fold in folds[:MAX_FOLDS]
    ]
    head = ("Fold", "Training rows", "Test rows", "Synthetic rows", "Of which")
    caption = "Rows of each fold" if len(folds) <= MAX_FOLDS else f"Rows of the first {MAX_FOLDS} of {len(folds)} folds"
    return Table.of(caption, head, rows, folded=True)


def _format_synthetic(fold: Record) -> str:
    return _format_classes([{"label": label, "rows": rows} for label, rows in fold["synthetic"].items()])


def build_glossary(report: Record) -> Section:
    """Return the section that explains the arms, metrics and terms of this page."""
    design = report["design"]
    metrics = dict.fromkeys([*design["metrics"], *(row["metric"] for row in report["rows"])])
    arms = [(ARM_TEXTS[name][0], name, ARM_TEXTS[name][1]) for name in design["arms"] if name in ARM_TEXTS]
    known_metrics = [(METRIC_TEXTS[name][0], name, METRIC_TEXTS[name][1]) for name in metrics if name in METRIC_TEXTS]
    patterns = []
    if any(recall_label(name) for name in metrics):
        patterns.append(("Recall", recall_name("class"), RECALL_TEXT))
    if any(name.endswith(PREVALENCE) for name in metrics):
        patterns.append(("At prevalence", f"metric{PREVALENCE}", PREVALENCE_TEXT))
    terms = [(term, "", text) for term, text in TERM_TEXTS.items()]
    return Section("glossary", "Glossary", terms=[*arms, *known_metrics, *patterns, *terms])
