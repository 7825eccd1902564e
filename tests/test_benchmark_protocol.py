"""The benchmarks' measures read what they should on tables whose answer is known."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from benchmarks import protocol
from benchmarks.protocol import MISSING, BenchmarkError, Columns, Results

COLUMNS = Columns(numeric=("a", "b"), categorical=("c",), target="y")


def table(n=400, seed=0, shift=0.0):
    """Tidy rows: two numbers, of which `a` decides the label, and a category that follows the label."""
    rng = np.random.default_rng(seed)
    a = rng.normal(shift, 1, n)
    y = np.where(a + rng.normal(0, 0.3, n) > shift, "yes", "no")
    c = np.where(rng.random(n) < 0.8, y, "other")
    return pd.DataFrame({"a": a, "b": rng.normal(0, 1, n), "c": c, "y": y})


@pytest.fixture(autouse=True)
def one_thread():
    """Tests run side by side: threads of one would wait for those of the other."""
    with threadpool_limits(1):
        yield


def mean_error(real, synthetic):
    return np.mean(list(protocol.column_errors(real, synthetic, COLUMNS).values()))


# ---- tidying ----


def test_kinds_follow_the_dtypes_and_the_label_is_always_text(toy_table):
    X, y = toy_table
    columns = Columns.of(X.assign(churn=y), "churn")
    assert set(columns.numeric) == {"age", "income", "since", "balance"}
    assert columns.text == ["city", "plan", "member", "churn"]
    assert Columns.of(pd.DataFrame({"x": [1], "y": [0]}), "y") == Columns(("x",), (), "y")


def test_tidy_tables_differ_only_where_values_do(toy_table):
    X, y = toy_table
    frame = X.assign(churn=y)
    columns = Columns.of(frame, "churn")
    other = frame[frame.columns[::-1]].astype({"age": "Float64", "plan": object, "churn": "category"})
    tidy = columns.tidy(frame)
    pd.testing.assert_frame_equal(tidy, columns.tidy(other))
    assert (tidy["city"] == MISSING).sum() == frame["city"].isna().sum() > 0
    assert tidy["income"].isna().sum() == frame["income"].isna().sum() > 0
    assert tidy["since"][0] == frame["since"][0].timestamp()


# ---- columns and pairs ----


def test_a_table_has_no_error_against_itself():
    real = table()
    shuffled = real.sample(frac=1, random_state=1, ignore_index=True)
    assert mean_error(real, shuffled) == 0
    assert set(protocol.pair_errors(real, shuffled, COLUMNS).values()) == {0}


def test_columns_with_nothing_in_common_are_off_by_everything():
    real = table()
    far = real.assign(a=real["a"] + 100, b=real["b"] - 100, c="new", y="never")
    assert list(protocol.column_errors(real, far, COLUMNS).values()) == pytest.approx([1] * 4)
    # The outermost bins are open, so a few rows at opposite ends of two numbers still share one.
    assert list(protocol.pair_errors(real, far, COLUMNS).values()) == pytest.approx([1] * 6, abs=0.02)


def test_column_errors_have_their_textbook_values():
    real = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": 0.0, "c": list("ppqr"), "y": "k"})
    synthetic = pd.DataFrame({"a": [1.0, 2, 3, 9, 9], "b": 0.0, "c": list("pqqqs"), "y": "k"})
    errors = protocol.column_errors(real, synthetic, COLUMNS)
    assert errors == pytest.approx({"a": 0.4, "b": 0, "c": 0.55, "y": 0})


def test_missing_numbers_count_by_their_share():
    real = table().assign(a=1.0)
    half = real.assign(a=np.where(np.arange(len(real)) % 2, 1.0, np.nan))
    none = real.assign(a=np.nan)
    assert protocol.column_errors(real, half, COLUMNS)["a"] == pytest.approx(0.5)
    assert protocol.column_errors(real, none, COLUMNS)["a"] == 1
    assert protocol.column_errors(none, none, COLUMNS)["a"] == 0


def test_pair_errors_see_what_single_columns_do_not():
    real = table(4000)
    broken = real.assign(c=real["c"].sample(frac=1, random_state=0).to_numpy())
    errors = protocol.pair_errors(real, broken, COLUMNS)
    assert mean_error(real, broken) == 0
    assert errors["c", "y"] > 0.2 > 0.05 > errors["a", "b"]


@pytest.mark.parametrize("step", [-0.001, 0.001])
def test_a_spike_is_told_from_the_values_beside_it(step):
    real = table().assign(b=np.where(np.arange(400) < 360, 0.0, 5.0))
    smeared = real.assign(b=np.where(real["b"] == 0, step, 5.0))
    assert protocol.pair_errors(real, smeared, COLUMNS)["b", "y"] == pytest.approx(0.9)


# ---- rows ----


def test_copies_are_counted_whatever_their_order():
    real = table()
    mixed = pd.concat([real.tail(100), table(300, seed=1)], ignore_index=True)
    assert protocol.copied_share(real, mixed) == 0.25
    relabelled = real.assign(y=real["y"].map({"yes": "no", "no": "yes"}))
    assert protocol.copied_share(real, relabelled) == 0
    gaps = real.assign(b=np.nan)
    assert protocol.copied_share(gaps, gaps) == 1


def test_two_sample_auc_is_half_for_one_distribution_and_one_for_two():
    real = table(800)
    assert protocol.two_sample_auc(real, table(800, seed=1), COLUMNS, 0) == pytest.approx(0.5, abs=0.05)
    assert protocol.two_sample_auc(real, table(800, seed=1, shift=8.0), COLUMNS, 0) > 0.99


def test_two_sample_auc_sees_a_wrong_label_and_is_not_fooled_by_sizes():
    real = table(800)
    relabelled = table(800, seed=1).assign(y=real["y"])
    assert protocol.two_sample_auc(real, relabelled, COLUMNS, 0) > 0.7
    assert protocol.two_sample_auc(real, table(400, seed=1), COLUMNS, 0) == pytest.approx(0.5, abs=0.09)


# ---- train on synthetic, test on real ----


def test_macro_auc_is_the_ordinary_auc_for_two_classes_and_half_for_one():
    y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.9])
    assert protocol.macro_auc(y, np.column_stack([1 - p, p])) == 0.75
    assert protocol.macro_auc(np.zeros(4, int), np.ones((4, 1))) == 0.5


def test_macro_auc_skips_classes_that_do_not_occur():
    proba = np.eye(3)[[0, 0, 1, 1]]
    assert protocol.macro_auc(np.array([0, 0, 1, 1]), proba) == 1


@pytest.mark.parametrize("small", [True, False])
def test_downstream_scores_are_high_only_when_the_label_fits(small):
    pytest.importorskip("xgboost")
    test = table(300, seed=2)
    good = protocol.downstream_scores(table(), test, COLUMNS, 0, small=small)
    assert good["auc"] > 0.9
    assert good["macro_f1"] > 0.8
    shuffled = table().assign(y=table(seed=3)["y"], c="other")
    assert protocol.downstream_scores(shuffled, test, COLUMNS, 0, small=small)["auc"] < 0.7


def test_downstream_scores_take_lost_classes_new_categories_and_gaps():
    pytest.importorskip("xgboost")
    test = table(300, seed=2).assign(c="unseen")
    test.loc[:50, "y"] = "rare"
    synthetic = table()
    synthetic.loc[::7, "a"] = np.nan
    assert 0.7 < protocol.downstream_scores(synthetic, test, COLUMNS, 0, small=True)["auc"] < 0.9
    collapsed = protocol.downstream_scores(synthetic.assign(y="no"), test, COLUMNS, 0, small=True)
    assert collapsed["auc"] == 0.5
    assert collapsed["macro_f1"] < 0.4


def test_the_setting_with_the_best_validation_score_is_tested(monkeypatch):
    def candidates(x, y, n_classes, small):
        for sign in (-1, 1, 0):
            yield lambda rows, sign=sign: np.column_stack([-sign * rows[:, 0], sign * rows[:, 0]])

    monkeypatch.setattr(protocol, "_candidates", candidates)
    assert protocol.downstream_scores(table(), table(seed=1), COLUMNS, 0)["auc"] > 0.9


def test_prefixes_of_one_run_are_the_smaller_models():
    pytest.importorskip("xgboost")
    x = table()[["a", "b"]].to_numpy(np.float32)
    y = (table()["y"] == "yes").to_numpy(int)
    first = next(protocol._candidates(x, y, 2, small=False))
    alone = protocol._boosted_trees(10, 1, 5, 0).fit(x, y)
    np.testing.assert_array_equal(first(x), alone.predict_proba(x))


# ---- finished cases ----


def test_finished_cases_are_kept_at_once_and_not_measured_again(tmp_path):
    path, calls = tmp_path / "r.json", []

    def measure():
        calls.append(1)
        return {"auc": 0.9, "c2st_auc": None}

    Results(path).get({"model": "real", "seed": 0}, measure)
    again = Results(path)
    assert again.get({"seed": 0, "model": "real"}, measure) == {"auc": 0.9, "c2st_auc": None}
    assert len(calls) == 1
    again.get({"model": "real", "seed": 1}, measure)
    assert len(calls) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_a_case_that_fails_is_not_kept_and_harms_no_other(tmp_path):
    store = Results(tmp_path / "r.json")
    store.get({"seed": 0}, lambda: {"auc": 1.0})

    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.get({"seed": 1}, fail)
    assert Results(tmp_path / "r.json").get({"seed": 0}, fail) == {"auc": 1.0}


@pytest.mark.parametrize("text", ["", "[1]", '{"auc": 1}', "a,b\n1,2"])
def test_a_foreign_results_file_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(BenchmarkError, match="not a results file"):
        Results(path)
    assert path.read_text() == text


def test_an_absent_folder_for_results_is_named_before_any_work(tmp_path):
    with pytest.raises(BenchmarkError, match="is not a folder"):
        Results(tmp_path / "no" / "r.json")


def test_the_measures_need_no_torch():
    code = "import sys, benchmarks.protocol; sys.exit('torch' in sys.modules or 'xgboost' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
