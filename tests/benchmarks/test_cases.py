"""The benchmark's tables are those they are known to be, and no test row of a case is among its training rows."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from benchmarks.gain.cases import SUITES, Case
from benchmarks.shared.cases import WHOLE, ExcludedError
from benchmarks.shared.data import FILES, SHIPPED, Source, Table, load_table, tidy_column
from benchmarks.shared.protocol import BenchmarkError


def labelled(n=400, shares=(0.7, 0.3), seed=0):
    """A table whose first column numbers the rows."""
    rng = np.random.default_rng(seed)
    y = pd.Series(rng.permutation(np.repeat(np.arange(len(shares)), (np.array(shares) * n).round().astype(int))))
    X = pd.DataFrame({"row": np.arange(len(y)), "x": rng.normal(size=len(y))})
    return Table("toy", X, y, tuple("abcdefgh"[: len(shares)]), "digest")


def split(suite, table, cut, seed=0):
    return SUITES[suite].split(table, Case(suite, table.name, cut, seed))


# ---- tables ----


def test_shipped_tables_are_those_the_cases_are_defined_on():
    for name in ("breast_cancer", "wine", "iris"):
        table = load_table(name)
        assert (len(table.X), len(table.labels)) == {"breast_cancer": (569, 2), "wine": (178, 3), "iris": (150, 3)}[
            name
        ]


def test_a_shipped_table_with_other_values_is_refused(monkeypatch):
    monkeypatch.setitem(SHIPPED, "wine", (SHIPPED["iris"][0], SHIPPED["wine"][1]))
    with pytest.raises(BenchmarkError, match=r"'wine' of this scikit-learn has the digest .* values have changed"):
        load_table("wine")


def test_a_table_that_cannot_be_fetched_is_named(monkeypatch):
    def fail(**_):
        raise OSError("no network")

    monkeypatch.setitem(SHIPPED, "covertype", (fail, None))
    with pytest.raises(BenchmarkError, match=r"could not fetch 'covertype' \(no network\); leave it out of --tables"):
        load_table("covertype")


@pytest.fixture
def folder(tmp_path):
    rows = [f"{i},{'?' if i == 0 else 'red'},{' ' if i == 1 else i / 2},{'yes' if i % 2 else 'no'}" for i in range(40)]
    rows += ["40,blue,1.5,rare"]
    (tmp_path / "shop.csv").write_text("\n".join(["id,colour,price,Class", *rows]) + "\n")
    return tmp_path


def test_an_unknown_file_is_read_by_the_same_rules(folder):
    table = load_table("shop", folder)
    assert table.labels == ("no", "yes")
    assert list(table.X.columns) == ["id", "colour", "price"]
    assert table.X["price"].dtype == "float64"
    assert table.X.isna().sum().to_dict() == {"id": 0, "colour": 1, "price": 1}
    assert table.notes == ("class 'rare' left out: 1 rows, fewer than 10",)
    assert table.digest == hashlib.sha256((folder / "shop.csv").read_bytes()).hexdigest()[:12]


def test_a_known_file_loses_its_identifiers_and_must_have_its_content(folder, monkeypatch):
    digest = hashlib.sha256((folder / "shop.csv").read_bytes()).hexdigest()
    monkeypatch.setitem(FILES, "shop", Source({"shop": digest}, "Class", ("id",)))
    table = load_table("shop", folder)
    assert list(table.X.columns) == ["colour", "price"]
    assert "column 'id' left out: an identifier" in table.notes
    with (folder / "shop.csv").open("a") as file:
        file.write("41,red,2,yes\n")
    with pytest.raises(BenchmarkError, match=f"not {digest}: it is not the file that the cases are defined on"):
        load_table("shop", folder)


def test_files_of_one_table_are_joined_in_order(folder, monkeypatch):
    (folder / "more.csv").write_text((folder / "shop.csv").read_text())
    monkeypatch.setitem(FILES, "shops", Source({"shop": "", "more": ""}, "Class"))
    assert len(load_table("shops", folder).X) == 80


@pytest.mark.parametrize(
    ("name", "folder_given", "text"),
    [("absent", True, "absent.csv cannot be read"), ("pima", False, "name the folder that it lies in with --data")],
)
def test_an_absent_table_is_named(tmp_path, name, folder_given, text):
    with pytest.raises(BenchmarkError, match=text):
        load_table(name, tmp_path if folder_given else None)


def test_a_table_of_one_class_is_refused(tmp_path):
    (tmp_path / "one.csv").write_text("x,y\n" + "1,a\n2,a\n" * 10)
    with pytest.raises(BenchmarkError, match="'one' has fewer than two classes of 10 rows"):
        load_table("one", tmp_path)


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([1, 2, 3], "int64"),
        (pd.array([1, None, 3], dtype="Int64"), "float64"),
        (["1", "?", " "], "float64"),
        ([True, False, True], "text"),
        (["a", "?", None], "text"),
        (["?", "", None], "text"),
        (pd.to_datetime(["2024-01-01", None, "2024-01-03"]), "float64"),
    ],
)
def test_columns_are_numbers_or_text(cells, dtype):
    column = tidy_column(pd.Series(cells))
    assert dtype == (str(column.dtype) if pd.api.types.is_numeric_dtype(column.dtype) else "text")
    assert not column.isin(["?", "", " "]).any()


# ---- cases ----


def test_ids_are_permanent():
    assert Case("low-data", "pima", "200", 3).id == "low-data/pima-200/seed3"
    assert Case("gain-tables", "pima", WHOLE, 0).id == "gain-tables/pima/seed0"
    assert Case("imbalance", "adult", "5pct", 1).id == "imbalance/adult-5pct/seed1"
    assert Case("tuned", "wine", WHOLE, 4).id == "tuned/wine/fold4"
    assert Case("tuned", "wine", "100", 4).id == "tuned/wine-100/fold4"


def test_every_default_of_a_suite_exists():
    for suite in SUITES.values():
        assert set(suite.tables) <= {*FILES, *SHIPPED}
        assert all(suite.accepts_cut(cut) for cut in suite.cuts)


def test_cuts_may_have_other_numbers_of_the_same_form():
    assert SUITES["low-data"].accepts_cut("50")
    assert SUITES["imbalance"].accepts_cut("3pct")
    assert not SUITES["low-data"].accepts_cut("5pct")
    assert not SUITES["low-data"].accepts_cut(WHOLE)
    assert not SUITES["gain-tables"].accepts_cut("100")


@pytest.mark.parametrize(
    ("suite", "cut"),
    [("gain-tables", WHOLE), ("low-data", "100"), ("imbalance", "10pct"), ("tuned", WHOLE), ("tuned", "100")],
)
def test_no_test_row_is_a_training_row_and_a_case_is_always_the_same(suite, cut):
    table = labelled()
    made = split(suite, table, cut, seed=1)
    assert not set(made.X["row"]) & set(made.X_test["row"])
    for X, y in ((made.X, made.y), (made.X_test, made.y_test)):
        assert X["row"].is_unique
        assert len(X) == len(y) == len(X.index.union(y.index))
    if suite != "imbalance":
        assert (table.y[made.X["row"]].to_numpy() == made.y).all()
        assert (table.y[made.X_test["row"]].to_numpy() == made.y_test).all()
    again, other = split(suite, table, cut, seed=1), split(suite, table, cut, seed=2)
    pd.testing.assert_frame_equal(made.X, again.X)
    assert set(made.X["row"]) != set(other.X["row"])


def test_a_low_data_cut_is_stratified_and_tested_on_at_most_2000_rows():
    made = split("low-data", labelled(6000), "200")
    assert made.y.value_counts().to_dict() == {0: 140, 1: 60}
    assert made.y_test.value_counts().to_dict() == {0: 1400, 1: 600}
    assert (made.weights == 1).all()


def test_a_class_with_fewer_than_two_rows_in_the_cut_is_left_out_and_said_to_be():
    made = split("low-data", labelled(1000, (0.015, 0.685, 0.3)), "100")
    assert sorted(made.y.unique()) == sorted(made.y_test.unique()) == [0, 1]
    assert made.notes == ("class 'a' left out: 15 rows, too few for a cut of 100",)


@pytest.mark.parametrize(
    ("suite", "cut", "reason"),
    [
        ("low-data", "380", "400 rows leave fewer than 50 to test on"),
        ("imbalance", "1pct", "1 positive rows to learn from, fewer than 10"),
        ("tuned", "350", "320 rows outside the test fold, fewer than 350"),
    ],
)
def test_a_case_that_a_table_does_not_allow_is_excluded_with_the_reason(suite, cut, reason):
    with pytest.raises(ExcludedError, match=reason):
        split(suite, labelled(), cut)


def test_imbalance_thins_the_smallest_class_and_weights_the_test_rows_alike():
    table = labelled(4000, (0.5, 0.2, 0.3))
    made = split("imbalance", table, "5pct")
    assert made.y.mean() == pytest.approx(0.05, abs=1e-3)
    assert (table.y[made.X["row"]].to_numpy() == 1).astype(int).tolist() == made.y.tolist()
    assert len(made.X_test) == 2000
    assert np.average(made.y_test, weights=made.weights) == pytest.approx(0.05)
    assert made.notes == ("'b' against all others",)


def test_tuned_folds_hold_every_row_once():
    table = labelled()
    tested = [row for fold in range(5) for row in split("tuned", table, WHOLE, fold).X_test["row"]]
    assert sorted(tested) == list(range(400))


def test_a_tuned_cut_is_tested_on_the_same_fold_as_the_whole():
    table = labelled()
    cut, whole = (split("tuned", table, name, 2) for name in ("100", WHOLE))
    assert cut.X_test.equals(whole.X_test)
    assert len(cut.X) == 100
    assert set(cut.X["row"]) < set(whole.X["row"])
