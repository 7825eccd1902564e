"""What is made of results: paired differences, honest intervals, every loss in the open, and a gate for regressions."""

import copy
import json
import re

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from benchmarks.gain import compare, distillation, headline, summary
from benchmarks.gain import table as gain_table
from benchmarks.gain.cases import Case
from benchmarks.gain.command import main
from benchmarks.gain.methods import METHODS
from benchmarks.gain.names import NAMES
from benchmarks.shared.figures import (
    average_by_cell,
    average_by_method,
    compute_interval,
    count_outcomes,
    find_best_method,
    subtract_control,
    tabulate_scores,
)
from benchmarks.shared.ledger import format_results

METRICS = ("roc_auc", "balanced_accuracy")


def results(gains=None, tables=("pima", "magic"), cuts=("100",), seeds=(0, 1, 2), learners=("logistic", "forest")):
    """A results file in which ganaug is better than nothing by ``gains[table]``, and duplicates make no difference."""
    gains = gains or {"pima": 0.04, "magic": -0.02}
    cases = {}
    for table in tables:
        for cut in cuts:
            for seed in seeds:
                base = 0.7 + 0.01 * seed
                scored = {"none": base, "duplicate": base, "ganaug": base + gains[table] + 0.001 * (seed - 1)}
                records = [
                    {"method": m, "learner": learner, "added": [0, 5], "environment": 0, "scores": {metric: score}}
                    for m, score in scored.items()
                    for learner in learners
                    for metric in ("balanced_accuracy",)
                ]
                for record in records:
                    record["scores"] |= {"roc_auc": record["scores"]["balanced_accuracy"] + 0.1}
                entry = {"table": table, "cut": cut, "seed": seed, "digest": table, "notes": []}
                rows = {"train": [60, 40], "test": [12, 8]}
                cases[Case("low-data", table, cut, seed).id] = {**entry, "rows": rows, "records": records}
    versions = {"ganaug": "0.1.0", "scikit-learn": "1.9"}
    environment = {"protocol": 1, "source": "abc", "versions": versions}
    return {"format": 1, "suite": "low-data", "environments": [environment], "cases": cases}


def paired(content, control="none"):
    return subtract_control(tabulate_scores(content), control, "balanced_accuracy")


# ---- intervals ----


def test_the_interval_is_students():
    values = np.random.default_rng(0).normal(0.3, 1, 12)
    mean, low, high = compute_interval(values)
    expected = ttest_1samp(values, 0).confidence_interval(0.95)
    assert (mean, low, high) == pytest.approx((values.mean(), expected.low, expected.high))


def test_overlapping_training_rows_widen_the_interval_as_nadeau_and_bengio_say():
    values = np.random.default_rng(0).normal(0.3, 1, 5)
    plain, corrected = compute_interval(values), compute_interval(values, test_share=0.25)
    assert (corrected[2] - corrected[0]) / (plain[2] - plain[0]) == pytest.approx(np.sqrt((1 / 5 + 0.25) / (1 / 5)))


def test_one_value_has_no_interval():
    assert compute_interval(np.array([0.2]))[0] == 0.2
    assert np.isnan(compute_interval(np.array([0.2]))[1:]).all()


def test_only_splits_that_use_up_a_table_overlap():
    shares = tabulate_scores(results(cuts=("100", "all"))).groupby("cut")["test_share"].unique()
    assert shares["100"].tolist() == [0.0]
    assert shares["all"].tolist() == [0.2]


# ---- differences ----


def test_differences_are_paired_by_case_and_learner():
    table = paired(results())
    assert set(table["method"]) == {"duplicate", "ganaug"}
    assert table[table["method"] == "duplicate"]["difference"].tolist() == [0.0] * 12
    magic = table[(table["method"] == "ganaug") & (table["table"] == "magic")]
    assert sorted(set(magic["difference"].round(6))) == [-0.021, -0.02, -0.019]


