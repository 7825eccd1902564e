"""Judges mend what the generator got wrong, and a loaded judge says what the fitted one said."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from small import digest, numbers, points, quick_augmenter

from ganaug.augmenter import judging
from ganaug.augmenter.judging import _best_strengths
from ganaug.filters import FILTERS, Judge, Samples, draw, with_strength
from ganaug.trees import Trees

pytestmark = pytest.mark.usefixtures("on_one_thread")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


# The draw


def test_draw_is_without_replacement_and_exact():
    for keep in (0, 1, 7, 20):
        kept = draw(torch.randn(20, generator=rng(1)), keep, rng())
        assert len(kept) == len(set(kept.tolist())) == keep


def test_draw_follows_the_weights():
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    source = rng()
    first, second = np.zeros(4), np.zeros(4)
    for _ in range(4000):
        order = draw(weights.log(), 2, source).tolist()
        first[order[0]] += 1
        second[order[1]] += 1
    share = (weights / 10).numpy()
    np.testing.assert_allclose(first / 4000, share, atol=0.035)
    # the second of two draws without replacement: sum over the first of p_i * p_j / (1 - p_i)
    expected = [sum(share[i] * share[j] / (1 - share[i]) for i in range(4) if i != j) for j in range(4)]
    np.testing.assert_allclose(second / 4000, expected, atol=0.035)


def test_equal_weights_are_a_fair_draw_whatever_their_level():
    counts = torch.zeros(10)
    source = rng()
    for _ in range(2000):
        counts[draw(torch.full((10,), -19.0), 3, source)] += 1
    assert (counts - 600).abs().max() < 5 * math.sqrt(600)


def test_what_weighs_nothing_is_drawn_only_when_nothing_else_is_left():
    weights = torch.full((50,), -math.inf)
    weights[[7, 31]] = torch.tensor([0.0, -20.0])
    for seed in range(20):
        assert set(draw(weights, 2, rng(seed)).tolist()) == {7, 31}
        kept = draw(weights, 5, rng(seed)).tolist()
        assert len(set(kept)) == 5 and {7, 31} <= set(kept)


def test_draw_repeats_itself():
    weights = torch.randn(100, generator=rng(3))
    assert torch.equal(draw(weights, 9, rng()), draw(weights, 9, rng()))
    assert not torch.equal(draw(weights, 9, rng()), draw(weights, 9, rng(1)))


# The judges


def gaussians(n, mean=0.0, codes=None, seed=0):
    x = torch.randn(n, 3, generator=rng(seed))
    x[:, 0] += mean
    return Samples(x, torch.arange(n) % 2 if codes is None else codes)


def kept_by(judge, candidates, seed=0):
    return candidates.rows(draw(judge.log_weight(candidates), len(candidates.codes) // 8, rng(seed)))


def test_density_ratio_mends_a_shifted_column_and_leaves_the_others():
    real, candidates = gaussians(1500, 1.0), gaussians(4000, 0.0, seed=1)
    judge = FILTERS["density_ratio"].fit(real, candidates, 0)
    kept = kept_by(judge, gaussians(4000, 0.0, seed=2)).features
    assert abs(kept[:, 0].mean() - 1.0) < 0.3
    assert kept[:, 1:].mean(0).abs().max() < 0.2 and 0.75 < kept[:, 0].std() < 1.2


def test_density_ratio_sees_a_class_generated_in_another_place():
    codes = torch.arange(1500) % 2
    real = gaussians(1500, codes=codes)
    real.features[:, 1] += 4.0 * codes
    candidates = gaussians(1500, codes=1 - codes, seed=1)  # every row lies where the other class belongs
    candidates.features[:, 1] += 4.0 * (1 - candidates.codes)
    judge = FILTERS["density_ratio"].fit(real, candidates, 0)
    right, wrong = judge.log_weight(real), judge.log_weight(candidates)
    assert right.median() - wrong.median() > 2.0


def test_density_ratio_is_silent_where_there_is_nothing_to_tell_apart():
    judge = FILTERS["density_ratio"].fit(gaussians(600), gaussians(600, seed=1), 0)
    assert judge.log_weight(gaussians(500, seed=2)).std() < 0.35


def labelled(n, wrong, seed=0):
    """Rows whose class is the sign of the first feature, but for a share of `wrong` labels; and which they are."""
    x = torch.randn(n, 3, generator=rng(seed))
    x[:, 0] += torch.sign(x[:, 0])
    turned = torch.rand(n, generator=rng(seed + 1)) < wrong
    return Samples(x, ((x[:, 0] > 0) ^ turned).long()), turned


def test_label_agreement_removes_rows_under_the_wrong_label():
    judge = FILTERS["label_agreement"].fit(labelled(800, 0.02)[0], labelled(800, 0.3, seed=5)[0], 0)
    candidates, turned = labelled(4000, 0.3, seed=9)
    kept = draw(judge.log_weight(candidates), 500, rng())
    assert turned.float().mean() > 0.28 and turned[kept].float().mean() < 0.06


def test_label_agreement_of_three_classes_and_a_class_nobody_knows():
    codes = torch.arange(900) % 3
    real = gaussians(900, codes=codes)
    real.features[:, 2] += 5.0 * codes
    judge = FILTERS["label_agreement"].fit(real, real, 0)
    assert judge.classes == (0, 1, 2)
    asked = gaussians(40, codes=torch.arange(40) % 4)
    asked.features[:, 2] = 5.0  # where class 1 lives
    weights = judge.log_weight(asked)
    assert weights[asked.codes == 1].min() > -0.1
    assert weights[(asked.codes == 0) | (asked.codes == 2)].max() < -1.5
    assert (weights[asked.codes == 3] == 0).all()


def test_label_agreement_of_memorised_noise_is_weak():
    noise = gaussians(400, codes=torch.randint(0, 2, (400,), generator=rng(4)))
    judge = FILTERS["label_agreement"].fit(noise, noise, 0)
    assert judge.log_weight(gaussians(300, seed=8)).std() < 0.3


@pytest.mark.parametrize("name", FILTERS)
def test_judge_is_none_where_there_is_nothing_to_learn(name):
    few = gaussians(12)
    one_class = gaussians(12, codes=torch.zeros(12, dtype=torch.int64))
    assert FILTERS[name].fit(one_class, few, 0) is None


def fitted(name):
    real = gaussians(300, 1.0)
    real.features[:, 1] += 2.0 * real.codes
    return FILTERS[name].fit(real, gaussians(300, seed=1), 0)


@pytest.mark.parametrize("name", FILTERS)
def test_loaded_judge_weighs_like_the_fitted_one(name):
    judge = replace(fitted(name), strength=0.5)
    facts, tensors = json.loads(json.dumps(judge.to_json(), allow_nan=False)), judge.tensors()
    assert Judge.expected(facts, Trees) == {key: (tensor.dtype, tuple(tensor.shape)) for key, tensor in tensors.items()}
    loaded = Judge.from_json(facts, {key: tensor.clone() for key, tensor in tensors.items()}, Trees)
    samples = gaussians(500, seed=3)
    assert torch.equal(loaded.log_weight(samples), judge.log_weight(samples))
    assert judge.log_weight(samples).std() > 0.01


@pytest.mark.parametrize("name", FILTERS)
def test_seed_decides_the_judge(name):
    first, second = fitted(name), fitted(name)
    assert first.slopes == second.slopes
    assert all(torch.equal(a, b) for a, b in zip(first.tensors().values(), second.tensors().values(), strict=True))


@pytest.mark.parametrize("name", FILTERS)
def test_weights_are_finite_and_rows_are_weighed_one_by_one(name):
    judge = fitted(name)
    extreme = Samples(torch.tensor([[1e30, -1e30, 0.0], [0.0, 0.0, 0.0]]), torch.tensor([0, 1]))
    assert judge.log_weight(extreme).isfinite().all()
    samples = gaussians(50)
    alone = torch.cat([judge.log_weight(samples.rows([i])) for i in range(50)])
    torch.testing.assert_close(alone, judge.log_weight(samples))


def test_strength_multiplies_and_zero_switches_off():
    judges = [fitted(name) for name in FILTERS]
    samples = gaussians(50)
    (half,) = with_strength(judges, {"density_ratio": 0.5, "label_agreement": 0.0})
    torch.testing.assert_close(half.log_weight(samples), 0.5 * judges[0].log_weight(samples))
    assert with_strength(judges, {}) == []


# In GANAugmenter


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_filters_that_are_off_change_nothing():
    X, y = numbers()
    off = [None, [], {}, {"density_ratio": 0}, {"density_ratio": 0.0, "label_agreement": 0}]
    assert len({digest(*quick_augmenter(filters=f).fit(X, y).sample(50)) for f in off}) == 1
    on = quick_augmenter(filters="density_ratio").fit(X, y)
    assert digest(*on.sample(50)) != digest(*quick_augmenter().fit(X, y).sample(50))


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("label_agreement", {"label_agreement": 1.0}),
        (("density_ratio",), {"density_ratio": 1.0}),
        ({"density_ratio": 0.25, "label_agreement": 2}, {"density_ratio": 0.25, "label_agreement": 2}),
        (None, {}),
    ],
)
def test_filters_are_used_as_the_user_says(given, used):
    augmenter = quick_augmenter(filters=given).fit(*numbers())
    assert augmenter.filters_["strengths"] == used
    assert {judge.name: judge.strength for judge in augmenter.model_.judges} == used


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_by_default_several_strengths_are_tried_on_held_out_rows():
    augmenter = quick_augmenter(filters="auto", max_steps=10).fit(*numbers(2000))
    scores = augmenter.filters_["scores"]
    assert scores[0][0] == {} and len(scores) > 3
    assert augmenter.filters_["strengths"] in [tried for tried, _ in scores]
    used = {judge.name: judge.strength for judge in augmenter.model_.judges}
    assert used == augmenter.filters_["strengths"]


@pytest.mark.parametrize(
    ("lead", "used"), [(0.0, {"label_agreement": 1.0}), (0.009, {"label_agreement": 1.0}), (0.011, {}), (0.5, {})]
)
def test_the_usual_strengths_give_way_to_those_that_held_out_rows_find_clearly_better(lead, used):
    tried = [({}, 0.8 + lead), ({"density_ratio": 1.0}, 0.7), ({"label_agreement": 1.0}, 0.8)]
    assert _best_strengths(tried, {"label_agreement": 1.0}, 100) == used


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_with_many_rows_the_usual_filters_are_density_ratio_and_half_of_label_agreement(monkeypatch):
    monkeypatch.setattr(judging, "_NOISE", 1e9)  # nothing can be clearly better
    usual = {"density_ratio": 1.0, "label_agreement": 0.5}
    augmenter = quick_augmenter(filters="auto", max_steps=10).fit(*numbers(2000))
    assert augmenter.filters_["strengths"] == usual
    assert usual in [tried for tried, _ in augmenter.filters_["scores"]]


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
@pytest.mark.parametrize("n", [20, 300])
def test_with_few_held_out_rows_nothing_is_tried_and_the_usual_filter_is_taken(n):
    augmenter = quick_augmenter(filters="auto").fit(*numbers(n))
    assert augmenter.filters_ == {"strengths": {"label_agreement": 1.0}, "scores": []}


def test_a_small_table_has_judges_of_five_parts_and_a_large_one_of_two():
    for n, parts in ((200, 5), (2400, 2)):
        X, y = points(n)
        judge = FILTERS["label_agreement"].fit(Samples(X, y), Samples(X, y), 0)
        assert len(judge.classifiers) == len(judge.slopes) == parts


def test_each_filter_says_how_many_rows_it_dropped(judged_augmenter, toy_table):
    augmenter = copy.deepcopy(judged_augmenter)
    augmenter.resample(*toy_table)
    dropped = augmenter.resampled_["dropped"]
    assert {FILTERS[name].reason for name in FILTERS} <= set(dropped)
    assert all(count > 0 for count in dropped.values())
