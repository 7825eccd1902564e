"""A training on a table ends early once its rows are hardly told from real ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small import numbers, quick_augmenter

from ganaug.augmenter import fitting
from ganaug.table import TABLE

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

STEPS = 400  # scored every fifty steps


@pytest.fixture(autouse=True)
def _healthy(monkeypatch):
    monkeypatch.setattr(fitting._Training, "find_collapsed", lambda *_: [])


def train(detection, n=3000, **options):
    """Return the steps of a training whose rows are told from real ones so well, and how many rows were compared."""
    sizes = []

    def detect(real, synthetic, seed):
        sizes.append((len(real[0]), len(real[1]), len(synthetic[0]), len(synthetic[1])))
        return detection

    modality = replace(TABLE, detect=detect)
    fitted = quick_augmenter(modality=modality, max_steps=STEPS, patience=100, **options).fit(*numbers(n))
    return len(fitted.history_["generator_loss"]), sizes


def test_rows_that_are_hardly_told_from_real_ones_end_the_training():
    steps, sizes = train(0.54)
    assert steps == 200  # the third score, and a third of its steps
    assert len(sizes) == 1 and len(set(sizes[0])) == 1 and 2000 <= sizes[0][0] < 3000


def test_rows_that_are_told_from_real_ones_do_not():
    steps, sizes = train(0.56)
    assert steps == STEPS and len(sizes) == 3


def test_the_best_effort_never_ends_early():
    assert train(0.5, effort="best") == (STEPS, [])


def test_few_rows_are_not_compared():
    assert train(0.5, n=1900) == (STEPS, [])
