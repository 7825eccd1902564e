"""expected_gain: a first answer from other tables, with its error said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gain_samplers import blobs
from report_page import Page
from toy_table import make_toy_table

from benchmarks import expected_gain as bench
from ganaug import DataError, ExpectedGain, ParameterError, expected_gain
from ganaug.gain import expected as library


def test_every_classifier_gets_an_expectation_with_an_interval():
    found = expected_gain(*make_toy_table(120), random_state=0)
    table = found.to_frame()
    assert table["classifier"].tolist() == list(library.FAMILIES)
    assert table["auc"].between(0, 1).all() and (table["low"] < table["high"]).all()
    assert np.isfinite(table[["expected", "low", "high"]]).all(axis=None)
    assert "on a table left out the expectation is off by" in str(found) and "Gaussian copula" in str(found)


def test_it_shows_what_it_says_in_a_notebook_and_at_a_prompt():
    found = expected_gain(*make_toy_table(120), classifier=["logistic", "forest"], random_state=0)
    shown = Page(found._repr_html_())
    assert shown.faults == [] and shown.open == []
    for text in ("logistic", "forest", f"{found.to_frame()['expected'][0]:+.1f}", "off by", "Gaussian copula"):
        assert text in shown.text
    assert repr(found) == f"<ExpectedGain>\n{found}"


def test_the_facts_of_a_table_are_what_they_seem():
    X, y = make_toy_table(100)
    facts = expected_gain(X, y, classifier="logistic", random_state=0).facts["logistic"]
    assert (facts["rows"], facts["columns"], facts["classes"]) == (100, 7, 2)
    assert facts["categorical"] == 3 / 7  # city, plan, member
    assert facts["cardinality"] == X["city"].nunique()
    assert facts["rarest"] == y.value_counts().min() / 100
    assert facts["added"] == (y.value_counts().max() - y.value_counts().min()) / 100


def test_the_seed_decides_and_many_rows_are_cut():
    X, y = blobs(300)
    one, two = (expected_gain(X, y, classifier="forest", random_state=0).to_frame() for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    rows = library._subsample(np.repeat([0, 1], [20_000, 3]), seed=0)
    assert len(rows) <= library._MAX_ROWS + 2 and (rows >= 20_000).sum() >= 2


def test_a_table_unlike_all_others_is_said_to_be():
    facts = {
        "added": 0.5,
        "rows": 1e9,
        "columns": 7.0,
        "categorical": 0.0,
        "cardinality": 1.0,
        "classes": 2.0,
        "rarest": 0.25,
        "auc": 0.8,
    }
    found = ExpectedGain({"logistic": facts})
    assert found.outside == ["rows"]
    assert str(found).endswith("This table lies outside the benchmark in rows; trust the expectation less.")


@pytest.mark.parametrize(
    ("X", "y", "options", "error", "text"),
    [
        (*blobs(20), {"classifier": "svm"}, ParameterError, "'logistic', 'neighbours'.*Got 'svm' instead"),
        (*blobs(20), {"classifier": []}, ParameterError, "empty"),
        (np.zeros((20, 9, 9)), blobs(20)[1], {}, DataError, "takes tables.*X has 3"),
        (blobs(20)[0], np.r_[np.zeros(19), 1.0].astype(int), {}, DataError, "A class has a single row"),
        (blobs(20)[0], np.zeros(20, int), {}, DataError, "All rows are of one class"),
    ],
)
def test_what_nothing_can_be_expected_of_is_refused(X, y, options, error, text):
    with pytest.raises(error, match=text):
        expected_gain(X, y, **options)


# The model.


def ledger(slope=30.0, n_tables=6):
    """Gains that fall with the area under the curve, in tables of several sizes; noise of a tenth of a point."""
    rng = np.random.default_rng(0)
    rows = []
    for table in range(n_tables):
        for cut in (100, 400):
            for learner in bench.LEARNERS:
                auc = rng.uniform(0.6, 0.95)
                facts = {"rows": cut, "columns": 5 + table, "cardinality": 3, "classes": 2, "rarest": 0.1}
                gain = slope * (0.8 - auc) + rng.normal(0, 0.1)
                rows.append(
                    {"table": f"t{table}", "cut": str(cut), "learner": learner, **facts, "categorical": 0.5, "auc": auc}
                    | {"gain": gain, "copula": gain - 0.5}
                )
    return pd.DataFrame(rows)


def test_a_relation_in_the_ledger_is_found_on_tables_left_out():
    found = bench.build_model(ledger())["error"]
    assert found["rmse"] < found["rmse_of_zero"] / 2 and found["rmse"] < found["rmse_of_learner_means"] / 2
    assert found["correlation"] > 0.9
    assert found["ganaug"] == pytest.approx(found["copula"] + 0.5)


def test_where_there_is_no_relation_the_error_says_so():
    found = bench.build_model(ledger(slope=0.0))["error"]
    assert found["rmse"] > 0.9 * found["rmse_of_zero"]


def test_a_table_that_is_left_out_teaches_nothing():
    rows = ledger()
    rows.loc[rows["table"] == "t0", "gain"] = 1000.0
    said = bench.predict_left_out(rows)
    assert np.abs(said[rows["table"] == "t0"]).max() < 50


def test_the_library_says_what_the_benchmark_fitted():
    rows = ledger()
    model = bench.build_model(rows)
    row = rows.iloc[3]
    said = library._predict_gain(model, row["learner"], {"added": 0.8, **row[list(bench.RANGED)].to_dict()})
    assert said["expected"] == pytest.approx(bench.predict_gain(model, rows)[3])
    low, high = model["classifiers"][row["learner"]]["residuals"]
    assert (said["low"], said["high"]) == pytest.approx((said["expected"] + low, said["expected"] + high))


def test_the_committed_model_predicts_something():
    error = library._load_model()["error"]
    assert error["rmse"] < error["rmse_of_zero"] and error["rmse"] < error["rmse_of_learner_means"]