def test_a_case_that_lacks_one_of_the_two_does_not_count():
    content = results()
    records = content["cases"]["low-data/pima-100/seed0"]["records"]
    records[:] = [r for r in records if (r["method"], r["learner"]) != ("none", "forest")]
    del content["cases"]["low-data/magic-100/seed0"]["records"]
    table = paired(content)
    assert len(table[table["method"] == "ganaug"]) == 12 - 1 - 2


def test_every_table_counts_once_however_many_cuts_and_seeds_it_has():
    content = results(seeds=(0, 1, 2), cuts=("100", "200"))
    content["cases"] = {k: v for k, v in content["cases"].items() if v["table"] == "pima" or v["seed"] == 1}
    figures = average_by_method(paired(content)).set_index(["method", "learner"])
    for learner in ("logistic", "forest", "mean"):
        assert figures.loc[("ganaug", learner), "mean"] == pytest.approx(0.01)
        assert figures.loc[("ganaug", learner), "n"] == 2
    low, high = figures.loc[("ganaug", "mean"), ["low", "high"]]
    assert (low, high) == pytest.approx(compute_interval(np.array([0.04, -0.02]))[1:])


def test_cells_are_won_tied_and_lost():
    counts = count_outcomes(average_by_cell(paired(results())), tie=0.0005)
    assert counts.loc["ganaug"].to_dict() == {
        "cells": 4,
        "wins": 2,
        "ties": 0,
        "losses": 2,
        "clear_wins": 2,
        "clear_losses": 2,
    }
    assert counts.loc["duplicate", ["ties", "clear_wins", "clear_losses"]].tolist() == [4, 0, 0]


# ---- the summary ----


def test_the_summary_shows_means_and_lists_every_losing_cell():
    text = summary.render_report(results(), ["balanced_accuracy"], ["ganaug"])
    assert "6 cases; tables magic, pima; cuts 100; seeds 0, 1, 2." in text
    assert "| ganaug | +1.0 [-37.1, +39.1] | +1.0 [-37.1, +39.1] | +1.0 [-37.1, +39.1] | 2 |" in text
    assert "| ganaug | 4 | 2 | 0 | 2 | 2 | 2 |" in text
    assert "ganaug below none, balanced_accuracy: 2 of 4 cells, 2 of them (50%) with an interval below 0" in text
    assert "* magic, 100, logistic: -2.0 [-2.2, -1.8], n = 3 **clear**" in text
    assert "* magic, 100, forest:" in text
    assert "* pima" not in text
    assert "## balanced_accuracy minus that of none" in text
    assert "of smote" not in text
    assert "-0.0" not in text


def test_the_summary_shows_what_failed_and_what_is_missing():
    content = results()
    entry = content["cases"]["low-data/pima-100/seed0"]
    entry["notes"] = ["column 'id' left out: an identifier"]
    entry["records"] += [
        {"method": "ctgan", "learner": "forest", "error": "RuntimeError: boom"},
        {"method": "adasyn", "learner": "forest", "not_applicable": "ADASYN takes numbers only"},
    ]
    content["cases"]["low-data/car-100/seed0"] = {
        "table": "car",
        "cut": "100",
        "seed": 0,
        "digest": "x",
        "excluded": "too few",
    }
    text = summary.render_report(content, ["balanced_accuracy"], [])
    assert "## Failed\n\n* low-data/pima-100/seed0, ctgan, forest: RuntimeError: boom" in text
    assert "## Excluded cases\n\n* low-data/car-100/seed0: too few" in text
    assert "* adasyn, forest, pima: ADASYN takes numbers only" in text
    assert "* pima, 100: column 'id' left out: an identifier" in text


def test_the_command_prints_every_file(tmp_path, capsys):
    path = tmp_path / "r.json"
    path.write_text(format_results(results()))
    main(["--summary", str(path), str(path), "--metrics", "roc_auc"])
    assert capsys.readouterr().out.count("## roc_auc minus that of none") == 2
    with pytest.raises(SystemExit, match=r"Error: .*absent.json cannot be read"):
        main(["--summary", str(tmp_path / "absent.json")])


# ---- comparing two files ----


