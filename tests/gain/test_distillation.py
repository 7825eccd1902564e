"""The arms of a teacher in gain_report: soft labels with and without synthetic rows, and the teacher itself."""

from __future__ import annotations

from html import unescape

import numpy as np
import pytest
from gain_samplers import Bootstrap, Failing, Log, SpySampler, blobs, numbered, report_of
from imblearn.over_sampling import RandomOverSampler
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from ganaug import GaussianCopula, ParameterError, gain_report
from ganaug.gain.arms import TAUGHT_ARMS
from ganaug.gain.distillation import compare_with_teacher
from ganaug.gain.experiment import Cost
from ganaug.gain.intervals import Difference
from ganaug.gain.page.render import render

ALL = {"real_only", "augmented", *TAUGHT_ARMS}


def taught(augmenter, X, y, teacher=True, **options):
    """Report with the arms of a teacher, and no others than those that are always there."""
    return report_of(augmenter, X, y, distil=teacher, **{"arms": [], "cv": 3, **options})


def noisy(n=240):
    """Two classes that overlap, so that a tree learns the labels' noise and a naive Bayes classifier does not."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    return rng.normal(y[:, None], 1.0, (n, 2)), y


@pytest.fixture(scope="module")
def report():
    return taught(GaussianCopula(), *noisy(), GaussianNB(), classifier=DecisionTreeClassifier(), metrics="roc_auc")


# What is measured.


def test_a_good_teacher_helps_a_student_that_overfits_labels(report):
    means = report.to_frame().set_index("arm")["mean"]
    assert set(means.index) == ALL
    assert means["soft_real"] > means["real_only"] + 0.05
    assert means["soft_swapped"] > means["soft_real"]
    assert means["distilled"] > means["soft_real"]
    assert means["teacher"] > means["distilled"]


def test_the_comparison_has_the_differences_of_the_arms(report):
    means = report.to_frame().set_index("arm")["mean"]
    found = report.distillation
    assert found.soft_real == pytest.approx(means["soft_real"] - means["real_only"])
    assert found.swapped == pytest.approx(means["soft_swapped"] - means["soft_real"])
    assert found.generator == pytest.approx(means["distilled"] - means["soft_swapped"])
    assert found.teacher == pytest.approx(means["teacher"] - means["distilled"])
    assert found.soft_real_ci_low < found.soft_real < found.soft_real_ci_high
    assert found.size_ratio > 0 and found.time_ratio > 0
    assert found.sentence in report.verdict and found.sentence in str(report).replace("\n", " ").replace("  ", " ")
    assert report.to_dict()["distillation"] == found.to_dict()


def test_the_page_shows_the_arms_and_the_comparison(report):
    page = unescape(render(report.to_dict())).replace("\u00a0", " ")
    for text in ("Soft labels and synthetic rows", "Teacher", report.distillation.sentence):
        assert text in page


def test_without_a_teacher_nothing_is_said_of_one():
    found = report_of(Bootstrap(), *blobs(), arms=[])
    assert found.distillation is None
    assert found.to_dict()["distillation"] is None
    assert not set(TAUGHT_ARMS) & set(found.to_frame()["arm"])


@pytest.mark.slow
def test_true_takes_the_default_teacher_and_a_name_takes_that_classifier():
    X, y = blobs(60)
    default = taught(Bootstrap(), X, y, classifier=GaussianNB(), cv=2, metrics="roc_auc")
    named = taught(Bootstrap(), X, y, "logistic", classifier=GaussianNB(), cv=2, metrics="roc_auc")
    assert set(default.to_frame()["arm"]) == set(named.to_frame()["arm"]) == ALL
    alone = report_of(Bootstrap(), X, y, classifier="logistic", cv=2, metrics="roc_auc", arms=[])
    teacher = named.to_frame().set_index("arm")["mean"]["teacher"]
    assert teacher == pytest.approx(alone.to_frame().set_index("arm")["mean"]["real_only"])


def test_wrong_labels_of_a_generator_do_no_harm():
    X, y = noisy()
    right, wrong = (
        taught(sampler, X, y, GaussianNB(), classifier=DecisionTreeClassifier(max_depth=3), metrics="roc_auc")
        for sampler in (Bootstrap(), Lying())
    )
    right, wrong = (found.to_frame().set_index("arm")["mean"] for found in (right, wrong))
    assert wrong["augmented"] < right["augmented"] - 0.05
    assert wrong["distilled"] == pytest.approx(right["distilled"], abs=0.03)


class Lying(Bootstrap):
    """Bootstrap rows of the other class."""

    def sample(self, n=None, y=None, random_state=None):
        X_new, _ = super().sample(None, 1 - np.asarray(y), random_state)
        return X_new, y


@pytest.mark.slow
def test_scores_do_not_depend_on_the_number_of_jobs():
    X, y = noisy(90)
    options = {"classifier": [GaussianNB(), KNeighborsClassifier(3)], "metrics": "roc_auc"}
    one, two = (taught(GaussianCopula(), X, y, "logistic", n_jobs=jobs, **options) for jobs in (1, 2))
    assert one.to_frame().equals(two.to_frame())


# What reaches the teacher.


def test_no_test_row_and_no_row_of_its_group_reaches_a_teacher():
    X, y = numbered(60)
    groups = np.arange(60) // 2
    seen = []

    class Witness(GaussianNB):
        def fit(self, X, y):
            seen.append(("fit", set(np.asarray(X)[:, 0].tolist())))
            return super().fit(X, y)

        def predict_proba(self, X):
            seen.append(("predict", set(np.asarray(X)[:, 0].tolist())))
            return super().predict_proba(X)

    train, test = np.arange(40), np.arange(40, 60)
    log = Log()
    options = {"classifier": GaussianNB(), "cv": [(train, test)], "metrics": "roc_auc", "groups": groups}
    taught(SpySampler(log), X, y, Witness(), **options)
    fitted = [rows for what, rows in seen if what == "fit"]
    assert len(fitted) == 6
    assert all(rows <= set(train.tolist()) for rows in fitted)
    held_out = [rows for what, rows in seen if what == "predict" and rows <= set(train.tolist())][:5]
    assert set().union(*held_out) == set(train.tolist())
    for known, asked in zip(fitted, held_out, strict=False):
        assert not {row // 2 for row in known} & {row // 2 for row in asked}


# What fails.


def test_a_student_of_labels_alone_is_a_failure_of_its_own_arms():
    found = taught(
        *(Bootstrap(), *blobs(), GaussianNB()), classifier=[GaussianNB(), LinearSVC(), Weightless()], metrics="roc_auc"
    )
    for name, why in (("Weightless", "must take sample_weight in fit"), ("LinearSVC", "must have predict_proba")):
        failed = found.failures[found.failures["classifier"] == name]
        assert set(failed["arm"]) == {"soft_real", "soft_swapped", "distilled"}
        assert failed["reason"].str.contains(why).all()
    assert {"soft_real", "distilled"} <= set(found.to_frame().query("classifier == 'GaussianNB'")["arm"])


class Weightless(RidgeClassifier):
    """Classifier that takes no weights."""

    def fit(self, X, y):
        return super().fit(X, y)


def test_an_augmenter_that_fails_fails_the_arm_with_synthetic_rows_alone():
    found = taught(Failing(1.0), *blobs(), GaussianNB(), classifier=GaussianNB(), metrics="roc_auc")
    means = found.to_frame().set_index("arm")
    assert means["n"]["soft_real"] == means["n"]["teacher"] == 3
    assert means["n"]["distilled"] == 0
    assert found.distillation.generator is None


def test_an_over_sampler_without_sample_has_no_arm_with_synthetic_rows():
    found = taught(RandomOverSampler(), *blobs(), GaussianNB(), classifier=GaussianNB(), synthetic_fraction=None)
    reason = found.failures.query("arm == 'distilled'")["reason"]
    assert reason.str.contains("the augmenter has no method sample").all()


def test_a_teacher_that_fails_fails_its_arms_alone():
    class Broken(GaussianNB):
        def fit(self, X, y):
            raise RuntimeError("no chalk")

    found = taught(Bootstrap(), *blobs(), Broken(), classifier=GaussianNB())
    assert set(found.failures["arm"]) == set(TAUGHT_ARMS)
    assert found.failures["reason"].str.contains("no chalk").all()


@pytest.mark.parametrize(
    ("teacher", "said"),
    [
        (LinearSVC(), "'distil' parameter of gain_report must be a classifier with predict_proba"),
        (GaussianNB, "'distil' parameter of gain_report must be a classifier with predict_proba"),
        ("oracle", "'oracle' does not exist"),
        (3, "'distil' parameter of gain_report must be"),
    ],
)
def test_a_bad_teacher_is_refused(teacher, said):
    with pytest.raises(ParameterError, match=said):
        gain_report(Bootstrap(), *blobs(), distil=teacher)


def test_images_have_no_arms_of_a_teacher():
    images = np.random.default_rng(0).integers(0, 255, (20, 8, 8), dtype=np.uint8)
    with pytest.raises(ParameterError, match="is for tables"):
        gain_report(Bootstrap(), images, np.arange(20) % 2, distil=True)


# What is said.


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        ((0.02, 0.004, 0.01), ("gain +2.0 points", "add +0.4 points", "is ahead of its student by +1.0 points")),
        ((-0.02, -0.004, -0.01), ("lose -2.0 points", "take -0.4 points", "is behind its student by -1.0 points")),
        ((0.0, 0.0, 0.0), ("rows give +0.0 points", "which may be chance;", "scores +0.0 points")),
    ],
)
def test_the_sentence_says_what_is_clear_and_what_may_be_chance(gains, said):
    width = 0.001
    costs = [Cost(0, "a", "teacher", 0.04, 4000), Cost(0, "a", "distilled", 0.01, 10)]
    first, second, third = (Difference(g, g - width, g + width, 1.0, 5) for g in gains)
    found = compare_with_teacher("roc_auc", "a", [first, second, second, third], costs)
    assert all(text in found.sentence for text in said)
    assert found.sentence.endswith("and has 400 times its size and 4 times its prediction time.")


def test_the_costs_of_several_students_are_compared_one_by_one():
    costs = [Cost(0, name, arm, 1.0, size) for name, arm, size in COSTS]
    none = Difference(0.0, 0.0, 0.0, 0.0, 2)
    assert compare_with_teacher("roc_auc", "both", [none] * 4, costs).size_ratio == pytest.approx(10.0)


COSTS = [("a", "teacher", 100), ("b", "teacher", 100), ("a", "distilled", 1), ("b", "distilled", 100)]
