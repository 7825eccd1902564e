"""How far samples tell classes apart."""

from __future__ import annotations

import pytest
import torch

from ganaug.metrics import class_separation


def classes(*centres, n=200, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(n, 3, generator=rng) + centre for centre in centres]


@pytest.mark.parametrize("k", [2, 3, 10])
def test_classes_far_from_each_other_are_separated_and_equal_ones_are_not(k):
    far = classes(*range(0, 20 * k, 20))
    assert class_separation(classes(*range(0, 20 * k, 20), seed=1), far) == 1.0
    assert class_separation(far, classes(*[0] * k, seed=1)) < 0.1


def test_classes_that_were_taken_for_each_other_are_not_separated():
    assert class_separation(classes(5, 0), classes(0, 5)) == 0.0


def test_the_scale_of_a_feature_does_not_count_nor_does_one_that_is_constant():
    scale = torch.tensor([1.0, 1000.0, 0.0])
    near, other = classes(0, 2), classes(0, 2, seed=1)
    expected = class_separation([x[:, :2] for x in other], [x[:, :2] for x in near])
    assert class_separation([x * scale for x in other], [x * scale for x in near]) == pytest.approx(expected)
    assert expected > 0.5


def test_a_small_class_counts_as_much_as_a_large_one():
    train = [torch.zeros(1, 1), torch.ones(1, 1)]
    assert class_separation(train, [torch.zeros(99, 1), torch.zeros(1, 1)]) == 0.0
