"""The last part of the page: what was chosen, what failed, how it was measured, and what the words mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ...messages import join_names
from ..metric_names import PREVALENCE, recall_label
from .drawings import Whisker, whiskers
from .parts import Figure, Group, Row, Section, Table
from .text import NOTHING, compact, count, interval, known, named, plural, score, share, shorten, signed
from .units import page_unit
from .words import (
    ARM_TEXTS,
    METRIC_TEXTS,
    PREVALENCE_TEXT,
    RECALL_TEXT,
    TERM_TEXTS,
    arm,
    classifier,
    metric,
    size,
)

Record = Mapping[str, Any]

MAX_FOLDS = 50
MAX_LINES = 200  # failures, warnings
MAX_CLASSES = 12  # in a sentence
MAX_NAMES = 30


def choice(report: Record) -> Section | None:
    """Return which share each fold chose and why; None where nothing was chosen."""
    folds = report.get("choice") or []
    if not folds:
        return None
    nothing = sum(fold["share"] == 0 for fold in folds)
    text = [
        "Each fold chose how many synthetic rows to add by held-out parts of its own training rows: the smallest share "
        "within one standard error of the best (rule of Breiman et al., Classification and Regression Trees, 1984). "
        f"No synthetic rows at all were chosen in {nothing} of {plural(len(folds), 'fold')}."
    ]
    groups = [_tried(fold) for fold in folds[:MAX_FOLDS]]
    head = ("Candidate", "Score", "Difference", "Standard error", "Chosen")
    tables = [Table("What each fold tried", head, groups, folded=True)]
    figures = [_choice_figure(folds)] if any(fold["scores"] for fold in folds) else []
    return Section("choice", "What was chosen, and why", text, figures=figures, tables=tables)


def _candidate(tried: Record) -> str:
    if tried["share"] == 0:
        return "none"
    return f"{100 * tried['share']:.3g}\u00a0%, {'balanced' if tried['balance'] else 'natural'}"


def _tried(fold: Record) -> Group:
    rows = [
        Row(
            (
                _candidate(tried),
                score(tried["score"]),
                signed(tried["difference"]),
                score(tried["standard_error"]),
                "chosen" if tried["chosen"] else "",
            ),
            strong=bool(tried["chosen"]),
        )
        for tried in fold["scores"]
    ]
    return Group(f"Fold {fold['fold']}: {_candidate(fold)}", rows)


def _choice_figure(folds: Sequence[Record]) -> Figure:
    """Return the candidates' means over folds; whiskers are one standard error, as the rule uses it."""
    tried: dict[str, list[Record]] = defaultdict(list)
    for fold in folds:
        for entry in fold["scores"]:
            tried[_candidate(entry)].append(entry)
    chosen = Counter(_candidate(entry) for fold in folds for entry in fold["scores"] if entry["chosen"])
    rows = []
    for name, entries in tried.items():
        mean, error = _mean(entries, "difference"), _mean(entries, "standard_error")
        ends = (mean - error, mean + error) if mean is not None and error is not None else (None, None)
        rows.append(Whisker(f"{name} (\u00d7{chosen[name]})" if chosen[name] else name, mean, *ends))
    spoken = "; ".join(f"{row.name} {signed(row.value)}" for row in rows)
    svg = whiskers(
        "choice", f"Inner difference of each candidate, mean over folds. {spoken}.", rows, "inner difference"
    )
    cells = [
        (name, signed(row.value), interval(row.low, row.high), count(chosen[name]))
        for name, row in zip(tried, rows, strict=True)
    ]
    head = ("Candidate", "Mean difference", "\u00b1 one standard error", "Chosen in folds")
    note = "Line: one standard error. \u00d7: how many folds chose it"
    return Figure("Shares tried", svg, [Table.of("Shares tried, mean over folds", head, cells)], note)


