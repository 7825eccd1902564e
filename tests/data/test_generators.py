"""A generator of one's own is asked in one way, and a wrong one is told of the call that failed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from ganaug import GANAugmenter, MixedDataset, SyntheticMix, augment_loader, gain_report
from ganaug.data.generators import call_sample, sample_labels
from ganaug.errors import DataError, ModelFileError

LABELS = np.array([0, 0, 1, 2, 2, 2])
DATA = TensorDataset(torch.zeros(30, 4), torch.arange(30) % 3)


def generator(make, **attributes):
    """A generator whose `sample` is a function of n, y and random_state."""

    def sample(self, n=None, y=None, random_state=None):
        return make(n, y, random_state)

    return type("Mine", (), {"sample": sample, "classes_": [0, 1, 2], **attributes})()


def give(n, y, random_state):
    y = np.arange(n) % 3 if y is None else np.asarray(y)
    return np.ones((len(y), 4), np.float32), y


def of_one_class(n, y, random_state):
    """What its author took `sample(n, y)` for: n samples of one class."""
    n = 10 if n is None else n
    return np.zeros((n, 4), np.float32), np.full(n, y)


def test_labels_and_the_seed_are_what_a_generator_is_asked_for():
    asked = []
    X, y = sample_labels(generator(lambda *call: asked.append(call) or give(*call)), LABELS, 7)
    assert asked == [(None, LABELS, 7)] and asked[0][1] is LABELS
    assert X.shape == (6, 4) and y is LABELS


@pytest.mark.parametrize("form", [list, torch.tensor, lambda y: np.reshape(y, (-1, 1)), lambda y: np.eye(3)[y]])
def test_labels_are_returned_in_any_form(form):
    sample_labels(generator(lambda n, y, seed: (np.zeros((len(y), 4)), form(y))), LABELS, 7)


WRONG = {
    r"sample\(None, y=array\(\[0, 0, 1, 2, ...\]\), random_state=7\) of the augmenter, a Mine, failed with ValueError: "
    r"could not broadcast .*; make it return the pair \(X, y\) of 6 samples, one for each label of y": of_one_class,
    r"failed with TypeError: .*'NoneType'.*; make it return the pair": lambda n, y, seed: (np.zeros((n, 4)), y),
    r"of the augmenter, a Mine, returned a ndarray; make it return the pair": lambda n, y, seed: np.zeros((len(y), 4)),
    r"returned a tuple of ndarray, NoneType; make it": lambda n, y, seed: (np.zeros((len(y), 4)), None),
    r"returned a tuple of ndarray, list, int; make it": lambda n, y, seed: (np.zeros((len(y), 4)), [], 1),
    r"returned a NoneType; make it return the pair": lambda n, y, seed: None,
    r"asked for 6 samples of given labels and returned 10 with 10 labels; sample\(None, y=array\(\[0, 0, 1, 2, "
    r"...\]\), random_state=7\) has to return one sample per label, in order": lambda n, y, seed: give(10, None, seed),
    r"returned 6 with other labels": lambda n, y, seed: give(n, y[::-1], seed),
    r"returned 5 with 6 labels": lambda n, y, seed: (np.zeros((5, 4)), y),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_generator_gets_a_sentence_with_the_call(message):
    with pytest.raises(DataError, match=message) as raised:
        sample_labels(generator(WRONG[message]), LABELS, 7)
    assert (raised.value.__cause__ is None) == ("failed with" not in message)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(DATA)


@pytest.mark.parametrize(
    "use",
    [
        lambda wrong: augment_loader(DataLoader(DATA, batch_size=10), wrong),
        lambda wrong: MixedDataset(DATA, wrong),
        lambda wrong: SyntheticMix(wrong, pool_size=30),
    ],
)
def test_whatever_asks_says_which_call_failed(use):
    with pytest.raises(DataError, match=r"sample\(None, y=array\(\[0, 0, .*\) of the augmenter, a Mine, failed"):
        use(generator(of_one_class))


@pytest.mark.parametrize(
    "use", [lambda wrong: MixedDataset(Stream(), wrong), lambda wrong: SyntheticMix(wrong, pool_size=30)]
)
def test_classes_that_are_not_known_are_asked_for_by_a_number_of_samples(use):
    with pytest.raises(DataError, match=r"sample\(1000, random_state=\d+\) of the augmenter, a Mine, failed"):
        use(generator(lambda n, y, seed: (np.zeros((len(y), 4)), y), classes_=None))


def test_a_signature_without_the_seed_is_named():
    class Mine:
        classes_ = (0, 1, 2)

        def sample(self, n, y=None):
            return give(n, y, None)

    with pytest.raises(DataError, match=r"a Mine, failed with TypeError: .*unexpected keyword argument 'random_state'"):
        augment_loader(DataLoader(DATA, batch_size=10), Mine())


@pytest.mark.parametrize("error", [NotFittedError("fit first"), ModelFileError("no model")])
def test_errors_that_say_what_is_wrong_stay_as_they_are(error):
    def fail(*call):
        raise error

    with pytest.raises(type(error), match=r"^(fit first|no model)$"):
        call_sample(generator(fail), 5, None, 0)


def test_an_augmenter_that_was_not_fitted_says_so():
    with pytest.raises(NotFittedError, match="not fitted"):
        augment_loader(DataLoader(DATA, batch_size=10), GANAugmenter())


def test_a_report_names_the_call_that_failed_in_its_arm():
    class Mine(BaseEstimator):
        def fit(self, X, y):
            return self

        def sample(self, n=None, y=None, random_state=None):
            return of_one_class(n, y, random_state)

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 2
    report = gain_report(Mine(), X, y, cv=2, n_repeats=1, arms=["real_only", "augmented"], random_state=0)
    assert "sample(None, y=array([" in str(report)
