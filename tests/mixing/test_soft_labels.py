"""Soft labels: what a teacher says of synthetic samples, and one-hot rows of real ones, in every way of mixing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mixing_fakes import CLASS, LABELS, N, Numbers, Real, RealStream
from sklearn.naive_bayes import GaussianNB
from torch.utils.data import DataLoader, TensorDataset
from torchvision.transforms import v2

from ganaug import CrossFittedTeacher, GaussianCopula
from ganaug.errors import DataError, ParameterError
from ganaug.mixing import MixedDataset, SyntheticMix, augment_loader

pytestmark = pytest.mark.usefixtures("on_one_thread")


def teach(X):
    """Probabilities that tell the number of a synthetic sample: .5 for its class, the rest by its last digits."""
    number = np.asarray(X)[(slice(None), *[0] * (np.ndim(X) - 1))].astype(int)
    proba = np.zeros((len(X), 3))
    code = number // CLASS
    rest = (number % 100) / 200
    proba[np.arange(len(X)), code] = 0.5
    proba[np.arange(len(X)), (code + 1) % 3] = rest
    proba[np.arange(len(X)), (code + 2) % 3] = 0.5 - rest
    return proba


def check_batch(x, y, n_synthetic=None):
    """Every synthetic sample has its own probabilities, and every real one its one-hot row."""
    numbers = x.reshape(len(x), -1)[:, 0].numpy()
    assert (y.dtype, y.shape) == (torch.float32, (len(x), 3))
    made = numbers > 0
    assert np.allclose(y[made].numpy(), teach(numbers[made]))
    own = [LABELS[int(-v) - 1] for v in numbers[~made]]
    assert np.array_equal(y[~made].numpy(), np.eye(3)[own])
    assert n_synthetic is None or made.sum() == n_synthetic
    return int(made.sum())


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_yields_the_probabilities_of_its_own_samples(workers):
    loader = DataLoader(Real(), batch_size=30, shuffle=True, num_workers=workers)
    mixed = augment_loader(loader, Numbers(), 0.3, soft_labels=teach, random_state=0)
    for _ in range(2):
        assert [check_batch(x, y) for x, y in mixed] == [9, 9, 9]


def test_appended_samples_have_probabilities_too():
    mixed = MixedDataset(Real(), Numbers(), 0.25, mode="append", soft_labels=teach, random_state=0)
    x, y = (torch.stack(part) for part in zip(*(mixed[i] for i in range(len(mixed))), strict=True))
    check_batch(x, y, n_synthetic=30)


def test_items_of_a_stream_have_probabilities():
    mixed = augment_loader(DataLoader(RealStream(), batch_size=30), Numbers(), 0.3, soft_labels=teach, random_state=0)
    assert sum(check_batch(x, y) for x, y in mixed) in (26, 27, 28)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_batches_get_probabilities_whatever_the_fraction(fraction):
    mix = SyntheticMix(Numbers(), fraction, soft_labels=teach, pool_size=90, random_state=0)
    x = torch.stack([Real()[i][0] for i in range(20)])
    y = torch.tensor(LABELS[:20])
    check_batch(*mix(x, y), n_synthetic=round(20 * fraction))
    check_batch(*mix((x, torch.eye(3)[y])), n_synthetic=round(20 * fraction))


def test_other_fields_of_an_item_stay():
    mix = SyntheticMix(Numbers(), 0.5, soft_labels=teach, pool_size=90, random_state=0)
    batch = {"image": torch.full((4, 1, 4, 4), -1.0), "label": torch.tensor([0, 1, 2, 0]), "path": list("abcd")}
    mixed = mix(batch)
    assert mixed["path"] == list("abcd") and mixed["label"].shape == (4, 3)
    assert batch["label"].shape == (4,)


def test_new_samples_bring_new_probabilities():
    mixed = MixedDataset(Real(), Numbers(), 0.5, soft_labels=teach, random_state=0)
    mixed.refresh()
    x, y = (torch.stack(part) for part in zip(*mixed.__getitems__(range(N)), strict=True))
    check_batch(x, y, n_synthetic=45)


def test_the_labels_have_the_form_of_mix_up():
    _, y = v2.MixUp(num_classes=3)(torch.zeros(4, 1, 4, 4), torch.tensor([0, 1, 2, 0]))
    mixed = augment_loader(DataLoader(Real(), batch_size=30), Numbers(), 0.3, soft_labels=teach, random_state=0)
    ours = next(iter(mixed))[1]
    assert (ours.dtype, ours.shape[1:]) == (y.dtype, y.shape[1:])
    assert torch.isfinite(torch.nn.functional.cross_entropy(torch.zeros(30, 3), ours))


def table(n=60):
    """(data set, X, y) of two columns and three classes."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    X = rng.normal(y[:, None], 0.7, (n, 2)).astype(np.float32)
    return TensorDataset(torch.tensor(X), torch.tensor(y)), X, y


