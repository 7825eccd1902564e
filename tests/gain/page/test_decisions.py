"""Whoever has a rare class sees on the page that a threshold is the rival, and what became of the probabilities."""

from __future__ import annotations

import copy
import re

import pytest
from report_examples import EXAMPLES, RARE_ARMS, example, rare
from report_page import Page

from ganaug.gain.page import render
from ganaug.gain.page.drawings import CalibrationCurve, draw_reliability
from ganaug.gain.page.units import describe_interval, page_unit
from ganaug.gain.page.words import ARM_TEXTS, METRIC_TEXTS, arm_label, arm_phrase, lower_first, metric_label


@pytest.fixture(scope="module")
def page():
    return Page(render(rare()))


@pytest.fixture(scope="module")
def moved():
    return Page(render(EXAMPLES["moved"]()))


def alone(names, **changes):
    """The rare report with the metrics of these names, quick to draw."""
    report = copy.deepcopy(rare())
    rows = [row for row in report["rows"] if row["metric"] in names and row["classifier"].startswith("mean")]
    return {**report, "rows": rows, "columns": [], "pairs": [], "choice": [], "training": None, **changes}


def labels(page, start):
    return [a["aria-label"] for a in page.all("svg") if a["aria-label"].startswith(start)]


def test_top_says_that_a_threshold_decides_as_well(page):
    text = page.section_text("verdict")
    assert text.startswith("No better than a Gaussian copula A threshold decides as well Augmentation does no better")
    assert text.index(rare()["verdict"]["sentence"]) < text.index(rare()["decisions"]["sentence"])
    assert "What moving the threshold gives Balanced accuracy against real rows only" in text
    label = labels(page, "Balanced accuracy, difference from real rows only")[0]
    assert "Threshold moved (real rows only) +18.3, 95 % interval +15.3 to +21.3" in label.replace("\u00a0", " ")
    assert "Beyond the threshold (augmented against the threshold) −5.2" in label


@pytest.mark.parametrize(
    ("kind", "word", "advice"),
    [
        ("threshold", "A threshold decides as well", "For better decisions alone, move the threshold: it gives as"),
        ("open", "A threshold may decide as well", "For better decisions, move the threshold first"),
        ("beyond", "It decides better than a threshold", "synthetic rows gave more than a threshold"),
    ],
)
def test_what_the_threshold_gives_is_said_in_a_word_and_as_advice(kind, word, advice):
    report = alone(["roc_auc"], calibration=[])
    report["decisions"]["kind"] = kind
    page = Page(render(report))
    assert word in page.section_text("verdict")
    assert advice in page.section_text("meaning")
    assert ("TunedThresholdClassifierCV" in page.section_text("meaning")) == (kind != "beyond")


def test_verdict_about_decisions_names_the_threshold_and_its_tools(moved):
    assert moved.section_text("verdict").startswith("No better than a threshold Augmentation does no better than a")
    assert "Against a threshold −5.2 points" in moved.section_text("verdict")
    text = moved.section_text("meaning")
    assert "Do not augment; move the threshold." in text
    assert "1.5 or later" in text
    assert "FixedThresholdClassifier sets a threshold, TunedThresholdClassifierCV finds one" in text


def test_threshold_that_may_do_as_well_is_to_be_moved_meanwhile():
    report = alone(["balanced_accuracy"], decisions=None)
    report["verdict"] = {**EXAMPLES["moved"]()["verdict"], "kind": "cannot_tell"}
    text = Page(render(report)).section_text("meaning")
    assert "whether a threshold does as well" in text
    assert "Take a threshold on this evidence" in text
    assert "FixedThresholdClassifier" in text


def test_decisions_are_told_in_two_ways_that_of_the_verdict_first(page):
    text = page.section_text("decisions")
    assert (
        "Arm As it decides At prevalence Difference, points 95 % interval Mean of 2 classifiers Real rows only" in text
    )
    assert re.search(r"Threshold moved 0\.\d{3} 0\.\d{3} \+1\d\.\d \+1\d\.\d to \+\d\d\.\d", text)
    assert "which is free" in text
    assert "Recall of each class, decided in two ways" in text
    drawing = labels(page, "Balanced accuracy of each arm")[0]
    assert all(f"{arm_label(name)} 0." in drawing for name in RARE_ARMS)


def test_scores_at_prevalence_are_not_told_a_second_time(page):
    assert "at prevalence" not in page.section_text("metrics").replace("has them at prevalence too", "")
    assert "Balanced accuracy" in page.section_text("metrics")
    assert "leaves (mean of 2 classifiers)" in page.section_text("metrics")


