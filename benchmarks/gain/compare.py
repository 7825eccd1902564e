"""Compare two results files: worse scores, failures and missing cases."""

from __future__ import annotations

from typing import Any

from ..shared.figures import tabulate_scores
from ..shared.ledger import list_failures
from ..shared.protocol import BenchmarkError

GROUP = ["method", "learner", "metric"]


def find_worse(old: dict[str, Any], new: dict[str, Any], absolute: float, relative: float) -> list[str]:
    """Return a line for every method, learner and metric whose mean score over the common cases is worse.

    A single case of a generator is noise; the mean of a suite is not.

    Parameters
    ----------
    old, new : dict
        From `ledger.read_results`.
    absolute, relative : float >= 0
        A score is worse if it has fallen by more than max(absolute, relative * abs(old score)).
    """
    keys = ["case", *GROUP]
    both = tabulate_scores(old).merge(tabulate_scores(new)[[*keys, "score"]], on=keys, suffixes=("_old", "_new"))
    means = both.groupby(GROUP)[["score_old", "score_new"]].mean()
    n = both.groupby(GROUP).size()
    allowed = (means["score_old"].abs() * relative).clip(lower=absolute)
    fallen = means[means["score_old"] - means["score_new"] > allowed]
    return [
        f"worse: {', '.join(group)}: {row.score_old:.4f} -> {row.score_new:.4f}, mean of {n[group]} cases"
        for group, row in zip(fallen.index, fallen.itertuples(), strict=True)
    ]


def find_missing(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return the scores that only the old results have, each with its reason or None."""
    found = []
    for case, entry in old["cases"].items():
        there = new["cases"].get(case, {})
        records = {(r["method"], r["learner"]): r for r in there.get("records", [])}
        for r in entry.get("records", []):
            now = records.get((r["method"], r["learner"]), {})
            if "scores" in r and not {"scores", "error"} & set(now):
                reason = there.get("excluded") or now.get("not_applicable")
                found.append((f"{case}, {r['method']}, {r['learner']}", reason))
    return found


def check_comparable(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Raise BenchmarkError if the same case does not mean the same in both files."""
    protocols = [sorted({e["protocol"] for e in content["environments"]}) for content in (old, new)]
    if old["suite"] != new["suite"] or protocols[0] != protocols[1]:
        raise BenchmarkError(
            f"The files cannot be compared: suite {old['suite']}, protocol {protocols[0]} against suite "
            f"{new['suite']}, protocol {protocols[1]}; run the older one again."
        )
    for case in old["cases"].keys() & new["cases"].keys():
        if old["cases"][case]["digest"] != new["cases"][case]["digest"]:
            raise BenchmarkError(f"The table of {case} is not the same in both files: run one of them again.")


def compare_results(
    old: dict[str, Any], new: dict[str, Any], absolute: float, relative: float
) -> tuple[list[str], bool]:
    """Return lines on what is worse, failed or missing in the new results, and whether they are accepted."""
    check_comparable(old, new)
    bad = find_worse(old, new, absolute, relative) + [f"failed: {line}" for _, _, line in list_failures(new)]
    absent = find_missing(old, new)
    bad += [f"missing: {what}: not run" for what, reason in absent if reason is None]
    known = [f"missing: {what}: {reason}" for what, reason in absent if reason is not None]
    return bad + known, not bad
