"""The measures of fidelity read what they should on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits
from tidy_rows import COLUMNS, table

from benchmarks.fidelity import downstream, measures
from benchmarks.fidelity.downstream import Judging
from benchmarks.fidelity.neighbours import MAX_SIDE, measure_alpha_beta, measure_nearer_share
from benchmarks.fidelity.smote import fit_smote
from benchmarks.shared.protocol import Columns


@pytest.fixture(autouse=True)
def one_thread():
    """Tests run side by side: threads of one would wait for those of the other."""
    with threadpool_limits(1):
        yield


def mean_error(real, synthetic):
    return np.mean(list(measures.measure_column_errors(real, synthetic, COLUMNS).values()))


# ---- columns and pairs ----


def test_a_table_has_no_error_against_itself():
    real = table()
    shuffled = real.sample(frac=1, random_state=1, ignore_index=True)
    assert mean_error(real, shuffled) == 0
    assert set(measures.measure_pair_errors(real, shuffled, COLUMNS).values()) == {0}


def test_columns_with_nothing_in_common_are_off_by_everything():
    real = table()
    far = real.assign(a=real["a"] + 100, b=real["b"] - 100, c="new", y="never")
    assert list(measures.measure_column_errors(real, far, COLUMNS).values()) == pytest.approx([1] * 4)
    # The outermost bins are open, so a few rows at opposite ends of two numbers still share one.
    assert list(measures.measure_pair_errors(real, far, COLUMNS).values()) == pytest.approx([1] * 6, abs=0.02)


def test_column_errors_have_their_textbook_values():
    real = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": 0.0, "c": list("ppqr"), "y": "k"})
    synthetic = pd.DataFrame({"a": [1.0, 2, 3, 9, 9], "b": 0.0, "c": list("pqqqs"), "y": "k"})
    errors = measures.measure_column_errors(real, synthetic, COLUMNS)
    assert errors == pytest.approx({"a": 0.4, "b": 0, "c": 0.55, "y": 0})


def test_missing_numbers_count_by_their_share():
    real = table().assign(a=1.0)
    half = real.assign(a=np.where(np.arange(len(real)) % 2, 1.0, np.nan))
    none = real.assign(a=np.nan)
    assert measures.measure_column_errors(real, half, COLUMNS)["a"] == pytest.approx(0.5)
    assert measures.measure_column_errors(real, none, COLUMNS)["a"] == 1
    assert measures.measure_column_errors(none, none, COLUMNS)["a"] == 0


def test_pair_errors_see_what_single_columns_do_not():
    real = table(4000)
    broken = real.assign(c=real["c"].sample(frac=1, random_state=0).to_numpy())
    errors = measures.measure_pair_errors(real, broken, COLUMNS)
    assert mean_error(real, broken) == 0
    assert errors["c", "y"] > 0.2 > 0.05 > errors["a", "b"]


@pytest.mark.parametrize("step", [-0.001, 0.001])
def test_a_spike_is_told_from_the_values_beside_it(step):
    real = table().assign(b=np.where(np.arange(400) < 360, 0.0, 5.0))
    smeared = real.assign(b=np.where(real["b"] == 0, step, 5.0))
    assert measures.measure_pair_errors(real, smeared, COLUMNS)["b", "y"] == pytest.approx(0.9)


# ---- rows ----


def test_copies_are_counted_whatever_their_order():
    real = table()
    mixed = pd.concat([real.tail(100), table(300, seed=1)], ignore_index=True)
    assert measures.measure_copied_share(real, mixed) == 0.25
    relabelled = real.assign(y=real["y"].map({"yes": "no", "no": "yes"}))
    assert measures.measure_copied_share(real, relabelled) == 0
    gaps = real.assign(b=np.nan)
    assert measures.measure_copied_share(gaps, gaps) == 1


def test_two_sample_auc_is_half_for_one_distribution_and_one_for_two():
    real = table(800)
    assert measures.measure_two_sample_auc(real, table(800, seed=1), COLUMNS, 0) == pytest.approx(0.5, abs=0.05)
    assert measures.measure_two_sample_auc(real, table(800, seed=1, shift=8.0), COLUMNS, 0) > 0.99


def test_two_sample_auc_sees_a_wrong_label_and_is_not_fooled_by_sizes():
    real = table(800)
    relabelled = table(800, seed=1).assign(y=real["y"])
    assert measures.measure_two_sample_auc(real, relabelled, COLUMNS, 0) > 0.7
    assert measures.measure_two_sample_auc(real, table(400, seed=1), COLUMNS, 0) == pytest.approx(0.5, abs=0.09)


# ---- train on synthetic, test on real ----


def test_macro_auc_is_the_ordinary_auc_for_two_classes_and_half_for_one():
    y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.9])
    assert downstream.compute_macro_auc(y, np.column_stack([1 - p, p])) == 0.75
    assert downstream.compute_macro_auc(np.zeros(4, int), np.ones((4, 1))) == 0.5


def test_macro_auc_skips_classes_that_do_not_occur():
    proba = np.eye(3)[[0, 0, 1, 1]]
    assert downstream.compute_macro_auc(np.array([0, 0, 1, 1]), proba) == 1


@pytest.mark.parametrize("small", [True, False])
def test_downstream_scores_are_high_only_when_the_label_fits(small):
    pytest.importorskip("xgboost")
    test = table(300, seed=2)
    good = downstream.score_downstream(table(), test, COLUMNS, 0, Judging(small=small))
    assert good["auc"] > 0.9
    assert good["macro_f1"] > 0.8
    shuffled = table().assign(y=table(seed=3)["y"], c="other")
    assert downstream.score_downstream(shuffled, test, COLUMNS, 0, Judging(small=small))["auc"] < 0.7


def test_downstream_scores_take_lost_classes_new_categories_and_gaps():
    pytest.importorskip("xgboost")
    test = table(300, seed=2).assign(c="unseen")
    test.loc[:50, "y"] = "rare"
    synthetic = table()
    synthetic.loc[::7, "a"] = np.nan
    assert 0.7 < downstream.score_downstream(synthetic, test, COLUMNS, 0, Judging(small=True))["auc"] < 0.9
    collapsed = downstream.score_downstream(synthetic.assign(y="no"), test, COLUMNS, 0, Judging(small=True))
    assert collapsed["auc"] == 0.5
    assert collapsed["macro_f1"] < 0.4


def test_the_setting_with_the_best_validation_score_is_tested(monkeypatch):
    def candidates(x, y, n_classes, judging):
        for sign in (-1, 1, 0):
            yield lambda rows, sign=sign: np.column_stack([-sign * rows[:, 0], sign * rows[:, 0]])

    monkeypatch.setattr(downstream, "_fit_candidates", candidates)
    assert downstream.score_downstream(table(), table(seed=1), COLUMNS, 0)["auc"] > 0.9


def test_prefixes_of_one_run_are_the_smaller_models():
    pytest.importorskip("xgboost")
    x = table()[["a", "b"]].to_numpy(np.float32)
    y = (table()["y"] == "yes").to_numpy(int)
    first = next(downstream._fit_candidates(x, y, 2, Judging()))
    alone = downstream._make_boosted_trees(10, 1, 5, 0, 1).fit(x, y)
    np.testing.assert_array_equal(first(x), alone.predict_proba(x))


def test_the_rarest_class_has_scores_of_its_own():
    pytest.importorskip("xgboost")
    test = table(300, seed=2)
    is_yes = (test["y"] == "yes").to_numpy()
    found = downstream.score_downstream(table(), test, COLUMNS, 0, Judging("yes", small=True))
    assert found["minority_f1"] > 0.8 < found["average_precision"]
    rare = np.where(is_yes, 0.01, 1.0)
    weighted = downstream.score_downstream(table(), test, COLUMNS, 0, Judging("yes", rare, small=True))
    assert weighted["minority_f1"] < 0.5 * found["minority_f1"]  # false alarms weigh more than hits
    lost = downstream.score_downstream(table().assign(y="no"), test, COLUMNS, 0, Judging("yes", small=True))
    assert lost["minority_f1"] == 0
    assert lost["average_precision"] == pytest.approx(is_yes.mean())
    assert "minority_f1" not in downstream.score_downstream(table(), test, COLUMNS, 0, Judging("?", small=True))


def test_with_weights_every_class_has_its_ninth():
    y = np.array([0] * 90 + [1] * 18)
    first, others = downstream._split_ninth(y, 0, by_class=True)
    assert sorted([*first, *others]) == list(range(108))
    assert np.bincount(y[first]).tolist() == [10, 2]
    again, _ = downstream._split_ninth(y, 1, by_class=True)
    assert set(first) != set(again)


# ---- neighbours ----


def test_fresh_rows_are_typical_and_cover_the_real_ones_half_as_often_as_themselves():
    found = measure_alpha_beta(table(1500), table(1500, seed=1), COLUMNS, 0)
    assert found["alpha_precision"] > 0.95
    assert 0.35 < found["beta_recall"] < 0.65


def test_alpha_precision_sees_odd_rows_and_beta_recall_lost_ones():
    real = table(1500)
    odd = table(1500, seed=1).assign(b=np.where(np.arange(1500) % 2, 9.0, 0.0))
    fresh = measure_alpha_beta(real, table(1500, seed=1), COLUMNS, 0)
    assert measure_alpha_beta(real, odd, COLUMNS, 0)["alpha_precision"] < fresh["alpha_precision"] - 0.2
    moved = table(1500, seed=1).assign(b=lambda t: t["b"] + 6)  # as tight as the real ones, elsewhere
    assert measure_alpha_beta(real, moved, COLUMNS, 0)["alpha_precision"] < 0.1
    one = table(1500, seed=1).assign(a=0.0, b=0.0)
    assert measure_alpha_beta(real, one, COLUMNS, 0)["beta_recall"] < 0.1
    few_kinds = table(1500, seed=1).assign(c="other", y="no")
    assert measure_alpha_beta(real, few_kinds, COLUMNS, 0)["beta_recall"] < fresh["beta_recall"] - 0.1


def test_alpha_beta_is_that_of_the_paper_on_a_line():
    columns = Columns(("a",), (), "y")
    real = pd.DataFrame({"a": np.arange(101.0), "y": "k"})
    found = measure_alpha_beta(real, real.iloc[::-1], columns, 0)
    assert found["alpha_precision"] == pytest.approx(1, abs=0.02)
    assert found["beta_recall"] == pytest.approx(1, abs=0.02)
    centre = real.assign(a=50.0)  # every row within every ball
    expected = 1 - (1 - np.linspace(0, 1, 30))[1:].sum() / np.linspace(0, 1, 30).sum()
    assert measure_alpha_beta(real, centre, columns, 0)["alpha_precision"] == pytest.approx(expected, abs=0.07)


def test_copies_are_nearer_to_the_training_rows_and_fresh_rows_are_not():
    train, held_out = table(1200), table(1200, seed=1)
    assert measure_nearer_share(train, held_out, table(1200, seed=2), COLUMNS, 0) == pytest.approx(0.5, abs=0.05)
    assert measure_nearer_share(train, held_out, train.sample(frac=1, random_state=3), COLUMNS, 0) == 1
    assert measure_nearer_share(train, held_out, held_out, COLUMNS, 0) == 0


def test_sides_of_unequal_size_are_made_equal():
    assert measure_nearer_share(table(1800), table(200, seed=1), table(900, seed=2), COLUMNS, 0) == pytest.approx(
        0.5, abs=0.07
    )
    assert MAX_SIDE > 1800


def test_rows_that_both_sides_have_count_for_neither():
    real = table(300).assign(a=0.0, b=0.0)
    assert measure_nearer_share(real, real, real, COLUMNS, 0) == 0.5


def test_neighbours_take_gaps_and_categories_never_seen():
    real = table(300).assign(b=np.where(np.arange(300) % 3, 1.0, np.nan))
    made = table(300, seed=1).assign(c="new", b=np.nan, a=np.nan)
    found = measure_alpha_beta(real, made, COLUMNS, 0)
    assert 0 <= found["beta_recall"] < 0.2
    assert 0 <= measure_nearer_share(real, real, made, COLUMNS, 0) <= 1


# ---- SMOTE ----


def test_smote_makes_each_class_again_between_its_own_rows():
    real = table(300).assign(y=lambda t: np.where(np.arange(300) < 40, "rare", t["y"]))
    made = fit_smote(real, COLUMNS, 0)()
    assert made["y"].value_counts().to_dict() == real["y"].value_counts().to_dict()
    for label, rows in made.groupby("y"):
        own = real[real["y"] == label]
        assert own["a"].min() <= rows["a"].min() <= rows["a"].max() <= own["a"].max()
        assert set(rows["c"]) <= set(own["c"])
    assert measures.measure_copied_share(real[made.columns], made) < 0.05
    pd.testing.assert_frame_equal(made, fit_smote(real, COLUMNS, 0)())


@pytest.mark.parametrize("columns", [Columns(("a", "b"), (), "y"), Columns((), ("c",), "y")])
def test_smote_takes_tables_of_one_kind(columns):
    real = table(200)[[*columns.numeric, *columns.text]]
    made = fit_smote(real, columns, 0)()
    assert sorted(made.columns) == sorted(real.columns)
    assert made["y"].value_counts().to_dict() == real["y"].value_counts().to_dict()


def test_smote_has_fewer_neighbours_in_a_small_class_and_repeats_a_single_row():
    real = table(100).assign(y=["one", "few", "few", "few", *["many"] * 96])
    made = fit_smote(real, COLUMNS, 0)()
    assert made["y"].value_counts().to_dict() == {"many": 96, "few": 3, "one": 1}
    assert made.loc[made["y"] == "one", "a"].iloc[0] == pytest.approx(real["a"].iloc[0])
