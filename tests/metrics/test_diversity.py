"""Diversity falls when samples are alike or copies of a few, and not otherwise."""

from __future__ import annotations

import inspect
import re

import pytest
import torch

from ganaug.metrics import COLLAPSED, METRICS, diversity


def cloud(n=150, d=4, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", METRICS)
def test_docstring_names_the_source(name):
    assert re.search(r"arXiv \d{4}\.\d{4,5}|(ICLR|ICML|NeurIPS|CVPR) \d{4}", inspect.getdoc(METRICS[name]))


def test_it_is_the_smaller_of_the_two_ratios():
    real, made = cloud(6), cloud(6, seed=1) * 0.5
    away = lambda x: torch.cdist(x, x, p=1)  # noqa: E731
    mean = away(made).sum() / away(real).sum()
    nearest = [(away(x) + 1e9 * torch.eye(6)).min(1).values.mean() for x in (made, real)]
    assert diversity(real, made) == pytest.approx(min(mean.item(), (nearest[0] / nearest[1]).item()), rel=1e-5)


def test_other_samples_of_the_same_kind_are_as_varied():
    assert diversity(cloud(), cloud(seed=1)) > 0.85


def test_more_variety_than_the_real_samples_counts_as_one():
    assert diversity(cloud(), 5 * cloud(seed=1)) == 1.0


@pytest.mark.parametrize("collapsed", ["one point", "a tight ball", "copies of three"])
def test_collapse_is_seen(collapsed):
    made = {
        "one point": torch.ones(150, 4),
        "a tight ball": 0.05 * cloud(seed=1),
        "copies of three": cloud(3, seed=1).repeat(50, 1),
    }[collapsed]
    assert diversity(cloud(), made) < COLLAPSED


def test_where_real_samples_are_equal_nothing_is_missing():
    assert diversity(torch.ones(10, 2), torch.ones(10, 2)) == 1.0


def test_real_duplicates_do_not_hide_a_collapse():
    assert diversity(cloud(75).repeat(2, 1), torch.ones(150, 4)) < COLLAPSED


def test_samples_may_have_any_shape():
    images = torch.randn(20, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert diversity(images, images) == 1.0
    assert diversity(images, torch.zeros_like(images)) == 0.0
