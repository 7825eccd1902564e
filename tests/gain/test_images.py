"""Gain reports and tuned shares of images: the same arms, networks as classifiers, other figures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.naive_bayes import GaussianNB

from ganaug import GANAugmenter, TunedAugmenterCV, gain_report
from ganaug.errors import DataError, ParameterError
from ganaug.gain import ImageClassifier
from ganaug.gain import classifiers as rooms
from ganaug.gain.arms import ARMS
from ganaug.gain.classifiers import resolve_classifiers
from ganaug.gain.facts import describe_rows
from ganaug.gain.image_inputs import are_images, find_channel_axis, image_shape, load_images
from ganaug.gain.smote import make_smote_rows

NAMES = np.asarray(["lies", "stands"])


def bars(n=48, seed=0, rare=2):
    """(X, y): a bar in noise, of 10 x 10 pixels; one image in `rare` has the bar that stands."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 90, (n, 10, 10)).astype(np.uint8)
    y = (np.arange(n) % rare == 0).astype(int)
    for image, label, place in zip(X, y, rng.integers(1, 9, n), strict=True):
        (image if label == 0 else image.T)[place] = 220
    return X, NAMES[y]


class Bars(BaseEstimator):
    """Synthetic images as good as real ones, in the layout and dtype of those it was fitted on."""

    def __init__(self, channel_axis="auto", random_state=None):
        self.channel_axis = channel_axis
        self.random_state = random_state

    def fit(self, X, y):
        self.like_ = X
        return self

    def sample(self, n=None, y=None, random_state=None):
        images, labels = bars(4 * len(y), seed=random_state)
        picked = [np.flatnonzero(labels == label)[i] for i, label in enumerate(y)]
        made = images[picked].reshape(len(y), *self.like_.shape[1:])
        return (torch.from_numpy(made) if isinstance(self.like_, torch.Tensor) else made), y


def report_of(X, y, **options):
    settings = {"classifier": GaussianPixels(), "cv": 2, "n_repeats": 1, "fidelity": False, "random_state": 0}
    settings |= {"metrics": "balanced_accuracy", "synthetic_fraction": 0.5}
    return gain_report(options.pop("augmenter", Bars()), X, y, **{**settings, **options})


class GaussianPixels(GaussianNB):
    """Naive Bayes of pixels, for reports that take a moment."""

    def fit(self, X, y):
        return super().fit(np.asarray(X).reshape(len(X), -1), y)

    def predict(self, X):
        return super().predict(np.asarray(X).reshape(len(X), -1))

    def predict_proba(self, X):
        return super().predict_proba(np.asarray(X).reshape(len(X), -1))


def arms_of(report):
    return set(report.to_frame()["arm"])


@pytest.mark.parametrize(
    "layout",
    [
        lambda X: X,
        lambda X: X[..., None],
        lambda X: X[:, None],
        torch.from_numpy,
        list,
        lambda X: X.astype(np.int16) * 16 - 1024,
        lambda X: X.astype(np.float32) * 16,
    ],
    ids=["grey", "channels last", "channels first", "tensor", "list", "signed", "floats"],
)
def test_every_arm_runs_on_images_of_any_layout(layout):
    X, y = bars(rare=3)
    report = report_of(layout(X), y)
    assert report.failures.empty
    assert arms_of(report) == set(ARMS) - {"class_weight", "calibrated"}
    assert report.to_dict()["design"]["features"] == 100


def test_the_fields_of_a_data_set_can_be_named_in_a_report():
    items = [{"scan": x, "ward": i % 4, "finding": label} for i, (x, label) in enumerate(zip(*bars(), strict=True))]
    with pytest.raises(DataError, match=r"'ward' .* and 'finding' .* could each be the label"):
        report_of(items, None)
    named = report_of(items, None, image="scan", label="finding", arms=[])
    assert named.to_frame().equals(report_of(*bars(), arms=[]).to_frame())


def test_class_weights_are_an_arm_of_the_network():
    report = report_of(*bars(), classifier=ImageClassifier(steps=2), arms=["class_weight"])
    assert arms_of(report) == {"real_only", "class_weight", "augmented"}


@pytest.mark.slow
def test_an_augmenter_that_knows_the_truth_helps_the_network():
    (X, y), few = bars(160), np.arange(4)
    folds = [(few + 4 * k, np.arange(60, 160)) for k in range(4)]
    options = {"classifier": ImageClassifier(steps=50), "cv": folds, "arms": ["duplicate"], "synthetic_fraction": 0.9}
    table = report_of(X, y, **options).to_frame().query("metric == 'balanced_accuracy'").set_index("arm")
    assert table.loc["augmented", "difference"] > 0.1
    assert table.loc["augmented", "mean"] > table.loc["duplicate", "mean"] + 0.1


def test_images_get_networks_as_classifiers_unless_others_are_named(monkeypatch):
    X, _ = bars()
    named = resolve_classifiers(None, X)
    assert list(named) == ["cnn", "cnn, affine", "cnn, tuned"]
    assert len({model.steps for model in named.values()}) == 1
    assert [model.augmentation for model in named.values()] == [None, "affine", "affine"]
    assert list(resolve_classifiers(["cnn", GaussianNB(), "cnn"], X)) == ["cnn", "GaussianNB", "cnn-2"]
    assert list(resolve_classifiers(None, X.reshape(len(X), -1))) != list(named)
    with pytest.raises(ParameterError, match=r"'cnm' does not exist; take one of .*'cnn, affine'"):
        resolve_classifiers("cnm", X)


def test_naming_a_network_does_not_change_the_next_one():
    X, _ = bars()
    resolve_classifiers("cnn", X[:, None], channel_axis=1)
    assert rooms._NETWORKS["cnn"].channel_axis == "auto"


