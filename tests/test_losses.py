"""Each loss is the formula of its paper, and penalties are what autograd says by hand."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import torch
from small import loss_with, quick_augmenter
from torch import nn

from ganaug import ParameterError
from ganaug.losses import LOSSES, Loss, gradient_penalty, r1_r2
from ganaug.training import OPTIMIZERS

REAL = np.array([2.0, -0.5, 0.1, 30.0])
FAKE = np.array([-1.5, 0.7, 0.1, -40.0])


def log_sigmoid(x):
    return -np.logaddexp(0.0, -x)


def relu(x):
    return np.maximum(x, 0.0)


# (to be minimised by the discriminator, by the generator), from the papers, with D = sigmoid(logit)
FORMULAS = {
    "relativistic": (-log_sigmoid(REAL - FAKE).mean(), -log_sigmoid(FAKE - REAL).mean()),
    "hinge": (relu(1 - REAL).mean() + relu(1 + FAKE).mean(), -FAKE.mean()),
    "non-saturating": (-log_sigmoid(REAL).mean() - log_sigmoid(-FAKE).mean(), -log_sigmoid(FAKE).mean()),
    "wasserstein": (FAKE.mean() - REAL.mean(), -FAKE.mean()),
    "minimax": (-log_sigmoid(REAL).mean() - log_sigmoid(-FAKE).mean(), log_sigmoid(-FAKE).mean()),
}


def test_every_named_loss_has_a_formula_here():
    assert set(FORMULAS) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_loss_is_its_formula(name):
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    loss = LOSSES[name]
    found = [float(loss.discriminator(real, fake)), float(loss.generator(real, fake))]
    np.testing.assert_allclose(found, FORMULAS[name], rtol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_each_player_gains_by_pushing_its_own_way(name):
    real, fake = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    for_real, for_fake = torch.autograd.grad(LOSSES[name].discriminator(real, fake), [real, fake])
    assert (for_real < 0).all() and (for_fake > 0).all()
    (for_fake,) = torch.autograd.grad(LOSSES[name].generator(real.detach(), fake), [fake])
    assert (for_fake < 0).all()


def source_functions():
    parts = [part for loss in LOSSES.values() for part in (loss.discriminator, loss.generator, loss.penalty)]
    return {part.__name__: part for part in parts if part is not None}.values()


@pytest.mark.parametrize("function", source_functions(), ids=lambda f: f.__name__)
def test_docstring_names_the_source(function):
    assert re.search(r"arXiv \d{4}\.\d{4,5}|(ICLR|ICML|NeurIPS|CVPR) \d{4}", inspect.getdoc(function))


class Quadratic(nn.Module):
    """D(x) = x' A x."""

    def __init__(self, A):
        super().__init__()
        self.A = nn.Parameter(A)

    def forward(self, x, c):
        return torch.einsum("ni,ij,nj->n", x, self.A, x)


class Linear(nn.Module):
    """D(x) = w' x, of slope |w| everywhere."""

    def __init__(self, w):
        super().__init__()
        self.w = nn.Parameter(w)

    def forward(self, x, c):
        return x @ self.w


def two_batches(n=5, d=3):
    rng = torch.Generator().manual_seed(0)
    c = torch.zeros(n, dtype=torch.int64)
    return torch.randn(n, d, generator=rng), 2 + torch.randn(n, d, generator=rng), c, rng


