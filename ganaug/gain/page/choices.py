"""Build the sections on choices of the augmenter: the share of synthetic rows, and the strengths of filters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ...plots.text import (
    format_compact,
    format_count,
    format_interval,
    format_score,
    format_signed,
    is_known,
    pluralize,
)
from ...plots.whiskers import Whisker
from .drawings import draw_whiskers
from .parts import Figure, Group, Row, Section, Table

Record = Mapping[str, Any]

MAX_FOLDS = 50


def build_choice(report: Record) -> Section | None:
    """Return the section on the chosen shares; None if the augmenter does not choose."""
    folds = report.get("choice") or []
    if not folds:
        return None
    nothing = sum(fold["share"] == 0 for fold in folds)
    text = [
        "Each fold chose on held-out parts of its own training rows how many synthetic rows to add: the smallest share "
        "within one standard error of the best (rule of Breiman et al., Classification and Regression Trees, 1984). "
        f"No synthetic rows at all were chosen in {nothing} of {pluralize(len(folds), 'fold')}."
    ]
    groups = [_build_tried(fold) for fold in folds[:MAX_FOLDS]]
    head = ("Candidate", "Score", "Difference", "Standard error", "Chosen")
    tables = [Table("What each fold tried", head, groups, folded=True)]
    figures = [_build_choice_figure(folds)] if any(fold["scores"] for fold in folds) else []
    return Section("choice", "What was chosen, and why", text, figures=figures, tables=tables)


def _format_candidate(tried: Record) -> str:
    if tried["share"] == 0:
        return "none"
    return f"{100 * tried['share']:.3g}\u00a0%, {'balanced' if tried['balance'] else 'natural'}"


def _build_tried(fold: Record) -> Group:
    rows = [
        Row(
            (
                _format_candidate(tried),
                format_score(tried["score"]),
                format_signed(tried["difference"]),
                format_score(tried["standard_error"]),
                "chosen" if tried["chosen"] else "",
            ),
            strong=bool(tried["chosen"]),
        )
        for tried in fold["scores"]
    ]
    return Group(f"Fold {fold['fold']}: {_format_candidate(fold)}", rows)


def _build_choice_figure(folds: Sequence[Record]) -> Figure:
    """Return a drawing of each candidate's mean over folds, with a whisker of one standard error."""
    tried: dict[str, list[Record]] = defaultdict(list)
    for fold in folds:
        for entry in fold["scores"]:
            tried[_format_candidate(entry)].append(entry)
    chosen = Counter(_format_candidate(entry) for fold in folds for entry in fold["scores"] if entry["chosen"])
    rows = []
    for name, entries in tried.items():
        title = f"{name} (\u00d7{chosen[name]})" if chosen[name] else name
        mean = _mean(entries, "difference")
        error = _mean(entries, "standard_error")
        if mean is None or error is None:
            rows.append(Whisker(title, mean))
        else:
            rows.append(Whisker(title, mean, mean - error, mean + error))
    spoken = "; ".join(f"{row.name} {format_signed(row.value)}" for row in rows)
    label = f"Inner difference of each candidate, mean over folds. {spoken}."
    svg = draw_whiskers("choice", label, rows, "inner difference")
    cells = [
        (name, format_signed(row.value), format_interval(row.low, row.high), format_count(chosen[name]))
        for name, row in zip(tried, rows, strict=True)
    ]
    head = ("Candidate", "Mean difference", "\u00b1 one standard error", "Chosen in folds")
    note = "Line: one standard error. \u00d7: how many folds chose it"
    return Figure("Shares tried", svg, [Table.of("Shares tried, mean over folds", head, cells)], note)


def _mean(entries: Sequence[Record], key: str) -> float | None:
    values = [entry[key] for entry in entries if is_known(entry[key])]
    return sum(values) / len(values) if values else None


def build_filters(report: Record) -> Section | None:
    """Return the section on the filter strengths of each fold; None if the augmenter has no filters."""
    folds = report.get("filters") or []
    if not folds:
        return None
    text = [
        "Filters weigh candidates before they become rows: density_ratio by how real they look, label_agreement by how "
        "well they fit their label, marginals by what each column lacks. 0 is off, 1 full strength. The rule is "
        "label_agreement at full strength, with 200 or more held-out rows at half of it beside the two others at full "
        "strength, unless other strengths score clearly better on held-out rows."
    ]
    tried = [strengths for fold in folds for strengths, _ in fold.get("scores") or []]
    names = list(dict.fromkeys(name for strengths in [*tried, *(f["strengths"] for f in folds)] for name in strengths))
    rows = [
        (
            f"Fold {fold['fold']}",
            *(format_compact(fold["strengths"].get(name) or 0.0) for name in names),
            *(_find_filter_scores(fold) if tried else ()),
        )
        for fold in folds[:MAX_FOLDS]
    ]
    head = ("Fold", *names, *(("Score without", "Best score") if tried else ()))
    table = Table.of("Strength of each filter", head, rows, folded=len(rows) > 5)
    return Section("filters", "Filters", text, tables=[table])


def _find_filter_scores(fold: Record) -> tuple[str, str]:
    """Return the held-out score without filters, and the best score of all strengths tried."""
    tried = fold.get("scores") or []
    without = next((value for strengths, value in tried if not any(strengths.values())), None)
    return format_score(without), format_score(max((value for _, value in tried if is_known(value)), default=None))
