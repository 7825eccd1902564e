"""Numbers about synthetic images: closed forms, no bias where there is no difference, and power where there is one."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from scipy import linalg
from torch import nn

from ganaug.errors import DataError, ParameterError
from ganaug.image.fidelity import classification_accuracy_score, detection_accuracy, image_fidelity
from ganaug.metrics.coverage import precision_recall
from ganaug.metrics.images import (
    discriminator_accuracy,
    extract_features,
    frechet_distance,
    image_metrics,
    inception_score,
    kernel_distance,
)

pytest.importorskip("torchmetrics")


def normal(n, d=6, seed=0, shift=0.0, scale=1.0):
    points = np.random.default_rng(seed).normal(shift, scale, (n, d))
    return points.astype(np.float32)


def bars(n=60, seed=0, noise=60, swap=0.0):
    """(X, y): a bar that lies in class "lies" and stands in class "stands", of 10 x 10 pixels."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, noise, (n, 10, 10)).astype(np.uint8)
    y = np.arange(n) % 2
    for image, label, place in zip(X, y, rng.integers(1, 9, n), strict=True):
        (image if label == 0 else image.T)[place] = 220
    y = np.where(rng.random(n) < swap, 1 - y, y)
    return X, np.asarray(["lies", "stands"])[y]


def test_the_frechet_distance_is_that_of_two_normal_distributions():
    real, synthetic = normal(300), normal(200, seed=1, shift=0.5, scale=1.5)
    a, b = np.cov(real.T.astype(float)), np.cov(synthetic.T.astype(float))
    means = real.mean(0, dtype=float) - synthetic.mean(0, dtype=float)
    expected = means @ means + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert frechet_distance(real, synthetic) == pytest.approx(expected, rel=1e-4)


def test_equal_sets_are_at_no_distance():
    points = normal(100)
    assert frechet_distance(points, points) == pytest.approx(0, abs=1e-6)
    assert kernel_distance(points, points, 0) <= 0  # as pairs of a point with itself count on one side only


def test_the_kernel_distance_has_no_bias():
    found = [kernel_distance(normal(40, seed=s), normal(40, seed=100 + s), 0) for s in range(60)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))
    assert min(found) < 0 < max(found)


def test_the_kernel_distance_of_many_points_is_that_of_draws():
    real, synthetic = normal(1500), normal(1200, seed=1, shift=0.3)
    few = [kernel_distance(real[:1000], synthetic[:1000], 0), kernel_distance(real, synthetic, 0)]
    assert few[1] == pytest.approx(few[0], rel=0.2)
    assert kernel_distance(real, synthetic, 0) == few[1]
    assert kernel_distance(real, synthetic, 1) != few[1]


@pytest.mark.parametrize("points", [normal(1), normal(0)], ids=["one", "none"])
def test_a_single_point_has_no_distance(points):
    assert frechet_distance(points, normal(5)) is None
    assert kernel_distance(normal(5), points, 0) is None
    assert precision_recall(normal(5), points) is None


def test_precision_falls_outside_and_recall_where_little_is_reached():
    real = normal(200, d=2)
    precision, recall = precision_recall(real, normal(200, d=2, seed=1))
    assert min(precision, recall) > 0.85
    precision, recall = precision_recall(real, normal(200, d=2, seed=1, scale=0.2))
    assert precision > 0.95
    assert recall < 0.5
    precision, recall = precision_recall(real, normal(200, d=2, seed=1, shift=50))
    assert precision == recall == 0


def test_precision_and_recall_change_places_with_the_sets():
    a, b = normal(80, d=3), normal(90, d=3, seed=1, scale=2)
    assert precision_recall(a, b) == precision_recall(b, a)[::-1]


def flat(images):
    return images.float().flatten(1) / 255


def test_every_measure_sees_a_shift():
    X, _ = bars(200)
    same, worse = (
        image_metrics(X, made, flat, random_state=0) for made in (bars(200, seed=1)[0], bars(200, seed=1, noise=200)[0])
    )
    assert same["rows"] == worse["rows"] == 200
    assert worse["fid"] > 2 * same["fid"]
    assert worse["kid"] > 5 * abs(same["kid"])
    assert all(worse[name] < same[name] for name in ("precision", "density", "coverage"))
    assert "classes" not in same


