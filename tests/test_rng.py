"""One seed gives independent, named streams, and nobody else's randomness is touched."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganaug import ParameterError
from ganaug.rng import isolated_global_state, new_seed, numpy_stream, stream_seed, torch_stream


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1, np.int64(5), np.uint8(200)])
def test_an_integer_is_its_own_seed(seed):
    found = new_seed(seed)
    assert found == seed and type(found) is int


@pytest.mark.parametrize("bad", [-1, 2**63, 1.0, "0", True, np.True_, [0], np.random])
def test_what_is_no_seed_is_refused_by_name(bad):
    with pytest.raises(ParameterError, match="The 'random_state' parameter must be an integer from 0 to") as caught:
        new_seed(bad)
    assert repr(bad) in str(caught.value)


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_generator_is_drawn_from_and_so_decides(make):
    first, second = make(3), make(3)
    seeds = [new_seed(first) for _ in range(4)]
    assert seeds == [new_seed(second) for _ in range(4)]
    assert len(set(seeds)) == 4


def test_none_is_fresh_every_time():
    seeds = {new_seed(None) for _ in range(50)}
    assert len(seeds) == 50 and all(0 <= seed < 2**63 for seed in seeds)


def test_names_and_seeds_give_streams_of_their_own():
    names = [("sample", 1, 2), ("sample", 12), ("sample", "1", 2), ("sample", 1), ("draw", 1, 2), ()]
    seeds = {stream_seed(seed, *name) for name in names for seed in (0, 1)}
    assert len(seeds) == 2 * len(names) and all(0 <= seed < 2**63 for seed in seeds)


@given(st.integers(0, 2**63 - 1), st.lists(st.text() | st.integers(), max_size=3))
def test_the_same_name_is_the_same_stream(seed, name):
    assert stream_seed(seed, *name) == stream_seed(seed, *name)
    assert numpy_stream(seed, *name).random() == numpy_stream(seed, *name).random()
    assert torch.equal(*(torch.rand(3, generator=torch_stream(seed, *name)) for _ in range(2)))


def test_streams_are_the_same_in_every_process_and_release():
    assert stream_seed(5, "sample", 3) == 5810756495676847282


def test_neighbouring_streams_are_uncorrelated():
    draws = np.stack([numpy_stream(0, "row", i).standard_normal(2000) for i in range(5)])
    correlations = np.corrcoef(draws)[np.triu_indices(5, 1)]
    assert np.abs(correlations).max() < 0.1


def test_global_state_is_neither_read_nor_written():
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    before = random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes()
    drawn = torch.rand(2, generator=torch_stream(0, "x")).tolist(), numpy_stream(0, "x").random()
    new_seed(None)
    after = random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes()
    assert before == after
    random.seed(2), np.random.seed(2), torch.manual_seed(2)
    assert drawn == (torch.rand(2, generator=torch_stream(0, "x")).tolist(), numpy_stream(0, "x").random())


def draw_globally():
    return random.random(), np.random.random(), float(torch.rand(()))


@pytest.mark.parametrize("rng", [None, torch.Generator().manual_seed(3)])
def test_isolated_code_leaves_every_global_generator_as_it_was(rng):
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = draw_globally()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    with pytest.raises(KeyError), isolated_global_state(rng):
        inside = draw_globally()
        raise KeyError
    assert draw_globally() == expected
    assert (inside == expected) is (rng is None)


def test_a_generator_decides_what_isolated_code_draws_and_advances_by_one_draw():
    def draw(state, rng):
        random.seed(state), np.random.seed(state), torch.manual_seed(state)
        with isolated_global_state(rng):
            return draw_globally()

    first, second, plain = (torch.Generator().manual_seed(7) for _ in range(3))
    draws = [draw(1, first), draw(2, first)]
    assert draws == [draw(3, second), draw(4, second)]
    assert all(a != b for a, b in zip(*draws, strict=True))
    seed = int(torch.randint(2**63 - 1, (), generator=plain))
    assert draws[0][2] == float(torch.rand((), generator=torch.Generator().manual_seed(seed)))