def test_a_classifier_is_asked_what_the_augmenter_samples():
    data, X, y = table()
    augmenter = GaussianCopula(random_state=0).fit(X, y)
    teacher = GaussianNB().fit(X, y)
    mixed = MixedDataset(data, augmenter, 1.0, soft_labels=teacher, random_state=0)
    x, proba = (torch.stack(part) for part in zip(*mixed.__getitems__(range(60)), strict=True))
    assert np.allclose(proba.numpy(), teacher.predict_proba(x.numpy()), atol=1e-5)


def test_a_cross_fitted_teacher_softens_real_labels_too():
    data, X, y = table()
    teacher = CrossFittedTeacher(GaussianNB(), random_state=0).fit(X, y)
    mixed = MixedDataset(data, GaussianCopula(random_state=0).fit(X, y), 0.0, soft_labels=teacher)
    proba = torch.stack([label for _, label in mixed.__getitems__(range(60))])
    assert np.allclose(proba.numpy(), teacher.proba_, atol=1e-6)


def test_a_cross_fitted_teacher_of_other_rows_is_refused():
    data, X, y = table()
    augmenter = GaussianCopula(random_state=0).fit(X, y)
    for rows in (slice(0, 59), slice(None, None, -1)):
        teacher = CrossFittedTeacher(GaussianNB(), random_state=0).fit(X[rows], y[rows])
        with pytest.raises(DataError, match=r"was cross-fitted to .* rows.*give its teacher_"):
            MixedDataset(data, augmenter, 0.3, soft_labels=teacher)
        MixedDataset(data, augmenter, 0.3, soft_labels=teacher.teacher_)


class Named(GaussianNB):
    """Knows classes by name, in an order of its own."""

    def predict_proba(self, X):
        return np.full((len(X), 3), 1 / 3)

    classes_ = np.array(["c", "b", "a"])


@pytest.mark.parametrize(
    ("teacher", "said"),
    [
        (lambda X: np.ones((len(X), 3)), "no probabilities.*apply softmax"),
        (lambda X: np.full((len(X), 3), np.nan), "no probabilities"),
        (lambda X: np.ones(len(X)), "return a row of class probabilities for each"),
        (lambda X: np.ones((1, 1)), "return a row of class probabilities for each"),
        (lambda X: 1 / 0, "failed on 90 synthetic samples with ZeroDivisionError"),
        (lambda X: np.full((len(X), 2), 0.5), "number the classes from 0 to 1, and the data have 2"),
        (Named(), "label the class 0 as 0, where the teacher has 'c'"),
    ],
)
def test_what_is_no_teacher_of_these_classes_is_refused(teacher, said):
    with pytest.raises(DataError, match=said):
        MixedDataset(Real(), Numbers(), 0.3, soft_labels=teacher, random_state=0)


def test_labels_that_are_names_are_refused():
    names = Numbers(classes=("a", "b", "c"))
    with pytest.raises(DataError, match=r"number the classes from 0.*target_transform"):
        MixedDataset(Real(list("abc") * 30), names, 0.3, soft_labels=teach)


def test_soft_labels_have_to_be_a_teacher():
    for make in (MixedDataset, SyntheticMix):
        given = (Real(), Numbers()) if make is MixedDataset else (Numbers(),)
        with pytest.raises(ParameterError, match=r"'soft_labels' parameter of .* must be a fitted classifier"):
            make(*given, 0.3, soft_labels=0.5)
