"""How many synthetic rows of each class, and drawing them from any sampler."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gain_samplers import Bare, Bootstrap, blobs
from hypothesis import given, settings
from hypothesis import strategies as st
from small import numbers, quick_augmenter

from ganaug.gain.synthetic import allocate_rows, append_synthetic_rows, count_for_share, count_labels, sample_classes

SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=6)


def labels_of(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


def able(sizes):
    """The classes that get rows: those with two, or all where none has two."""
    return [k for k, size in enumerate(sizes) if size > 1] or list(range(len(sizes)))


@settings(deadline=None)
@given(sizes=SIZES, n_new=st.integers(0, 500), balance=st.booleans())
def test_counts_sum_to_what_was_asked_and_are_never_negative(sizes, n_new, balance):
    counts = allocate_rows(labels_of(sizes), n_new, balance)
    assert list(counts) == list(range(len(sizes)))
    assert sum(counts.values()) == n_new
    assert min(counts.values()) >= 0
    assert all(counts[k] == 0 for k in counts if k not in able(sizes))


@settings(deadline=None)
@given(sizes=SIZES, n_new=st.integers(0, 500))
def test_natural_counts_keep_shares_within_one(sizes, n_new):
    counts = allocate_rows(labels_of(sizes), n_new, False)
    total = sum(sizes[k] for k in able(sizes))
    assert all(abs(counts[k] - n_new * sizes[k] / total) < 1 for k in able(sizes))


@settings(deadline=None)
@given(sizes=SIZES, n_new=st.integers(0, 500))
def test_balanced_counts_are_as_level_as_can_be(sizes, n_new):
    counts = allocate_rows(labels_of(sizes), n_new, True)
    after = {k: sizes[k] + counts[k] for k in able(sizes)}
    filled = [k for k in after if counts[k]]
    assert all(after[k] <= min(after.values()) + 1 for k in filled)  # nobody is filled above one who could have had it


def test_balanced_counts_fill_the_smallest_class_first():
    y = labels_of([10, 4, 2])
    assert allocate_rows(y, 2, True) == {0: 0, 1: 0, 2: 2}
    assert allocate_rows(y, 4, True) == {0: 0, 1: 1, 2: 3}
    assert allocate_rows(y, 17, True) == {0: 1, 1: 7, 2: 9}


@pytest.mark.parametrize(("n", "share", "rows"), [(100, 0.0, 0), (100, 0.5, 100), (90, 0.1, 10), (10, 0.9, 90)])
def test_a_share_is_one_of_all_that_comes_out(n, share, rows):
    assert count_for_share(n, share) == rows


def test_labels_are_counted_in_order_whatever_holds_them():
    assert count_labels(["b", "a", "b"]) == {"a": 1, "b": 2}
    assert count_labels(pd.DataFrame({"y": [2, 1, 2]})) == {1: 1, 2: 2}
    assert count_labels(pd.Series(["x", "y"], dtype="category")) == {"x": 1, "y": 1}


@pytest.mark.parametrize(
    "y",
    [
        np.array(["no", "yes"] * 10),
        np.array([False, True] * 10),
        np.array([1, 2] * 10, dtype=np.int8),
        np.array(["a", "b"] * 10, dtype=object),
    ],
    ids=["text", "booleans", "small integers", "objects"],
)
def test_draw_asks_for_labels_in_the_dtype_of_the_real_ones(y):
    X = np.arange(40.0).reshape(20, 2)
    counts = allocate_rows(y, 6, False)
    made, labels = sample_classes(Bare().fit(X, y), y, counts, 0)
    assert labels.dtype == y.dtype
    assert count_labels(labels) == {k: n for k, n in counts.items() if n}
    assert made.shape == (6, 2)


def test_draw_hands_over_a_seed_of_32_bits():
    seen = []

    class Sampler:
        def sample(self, n=None, y=None, random_state=None):
            seen.append(random_state)
            return np.zeros((len(y), 1)), y

    sample_classes(Sampler(), np.array([0, 1]), {0: 1, 1: 1}, 2**62 + 5)
    np.random.RandomState(seen[0])  # what many a sampler makes of it


def test_grow_puts_real_rows_first_untouched():
    X, y = blobs(20)
    grown_X, grown_y = append_synthetic_rows(Bootstrap().fit(X, y), X, y, {0: 3, 1: 0}, 0)
    assert np.array_equal(grown_X[:20], X) and np.array_equal(grown_y[:20], y)
    assert grown_y[20:].tolist() == [0, 0, 0]


def test_grow_by_nothing_gives_the_real_rows():
    X, y = blobs(20)
    grown_X, grown_y = append_synthetic_rows(object(), X, y, {0: 0, 1: 0}, 0)
    assert np.array_equal(grown_X, X) and np.array_equal(grown_y, y)


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_grow_of_our_augmenter_goes_through_resample_which_drops_copies():
    X, y = numbers(40)
    augmenter = quick_augmenter().fit(X, y)
    grown_X, grown_y = append_synthetic_rows(augmenter, X, y, {0: 2, 1: 5}, 0)
    assert grown_X.shape == (47, 2)
    assert count_labels(grown_y[40:]) == {0: 2, 1: 5}
    assert augmenter.sampling_strategy_ == {0: 2, 1: 5}  # nothing but resample sets it
