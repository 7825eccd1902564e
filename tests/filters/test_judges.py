"""Judges mend what the generator got wrong, and a loaded judge says what the fitted one said."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import JUDGED, digest, numbers, points, quick_augmenter

from ganaug.augmenter import filtering as judging
from ganaug.filters import FILTERS, Candidates, Judge, Samples, draw_candidates, judges, set_strengths, sum_log_weights
from ganaug.filters.trees import Trees

pytestmark = pytest.mark.usefixtures("on_one_thread")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


# The draw


def test_draw_is_without_replacement_and_exact():
    for keep in (0, 1, 7, 20):
        kept = draw_candidates(torch.randn(20, generator=rng(1)), keep, rng())
        assert len(kept) == len(set(kept.tolist())) == keep and kept.dtype == torch.int64
    assert draw_candidates(torch.empty(0), 0, rng()).shape == (0,)


def inclusion(weights, keep):
    """min(1, c * exp(weight)) with the c at which they add up to `keep`, found by halving."""
    low, high = -100.0, 100.0
    for _ in range(200):
        level = (low + high) / 2
        chances = (weights.double() + level).exp().clamp(max=1)
        low, high = (level, high) if chances.sum() < keep else (low, level)
    return chances.numpy()


@pytest.mark.parametrize(
    ("weights", "keep"),
    [
        (torch.tensor([1.0, 2.0, 3.0, 4.0]).log(), 2),
        (torch.tensor([1.0, 2.0, 3.0, 4.0]).log() - 50.0, 1),
        (torch.tensor([0.0, 6.0, 0.5, -1.0, 5.0, -8.0]), 4),  # two of them in every draw
        (torch.randn(30, generator=rng(5)), 7),
    ],
)
def test_draw_follows_the_weights_and_shares_out_what_no_candidate_can_take_twice(weights, keep):
    source, n = rng(), 4000
    counts = torch.zeros(len(weights))
    for _ in range(n):
        counts[draw_candidates(weights, keep, source)] += 1
    np.testing.assert_allclose(counts / n, inclusion(weights, keep), atol=0.032)  # four standard errors


def test_the_order_of_what_is_drawn_says_nothing():
    weights, source = torch.tensor([9.0, 0.0, 0.0, 0.0, 0.0, 2.0]), rng()
    drawn = torch.stack([draw_candidates(weights, 3, source) for _ in range(3000)])
    for place in range(3):
        assert (drawn[:, place] == 0).float().mean().item() == pytest.approx(1 / 3, abs=0.04)  # it is in every draw


def test_a_draw_is_spread_over_the_candidates_more_evenly_than_by_chance():
    weights, source = torch.zeros(200), rng()
    weights[:100] = math.log(3.0)  # three of four that are kept belong to the first half, and hardly more or fewer
    shares = [(draw_candidates(weights, 40, source) < 100).sum().item() for _ in range(300)]
    assert np.mean(shares) == pytest.approx(30, abs=0.5) and np.std(shares) < 0.95 * math.sqrt(40 * 0.75 * 0.25)


@given(st.lists(st.floats(-1e4, 1e4) | st.just(-math.inf), min_size=1, max_size=40), st.data())
@settings(max_examples=100, deadline=None)
def test_any_weights_can_be_drawn_by(weights, data):
    keep = data.draw(st.integers(0, len(weights)))
    kept = draw_candidates(torch.tensor(weights), keep, rng(data.draw(st.integers(0, 99)))).tolist()
    assert len(kept) == len(set(kept)) == keep and set(kept) <= set(range(len(weights)))
    if keep and max(weights) > -math.inf and sorted(weights)[-2:-1] < [max(weights) - 30]:
        assert weights.index(max(weights)) in kept  # it outweighs all others together


@pytest.mark.parametrize("error", [-0.3, 0.3])
def test_odds_that_do_not_quite_add_up_change_no_number_of_rows(monkeypatch, error):
    def inclusion_probabilities(weights, keep):
        return np.full(len(weights), (keep + error) / len(weights))

    monkeypatch.setattr(judges, "inclusion_probabilities", inclusion_probabilities)
    for seed in range(20):
        kept = draw_candidates(torch.zeros(50), 9, rng(seed)).tolist()
        assert len(kept) == len(set(kept)) == 9


@pytest.mark.parametrize("level", [-1e4, -19.0, 0.0, 1e4, -math.inf])
def test_all_candidates_can_be_drawn(level):
    assert sorted(draw_candidates(torch.full((9,), level), 9, rng()).tolist()) == list(range(9))


@pytest.mark.parametrize("level", [-19.0, 1e4, -1e4, -math.inf])
def test_equal_weights_are_a_fair_draw_whatever_their_level(level):
    counts = torch.zeros(10)
    source = rng()
    for _ in range(2000):
        counts[draw_candidates(torch.full((10,), level), 3, source)] += 1
    assert (counts - 600).abs().max() < 5 * math.sqrt(600)


def test_what_weighs_nothing_is_drawn_only_when_nothing_else_is_left():
    weights = torch.full((50,), -math.inf)
    weights[[7, 31]] = torch.tensor([0.0, -20.0])
    for seed in range(20):
        assert set(draw_candidates(weights, 2, rng(seed)).tolist()) == {7, 31}
        kept = draw_candidates(weights, 5, rng(seed)).tolist()
        assert len(set(kept)) == 5 and {7, 31} <= set(kept)


def test_draw_repeats_itself():
    weights = torch.randn(100, generator=rng(3))
    assert torch.equal(draw_candidates(weights, 9, rng()), draw_candidates(weights, 9, rng()))
    assert not torch.equal(draw_candidates(weights, 9, rng()), draw_candidates(weights, 9, rng(1)))


# The judges


def fit(name, real, candidates, seed=0):
    """The judge of that name; of the candidates one in four is kept, and no other filter has weighed them."""
    weights = torch.zeros(len(candidates.codes))
    return FILTERS[name].fit(real, Candidates(candidates.features, candidates.codes, weights, 4), seed, Trees)


def gaussians(n, mean=0.0, codes=None, seed=0):
    x = torch.randn(n, 3, generator=rng(seed))
    x[:, 0] += mean
    return Samples(x, torch.arange(n) % 2 if codes is None else codes)


def kept_by(judge, candidates, seed=0):
    return candidates.rows(draw_candidates(judge.log_weight(candidates), len(candidates.codes) // 8, rng(seed)))


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


@pytest.mark.parametrize("times", [1, 4])
def test_density_ratio_is_silent_where_there_is_nothing_to_tell_apart(times):
    judge = FILTERS["density_ratio"].fit(gaussians(600), gaussians(600 * times, seed=1), 0)
    assert judge.log_weight(gaussians(500, seed=2)).std() < 0.35


@pytest.mark.parametrize("n", [150, 3000])
def test_density_ratio_learns_from_any_number_of_candidates(n):
    judge = FILTERS["density_ratio"].fit(gaussians(600, 1.0), gaussians(n, seed=1), 0)
    kept = kept_by(judge, gaussians(4000, 0.0, seed=2)).features
    assert abs(kept[:, 0].mean() - 1.0) < 0.4 and kept[:, 1:].mean(0).abs().max() < 0.2


def test_density_ratio_sees_every_candidate_and_at_most_so_many_real_rows(monkeypatch):
    monkeypatch.setattr(judges, "_MAX_REAL", 50)
    learner = Remembering()
    FILTERS["density_ratio"].fit(gaussians(200), gaussians(300, seed=1), 0, learner)
    assert sum(len(y) for _, y in learner.seen) == 4 * 350  # five parts, each left out once
    assert sum(int(y.sum()) for _, y in learner.seen) == 4 * 50


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("times", [1, 6])
def test_log_odds_are_calibrated_as_those_of_equal_numbers(times, scale):
    x = torch.empty(4000 * (1 + times)).exponential_(generator=rng())
    x[4000:] *= 3.0
    ratio = math.log(3.0) - x * 2 / 3  # of the two exponential densities, in logarithms
    y = (torch.arange(len(x)) < 4000).float()
    assert judges._fit_slope(scale * ratio, y, math.log(times)) == pytest.approx(1 / scale, abs=0.051)


def labelled(n, wrong, seed=0):
    """Rows whose class is the sign of the first feature, but for a share of `wrong` labels; and which they are."""
    x = torch.randn(n, 3, generator=rng(seed))
    x[:, 0] += torch.sign(x[:, 0])
    turned = torch.rand(n, generator=rng(seed + 1)) < wrong
    return Samples(x, ((x[:, 0] > 0) ^ turned).long()), turned


def test_label_agreement_removes_rows_under_the_wrong_label():
    judge = FILTERS["label_agreement"].fit(labelled(800, 0.02)[0], labelled(800, 0.3, seed=5)[0], 0)
    candidates, turned = labelled(4000, 0.3, seed=9)
    kept = draw_candidates(judge.log_weight(candidates), 500, rng())
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


def test_density_ratio_is_silent_about_classes_of_few_rows():
    codes = (torch.arange(1200) < 50).long()
    judge = FILTERS["density_ratio"].fit(
        gaussians(1200, codes=codes), gaussians(1200, mean=1.5, codes=codes, seed=1), 0
    )
    said = judge.log_weight(gaussians(1200, mean=0.7, codes=codes, seed=2))
    assert not said[codes == 1].any() and said[codes == 0].std() > 0.5
    few = torch.arange(80) % 2  # no class has many, so all are judged
    judge = FILTERS["density_ratio"].fit(gaussians(80, codes=few), gaussians(80, mean=3.0, codes=few, seed=1), 0)
    assert all(judge.log_weight(gaussians(80, codes=few, seed=2))[few == code].any() for code in (0, 1))


@pytest.mark.parametrize("name", FILTERS)
def test_judge_is_none_where_there_is_nothing_to_learn(name):
    few = gaussians(12)
    one_class = gaussians(12, codes=torch.zeros(12, dtype=torch.int64))
    assert fit(name, one_class, few) is None


def fitted(name):
    real = gaussians(300, 1.0)
    real.features[:, 1] += 2.0 * real.codes
    return fit(name, real, gaussians(300, seed=1))


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
    (half,) = set_strengths(judges, {"density_ratio": 0.5, "label_agreement": 0.0})
    torch.testing.assert_close(half.log_weight(samples), 0.5 * judges[0].log_weight(samples))
    assert set_strengths(judges, {}) == []
    sides = judges[0].log_weight(samples) + judges[2].log_weight(samples)
    torch.testing.assert_close(sum_log_weights([judges[0], judges[2]], samples), sides)
    assert torch.equal(sum_log_weights([], samples), torch.zeros(50))


class Remembering:
    """A learner that keeps what it was shown; its classifiers say how many there were before them."""

    def __init__(self):
        self.seen = []

    def fit(self, x, y, seed):
        said = float(len(self.seen))
        self.seen.append((x, y))
        return lambda rows: torch.full((len(rows), 1), said)


def cross_fitted(n):
    x, y = points(n)
    learner, parts = Remembering(), (torch.arange(n) % 4 < 2).long() * (torch.arange(n) % 3 // 2)
    return x, parts, learner, *judges._cross_fit(learner, x, y, parts, 0)


def test_of_few_rows_each_judge_knows_all_but_its_part():
    x, parts, learner, classifiers, unseen = cross_fitted(60)
    assert torch.equal(unseen[:, 0], parts.float())  # each part was judged by the one that did not see it
    assert [c(x[:1]).item() for c in classifiers] == [0.0, 1.0] and [len(y) for _, y in learner.seen] == [10, 50]


def test_of_many_rows_one_judge_knows_all_and_others_calibrate_it(monkeypatch):
    monkeypatch.setattr(judges, "_MANY_OF_CLASS", 20)
    x, parts, learner, (only,), unseen = cross_fitted(60)
    assert torch.equal(unseen[:, 0], parts.float()) and only(x[:1]).item() == 2.0
    shown = learner.seen[2][0]
    assert torch.equal(shown.sort(0).values, x.sort(0).values)
    assert len(fitted("density_ratio").classifiers) == len(fitted("density_ratio").slopes) == 1


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
        ("marginals", {"marginals": 1.0}),
        ({"marginals": 0.5, "label_agreement": 2}, {"label_agreement": 2, "marginals": 0.5}),
        ({"marginals": 0, "label_agreement": 1}, {"label_agreement": 1}),
        ({"density_ratio": 0.25, "label_agreement": 2}, {"density_ratio": 0.25, "label_agreement": 2}),
        (None, {}),
    ],
)
def test_filters_are_used_as_the_user_says(given, used):
    augmenter = quick_augmenter(filters=given).fit(*numbers())
    assert augmenter.filters_["strengths"] == used
    assert {judge.name: judge.strength for judge in augmenter.model_.judges} == used


def corrections_asked_for(monkeypatch):
    """What the filter that corrects is fitted to: a list of (real, candidates), which fills up."""
    asked, known = [], FILTERS["marginals"]

    def fit(real, candidates, seed, learner):
        asked.append((real, candidates))
        return known.fit(real, candidates, seed, learner)

    monkeypatch.setitem(FILTERS, "marginals", replace(known, fit=fit))
    return asked


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
@pytest.mark.parametrize("wanted", ["auto", {"marginals": 1.0, "label_agreement": 0.5}])
def test_corrections_are_fitted_last_to_all_rows_and_to_what_the_filters_in_use_leave(monkeypatch, wanted):
    monkeypatch.setattr(judging, "FEW_ROWS", 400)
    asked, n = corrections_asked_for(monkeypatch), 600
    augmenter = quick_augmenter(filters=wanted, max_steps=10).fit(*numbers(n))
    ((real, candidates),) = asked
    assert len(real.codes) == n and augmenter.model_.facts["held_out"] > 0
    *others, last = augmenter.model_.judges
    assert last.name == "marginals" and candidates.keep_one_in == augmenter.model_.modality.oversampling
    assert len(candidates.codes) == 4 * n
    torch.testing.assert_close(candidates.weights, sum_log_weights(others, candidates))
    assert candidates.weights.std() > 0


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_corrections_leave_label_agreement_alone_in_a_class_of_few_rows(monkeypatch):
    asked = corrections_asked_for(monkeypatch)
    X, y = numbers(900)
    rare = np.cumsum(y == 1) > 60  # of class 1
    X, y = X[(y == 0) | ~rare], y[(y == 0) | ~rare]
    wanted = {"density_ratio": 1.0, "label_agreement": 1.0, "marginals": 1.0}
    augmenter = quick_augmenter(filters=wanted, max_steps=10).fit(X, y)
    ((_, candidates),) = asked
    density, label, _ = augmenter.model_.judges
    both = sum_log_weights([density, label], candidates)
    few = candidates.codes == 1
    torch.testing.assert_close(candidates.weights[~few], both[~few])
    torch.testing.assert_close(candidates.weights[few], density.log_weight(candidates)[few])
    assert (both[few] - candidates.weights[few]).abs().max() > 0.1


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
@pytest.mark.parametrize(
    ("n", "used"),
    [
        (20, {"label_agreement": 1.0}),
        (1999, {"label_agreement": 1.0}),
        (2000, {"density_ratio": 1.0, "label_agreement": 1.0, "marginals": 1.0}),
    ],
)
def test_small_tables_have_one_filter_and_large_ones_all(n, used):
    augmenter = quick_augmenter(filters="auto", max_steps=10).fit(*numbers(n))
    assert augmenter.filters_ == {"strengths": used}
    assert {judge.name: judge.strength for judge in augmenter.model_.judges} == used


def test_a_small_table_has_judges_of_five_parts_and_a_large_one_of_two():
    for n, parts in ((200, 5), (2400, 5), (10_000, 2)):
        X, y = points(n)
        judge = FILTERS["label_agreement"].fit(Samples(X, y), Samples(X, y), 0)
        assert len(judge.classifiers) == len(judge.slopes) == parts


def test_each_filter_says_how_many_rows_it_dropped(judged_augmenter, toy_table):
    augmenter = copy.deepcopy(judged_augmenter)
    augmenter.resample(*toy_table)
    dropped = augmenter.resampled_["dropped"]
    assert {FILTERS[name].reason for name in JUDGED} <= set(dropped)
    assert all(count > 0 for count in dropped.values())