def _mean(entries: Sequence[Record], key: str) -> float | None:
    values = [entry[key] for entry in entries if known(entry[key])]
    return sum(values) / len(values) if values else None


def filters(report: Record) -> Section | None:
    """Return the filters that each fold decided for; None where the augmenter has none."""
    folds = report.get("filters") or []
    if not folds:
        return None
    text = [
        "Filters weigh candidates before they become rows: density_ratio by how real they look, label_agreement by how "
        "well they fit their label, marginals by what each column lacks. 0 is off, 1 full strength. The rule is "
        "label_agreement at full strength, with 200 or more held-out rows at half of it beside the two others at full "
        "strength, unless held-out rows find something else clearly better."
    ]
    tried = [strengths for fold in folds for strengths, _ in fold.get("scores") or []]
    names = list(dict.fromkeys(name for strengths in [*tried, *(f["strengths"] for f in folds)] for name in strengths))
    rows = [
        (
            f"Fold {fold['fold']}",
            *(compact(fold["strengths"].get(name) or 0.0) for name in names),
            *(_filter_scores(fold) if tried else ()),
        )
        for fold in folds[:MAX_FOLDS]
    ]
    head = ("Fold", *names, *(("Score without", "Best score") if tried else ()))
    table = Table.of("Strength of each filter", head, rows, folded=len(rows) > 5)
    return Section("filters", "Filters", text, tables=[table])


def _filter_scores(fold: Record) -> tuple[str, str]:
    """Return the held-out score without filters, and the best of all that was tried."""
    tried = fold.get("scores") or []
    without = next((value for strengths, value in tried if not any(strengths.values())), None)
    return score(without), score(max((value for _, value in tried if known(value)), default=None))


def failures(report: Record) -> Section:
    """Return what failed and what was warned of, or one line that says that nothing was."""
    failed, warned = report.get("failures") or [], report.get("warnings") or []
    if not failed and not warned:
        return Section("failures", "Failures and warnings", ["Nothing failed, and there were no warnings."])
    tables = []
    if failed:
        rows = [_failure(failure) for failure in failed[:MAX_LINES]]
        tables = [
            Table.of(
                "What failed; it is missing from the means", ("Where", "Arm", "Classifier", "Metric", "Reason"), rows
            )
        ]
    notes = [
        f"{len(lines) - MAX_LINES} more {what} are in report.to_dict()."
        for lines, what in ((failed, "failures"), (warned, "warnings"))
        if len(lines) > MAX_LINES
    ]
    text = ["Nothing failed." if not failed else f"{plural(len(failed), 'failure')}."]
    points = [shorten(warning, 600) for warning in warned[:MAX_LINES]]
    return Section("failures", "Failures and warnings", text, points, tables=tables, notes=notes)


def _failure(failure: Record) -> tuple[str, ...]:
    fold = "all folds" if failure["fold"] is None else f"Fold {failure['fold']}"
    who = classifier(failure["classifier"]) if failure["classifier"] else "all"
    what = metric(failure["metric"]) if failure["metric"] else "all"
    return fold, arm(failure["arm"]), who, what, shorten(failure["reason"], 600)


def method(report: Record) -> Section:
    """Return how it was measured and how to measure it again."""
    design = report["design"]
    facts = [
        ("Data", _data(design)),
        ("Classes", _classes(design["classes"])),
        ("Folds", _folds(design)),
        ("Seed", str(design["random_state"])),
        ("Synthetic rows", _amount(design)),
        *([("Smallest gain worth having", _margin(design))] if known(design.get("margin")) else []),
        ("Arms", ", ".join(arm(name) for name in design["arms"])),
        ("Metrics", _few([metric(name) for name in design["metrics"]])),
        ("Time", _time(design["seconds"])),
    ]
    codes = [("In Python", design["call"])]
    if design.get("command"):
        codes.append(("At the shell", design["command"]))
    codes.append(("Augmenter", design["augmenter"]))
    codes.append(("Classifiers", "\n\n".join(f"{c['name']}:\n{c['repr']}" for c in design["classifiers"][:MAX_NAMES])))
    tables = [Table.of("Versions", ("Package", "Version"), list(design["versions"].items()))]
    if report.get("counts"):
        tables.append(_counts(report["counts"]))
    text = [
        "In each fold the augmenter learned from the training rows alone, and every arm was tested on the same rows, "
        "which neither the augmenter nor the classifier had seen. Intervals account for training sets that overlap "
        "(Nadeau and Bengio, Inference for the Generalization Error, 2003)."
    ]
    return Section("method", "How to reproduce it", text, facts=facts, tables=tables, codes=codes)