def test_classes_are_compared_with_their_own():
    (X, y), (X_new, y_new) = bars(80), bars(60, seed=1)
    X_new[y_new == "stands"] = 255
    found = image_metrics(X, X_new, flat, y_real=y, y_synthetic=y_new, random_state=0)
    lies, stands = found["classes"]
    assert (lies["label"], stands["label"]) == ("lies", "stands")
    assert lies["rows"] == stands["rows"] == 30
    assert found["rows"] == 60
    assert stands["fid"] > 2 * lies["fid"]
    assert stands["precision"] == 0 < lies["precision"]


def test_a_class_without_synthetic_images_has_no_numbers():
    (X, y), (X_new, y_new) = bars(40), bars(40, seed=1)
    only = y_new == "lies"
    found = image_metrics(X, X_new[only], flat, y_real=y, y_synthetic=y_new[only], random_state=0)
    assert found["classes"][1] == dict.fromkeys(("fid", "kid", "precision", "recall", "density", "coverage")) | {
        "label": "stands",
        "rows": 0,
    }


def test_the_network_sees_the_images_as_they_were_given_in_blocks():
    X, _ = bars(300)
    seen = []

    def network(images):
        seen.append((images.dtype, tuple(images.shape)))
        return images.flatten(1)[:, :3].float().numpy()

    assert extract_features(X, network).shape == (300, 3)
    assert seen == [(torch.uint8, (256, 10, 10)), (torch.uint8, (44, 10, 10))]
    np.testing.assert_array_equal(extract_features(torch.from_numpy(X), network), extract_features(X, network))


def test_features_need_no_network():
    assert image_metrics(normal(50), normal(50, seed=1), None)["fid"] > 0


def test_any_network_of_torch_gives_features():
    network = nn.Sequential(nn.Flatten(), nn.Linear(100, 4))
    X, _ = bars(30)
    with pytest.raises(ParameterError, match="Sequential is in training mode; call its eval"):
        image_metrics(X.astype(np.float32), X.astype(np.float32), network)
    assert image_metrics(X.astype(np.float32), X.astype(np.float32), network.eval())["precision"] == 1


@pytest.mark.parametrize(
    ("features", "error", "complaint"),
    [
        (lambda x: x.float().mean(), ParameterError, r"returned the shape \(\) for 30 images; let it return \(30, d\)"),
        (lambda x: x[:7].flatten(1), ParameterError, r"returned the shape \(7, 100\)"),
        (lambda x: x.flatten(1).float() / 0, DataError, "features of image 0, counted from 0, hold NaN"),
    ],
)
def test_what_are_no_features_is_refused(features, error, complaint):
    X = np.zeros((30, 10, 10), dtype=np.uint8)
    with pytest.raises(error, match=complaint):
        image_metrics(X, X, features)


def test_labels_and_images_have_to_go_together():
    X, y = bars(20)
    with pytest.raises(DataError, match="give both y_real and y_synthetic"):
        image_metrics(X, X, flat, y_real=y)
    with pytest.raises(DataError, match="20 synthetic images and 19 labels"):
        image_metrics(X, X, flat, y_real=y, y_synthetic=y[1:])
    with pytest.raises(DataError, match="no images"):
        image_metrics(X[:0], X, flat)
    with pytest.raises(DataError, match="100 of real images and 25 of synthetic images"):
        image_metrics(X, X[:, :5, :5], flat)


def test_global_random_state_is_left_alone():
    before = torch.random.get_rng_state()
    image_metrics(normal(1100), normal(1050, seed=1), None)
    inception_score(normal(30), lambda x: x)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_without_torchmetrics_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.image.fid", None)
    with pytest.raises(ParameterError, match=r"install ganaug\[metrics\]"):
        frechet_distance(normal(5), normal(5))


def test_the_inception_score_runs_from_one_to_the_number_of_classes():
    sure, unsure = np.tile(np.eye(5, dtype=np.float32), (40, 1)), np.full((200, 5), 0.2, dtype=np.float32)
    assert inception_score(sure, lambda p: p, splits=1, random_state=0) == pytest.approx(5, rel=1e-6)
    assert inception_score(unsure, lambda p: p) == pytest.approx(1)
    assert inception_score(sure[sure[:, 0] == 1], lambda p: p) == pytest.approx(1)


