"""Few rows of a table are trained on beside rows of their copula."""

from __future__ import annotations

import numpy as np
import pytest
from small import numbers, quick_augmenter

from ganaug.augmenter import fitting
from ganaug.augmenter.starting import place_samples

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")


def fit_and_look(monkeypatch, X, y):
    """The data of a training."""
    seen = []
    monkeypatch.setattr(fitting, "place_samples", lambda data, plan: seen.append(data) or place_samples(data, plan))
    quick_augmenter().fit(X, y)
    (data,) = seen
    return data


def test_a_quarter_of_the_samples_of_few_rows_is_of_their_copula(monkeypatch):
    data = fit_and_look(monkeypatch, *numbers(80))
    rows, codes = data.drawn
    assert len(rows) == len(codes) > len(data.x) and rows.dtype == data.x.dtype
    assert any(tensor is rows for tensor in data.all_tensors())  # a checkpoint is of these rows, too


def test_many_rows_are_trained_alone(monkeypatch):
    assert fit_and_look(monkeypatch, *numbers(2600)).drawn is None


def test_images_are_trained_alone(monkeypatch):
    X = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    assert fit_and_look(monkeypatch, X, np.arange(40) % 2).drawn is None