def _data(design: Record) -> str:
    name = f"{named(design['name'])}: " if design.get("name") else ""
    return f"{name}{size(design)}"


def _classes(classes: Sequence[Record]) -> str:
    counts = [f"{named(c['label'], 40)} ({count(c['rows'])})" for c in classes[:MAX_CLASSES]]
    more = [f"and {len(classes) - MAX_CLASSES} more"] if len(classes) > MAX_CLASSES else []
    return ", ".join([*counts, *more])


def _few(names: Sequence[str]) -> str:
    return join_names(names, MAX_NAMES, form=named)


def _folds(design: Record) -> str:
    made = f"{count(design['n_splits'])} splits \u00d7 {plural(design['n_repeats'], 'repeat')}"
    return f"{count(design['folds'])} ({made}{', groups kept together' if design['groups'] else ''})"


def _amount(design: Record) -> str:
    fraction = design["synthetic_fraction"]
    amount = (
        f"{share(fraction)} of the augmented rows"
        if fraction is not None
        else "as many as the augmenter adds by itself"
    )
    return (
        f"{amount}, classes {'balanced' if design['balance'] else 'in their own proportions'}"
        if fraction is not None
        else amount
    )


def _margin(design: Record) -> str:
    unit = page_unit(design["metrics"][0])
    return f"{unit.signed(design['margin'])} {unit.name}".strip()


def _time(seconds: float | None) -> str:
    if not known(seconds):
        return NOTHING
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _counts(folds: Sequence[Record]) -> Table:
    rows = [
        (
            f"Fold {fold['fold']}",
            count(fold["train"]),
            count(fold["test"]),
            count(sum(fold["synthetic"].values())),
            _kinds(fold),
        )
        for fold in folds[:MAX_FOLDS]
    ]
    head = ("Fold", "Training rows", "Test rows", "Synthetic rows", "Of which")
    caption = "Rows of each fold" if len(folds) <= MAX_FOLDS else f"Rows of the first {MAX_FOLDS} of {len(folds)} folds"
    return Table.of(caption, head, rows, folded=True)


def _kinds(fold: Record) -> str:
    return _classes([{"label": label, "rows": rows} for label, rows in fold["synthetic"].items()])


def glossary(report: Record) -> Section:
    """Return the arms and metrics of this page in plain words."""
    design = report["design"]
    metrics = dict.fromkeys([*design["metrics"], *(row["metric"] for row in report["rows"])])
    arms = [(ARM_TEXTS[name][0], name, ARM_TEXTS[name][1]) for name in design["arms"] if name in ARM_TEXTS]
    known_metrics = [(METRIC_TEXTS[name][0], name, METRIC_TEXTS[name][1]) for name in metrics if name in METRIC_TEXTS]
    recall = [("Recall", "recall[class]", RECALL_TEXT)] if any(recall_label(name) for name in metrics) else []
    if any(name.endswith(PREVALENCE) for name in metrics):
        recall.append(("At prevalence", f"metric{PREVALENCE}", PREVALENCE_TEXT))
    words = [(word, "", text) for word, text in TERM_TEXTS.items()]
    return Section("glossary", "Glossary", terms=[*arms, *known_metrics, *recall, *words])
