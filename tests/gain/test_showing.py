"""A gain report shows itself: as a forest plot, and in a notebook with the verdict first."""

from __future__ import annotations

import copy

import matplotlib.pyplot as plt
import pytest
from report_examples import EXAMPLES, example
from report_page import Page
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from toy_table import make_toy_table

from ganaug import GaussianCopula, ParameterError, gain_report
from ganaug.gain.showing import _make_card, _make_display


@pytest.fixture(scope="module")
def report():
    X, y = make_toy_table(120)
    classifiers = {"tree": DecisionTreeClassifier(max_depth=2, random_state=0), "line": LogisticRegression()}
    options = {"cv": 3, "n_repeats": 1, "arms": ["duplicate", "class_weight"], "fidelity": False, "random_state": 0}
    return gain_report(GaussianCopula(), X, y, classifier=classifiers, **options)


def test_the_plot_shows_the_differences_of_the_report(report):
    display = report.plot(classifier="tree")
    rows = report.to_frame().query("classifier == 'tree' and metric == 'roc_auc' and arm != 'real_only'")
    assert [row.name for row in display.rows] == ["Class weights", "Duplicated rows", "Augmented"]
    for row, whisker in zip(rows.itertuples(), display.rows, strict=True):
        expected = [100 * row.difference, 100 * row.ci_low, 100 * row.ci_high]
        assert [whisker.value, whisker.low, whisker.high] == pytest.approx(expected)


def test_the_title_is_the_verdict_for_that_metric_and_classifier(report):
    display = report.plot("neg_log_loss", "line")
    assert display.subtitle == "Log loss, negated, line, 3 folds, 95 % intervals"
    assert display.unit == ""
    assert display.ax_.get_title(loc="left") == display.title


def test_the_mean_of_all_classifiers_is_the_default(report):
    assert "mean of 2 classifiers" in report.plot().subtitle


def test_the_last_line_is_the_comparison_with_the_best_control(report):
    found = report.conclude()
    (last,) = report.plot().compared
    assert last.value == pytest.approx(100 * found.control_difference)
    assert last.low == pytest.approx(100 * found.control_ci_low)


def test_it_draws_on_given_axes(report):
    _, ax = plt.subplots()
    assert report.plot(ax=ax).ax_ is ax


def test_an_unknown_metric_is_refused(report):
    with pytest.raises(ParameterError, match="no metric 'auc'"):
        report.plot("auc")


def test_a_plot_without_matplotlib_says_what_to_install(report, without_matplotlib, tmp_path):
    with pytest.raises(ParameterError, match=r"pip install 'ganaug\[plot\]'"):
        report.plot()
    with pytest.raises(ParameterError, match=r"pip install 'ganaug\[plot\]'"):
        report.to_html(tmp_path / "page.html")


def test_the_notebook_shows_the_verdict_first(report):
    page = Page(report._repr_html_())
    assert page.faults == [] and page.open == []
    sentence = " ".join(report.conclusion.sentence.replace(" %", "\u00a0%").split())
    assert sentence in page.text
    assert page.text.index(sentence) < page.text.index("Against real rows only")
    assert len(page.all("svg")) >= 1


def test_the_notebook_shows_the_verdict_without_matplotlib_too(report, without_matplotlib):
    html = report._repr_html_()
    assert " ".join(report.conclusion.sentence.split()) in " ".join(Page(html).text.split())
    assert "<svg" not in html


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_kind_of_report_can_be_shown(name):
    report = EXAMPLES[name]()
    page = Page(_make_card(report))
    assert page.faults == [] and page.open == []
    assert {"script", "img", "iframe"} & {tag for tag, _ in page.tags} == set()
    found = {"control": None, "rival": None, **report["verdict"]}
    assert _make_display(report, found).plot().ax_.get_title(loc="left")


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("helps", "It helps"),
        ("no_better", "No better than SMOTE"),
        ("hurts", "It hurts"),
        ("cannot_tell", "Cannot tell"),
    ],
)
def test_plot_and_page_use_the_same_words_and_numbers(kind, title):
    report = example(kind)
    display = _make_display(report, report["verdict"])
    assert display.title == title
    assert title in Page(_make_card(report)).text.split(".")[0]


def test_numbers_that_are_missing_are_told_as_such():
    report = copy.deepcopy(example("helps"))
    for row in report["rows"]:
        row["ci_low"] = row["ci_high"] = None
    display = _make_display(report, report["verdict"]).plot()
    assert not any("(" in text.get_text() for text in display.ax_.texts[: len(display.rows)])
