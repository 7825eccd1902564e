"""Render results of `gain-images` as Markdown: scores, differences with intervals, losing cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..shared.cases import WHOLE
from ..shared.figures import TIE, compute_interval, format_points, tabulate_scores
from ..shared.ledger import list_failures, read_results
from .arms import ARMS

FOLDER = Path(__file__).parents[1] / "results" / "gain_images"
EVERY = "all sizes"
CHOSEN = "tuned"  # the classic policy that was chosen in each case on its training images
OURS = tuple(arm for arm in ARMS if arm.startswith(("ganaug", "synthetic")))
METRICS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1_macro": "macro-F1",
    "small_recall": "recall of the small classes",
}
NAMES = {
    "none": "no augmentation",
    "affine": "affine",
    "randaugment": "RandAugment",
    "mixup": "affine + MixUp",
    "cutmix": "affine + CutMix",
    "tuned": "**best classic policy**, chosen on training images",
    "class_weight": "best classic policy + class weights",
    "oversample": "best classic policy + over-sampling",
    "ganaug_25": "best classic policy + **ganaug**, 25 % of a batch",
    "ganaug_50": "best classic policy + **ganaug**, 50 % of a batch",
    "ganaug_balanced": "best classic policy + **ganaug** until balanced",
    "ganaug_chosen": "best classic policy + **ganaug**, share chosen",
    "teacher": "mean of five networks, best classic policy: the teacher",
    "distilled": "student of that teacher, best classic policy",
    "ganaug_distilled": "student of that teacher, half of a batch by **ganaug**",
    "synthetic_only": "synthetic images alone, affine",
}
TEXT = """Score in %, mean over the seeds, on images that neither generator nor classifier saw; below, differences in
points with 95 % intervals over the seeds. All classifiers take equally many steps. The best classic policy (change,
MixUp or CutMix, learning rate, weight decay, treatment of small classes) is chosen in each case on a third of its
training images. `benchmarks/README.md` has the commands and the protocol."""


class Cell(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def pivot_scores(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the scores of one image set: rows (cut, seed), a column for each arm, NaN where there is no score."""
    part = frame[frame["metric"] == metric]
    return part.pivot_table(index=["cut", "seed"], columns="method", values="score")


def list_cuts(scores: pd.DataFrame) -> list[str]:
    """Return the cuts in order of size and, where there are several, `EVERY`."""
    found = sorted(scores.index.unique("cut"), key=lambda cut: (cut == WHOLE, int(cut) if cut != WHOLE else 0))
    return [*found, EVERY] if len(found) > 1 else found


def select_cut(scores: pd.DataFrame, cut: str) -> pd.DataFrame:
    """Return the scores of a cut, a row for each seed; for `EVERY`, means over the cuts.

    An arm counts for a seed only if it has a score in each of the cuts.
    """
    if cut != EVERY:
        return scores[scores.index.get_level_values("cut") == cut].droplevel("cut")
    n = len(scores.index.unique("cut"))
    by_seed = scores.groupby(level="seed")
    return by_seed.mean().where(by_seed.count() == n)


def find_best_classic(scores: pd.DataFrame) -> str | None:
    """Return the arm without a GAN that has the highest mean over the seeds, among those with the most seeds.

    It is chosen by test scores, which favours it.
    """
    classic = scores[[arm for arm in ARMS if arm in scores.columns and arm not in OURS]].dropna(axis=1, how="all")
    if classic.empty:
        return None
    whole = classic.loc[:, classic.count() == classic.count().max()]
    return str(whole.mean().idxmax())


def compute_difference(scores: pd.DataFrame, arm: str, control: str | None, test_share: float) -> Cell | None:
    """Return the mean over seeds of the score of `arm` minus that of `control`, or None if no seed has both."""
    if control is None or not {arm, control} <= set(scores.columns) or arm == control:
        return None
    paired = (scores[arm] - scores[control]).dropna()
    return Cell(*compute_interval(paired.to_numpy(), test_share)) if len(paired) else None


# ---- one image set -------------------------------------------------------------------------------


def render_table(frame: pd.DataFrame, name: str, metric: str) -> list[str]:
    """Return the lines of one Markdown table: the scores of all arms, then the differences of those with a GAN."""
    scores = pivot_scores(frame[frame["table"] == name], metric)
    found = list_cuts(scores)
    share = _get_test_share(frame, name)
    lines = [
        f"| {name}: {METRICS[metric]} | " + " | ".join(map(_format_heading, found)) + " |",
        "|---" * (len(found) + 1) + "|",
    ]
    arms = [arm for arm in ARMS if arm in scores.columns]
    for arm in arms:
        lines.append(
            f"| {NAMES[arm]} | " + " | ".join(_format_score(select_cut(scores, cut), arm) for cut in found) + " |"
        )
    for arm in (arm for arm in arms if arm in OURS and arm != "synthetic_only"):
        for title, controls in _list_controls(scores, found):
            cells = [compute_difference(select_cut(scores, cut), arm, controls[cut], share) for cut in found]
            if any(cells):
                texts = [format_points(cell) if cell else "" for cell in cells]
                lines.append(f"| {arm} minus {title} | " + " | ".join(texts) + " |")
    return lines


def _format_heading(cut: str) -> str:
    return f"{cut} of each class" if cut.isdigit() else {WHOLE: "all images"}.get(cut, cut)


def _format_score(scores: pd.DataFrame, arm: str) -> str:
    mean = scores[arm].mean()
    return "" if pd.isna(mean) else f"{100 * mean:.1f}"