def compared(old, new, absolute=0.005, relative=0.01):
    return compare.compare_results(old, new, absolute, relative)


def test_the_same_results_are_accepted():
    assert compared(results(), results()) == ([], True)


@pytest.mark.parametrize(("fall", "accepted"), [(0.004, True), (0.0085, False)])
def test_a_fall_beyond_both_tolerances_is_a_regression(fall, accepted):
    gains = {"pima": 0.04 - fall, "magic": -0.02 - fall}
    lines, verdict = compared(results(), results(gains))
    assert verdict is accepted
    assert [bool(re.match("worse: ganaug, forest, balanced_accuracy: 0.7200 -> 0.7115, mean of 6", x)) for x in lines][
        :1
    ] == ([] if accepted else [True])
    assert compared(results(), results(gains), absolute=0.009, relative=0)[1]
    assert compared(results(), results(gains), absolute=0, relative=0.02)[1]


def test_one_table_may_lose_what_another_wins():
    assert compared(results(), results({"pima": 0.01, "magic": 0.01}))[1]


def test_any_failure_is_a_regression_even_if_it_failed_before():
    old, new = results(), results()
    for content in (old, new):
        content["cases"]["low-data/pima-100/seed0"]["records"].append(
            {"method": "ctgan", "learner": "forest", "error": "RuntimeError: boom"}
        )
    lines, accepted = compared(old, new)
    assert not accepted
    assert lines == ["failed: low-data/pima-100/seed0, ctgan, forest: RuntimeError: boom"]


def test_what_is_missing_needs_a_reason():
    new = results()
    records = new["cases"]["low-data/pima-100/seed0"]["records"]
    del records[0]
    lines, accepted = compared(results(), new)
    assert (lines, accepted) == (["missing: low-data/pima-100/seed0, none, logistic: not run"], False)
    records.append({"method": "none", "learner": "logistic", "not_applicable": "retired"})
    lines, accepted = compared(results(), new)
    assert (lines, accepted) == (["missing: low-data/pima-100/seed0, none, logistic: retired"], True)
    del new["cases"]["low-data/magic-100/seed2"]
    lines, accepted = compared(results(), new)
    assert not accepted
    assert sum("low-data/magic-100/seed2" in line for line in lines) == 6
    entry = {key: value for key, value in results()["cases"]["low-data/magic-100/seed2"].items() if key != "records"}
    new["cases"]["low-data/magic-100/seed2"] = entry | {"excluded": "too few rows"}
    assert compared(results(), new)[1]


@pytest.mark.parametrize("change", ["suite", "protocol", "digest"])
def test_results_that_mean_something_else_are_not_compared(change):
    new = copy.deepcopy(results())
    if change == "suite":
        new["suite"] = "tuned"
    elif change == "protocol":
        new["environments"][0]["protocol"] = 2
    else:
        new["cases"]["low-data/pima-100/seed0"]["digest"] = "other"
    with pytest.raises(compare.BenchmarkError, match=r"cannot be compared|is not the same in both files"):
        compared(results(), new)


def test_the_exit_code_says_whether_results_are_accepted(tmp_path, capsys):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(format_results(results()))
    new.write_text(format_results(results({"pima": 0.0, "magic": -0.1})))
    main(["--compare", str(old), str(old)])
    with pytest.raises(SystemExit, match="the new results are worse"):
        main(["--compare", str(old), str(new)])
    out = capsys.readouterr().out
    assert out.startswith("nothing is worse")
    assert "worse: ganaug" in out
    with pytest.raises(SystemExit, match="Error:"):
        main(["--compare", str(old), str(tmp_path / "absent.json")])


# ---- the pages ----


def with_controls():
    """Results of ganaug and two free controls: the threshold gives more decisions than ganaug, the copula more area."""
    content = results()
    for entry in content["cases"].values():
        plain = [r for r in entry["records"] if r["method"] == "none"]
        entry["records"] += [{**r, "method": "threshold", "scores": {**r["scores"]}} for r in plain]
        entry["records"] += [{**r, "method": "gaussian_copula", "scores": {**r["scores"]}} for r in plain]
        for record in entry["records"]:
            record["scores"] |= {"neg_log_loss": -0.5}
            record["scores"]["balanced_accuracy"] += 0.05 * (record["method"] == "threshold")
            record["scores"]["roc_auc"] += 0.03 * (record["method"] == "gaussian_copula")
    return content


