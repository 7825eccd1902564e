"""A generator that collapsed is reported every time, and a sound one never."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small import numbers, quick_augmenter

from ganaug import CollapseWarning
from ganaug.augmenter import fitting
from ganaug.augmenter.collapse import find_collapsed_classes, warn_of_alike_classes
from ganaug.augmenter.split import Data
from ganaug.augmenter.streams import Source
from ganaug.metrics import COLLAPSED
from ganaug.modality import Generator
from ganaug.table import TABLE
from ganaug.table.networks import Layout, TableGenerator


def collapsing(monkeypatch, spoil):
    """Let every training end with a generator that `spoil(weights)` has changed."""
    real = fitting._Training.run

    def run(*arguments, **options):
        state = real(*arguments, **options)
        spoil(state.best)
        return state

    monkeypatch.setattr(fitting._Training, "run", run)


def one_point(weights):
    weights["heads.weight"].zero_()


def deaf_to_z(weights):
    weights["first.weight"][:, :64] = 0.0


@pytest.mark.promise("collapse")
@pytest.mark.parametrize("spoil", [one_point, deaf_to_z])
@pytest.mark.parametrize("seed", range(4))
def test_a_collapsed_generator_is_always_reported(monkeypatch, spoil, seed):
    collapsing(monkeypatch, spoil)
    augmenter = quick_augmenter(random_state=seed)
    with pytest.warns(CollapseWarning, match=r"class '0', '1' vary far less .*Train longer \(max_steps\)") as caught:
        augmenter.fit(*numbers())
    assert max(augmenter.diversity_.values()) < COLLAPSED
    assert caught[0].filename == __file__  # it points at the line that called fit


class DeafInOneClass(TableGenerator):
    """Hears nothing of z in class 1."""

    def sample(self, z, c, noise):
        return super().sample(z * (c == 0).unsqueeze(1), c, noise)


def deaf_generator(schema, architecture):
    with torch.device("meta"):
        return DeafInOneClass(Layout.from_schema(schema), architecture)


@pytest.mark.promise("collapse")
def test_a_class_that_collapsed_alone_is_named_alone():
    deaf = replace(TABLE, name="deaf", generator=deaf_generator)
    augmenter = quick_augmenter(modality=deaf, max_steps=300, width=32, batch_size=32)
    with pytest.warns(CollapseWarning, match="class '1' vary far less"):
        augmenter.fit(*numbers(200))
    assert augmenter.diversity_["1"] < COLLAPSED < augmenter.diversity_["0"]


@pytest.mark.promise("collapse")
@pytest.mark.parametrize("seed", range(2))
def test_a_sound_generator_is_not_reported(seed):
    augmenter = quick_augmenter(max_steps=300, width=32, batch_size=32, random_state=seed).fit(*numbers(200))
    assert min(augmenter.diversity_.values()) > COLLAPSED


# In training


class Uneven(Generator):
    """Gives one point in even classes, and points far apart in odd ones."""

    noise_dim = 0

    def sample(self, z, c, noise):
        return z[:, :2] * (c % 2).unsqueeze(1)


def split(*counts):
    """So many standard normal samples of each class, of which none are held out."""
    codes = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    x = torch.randn(len(codes), 2, generator=torch.Generator().manual_seed(0))
    return Data(x, codes, x[:0], codes[:0], [count / sum(counts) for count in counts])


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((40, 40, 40), [0, 2]), ((20, 40, 19), [0]), ((19, 40, 4), []), ((0, 30, 25), [2])],
)
def test_classes_of_which_too_few_samples_are_known_are_not_said_to_collapse(counts, expected):
    source = Source(Uneven(), lambda x: x, [], latent_dim=2)
    assert find_collapsed_classes(source, split(*counts), seed=0) == expected


# --- classes that are alike ---


def pairs_of(real_distance, made_distance, n=60, k=2):
    def draw(distance):
        return [torch.randn(n, 5, generator=rng) + distance * code for code in range(k)]

    rng = torch.Generator().manual_seed(0)
    return dict(enumerate(zip(draw(real_distance), draw(made_distance), strict=True)))


def test_samples_that_do_not_tell_classes_apart_as_real_ones_do_are_warned_of():
    with pytest.warns(CollapseWarning, match=r"hardly tell the classes apart: .* ones \d+% .*Train longer"):
        warn_of_alike_classes(pairs_of(3, 0))


@pytest.mark.parametrize("made", [2.0, 0.2])
def test_samples_of_a_wide_table_that_have_a_tenth_of_the_difference_are_warned_of(made):
    def draw(distance):
        x = torch.randn(75, 2000, generator=rng)
        x[:, :20] += distance
        return x

    rng = torch.Generator().manual_seed(0)
    pairs = {0: (draw(0.0), draw(0.8)), 1: (draw(2.0), draw(0.8 + made))}
    if made == 2.0:
        pairs[0] = draw(0.0), draw(0.0)
        pairs[1] = draw(2.0), draw(2.0)
        warn_of_alike_classes(pairs)
        return
    with pytest.warns(CollapseWarning, match=r"real samples tell other real ones \d\d% .* each other \d+% at most"):
        warn_of_alike_classes(pairs)


@pytest.mark.parametrize(
    ("real", "made", "n", "k"), [(3, 3, 60, 2), (3, 2.5, 60, 5), (0, 0, 60, 2), (0, 0, 5, 2), (9, 9, 5, 1)]
)
def test_samples_that_tell_classes_apart_or_never_could_are_not_warned_of(real, made, n, k):
    warn_of_alike_classes(pairs_of(real, made, n, k))


def test_a_training_that_was_not_cut_short_is_looked_at_for_alike_classes(monkeypatch):
    X, y = numbers()
    seen = []
    monkeypatch.setattr(fitting, "warn_of_collapse", lambda *_: None)
    monkeypatch.setattr(fitting, "warn_of_alike_classes", seen.append)
    quick_augmenter().fit(X, y)
    assert not seen
    short = replace(TABLE, defaults=lambda *known: replace(TABLE.defaults(*known), max_steps=3))
    quick_augmenter(modality=short, max_steps="auto").fit(X, y)
    assert len(seen) == 1
    assert len(seen[0]) == 2
