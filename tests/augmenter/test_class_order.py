"""The class of every row is known without the rows before it, and how many of each class those are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganaug.augmenter.class_order import GroupedOrder, ListedOrder, SharedOrder, count_prior_codes, prior_codes

PRIORS = st.lists(st.floats(0.01, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any)
SEEDS = st.integers(0, 2**63 - 1)


@given(
    st.lists(st.floats(0.01, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    st.integers(0, 2**63 - 1),
)
def test_every_prefix_has_the_proportions_of_the_prior(prior, seed):
    codes = prior_codes(prior, 0, 2000, seed)
    share = np.asarray(prior) / sum(prior)
    for n in (1, 2, 10, 137, 1000, 2000):
        counts = np.bincount(codes[:n], minlength=len(prior))
        assert np.abs(counts - n * share).max() < 6
    assert not np.isin(codes, np.flatnonzero(share == 0)).any()


@given(st.integers(0, 50_000), st.integers(0, 300))
def test_a_stretch_of_the_order_is_that_of_the_whole(first, n):
    prior = [0.2, 0.0, 0.5, 0.3]
    whole = prior_codes(prior, 0, first + n, 3)
    assert np.array_equal(prior_codes(prior, first, n, 3), whole[first:])


@pytest.mark.parametrize("prior", [[0.0, 1.0], [1.0, 0.0], [0.0, 0.5, 0.0, 0.0, 0.5, 0.0], [1e-9, 1.0, 0.0]])
def test_classes_without_a_share_are_never_drawn(prior):
    codes = prior_codes(prior, 0, 200_000, 1)
    assert set(np.unique(codes)) <= set(np.flatnonzero(prior))


def test_seeds_start_the_order_at_different_places():
    starts = {tuple(prior_codes([0.5, 0.5], 0, 12, seed)) for seed in range(30)}
    assert len(starts) > 5


@given(PRIORS, SEEDS, st.integers(0, 20_000))
def test_a_closed_form_counts_what_counting_counts(prior, seed, n):
    counted = np.bincount(prior_codes(prior, 0, n, seed), minlength=len(prior))
    assert count_prior_codes(prior, n, seed) == counted.tolist()


@given(PRIORS, SEEDS, st.integers(0, 2**62), st.integers(0, 2000))
def test_it_does_so_however_far_out(prior, seed, first, n):
    before, after = (np.array(count_prior_codes(prior, end, seed)) for end in (first, first + n))
    assert (after - before).tolist() == np.bincount(prior_codes(prior, first, n, seed), minlength=len(prior)).tolist()
    share = np.asarray(prior) / sum(prior)
    assert all(abs(int(count) - first * part) < 100 + first * 1e-15 for count, part in zip(before, share, strict=True))


ORDERS = [
    SharedOrder([0.2, 0.0, 0.5, 0.3], 100, 3),
    GroupedOrder(4, [(2, 40), (0, 0), (3, 25), (2, 5), (0, 30)]),
    GroupedOrder(4, []),
    ListedOrder(4, np.random.default_rng(0).integers(0, 4, 100)),
    ListedOrder(4, np.empty(0, dtype=np.int64)),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{type(order).__name__} of {order.total}")
def test_every_order_is_one_sequence_of_its_length(order):
    whole = order.take(0, order.total)
    assert len(whole) == order.total and whole.dtype == np.int64
    for first in range(0, order.total + 1, 7):
        assert order.count_before(first) == np.bincount(whole[:first], minlength=4).tolist()
        count = min(13, order.total - first)
        assert order.take(first, count).tolist() == whole[first : first + count].tolist()


def test_groups_take_no_room_for_their_rows():
    order = GroupedOrder(2, [(1, 10**15), (0, 10**15)])
    assert order.count_before(10**15 + 3) == [3, 10**15]
    assert order.take(10**15 - 1, 3).tolist() == [1, 0, 0]


def test_orders_differ_in_what_they_say_of_themselves():
    assert len({str(order.to_json()) for order in ORDERS}) == len(ORDERS)