def test_the_inception_score_takes_logits_and_probabilities():
    p = np.random.default_rng(0).dirichlet(np.ones(4), 100).astype(np.float32)
    logits = np.log(p) + 3
    assert inception_score(logits, lambda x: x, splits=2, random_state=0) == pytest.approx(
        inception_score(p, lambda x: x, splits=2, random_state=0), rel=1e-4
    )
    with pytest.raises(ParameterError, match="splits"):
        inception_score(p, lambda x: x, splits=0)


@pytest.mark.filterwarnings("ignore:Metric `InceptionScore` will save:UserWarning")
@pytest.mark.filterwarnings("ignore:std:UserWarning")
def test_the_inception_score_is_that_of_torchmetrics():
    from torchmetrics.image.inception import InceptionScore

    logits = torch.from_numpy(normal(200, d=7, scale=3))
    with torch.random.fork_rng(devices=[]):
        theirs = InceptionScore(feature=nn.Identity(), splits=1)
        theirs.update(logits)
        expected = float(theirs.compute()[0])
    assert inception_score(logits, lambda x: x, splits=1, random_state=0) == pytest.approx(expected, rel=1e-5)


def test_the_accuracy_score_is_what_synthetic_images_teach():
    real = bars(100, seed=5)
    good, wrong = (
        classification_accuracy_score(real, bars(60, seed=1, swap=swap), random_state=0, steps=60, augmentation=())
        for swap in (0.0, 1.0)
    )
    assert good.accuracy > 0.9
    assert wrong.accuracy < 0.1
    assert good.accuracy == pytest.approx(np.mean(list(good.classes.values())))


def test_a_class_that_synthetic_images_lack_counts_as_wrong():
    (X, y), (X_new, y_new) = bars(40), bars(40, seed=1)
    only = y_new == "stands"
    found = classification_accuracy_score((X, y), (X_new[only], y_new[only]), random_state=0, steps=2)
    assert found.accuracy == 0.5
    assert found.classes == {"lies": 0.0, "stands": 1.0}


def test_images_and_labels_that_do_not_match_are_refused():
    X, y = bars(20)
    with pytest.raises(DataError, match="20 images and 19 labels"):
        classification_accuracy_score((X, y), (X, y[1:]))
    with pytest.raises(DataError, match="were learned"):
        classification_accuracy_score((X, y), (X[:, :9], y))


@pytest.mark.slow
def test_real_images_are_not_told_from_their_like_but_from_others():
    X, _ = bars(60)
    steps = 100  # enough to know the images by heart
    assert 0.25 < detection_accuracy(X, bars(60, seed=1)[0], random_state=0, steps=steps) < 0.75
    assert detection_accuracy(X, bars(60, seed=1, noise=200)[0], random_state=0, steps=25) > 0.9
    assert detection_accuracy(X[:3], X) is None


def test_the_discriminator_is_looked_at_where_training_ends():
    history = {"accuracy_real": np.r_[np.zeros(90), np.ones(10)], "accuracy_synthetic": [0.25]}
    assert discriminator_accuracy(history) == {"real": 1.0, "synthetic": 0.25}


def test_fidelity_tells_good_images_from_bad_ones_and_gives_the_mark(monkeypatch):
    monkeypatch.setattr("ganaug.image.classifier.default_steps", lambda n: 40)
    real, held = bars(60), bars(40, seed=9)
    good, bad = (
        image_fidelity(real, made, held, 0) for made in (bars(60, seed=1), bars(60, seed=1, noise=220, swap=0.5))
    )
    assert good["classification_accuracy"] > 0.85
    assert good["holdout_classification_accuracy"] == bad["holdout_classification_accuracy"] > 0.85
    assert good["holdout_precision"] == bad["holdout_precision"] > 0.3
    assert all(bad[name] < good[name] for name in ("classification_accuracy", "precision", "density", "coverage"))
    assert [(c["label"], c["rows"]) for c in good["classes"]] == [("lies", 30), ("stands", 30)]
    assert all(c["accuracy"] > 0.7 for c in good["classes"])
