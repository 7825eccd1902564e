"""A grid counts edges below values as a search does, whatever the edges."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganaug.filters.grid import Grid

pytestmark = pytest.mark.usefixtures("on_one_thread")
LARGEST = float(np.finfo(np.float32).max)
FLOATS = st.floats(-LARGEST, LARGEST, width=32)
EDGES = st.lists(st.one_of(FLOATS, st.integers(-3, 40).map(lambda k: k + 0.5)), max_size=40)


def ascending(values):
    return np.unique(np.array(values, dtype=np.float32))


def check(edges, values):
    """Compare with a search in each column; values in all columns are the same."""
    found = Grid.of(edges).count_below(np.repeat(np.array(values, dtype=np.float32)[None], len(edges), axis=0))
    np.testing.assert_array_equal(found, np.array([np.searchsorted(own, np.float32(values)) for own in edges]))
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(EDGES, min_size=1, max_size=4), st.lists(FLOATS, max_size=20))
def test_any_value_among_any_edges(columns, values):
    edges = [ascending(own) for own in columns]
    everything = np.concatenate([*edges, np.array(values, dtype=np.float32)])
    with np.errstate(over="ignore"):
        beside = [np.nextafter(everything, np.float32(end)) for end in (-np.inf, np.inf)]
    check(edges, np.concatenate([everything, *beside, [-np.inf, np.inf]]))


def test_edges_that_crowd_are_searched():
    rng = np.random.default_rng(0)
    crowd, even = np.append(rng.normal(0, 1e-6, 200), 1.0), np.linspace(-1, 1, 200)
    edges = [ascending(crowd), ascending(even), ascending(crowd * 2)]
    grid = Grid.of(edges)
    assert grid.searched == [0, 2] and grid.steps == 1
    check(edges, rng.normal(0, 1e-6, 500))


def test_infinite_edges_behind_the_others_are_below_nothing():
    edges = [np.array([0.5, 1.5, np.inf, np.inf], dtype=np.float32), np.full(3, np.inf, dtype=np.float32)]
    found = check(edges, [0.0, 1.0, 2.0, np.inf])
    assert found.tolist() == [[0, 1, 2, 2], [0, 0, 0, 0]]


@pytest.mark.parametrize("edges", [[0.0, 1.0], np.append(np.linspace(0, 1e-9, 50), 1.0)])
def test_nan_is_below_all_edges_without_a_warning(edges):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Grid.of([ascending(edges)]).count_below(np.array([[np.nan, 2.0]], dtype=np.float32))
    assert found.tolist() == [[0, len(ascending(edges))]]