def _list_controls(scores: pd.DataFrame, found: Sequence[str]) -> Iterator[tuple[str, dict[str, str | None]]]:
    yield "the policy chosen on training images", dict.fromkeys(found, CHOSEN)
    best = {cut: find_best_classic(select_cut(scores, cut)) for cut in found}
    yield f"the best by its own test score ({', '.join(str(best[cut]) for cut in found)})", best


def _get_test_share(frame: pd.DataFrame, name: str) -> float:
    return float(frame.loc[frame["table"] == name, "test_share"].mean())


def list_main_metrics(frame: pd.DataFrame, name: str) -> list[str]:
    """Return the main metrics of a set: accuracy or, if there are small classes, mean recall and their recall."""
    there = set(frame.loc[frame["table"] == name, "metric"])
    return ["balanced_accuracy", "small_recall"] if "small_recall" in there else ["accuracy"]


def render_recalls(content: dict[str, Any], name: str) -> list[str]:
    """Return the lines of a table of the recall of each class, mean over all cases of a set."""
    entries = [entry for entry in content["cases"].values() if entry["table"] == name and "classes" in entry]
    found = [(r["method"], r["recall"]) for entry in entries for r in entry["records"] if "recall" in r]
    classes = entries[0]["classes"] if entries else []
    lines = [f"| {name}: recall, % | " + " | ".join(classes) + " |", "|---" * (len(classes) + 1) + "|"]
    for arm in ARMS:
        rows = [recall for method, recall in found if method == arm]
        if rows:
            means = 100 * np.mean(rows, axis=0)
            lines.append(f"| {NAMES[arm]} | " + " | ".join(f"{mean:.1f}" for mean in means) + " |")
    return lines


# ---- the whole file ------------------------------------------------------------------------------


def render_report(content: dict[str, Any]) -> str:
    """Return the whole summary of one results file.

    Parameters
    ----------
    content : dict
        From `ledger.read_results`.
    """
    frame = tabulate_scores(content)
    parts = [_render_head(content, frame)]
    for name in frame["table"].unique():
        there = frame.loc[frame["table"] == name, "metric"].unique()
        parts += ["\n".join(render_table(frame, name, metric)) for metric in METRICS if metric in there]
        if "small_recall" in there:
            parts.append("\n".join(render_recalls(content, name)))
    parts.append("\n".join(["## Losing cells", *(list_losses(frame) or ["none"])]))
    parts.append("\n".join(["## Seconds of each GAN", *list_fit_seconds(content)]))
    failed = [f"* {line}" for _, _, line in list_failures(content)]
    failed += [f"* {case}: {entry['excluded']}" for case, entry in content["cases"].items() if "excluded" in entry]
    return "\n\n".join([*parts, *(["\n".join(["## Failed or excluded", *failed])] if failed else [])])


def _render_head(content: dict[str, Any], frame: pd.DataFrame) -> str:
    environments = "; ".join(
        f"ganaug {e['versions']['ganaug']} ({e['source']}), torch {e['versions']['torch']}, settings {e['settings']}"
        for e in content["environments"]
    )
    seeds = ", ".join(map(str, sorted(frame["seed"].unique())))
    return f"# {content['suite']}\n\n{frame['case'].nunique()} cases, seeds {seeds}. {environments}.\n\n{TEXT}"


def list_losses(frame: pd.DataFrame) -> list[str]:
    """Return a line for every set, cut and arm with a GAN that is below one of its controls, the worst first."""
    found: list[tuple[float, str]] = []
    for name in frame["table"].unique():
        for metric in list_main_metrics(frame, name):
            scores = pivot_scores(frame[frame["table"] == name], metric)
            for cut in (cut for cut in list_cuts(scores) if cut != EVERY):
                found += _find_losses(
                    select_cut(scores, cut), f"{name}, {cut}, {METRICS[metric]}", _get_test_share(frame, name)
                )
    return [line for _, line in sorted(found)]


def _find_losses(scores: pd.DataFrame, where: str, share: float) -> Iterator[tuple[float, str]]:
    best = find_best_classic(scores)
    for control in dict.fromkeys([CHOSEN, best]):
        for arm in OURS:
            cell = compute_difference(scores, arm, control, share)
            if cell and cell.mean <= -TIE:
                yield (
                    cell.mean,
                    f"* {where}: {arm} minus {control} {format_points(cell)}" + (" **clear**" if cell.high < 0 else ""),
                )


def list_fit_seconds(content: dict[str, Any]) -> list[str]:
    """Return a line for every set and cut: median and range of the fit times of its GANs in seconds."""
    found: dict[str, dict[int, float]] = {}
    for entry in content["cases"].values():
        for record in entry.get("records", []):
            if "gan" in record:
                found.setdefault(f"{entry['table']}, {entry['cut']}", {})[entry["seed"]] = record["gan"]["fit_seconds"]
    return [_format_spread(where, list(by_seed.values())) for where, by_seed in found.items()]


def _format_spread(where: str, seconds: list[float]) -> str:
    middle = np.median(seconds)
    return f"* {where}: {middle:.0f} s ({min(seconds):.0f} to {max(seconds):.0f}), n = {len(seconds)}"


def render_image_table(folder: Path = FOLDER, text: str = TEXT) -> str:
    """Return Markdown: a text, and a table for each main metric of each set."""
    parts = [text]
    for path in sorted(folder.glob("*.json")):
        frame = tabulate_scores(read_results(path))
        for name in frame["table"].unique():
            parts += ["\n".join(render_table(frame, name, metric)) for metric in list_main_metrics(frame, name)]
    return "\n\n".join(parts)