def test_the_table_has_the_controls_and_what_ganaug_is_beyond_the_best_of_them(tmp_path):
    (tmp_path / "low-data.json").write_text(format_results(with_controls()))
    table = gain_table.render_gain_table(tmp_path)
    assert "| low-data: 2 tables, 6 cases | ROC AUC | average precision | log loss | Brier score |" in table
    assert "| **ganaug**, balanced | +1.0 [-37.1, +39.1] |  | +0.000 [+0.000, +0.000] |" in table
    assert "| decision threshold at the prevalence | +0.0 [+0.0, +0.0] |" in table
    assert "| +5.0 [+5.0, +5.0] |" in table
    beyond = next(line for line in table.split("\n")[::-1] if line.startswith("| **ganaug**, balanced |"))
    assert "| -2.0 [-40.1, +36.1] (Gaussian copula) |" in beyond
    assert "| -4.0 [-42.1, +34.1] (decision threshold at the prevalence) |" in beyond


def test_the_headline_has_each_method_in_both_suites_without_the_tree(tmp_path):
    gains = {method: 0.01 for method, _, _ in headline.LINES} | {"smote": -0.02}
    for name in (*headline.HARD, *headline.SOFT):
        content = results(cuts=("2pct", "5pct"))
        shift = 0.5 * (name == "low-data")
        scored = {"none": 0.2} | {method: 0.2 + shift + gain for method, gain in gains.items()}
        for entry in content["cases"].values():
            entry["records"] = [
                {**entry["records"][0], "method": method, "learner": learner, "scores": dict.fromkeys(METRICS, value)}
                for method, score in scored.items()
                for learner, value in (("logistic", score), ("tree", score**2))
            ]
        (tmp_path / f"{name}.json").write_text(format_results(content))
    text = headline.render_headline(tmp_path).replace("\N{NO-BREAK SPACE}", " ")
    assert "| SMOTE | -2.0 [-2.0, -2.0] | +48.0 [+48.0, +48.0] | -2.0 [-2.0, -2.0] |" in text
    assert "| a moved threshold | +1.0 [+1.0, +1.0] | +51.0 [+51.0, +51.0] |" in text
    assert "Rare class: 2, 5 % of the rows, 2 tables." in text
    assert len([line for line in text.splitlines() if line.startswith("| ")]) <= 1 + 8


def test_the_page_has_every_learner_and_cut_and_every_losing_cell(tmp_path):
    (tmp_path / "low-data.json").write_text(format_results(with_controls()))
    page = gain_table.render_gain_page(tmp_path)
    assert "| **ganaug**, balanced: logistic |" in page and "| **ganaug**, balanced: 100 |" in page
    assert "### ganaug below none, roc_auc: 2 of 4 cells" in page and "* magic, 100, logistic: -2.0" in page


def test_the_best_control_is_the_learner_as_it_is_where_nothing_is_better_or_it_takes_no_other():
    content = results({"pima": -0.01, "magic": -0.02})
    frame = tabulate_scores(content)
    assert find_best_method(frame, ["none", "ganaug"], "balanced_accuracy") == "none"
    assert find_best_method(frame, ["none", "duplicate"], "balanced_accuracy") == "none"
    assert find_best_method(tabulate_scores(with_controls()), ["none", "threshold"], "balanced_accuracy") == "threshold"
    assert find_best_method(frame, ["smote"], "balanced_accuracy") is None
    only_forest = tabulate_scores(with_controls())
    only_forest = only_forest[~((only_forest["method"] == "threshold") & (only_forest["learner"] == "logistic"))]
    assert "(decision threshold" in gain_table._compare_with_best(only_forest, "ganaug", "balanced_accuracy")
    assert gain_table._compare_with_best(only_forest, "ganaug", "balanced_accuracy").startswith("-1.5")


