"""States are drawn level by level."""

from __future__ import annotations

import pytest
import torch

from ganaug.layers import initialise
from ganaug.table.layout import Layout
from ganaug.table.states import StateSampler

SIZES = [3, 2, 4, 2]


def sampler(levels, ties=()):
    layout = Layout(SIZES, [], [False] * len(SIZES), list(ties), levels)
    with torch.device("meta"):
        bare = StateSampler(layout)
    return initialise(bare, torch.Generator().manual_seed(0))


def draws(n=4000, seed=1):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(1, sum(SIZES), generator=rng).expand(n, -1), torch.rand(n, sum(SIZES), generator=rng)


def agreement(states):
    """How often the second and the fourth column are in the same state, both having two."""
    return float((states[:, 3:5] * states[:, 9:11]).detach().sum(1).mean())


@pytest.mark.parametrize("levels", [[], [0, 0, 0, 0], [0, 1, 2, 3], [3, 0, 0, 1]], ids=str)
def test_every_column_gets_one_state_hard_or_soft(levels):
    module, (logits, noise) = sampler(levels), draws()
    for part in module.sample(logits, noise).split(SIZES, 1):
        assert set(part.unique().tolist()) <= {0.0, 1.0} and bool((part.sum(1) == 1).all())
    for part in module(logits, noise).split(SIZES, 1):
        assert torch.allclose(part.sum(1), torch.ones(len(part)), atol=1e-5)


def test_a_later_column_follows_an_earlier_one_whatever_noise_decides():
    """With one level the two columns agree by chance; on two levels the later one can copy the earlier one."""
    logits, noise = torch.zeros(4000, sum(SIZES)), draws()[1]
    assert agreement(sampler([]).sample(logits, noise)) == pytest.approx(0.5, abs=0.03)
    module = sampler([0, 0, 0, 1])
    (influence,) = module.influences
    with torch.no_grad():
        influence.weight.zero_()
        influence.weight[:, 3:5] = 50.0 * torch.eye(2)  # columns one to three are drawn first, in their order
    assert agreement(module.sample(logits, noise)) == 1.0
    assert agreement(module(logits, noise).detach().round()) > 0.98


def test_earlier_levels_do_not_see_later_ones():
    module, (logits, noise) = sampler([1, 0, 1, 0]), draws()
    before = module.sample(logits, noise)
    with torch.no_grad():
        for influence in module.influences:
            influence.weight.add_(10.0)
    after = module.sample(logits, noise)
    for at in (slice(3, 5), slice(9, 11)):
        assert torch.equal(before[:, at], after[:, at])


def test_gradients_reach_earlier_columns_through_later_ones():
    module, (logits, noise) = sampler([0, 1, 1, 1]), draws(50)
    logits = logits.clone().requires_grad_(True)
    module(logits, noise)[:, 3].sum().backward()
    assert bool((logits.grad[:, :3] != 0).any())
