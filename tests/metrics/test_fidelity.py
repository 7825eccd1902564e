"""Points that rows become, detection, density and coverage: for rows of the real distribution, and for worse ones."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from toy_table import make_toy_table

from ganaug.errors import DataError
from ganaug.metrics import Space, class_density_coverage, density_coverage, detection_auc
from ganaug.metrics.space import feature_tables, flatten_samples, sample_rows


def points(data, learned=None):
    return Space.fit(data if learned is None else learned).transform(data)


def distance(data, i=0, j=1, learned=None):
    x = points(data, learned)
    return float(np.linalg.norm(x[i] - x[j]))


def column(values, dtype=None):
    return pd.DataFrame({"a": pd.Series(values, dtype=dtype)})


# ---- space ---------------------------------------------------------------------------------------


def test_numbers_are_scaled_as_a_normal_distribution_would_be():
    x = points(np.random.default_rng(0).normal(50, 7, size=(20_000, 2)))
    assert x.shape == (20_000, 2)
    assert x.dtype == np.float32
    assert np.median(x, axis=0) == pytest.approx([0, 0], abs=0.02)
    assert x.std(axis=0) == pytest.approx([1, 1], abs=0.02)


def test_extreme_numbers_decide_nothing_and_stay_apart():
    values = [*np.random.default_rng(0).normal(size=998), 1e6, 2e6]
    x = points(column(values))[:, 0]
    assert np.std(x[:-2]) == pytest.approx(1, abs=0.1)
    assert 10 < x[-2] < x[-1] < 25


def test_distance_between_categories_is_that_between_gap_and_none():
    assert distance(column(["a", "b"])) == pytest.approx(1)
    assert distance(column(["a", None, "b"])) == pytest.approx(1)
    assert distance(column([5.0, np.nan, 5.0])) == pytest.approx(1)
    assert distance(column([True, False])) == pytest.approx(1)


def test_unseen_categories_share_a_place_as_far_from_the_others_as_those_from_each_other():
    learned, unseen = column(["a", "b"]), column(["a", "c", "d", None])
    assert distance(unseen, 0, 1, learned) == pytest.approx(1)
    assert distance(unseen, 0, 3, learned) == pytest.approx(1)
    assert distance(unseen, 1, 2, learned) == 0


def test_rare_categories_share_a_place_and_an_identifier_takes_little_room():
    identifiers = column([*["often"] * 3, *(f"id {i}" for i in range(5000))])
    x = points(identifiers)
    assert x.shape == (5003, 101)
    assert distance(identifiers, 0, 1000) == pytest.approx(1)
    assert distance(identifiers, 1000, 1001) == 0
    assert (points(column(["new"]), identifiers) == x[1000]).all()
    many = pd.DataFrame(dict.fromkeys(range(50), identifiers["a"]))
    assert points(many).shape[1] == 50 * 21


@pytest.mark.parametrize(
    "values",
    [[3.0, 3.0], [np.nan, np.nan], [None, None], [1e308, -1e308], [0.0, 5e-324], [np.inf, 1.0], [7]],
)
def test_points_are_finite_whatever_the_numbers(values):
    assert np.isfinite(points(column(values))).all()


def test_where_most_values_are_equal_the_others_set_the_scale():
    values = [0.0] * 80 + list(range(1000, 21_000, 1000))
    assert np.ptp(points(column(values))) < 6


def test_dates_and_durations_are_numbers():
    days = pd.Series(pd.date_range("2020-01-01", periods=50, tz="Europe/Oslo"))
    gaps = [points(pd.DataFrame({"a": c})) for c in (days, days - days[0], pd.Series(np.arange(50)))]
    assert np.allclose(gaps[0], gaps[2], atol=1e-3)
    assert np.allclose(gaps[1], gaps[2], atol=1e-3)


def test_arrays_of_images_have_one_scale():
    images = np.random.default_rng(0).normal(0, 20, size=(50, 4, 4, 3))
    images[:, 0] /= 10
    x = points(images)
    assert x[:, 12:].std() == pytest.approx(1, abs=0.8)
    assert x.shape == (50, 48)
    assert x[:, 12:].std() > 5 * x[:, :12].std()


def test_other_columns_than_learned_are_refused():
    with pytest.raises(DataError, match="The given table has no column 'a'"):
        points(pd.DataFrame({"b": [1]}), column([1]))
    with pytest.raises(DataError, match="The rows are a int; give"):
        points(3, column([1]))
    with pytest.raises(DataError, match="There are no rows"):
        Space.fit(np.zeros((0, 2, 2)))


def test_categories_become_codes_by_falling_frequency_and_gaps_stay():
    learned = pd.DataFrame({"a": ["x", "y", "y", None], "b": [1.0, 2.0, np.nan, 4.0]})
    other = pd.DataFrame({"a": ["z", "x", None, "y"], "b": [1, 2, 3, 4]})
    (table,) = feature_tables(learned, other)
    assert np.array_equal(table, [[2, 1], [1, 2], [np.nan, 3], [0, 4]], equal_nan=True)


def test_rows_are_drawn_by_the_seed_and_only_if_too_many():
    frame = pd.DataFrame({"a": range(100)})
    assert sample_rows(frame, 100, np.random.default_rng(0)) is frame
    drawn = [sample_rows(frame, 10, np.random.default_rng(seed))["a"].tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 10
    assert sample_rows(frame.to_numpy(), 10, np.random.default_rng(0)).ravel().tolist() == drawn[0]


def test_arrays_become_tables():
    assert flatten_samples(np.zeros((3, 2, 2))).shape == (3, 4)
    assert flatten_samples(np.array([["a", 1], ["b", 2]], dtype=object)).dtypes.iloc[1] == np.int64


# ---- detection -----------------------------------------------------------------------------------


def toy(seed, n=300):
    X, y = make_toy_table(n, seed)
    return X.assign(churn=y)


def test_rows_of_the_real_distribution_are_not_detected():
    assert detection_auc(toy(0), toy(1), random_state=0) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    "change",
    [
        {"city": "Bern"},
        {"income": lambda X: X["income"] * 1.5},
        {"member": lambda X: X["age"] > 50},  # a pair that no column alone shows
        {"income": lambda X: X["income"].fillna(1e4)},
    ],
)
def test_what_is_wrong_is_detected(change):
    assert detection_auc(toy(0, 600), toy(1, 600).assign(**change), random_state=0) > 0.54


def test_copies_of_real_rows_are_taken_for_real_ones():
    assert detection_auc(toy(0), toy(0), random_state=0) < 0.45


def test_detection_takes_equal_numbers_and_depends_on_the_seed_alone():
    real, synthetic = toy(0), toy(1, 900)
    found = [detection_auc(real, synthetic, random_state=seed) for seed in (2**62, 2**62, 1)]
    assert found[0] == found[1] != found[2]
    assert found[0] == pytest.approx(0.5, abs=0.08)


def test_detection_takes_columns_with_hardly_any_value():
    empty, single = toy(0).assign(a=np.nan), toy(0).assign(a=[1.0] + [np.nan] * 299)
    for real in (empty, single):
        assert detection_auc(real, toy(1).assign(a=np.nan), random_state=0) == pytest.approx(0.5, abs=0.06)


def test_detection_of_arrays_and_of_few_rows():
    rng = np.random.default_rng(0)
    assert detection_auc(rng.normal(size=(100, 3)), rng.normal(3, 1, size=(100, 3)), random_state=0) > 0.95
    assert detection_auc(np.zeros((100, 2, 2)), np.ones((100, 2, 2)), random_state=0) == 1.0
    assert detection_auc(toy(0, 5), toy(1), random_state=0) is None
    assert 0 <= detection_auc(toy(0, 6), toy(1), random_state=0) <= 1


# ---- density and coverage ------------------------------------------------------------------------


def cloud(n=400, seed=0, d=3, **options):
    return np.random.default_rng(seed).normal(size=(n, d), **options).astype(np.float32)


def test_density_and_coverage_by_hand():
    real = np.array([[0], [1], [3], [10]], dtype=np.float32)  # balls of 1 neighbour: 1, 1, 2, 7
    synthetic = np.array([[0.5], [4], [4], [20]], dtype=np.float32)
    # 0.5 lies in the balls around 0 and 1; each 4 in those around 3 and 10; 20 in none
    assert density_coverage(real, synthetic, k=1) == (6 / 4, 1.0)


def _by_definition(real, synthetic, k):
    """Naeem et al., equations 3 and 4, where no points coincide."""
    away = np.abs(real[:, None, 0] - real[None, :, 0])
    radii = np.sort(away, axis=1)[:, k]
    inside = np.abs(real[:, None, 0] - synthetic[None, :, 0]) <= radii[:, None]
    return inside.sum() / (k * len(synthetic)), inside.any(axis=1).mean()


def test_density_and_coverage_follow_the_definition():
    real, synthetic = cloud(60, d=1), cloud(40, seed=1, d=1)
    assert density_coverage(real, synthetic, k=5) == pytest.approx(_by_definition(real, synthetic, 5))


def test_rows_of_the_real_distribution_have_density_one_and_cover_it():
    density, coverage = density_coverage(cloud(1000), cloud(1000, seed=1))
    assert density == pytest.approx(1, abs=0.1)
    assert coverage == pytest.approx(1 - 0.5**5, abs=0.03)


def test_density_of_coinciding_points_is_one_too():
    grid = [np.random.default_rng(seed).integers(0, 3, (500, 2)).astype(np.float32) for seed in (0, 1)]
    density, coverage = density_coverage(*grid)
    assert density == pytest.approx(1, abs=0.1)
    assert coverage == 1.0


def test_far_rows_have_no_density_and_a_collapse_covers_little():
    density, coverage = density_coverage(cloud(), cloud(seed=1) + 100)
    assert (density, coverage) == (0.0, 0.0)
    assert density_coverage(cloud(), cloud(seed=1) * 0.01)[1] < 0.2


def test_few_points_lower_k_and_one_gives_nothing():
    assert density_coverage(cloud(3), cloud(3), k=5) == density_coverage(cloud(3), cloud(3), k=2)
    assert density_coverage(cloud(1), cloud(5)) is None
    assert density_coverage(cloud(5), cloud(0)) is None


def test_each_class_is_measured_by_itself():
    X, y = make_toy_table(400)
    X_new, y_new = make_toy_table(600, seed=1)
    swapped = y_new.map({"leaves": "stays", "stays": "leaves"})
    right, wrong = (class_density_coverage((X, y), (X_new, labels), random_state=0) for labels in (y_new, swapped))
    assert [c.label for c in right] == ["stays", "leaves"]
    assert [c.rows for c in right] == [min((y == c.label).sum(), (y_new == c.label).sum()) for c in right]
    assert min(c.density for c in right) > 0.8 > max(c.density for c in wrong)
    assert min(c.coverage for c in right) > max(c.coverage for c in wrong)


def test_classes_without_rows_to_compare_have_no_figures():
    X = pd.DataFrame({"a": np.arange(12.0)})
    found = class_density_coverage((X, ["a"] * 6 + ["b"] * 5 + ["c"]), (X, ["a"] * 6 + ["c"] * 6), random_state=0)
    assert [(c.label, c.rows, c.coverage is None) for c in found] == [("a", 6, False), ("b", 0, True), ("c", 1, True)]


def test_rows_without_a_label_are_left_out():
    X = pd.DataFrame({"a": np.arange(4.0)})
    for gap in (None, np.nan, pd.NA):
        labels = pd.Series(["a", "a", gap, "b"], dtype=object)
        assert [(c.label, c.rows) for c in class_density_coverage((X, labels), (X, labels))] == [("a", 2), ("b", 1)]


def test_classes_of_images():
    images = np.random.default_rng(0).random((40, 5, 5))
    found = class_density_coverage((images, [0, 1] * 20), (images, [0, 1] * 20))
    assert [c.coverage for c in found] == [1.0, 1.0]


def test_labels_must_be_as_many_as_rows():
    X = pd.DataFrame({"a": [1, 2]})
    with pytest.raises(DataError, match="There are 2 synthetic rows and 3 labels; give one label per row"):
        class_density_coverage((X, [0, 1]), (X, [0, 1, 1]))


def test_nothing_warns_at_one_row_and_one_column():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = pd.DataFrame({"a": [1]})
        assert class_density_coverage((one, [0]), (one, [0]))[0].density is None
        assert detection_auc(one, one, random_state=0) is None
