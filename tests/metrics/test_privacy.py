"""Near-copies and membership inference: a memoriser is seen, fresh rows raise no alarm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from toy_table import make_toy_table

from ganaug.errors import DataError
from ganaug.metrics import ATTACKS, membership_inference, near_copy_share
from ganaug.metrics.membership import Target, auc_interval, density_ratio, monte_carlo
from ganaug.metrics.neighbours import nearest_distances


def mixed(n, seed):
    X, y = make_toy_table(n, seed)
    return X.assign(churn=y)


def numeric(n, seed):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(n, 6)))


def categorical(n, seed):
    return pd.DataFrame(np.random.default_rng(seed).choice(list("abcdef"), (n, 5), p=[0.4, 0.3, 0.1, 0.1, 0.05, 0.05]))


def heavy_tailed(n, seed):
    return pd.DataFrame(np.random.default_rng(seed).standard_cauchy((n, 3)))


TABLES = [mixed, numeric, categorical, heavy_tailed]


def parts(table, seed=0):
    """400 training rows, 200 held-out and 300 more rows of the same distribution."""
    rows = table(900, seed)
    return rows[:400], rows[400:600], rows[600:]


def disturbed(frame, amount=0.02):
    """A memoriser's work: all numbers a little off."""
    rng, frame = np.random.default_rng(0), frame.copy()
    for name in frame.select_dtypes("number"):
        spread = frame[name].quantile(0.75) - frame[name].quantile(0.25)
        frame[name] = frame[name] + rng.normal(0, amount * spread, len(frame))
    return frame


# ---- near-copies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_copies_are_all_near_copies(table):
    real, holdout, _ = parts(table)
    found = near_copy_share(real, real.sample(frac=1, random_state=0), holdout)
    assert (found.synthetic, found.n) == (1.0, 400)
    assert found.holdout < 0.5


@pytest.mark.parametrize("table", [mixed, numeric, heavy_tailed])
def test_slightly_changed_copies_are_near_copies(table):
    real, holdout, _ = parts(table)
    found = near_copy_share(real, disturbed(real, 1e-3), holdout)
    assert found.synthetic > 0.95
    assert found.holdout < 0.06


@pytest.mark.parametrize("table", TABLES)
def test_fresh_rows_are_near_copies_as_often_as_held_out_ones(table):
    real, holdout, fresh = parts(table)
    found = near_copy_share(real, fresh, holdout)
    assert found.synthetic == pytest.approx(found.holdout, abs=0.1)


def test_duplicated_real_rows_do_not_change_what_is_a_near_copy():
    real, _, fresh = parts(mixed)
    once, twice = (near_copy_share(rows, disturbed(real, 1e-3), fresh) for rows in (real, pd.concat([real] * 2)))
    assert twice.synthetic == pytest.approx(once.synthetic, abs=0.01)
    assert twice.holdout == pytest.approx(once.holdout, abs=0.01)


def test_rows_that_differ_in_one_category_are_no_copies():
    real = pd.DataFrame([[a, b] for a in "abc" for b in "xyz"])
    synthetic = pd.DataFrame([["a", "new"], ["a", "x"]])
    assert near_copy_share(real, synthetic, real).synthetic == 0.5


def test_near_copies_without_a_hold_out_or_with_equal_rows_only():
    real = pd.DataFrame({"a": [1.0] * 5})
    assert near_copy_share(real, real).holdout is None
    assert near_copy_share(real, real, real[:0]).holdout is None
    found = near_copy_share(real, pd.DataFrame({"a": [1.0, 1.0, 2.0, 3.0]}), real)
    assert (found.synthetic, found.holdout, found.n) == (0.5, 1.0, 4)


def test_near_copies_of_images():
    images = np.random.default_rng(0).random((60, 6, 6))
    found = near_copy_share(images[:40], images[:40] + 1e-4, images[40:])
    assert (found.synthetic, found.holdout) == (1.0, pytest.approx(0, abs=0.1))


def test_of_many_rows_some_are_looked_at():
    rows = pd.DataFrame({"a": np.arange(6000.0)})
    assert near_copy_share(rows, rows).n == 5000


def test_equal_points_have_no_distance_in_many_dimensions():
    points = np.random.default_rng(0).normal(3, 1, (200, 100)).astype(np.float32)
    assert not nearest_distances(points, points[::-1], 3)[:, 0].any()


# ---- membership inference ------------------------------------------------------------------------


@pytest.mark.parametrize("disturb", [lambda rows: rows, disturbed])
@pytest.mark.parametrize("table", [mixed, numeric, heavy_tailed])
def test_a_memoriser_is_seen(table, disturb):
    members, others, _ = parts(table)
    found = membership_inference(members, disturb(members), others, random_state=0)
    assert found.maximum.auc >= 0.9
    assert found.maximum.ci_low > 0.8
    assert {a.name for a in found.attacks} == set(ATTACKS)


def test_a_memoriser_of_categories_is_seen():
    members, others, _ = parts(categorical)
    assert membership_inference(members, members, others, random_state=0).maximum.auc >= 0.9


@pytest.mark.parametrize("attack", ["nearest synthetic row", "Monte Carlo", "density ratio"])
def test_each_attack_by_distance_sees_a_memoriser(attack):
    members, others, _ = parts(mixed)
    found = {a.name: a for a in membership_inference(members, disturbed(members), others, random_state=0).attacks}
    assert found[attack].auc >= 0.9