def test_every_method_has_a_name():
    assert set(NAMES) == set(METHODS) - {"none"}


def test_results_are_written_with_six_digits():
    content = results()
    content["cases"]["low-data/pima-100/seed0"]["records"][0]["scores"]["roc_auc"] = 1 / 3
    again = json.loads(format_results(content))
    assert again["cases"]["low-data/pima-100/seed0"]["records"][0]["scores"]["roc_auc"] == 0.333333
    assert json.loads(format_results({**content, "cases": {}}))["cases"] == {}


def distilled():
    """Results of a suite in which every step from labels to the teacher gains 1 point, and 5 with a tree."""
    content = results()
    for entry in content["cases"].values():
        base = 0.7 + 0.01 * entry["seed"]
        entry["records"] = [
            {
                "method": method,
                "learner": learner,
                "scores": {"roc_auc": base + step * gain, "neg_log_loss": -0.5 + 0.1 * bool(step)},
            }
            for learner, gain in (("logistic", 0.01), ("tree", 0.05))
            for step, method in enumerate(("none", "soft_real", "distilled_swap", "distilled", "teacher"))
        ] + [
            {"method": "calibrated", "learner": learner, "scores": {"roc_auc": base, "neg_log_loss": -0.45}}
            for learner in ("logistic", "tree")
        ]
    return content


def test_soft_labels_have_a_line_for_each_method_with_the_tree_apart(tmp_path):
    (tmp_path / "distillation.json").write_text(format_results(distilled()), encoding="utf-8")
    text = distillation.render_distillation_table(tmp_path / "distillation.json")
    lines = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:-1]] for line in text.splitlines()[5:]}
    assert "mean over logistic, and a single tree apart" in text
    assert lines["soft labels of a teacher"] == [
        *("+1.0 [+1.0, +1.0]", "+5.0 [+5.0, +5.0]", "+0.050 [+0.050, +0.050]", "4", "0", "0"),
    ]
    assert lines["the teacher itself"][0] == "+4.0 [+4.0, +4.0]"
    assert "sigmoid calibration" not in lines


def test_whole_tables_have_a_line_each_with_scores_and_not_differences(tmp_path):
    content = distilled()
    for entry in content["cases"].values():
        wanted = [{**record, "learner": "boosting"} for record in entry["records"] if record["learner"] == "logistic"]
        searched = {**wanted[0], "method": "searched"}
        entry["records"] = [*wanted, searched]
    (tmp_path / "a.json").write_text(format_results(content), encoding="utf-8")
    lines = distillation.render_whole_tables({tmp_path / "a.json": "seen"}).splitlines()
    tables = sorted({entry["table"] for entry in content["cases"].values()})
    seeds = len({entry["seed"] for entry in content["cases"].values()})
    mean = 0.7 + 0.01 * np.mean([entry["seed"] for entry in content["cases"].values()])
    cells = [f"{mean + step / 100:.3f}" for step in (0, 0, 1, 2, 4)]
    assert lines[0].startswith("| | seeds | boosting on labels | options searched |")
    assert lines[2] == f"| {tables[0]} | {seeds} | " + " | ".join(cells) + " |"
    assert lines[-1].startswith(f"| **mean of {len(tables)} tables, seen** | | **{cells[0]}** |")


def test_each_step_from_labels_to_the_teacher_is_a_difference_of_its_own():
    lines = distillation.render_steps(distilled()).splitlines()
    assert lines[0] == "| ROC AUC, points | logistic | tree | mean without the tree |"
    found = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in lines[2:]}
    assert found == {
        "soft labels, against labels": "+1.0 [+1.0, +1.0]",
        "rows with swapped cells, against soft labels alone": "+1.0 [+1.0, +1.0]",
        "rows of ganaug in their place": "+1.0 [+1.0, +1.0]",
        "the teacher, against its student": "+2.0 [+2.0, +2.0]",
    }