def test_score_at_prevalence_alone_stays_among_the_metrics():
    page = Page(render(alone(["roc_auc", "balanced_accuracy@prevalence"])))
    assert "decisions" not in page.sections
    assert "Balanced accuracy at prevalence" in page.section_text("metrics")


def test_probabilities_are_drawn_and_told(page):
    text = page.section_text("probabilities")
    assert "came true: 6.0 %" in text
    assert "Stated on average: real rows 6.1 %, augmented 14.6 %, corrected 5.5 %" in text
    assert "Log loss, negated" in text
    assert "Brier score, negated" in text
    scores = text.split("Scores of probabilities")[1]
    assert "Platt scaling" in scores
    assert "SMOTE" not in scores
    assert len(labels(page, "random_forest, calibration curves")) == 1


def test_curves_differ_in_dash_and_shape_and_not_in_colour_alone():
    arms = ("real_only", "augmented", "augmented_corrected")
    svg = draw_reliability(
        "name", "label", [CalibrationCurve(name, arm_label(name), [(0.01, 0.02), (0.3, 0.2)]) for name in arms]
    )
    styles = [style for style in re.findall(r'style="(fill: none; [^"]*)"', svg) if "stroke-width: 1.6" in style]
    dashes = {re.search("dasharray: [^;]*|$", style)[0] for style in styles}
    assert len(dashes) == 3
    assert len(set(re.findall(r'<path id="[^"]*" d="([^"]*)"', svg))) == 3
    assert all(arm_label(name) in svg for name in arms)


def test_single_point_and_no_chance_at_all_can_be_drawn():
    assert "<svg" in draw_reliability("name", "label", [CalibrationCurve("augmented", "Augmented", [(0.0, 0.0)])])
    assert "<svg" in draw_reliability("name", "label", [CalibrationCurve("augmented", "Augmented", [(1.0, 1.0)])])


def test_several_classes_are_each_against_the_rest():
    report = alone(["roc_auc"])
    report["design"]["classes"] = [{"label": name, "rows": 10} for name in "abc"]
    text = Page(render(report)).section_text("probabilities")
    assert "of every class against the rest" in text
    assert "Scores of probabilities" not in text  # neither was measured


def test_report_of_an_earlier_version_has_neither_section():
    report = example("helps")
    assert not {"decisions", "calibration"} & set(report)
    page = Page(render({**alone(["roc_auc"]), "decisions": None, "calibration": []}))
    assert not {"decisions", "probabilities"} & set(page.sections)


def test_only_free_controls_are_named_as_gains(moved):
    text = moved.section_text("meaning")
    listed = re.search(r"Free controls that are clearly above real rows only: (.*?\))\. ?", text + " ")[1]
    assert listed.startswith("a threshold (+1")
    assert "a Gaussian copula (+" in listed
    assert not re.search("synthetic rows|augmented|corrected", listed.lower())


def test_every_arm_and_metric_of_today_has_plain_words(page):
    glossary = page.section_text("glossary")
    for name in RARE_ARMS:
        assert f"{ARM_TEXTS[name][0]} {name}" in glossary
    assert "At prevalence metric@prevalence" in glossary
    assert "Brier, 1950" in glossary
    assert "Saerens" in glossary
    assert "Platt, 1999" in glossary


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("balanced_accuracy@prevalence", "Balanced accuracy at prevalence"),
        ("recall[yes]@prevalence", "Recall of yes at prevalence"),
        ("recall[a@prevalence]", "Recall of a@prevalence"),
        ("my own@prevalence", "my own at prevalence"),
        ("@prevalence", "@prevalence"),
    ],
)
def test_metric_at_prevalence_is_said_in_words(name, words):
    assert metric_label(name) == words


def test_brier_score_is_told_in_points():
    assert page_unit("neg_brier_score").signed(-0.012) == "−1.2"
    assert lower_first(METRIC_TEXTS["neg_brier_score"][0]) == "Brier score, negated"


def test_names_keep_their_capitals_in_a_sentence():
    assert [arm_phrase(name) for name in ("threshold", "copula", "smote", "calibrated", "class_weight")] == [
        "a threshold",
        "a Gaussian copula",
        "SMOTE",
        "Platt scaling",
        "class weights",
    ]
    assert lower_first("LogisticRegression") == "LogisticRegression"


def test_arm_that_a_metric_cannot_tell_apart_is_the_same():
    assert describe_interval(0.0, 0.0) == "the same"
    assert describe_interval(-0.01, 0.01) == "no clear difference"