def test_the_networks_hear_where_the_augmenter_was_told_the_channels_are():
    assert find_channel_axis(TunedAugmenterCV(GANAugmenter(channel_axis=-1))) == -1
    assert find_channel_axis(TunedAugmenterCV()) == find_channel_axis(GaussianNB()) == "auto"
    X, y = bars()
    many = np.repeat(X[:, None], 9, 1)  # 9 channels first: nothing tells
    with pytest.raises(DataError, match="channel_axis=1"):
        report_of(many, y, classifier=None)
    (model,) = resolve_classifiers("cnn", many, 1).values()
    assert model.set_params(steps=1).fit(many, y).n_features_in_ == 900


def test_what_cannot_be_images_is_refused_before_any_work():
    X, y = bars()
    with pytest.raises(DataError, match="8 to 256 a side"):
        report_of(X[:, :5, :5], y, classifier=None)


def test_a_data_set_brings_its_labels():
    X, y = bars(24)
    data = [(image, label) for image, label in zip(X, y, strict=True)]

    class Listed(torch.utils.data.Dataset):
        def __len__(self):
            return len(data)

        def __getitem__(self, i):
            return data[i]

    report = report_of(Listed(), None)
    assert report.to_dict()["design"]["rows"] == 24
    assert report.to_dict() | {"design": None} == report_of(X, y).to_dict() | {"design": None}


def test_what_holds_no_images_passes_as_it_is():
    frame_like = [[1.0, 2.0], [3.0, 4.0]]
    assert load_images(frame_like, [0, 1])[0] is frame_like
    assert not are_images(frame_like)
    assert not are_images(np.zeros((9, 3)))


@pytest.mark.parametrize(
    "X",
    [bars(30, rare=5)[0], bars(30, rare=5)[0] / 255.0, bars(30, rare=5)[0] > 150],
    ids=["uint8", "float64", "bool"],
)
def test_smote_gives_images_between_two_of_their_class(X):
    y = bars(30, rare=5)[1]
    X_new, y_new = make_smote_rows(X, y, 0)
    assert X_new.shape == (18, 10, 10)
    assert X_new.dtype == X.dtype
    assert set(y_new) == {"stands"}
    rare = X[y == "stands"].astype(float)
    assert (X_new >= rare.min(0)).all()
    assert (X_new <= rare.max(0)).all()
    assert len(make_smote_rows(X, np.arange(30) % 2, 0)[1]) == 0


def test_fidelity_of_images_is_told_with_its_marks_and_shown_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr("ganaug.image.classifier.default_steps", lambda n: 10)
    report = report_of(*bars(60), fidelity=True, arms=[])
    assert report.failures.empty
    found = report.to_dict()
    measures = {"classification_accuracy", "precision", "recall", "density", "coverage"}
    assert set(found["fidelity"]) == measures | {f"holdout_{name}" for name in measures} | {"classes"}
    assert {c["label"]: c["rows"] for c in found["fidelity"]["classes"]} == {"lies": 15, "stands": 15}
    assert set(found["privacy"]["near_copies"]) == {"synthetic", "holdout", "n"}
    assert found["design"]["image_shape"] == [10, 10]
    assert found["privacy"]["membership"] is None
    report.to_html(tmp_path / "gain.html")
    page = (tmp_path / "gain.html").read_text(encoding="utf-8")
    assert "How close the images are" in page
    assert "Accuracy of a network trained on them" in page


def test_copied_images_are_counted(monkeypatch):
    monkeypatch.setattr("ganaug.image.classifier.default_steps", lambda n: 1)
    real, fresh, test = bars(40), bars(40, seed=1), bars(40, seed=2)
    shares = [describe_rows(real, made, test, 0)["privacy"]["near_copies"]["synthetic"] for made in (real, fresh)]
    assert shares[0] == 1.0
    assert shares[1] < 0.5


def test_arrays_that_are_no_images_have_no_fidelity():
    series = np.zeros((8, 4, 4)), np.arange(8) % 2
    assert describe_rows(series, series, series, 0) == {}
    assert image_shape(series[0]) is None


def test_a_share_is_chosen_for_images():
    X, y = bars(40)
    tuned = TunedAugmenterCV(Bars(), ImageClassifier(steps=5), fractions=(0, 0.5), random_state=0)
    X_more, y_more = tuned.fit_resample(X, y)
    assert X_more.dtype == X.dtype
    assert X_more.shape[1:] == (10, 10)
    np.testing.assert_array_equal(X_more[:40], X)
    assert len(X_more) == len(y_more) in (40, 80)
    assert tuned.n_features_in_ == 100


def test_a_share_for_images_is_chosen_by_one_network_with_classic_augmentation(monkeypatch):
    asked = []
    real = resolve_classifiers

    def noted(classifier, X, channel_axis):
        asked.append(classifier)
        return real(GaussianPixels(), X, channel_axis)

    monkeypatch.setattr("ganaug.gain.tuned.resolve_classifiers", noted)
    TunedAugmenterCV(Bars(), fractions=(0,), random_state=0).fit(*bars(40))
    assert asked == ["cnn, affine"]


def test_the_augmenter_for_images_goes_the_whole_way():
    X, y = bars(40)
    augmenter = GANAugmenter(max_steps=2, filters=None, width=4, random_state=0)
    report = report_of(X, y, augmenter=augmenter, classifier=ImageClassifier(steps=2), arms=["synthetic_only"])
    assert report.failures.empty
    assert set(report.to_frame()["n"]) == {2}
    assert report.to_dict()["training"]["steps"]