def test_r1_and_r2_are_half_the_squared_slopes_and_train_the_discriminator():
    real, fake, c, rng = two_batches()
    A = torch.tensor([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0], [0.0, 1.0, 0.2]])
    discriminator = Quadratic(A)
    penalty = r1_r2(discriminator, real, fake, c, rng)
    by_hand = A.clone().requires_grad_()
    slopes = [batch @ (by_hand + by_hand.t()) for batch in (real, fake)]  # gradient of x' A x
    expected = sum(0.5 * slope.square().sum(1).mean() for slope in slopes)
    torch.testing.assert_close(penalty, expected)
    (found,), (wanted,) = torch.autograd.grad(penalty, [discriminator.A]), torch.autograd.grad(expected, [by_hand])
    assert wanted.abs().max() > 0
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(("slope", "penalty"), [(1.0, 0.0), (3.0, 4.0), (0.5, 0.25)])
def test_gradient_penalty_is_the_squared_distance_of_the_slope_from_one(slope, penalty):
    real, fake, c, rng = two_batches()
    critic = Linear(slope * torch.tensor([0.6, 0.0, -0.8]))
    found = gradient_penalty(critic, real, fake, c, rng)
    assert found.item() == pytest.approx(penalty, abs=1e-6)
    (for_w,) = torch.autograd.grad(found, [critic.w])
    assert (for_w.norm() > 1e-3) == (penalty > 0)


def test_gradient_penalty_looks_at_random_points_between_the_pairs():
    seen = []

    class Spy(Linear):
        def forward(self, x, c):
            seen.append(x.detach().clone())
            return super().forward(x, c)

    real, fake, c, _ = two_batches(n=200)
    for seed in (0, 0, 1):
        gradient_penalty(Spy(torch.ones(3)), real, fake, c, torch.Generator().manual_seed(seed))
    share = (seen[0] - real) / (fake - real)
    torch.testing.assert_close(share[:, 0], share[:, 1], rtol=1e-3, atol=1e-3)  # on the straight line
    assert share.min() > -1e-3 and share.max() < 1.001 and share[:, 0].std() > 0.2
    assert torch.equal(seen[0], seen[1]) and not torch.equal(seen[0], seen[2])


@pytest.mark.parametrize("penalty", [r1_r2, gradient_penalty])
def test_penalty_leaves_the_global_generator_and_the_samples_alone(penalty):
    real, fake, c, rng = two_batches()
    before = torch.get_rng_state()
    penalty(Quadratic(torch.eye(3)), real, fake, c, rng)
    assert torch.equal(torch.get_rng_state(), before)
    assert not real.requires_grad and not fake.requires_grad


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"penalty_interval": 0}, "'penalty_interval' .* must be an integer of at least 1. Got 0 instead"),
        ({"penalty_weight": -1.0}, "'penalty_weight' .* must be a number of at least 0. Got -1.0 instead"),
        ({"penalty_share": 1.5}, "'penalty_share' .* must be a number above 0 and at most 1. Got 1.5 instead"),
        ({"penalty": r1_r2, "batch_norm": True}, "'batch_norm' .* must be False if there is a penalty"),
    ],
)
def test_loss_that_cannot_be_trained_with_is_refused(options, complaint):
    hinge = LOSSES["hinge"]
    with pytest.raises(ParameterError, match=complaint):
        Loss(hinge.discriminator, hinge.generator, **options)


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_with_every_optimizer(toy_table, loss, optimizer):
    X, y = toy_table
    augmenter = quick_augmenter(loss=loss, optimizer=optimizer, max_steps=6).fit(X, y)
    assert all(tensor.isfinite().all() for tensor in augmenter.model_.generator.state_dict().values())
    assert all(np.isfinite(augmenter.history_[name]).all() for name in ("discriminator_loss", "generator_loss"))
    rows, labels = augmenter.sample(40)
    assert rows["age"].between(X["age"].min(), X["age"].max()).all()
    assert rows["balance"].between(X["balance"].min(), X["balance"].max()).all()
    assert set(labels) <= set(y)


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_a_loss_of_ones_own_can_be_plugged_in(toy_table):
    calls = []

    def least_squares(real_logits, fake_logits):
        calls.append(len(real_logits))
        return (real_logits - 1).square().mean() + fake_logits.square().mean()

    own = loss_with(least_squares, penalty=None)
    augmenter = quick_augmenter(loss=own, max_steps=3, batch_size=16).fit(*toy_table)
    assert calls == [16, 16, 16]
    assert len(augmenter.sample(5)[0]) == 5