def test_the_classifier_sees_where_synthetic_rows_crowd():
    rng = np.random.default_rng(0)
    members, others = (pd.DataFrame(rng.normal(mean, 1, (300, 2))) for mean in (1, 0))
    synthetic = pd.DataFrame(rng.normal(1, 1, (300, 2)))
    found = {a.name: a for a in membership_inference(members, synthetic, others, random_state=0).attacks}
    assert found["classifier"].auc > 0.7


@pytest.mark.parametrize("table", TABLES)
def test_fresh_rows_raise_no_alarm(table):
    for seed in range(5):
        members, others, fresh = parts(table, seed)
        found = membership_inference(members, fresh, others, seed)
        assert found.maximum.ci_low <= 0.5 <= found.maximum.ci_high


def test_duplicated_rows_neither_hide_a_memoriser_nor_raise_an_alarm():
    rows = mixed(800, 0)
    doubled = pd.concat([rows] * 2).sample(frac=1, random_state=0)
    members, others = doubled[:1000], doubled[1000:]
    assert membership_inference(members, members, others, random_state=0).maximum.auc >= 0.9
    calm = membership_inference(members, mixed(1000, 1), others, random_state=0).maximum
    assert calm.ci_low <= 0.5 <= calm.ci_high


def test_where_all_rows_have_equals_all_are_attacked():
    rows = pd.DataFrame({"a": list("ab") * 50})
    found = membership_inference(rows, rows, rows[:40], random_state=0)
    assert (found.members, found.non_members) == (20, 20)
    assert found.maximum.ci_low <= 0.5 <= found.maximum.ci_high


def test_the_maximum_is_the_best_attack_with_a_wider_interval():
    members, others, fresh = parts(mixed)
    found = membership_inference(members, fresh, others, random_state=0)
    best = max(found.attacks, key=lambda a: a.auc)
    assert (found.maximum.name, found.maximum.auc) == (best.name, best.auc)
    assert found.maximum.ci_low < best.ci_low
    assert found.maximum.ci_high > best.ci_high


def test_as_many_members_as_others_are_attacked_and_the_seed_decides_which():
    members, others, fresh = parts(numeric)
    first, again, other = (membership_inference(members, fresh, others, seed) for seed in (2**62, 2**62, 1))
    assert first == again != other
    assert first.members == first.non_members == 100


def test_categories_that_only_members_have_are_no_clue():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"name": [f"n{i}" for i in range(160)], "x": rng.normal(size=160)})
    synthetic = rows.assign(name="unknown", x=rng.normal(size=160))
    found = membership_inference(rows[:80], synthetic, rows[80:], random_state=0)
    assert all(0.3 < a.auc < 0.7 for a in found.attacks)


def test_too_few_rows_are_refused():
    rows = numeric(20, 0)
    with pytest.raises(DataError, match=r"20 training rows and 7 held-out rows; .* at least 2 and 8\. Hold out more"):
        membership_inference(rows, rows, rows[:7], random_state=0)
    assert membership_inference(rows[:2], rows[:1], rows[:8], random_state=0).members == 2


def test_arrays_can_be_attacked():
    images = np.random.default_rng(0).random((60, 4, 4))
    assert membership_inference(images[:30], images[:30], images[30:], random_state=0).maximum.auc >= 0.9


# ---- attacks and intervals -----------------------------------------------------------------------


def target(to_synthetic, to_reference):
    return Target(np.array(to_synthetic, float), np.array(to_reference, float), (np.empty((0, 0)),) * 3, 0)


def test_monte_carlo_counts_rows_within_the_median_distance():
    scores = monte_carlo(target([[0, 1, 2], [2, 2, 9], [5, 6, 7]], [[1], [1], [1]]))
    assert scores.tolist() == [3.0, 2.0, 0.0]


def test_density_ratio_grows_with_the_distance_to_reference_rows():
    scores = density_ratio(target([[1, 2], [1, 2], [0, 2]], [[1, 2], [2, 4], [1, 2]]))
    assert scores[0] == pytest.approx(0)
    assert scores[1] == pytest.approx(np.log(2), abs=0.01)
    assert scores[2] > scores[1]


@pytest.mark.parametrize("name", ATTACKS)
def test_docstring_of_an_attack_names_its_source(name):
    assert any(venue in ATTACKS[name].__doc__ for venue in ("CCS 2020", "PoPETs\n    2019", "2023", "PoPETs 2019"))


@pytest.mark.parametrize(
    ("auc", "n", "low", "high"),
    [(0.5, 100, 0.4038, 0.5962), (1.0, 100, 0.9630, 1.0), (0.0, 100, 0.0, 0.0370), (0.9, 50, 0.7864, 0.9565)],
)
def test_interval_is_that_of_a_share(auc, n, low, high):
    assert auc_interval(auc, n) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_interval_covers_the_true_area_whatever_the_spread(shift):
    rng = np.random.default_rng(0)
    true = (rng.normal(shift, 3, 10**6) > rng.normal(0, 1, 10**6)).mean()
    truth, covered = np.repeat([1, 0], 40), 0
    for _ in range(300):
        low, high = auc_interval(roc_auc_score(truth, rng.normal(np.repeat([shift, 0], 40), np.repeat([3, 1], 40))), 40)
        covered += low <= true <= high
    assert covered >= 0.95 * 300
