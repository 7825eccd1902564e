"""Tables of other libraries come in with names and types, and go out in the library and types that came in."""

from __future__ import annotations

import datetime
import decimal
import json
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from small import quick_augmenter, same_rows
from toy_table import make_toy_table

from ganaug import (
    DataError,
    DistilledClassifier,
    GANAugmenter,
    GaussianCopula,
    ModelFileError,
    ParameterError,
    SwapNoise,
    TunedAugmenterCV,
    gain_report,
    join_label,
    write_table,
)
from ganaug.data import foreign
from ganaug.data.foreign import take_in, to_pandas
from ganaug.metrics import fidelity, near_copy_share

pl = pytest.importorskip("polars")
pytestmark = pytest.mark.filterwarnings("ignore::ganaug.CollapseWarning", "ignore::ganaug.DataWarning")

N = 80


def cycle(*values):
    return [values[i % len(values)] for i in range(N)]


def zoned(*days):
    return pl.Series(cycle(*days), dtype=pl.Datetime("us")).dt.replace_time_zone("Europe/Zurich")


DAY = datetime.date
COLUMNS = {
    "text": pl.Series(cycle("a", None, "bb")),
    "category": pl.Series(cycle("x", "y", None), dtype=pl.Categorical),
    "enumeration": pl.Series(cycle("lo", "hi"), dtype=pl.Enum(["lo", "mid", "hi"])),
    "date": pl.Series(cycle(DAY(2020, 1, 1), None, DAY(2021, 2, 3), DAY(2022, 5, 6))),
    "moment in a zone": zoned(datetime.datetime(2020, 1, 1, 12), None, datetime.datetime(2020, 7, 2, 1, 30)),
    "milliseconds": pl.Series(cycle(datetime.datetime(2020, 1, 1), None), dtype=pl.Datetime("ms")),
    "decimal": pl.Series(cycle(decimal.Decimal("1.50"), decimal.Decimal("22.25"), None), dtype=pl.Decimal(12, 2)),
    "boolean": pl.Series(cycle(True, None, False)),
    "small whole": pl.Series(cycle(1, None, 3, 7), dtype=pl.Int16),
    "unsigned": pl.Series(cycle(1, 2, 2**63 + 1), dtype=pl.UInt64),
    "single": pl.Series(cycle(1.5, None, 2.25), dtype=pl.Float32),
    "NaN": pl.Series(cycle(1.0, float("nan"), 2.0)),
    "NaN and null": pl.Series(cycle(1.0, float("nan"), None)),
    "time": pl.Series(cycle(datetime.time(1, 2), None, datetime.time(3, 4, 5))),
    "duration": pl.Series(cycle(datetime.timedelta(days=1), None, datetime.timedelta(hours=2))),
    "nothing": pl.Series([None] * N),
    "constant": pl.Series(["same"] * N),
}
NUMBERS = pl.Series(np.random.default_rng(0).normal(size=N))
LABELS = pl.Series("label", cycle("no", "yes", "no"))


class Elsewhere:
    """A table of a library that is not known, which speaks Arrow and nothing else."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("name", COLUMNS)
def test_every_type_of_polars_survives(name):
    X = pl.DataFrame({"numbers": NUMBERS, name: COLUMNS[name]})
    more, labels = quick_augmenter().fit_resample(X, LABELS)
    made, _ = quick_augmenter().fit(X, LABELS).sample(50)
    assert more.schema == made.schema == X.schema
    assert more[:N].equals(X) and len(more) > N and labels[:N].equals(LABELS)
    assert made[name].null_count() == 0 or X[name].null_count() > 0
    if not (X[name].dtype.is_numeric() or X[name].dtype.is_temporal()):
        assert set(made[name].to_list()) <= set(X[name].to_list())


def test_columns_that_cannot_be_learned_are_refused_by_name():
    X = pl.DataFrame({"numbers": NUMBERS, "many": [[1, 2]] * N})
    with pytest.raises(DataError, match=r"Column 'many' has the dtype large_list<item: int64>\[pyarrow\], which"):
        quick_augmenter().fit(X, LABELS)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (pl.Series("y", cycle(1, 2), dtype=pl.Int8), [1, 2]),
        (pl.Series("y", cycle(True, False)), [False, True]),
        (pl.Series("y", cycle("b", "a"), dtype=pl.Categorical), ["b", "a"]),
        (pl.Series("y", cycle("hi", "lo"), dtype=pl.Enum(["lo", "hi"])), ["lo", "hi"]),
        (pl.Series(cycle("b", "a")), ["a", "b"]),
    ],
    ids=["whole", "boolean", "category", "enumeration", "without a name"],
)
def test_labels_come_back_as_they_are(labels, classes):
    augmenter = quick_augmenter().fit(pl.DataFrame({"numbers": NUMBERS}), labels)
    _, made = augmenter.sample(20)
    assert isinstance(made, pl.Series) and made.dtype == labels.dtype and made.name == labels.name
    assert sorted(map(str, augmenter.classes_.tolist())) == sorted(map(str, classes))
    assert set(made.to_list()) <= set(labels.to_list())
    _, more = augmenter.resample(pl.DataFrame({"numbers": NUMBERS}), labels)
    assert more[:N].equals(labels)


def forms(X, y):
    """The toy table in every form, as functions: a reader can be read once."""
    table = pa.Table.from_pandas(X.assign(churn=y), preserve_index=False)
    rows, labels = table.drop(["churn"]), table["churn"]
    return {
        "polars": lambda: (pl.from_arrow(rows), pl.from_arrow(labels)),
        "Arrow": lambda: (rows, labels),
        "reader": lambda: (rows.to_reader(), labels.combine_chunks()),
        "batch": lambda: (rows.combine_chunks().to_batches()[0], labels),
        "another library": lambda: (Elsewhere(rows), labels.to_pylist()),
    }


TOY = make_toy_table(N)
FORMS = forms(*TOY)
OUT = {"polars": (pl.DataFrame, pl.Series), "another library": (pa.Table, list)}


@pytest.fixture(scope="module")
def pandas_augmenter():
    return quick_augmenter().fit(*TOY)


@pytest.mark.parametrize("name", FORMS)
def test_what_is_learned_is_that_of_the_same_table_in_pandas(pandas_augmenter, name):
    augmenter = quick_augmenter().fit(*FORMS[name]())
    assert augmenter.feature_names_in_.tolist() == list(TOY[0])
    assert augmenter.classes_.tolist() == ["leaves", "stays"]
    kinds = [[column["kind"] for column in one.describe()["columns"]] for one in (augmenter, pandas_augmenter)]
    assert kinds[0] == kinds[1]
    X, y = augmenter.sample(30)
    assert (type(X), type(y)) == OUT.get(name, (pa.Table, pa.ChunkedArray))
    values = [to_pandas(X)["age"].tolist(), pandas_augmenter.sample(30)[0]["age"].tolist()]
    assert values[0] == values[1]


@pytest.mark.parametrize("name", FORMS)
def test_real_rows_stay_untouched_in_front(name):
    more, labels = quick_augmenter().fit_resample(*FORMS[name]())
    X, y = FORMS[name]()
    assert (type(more), type(labels)) == OUT.get(name, (pa.Table, pa.ChunkedArray))
    before, real = pa.table(X).replace_schema_metadata(None), pa.table({"y": y})
    assert pa.table(more).slice(0, N).equals(before)
    assert pa.table({"y": labels}).slice(0, N).to_pylist() == real.to_pylist()
    assert len(pa.table(more)) > N


def test_chunks_and_samples_are_the_same(monkeypatch):
    augmenter = quick_augmenter().fit(*FORMS["polars"]())
    X, y = augmenter.sample(25_000)
    chunks = list(augmenter.sample_chunks(25_000))
    assert X.equals(pl.concat([part for part, _ in chunks])) and y.equals(pl.concat([part for _, part in chunks]))


def test_a_file_keeps_the_library_and_the_types(tmp_path):
    X, y = FORMS["polars"]()
    augmenter = quick_augmenter().fit(X, y)
    augmenter.save(tmp_path / "m")
    for again in (GANAugmenter.load(tmp_path / "m"), pickle.loads(pickle.dumps(augmenter))):
        made, labels = again.sample(20)
        assert made.equals(augmenter.sample(20)[0]) and labels.equals(augmenter.sample(20)[1])
        assert made.schema == X.schema


def test_the_file_of_a_table_of_pandas_says_nothing_of_it(pandas_augmenter):
    assert "forms" not in pandas_augmenter.model_.facts


@pytest.mark.parametrize(
    "change",
    [
        {"schema": ""},
        {"schema": "!!"},
        {"schema": "AAAA"},
        {"schema": foreign.take_in(pa.table({"a": [1]})).form.schema},
        {"library": 7},
        {"is_column": "yes"},
    ],
    ids=str,
)
def test_a_forged_form_is_refused(tmp_path, change):
    augmenter = quick_augmenter().fit(*FORMS["Arrow"]())
    augmenter.model_.facts["forms"]["X"] |= change
    augmenter.save(tmp_path / "m")
    with pytest.raises(ModelFileError, match="facts that do not fit together"):
        GANAugmenter.load(tmp_path / "m")


def test_a_forged_library_runs_nothing(tmp_path):
    augmenter = quick_augmenter().fit(*FORMS["Arrow"]())
    augmenter.model_.facts["forms"]["X"]["library"] = "antigravity"
    augmenter.save(tmp_path / "m")
    assert isinstance(GANAugmenter.load(tmp_path / "m").sample(3)[0], pa.Table)


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    augmenter = quick_augmenter().fit(*FORMS["polars"]())

    def absent(table):
        raise ImportError("polars")

    monkeypatch.setitem(foreign._LIBRARIES, "polars", (absent, absent))
    with pytest.raises(ParameterError, match="needs polars, which is not installed; pip install polars"):
        augmenter.sample(3)


@pytest.mark.parametrize("learned", ["pandas", "polars"])
def test_rows_to_resample_come_back_in_their_own_library(pandas_augmenter, learned):
    augmenter = pandas_augmenter if learned == "pandas" else quick_augmenter().fit(*FORMS["polars"]())
    other = FORMS["Arrow"]() if learned == "pandas" else TOY
    more, labels = augmenter.resample(*other)
    assert isinstance(more, type(other[0])) and len(labels) == len(more) > N


def test_a_lazy_frame_and_what_arrow_does_not_reach_are_refused_with_the_cure():
    X, y = FORMS["polars"]()
    with pytest.raises(
        DataError, match=r"X is a LazyFrame of polars, whose rows are not there yet; give X.collect\(\)"
    ):
        quick_augmenter().fit(X.lazy(), y)
    with pytest.raises(DataError, match="column name 'a' occurs more than once"):
        quick_augmenter().fit(pa.table([pa.array([1.0] * N), pa.array([2.0] * N)], names=["a", "a"]), y)
    with pytest.raises(DataError, match="requires y to be passed"):
        quick_augmenter().fit(X)


def test_a_stream_that_breaks_off_is_a_sentence():
    def batches():
        yield pa.record_batch({"a": pa.array([1.0])})
        raise OSError("the connection is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.float64()}), batches())
    with pytest.raises(DataError, match="rows of RecordBatchReader cannot be read"):
        quick_augmenter().fit(reader, cycle("a", "b"))


# Everything that takes a table takes these


def test_a_report_has_the_same_numbers():
    options = {"cv": 2, "n_repeats": 1, "classifier": "logistic", "arms": ["smote"], "random_state": 0}
    found = [gain_report(GaussianCopula(), *data, **options).to_frame() for data in (TOY, FORMS["polars"]())]
    pd.testing.assert_frame_equal(*found, check_exact=True)


def test_so_has_the_choice_of_a_share():
    X, y = FORMS["polars"]()
    tuned = TunedAugmenterCV(GaussianCopula(), classifier="logistic", random_state=0)
    more, labels = tuned.fit_resample(X, y)
    assert more[:N].equals(X) and labels[:N].equals(y) and more.schema == X.schema
    assert isinstance(tuned.sample(3)[0], pl.DataFrame)
    scores = tuned.scores_
    pd.testing.assert_frame_equal(scores, tuned.fit(*TOY).scores_, check_exact=True)


@pytest.mark.parametrize("sampler", [GaussianCopula(0), SwapNoise(random_state=0)], ids=["copula", "swap"])
def test_samplers_that_train_nothing_give_the_same_rows(sampler):
    X, y = FORMS["polars"]()
    more, _ = sampler.fit_resample(X, y)
    assert more[:N].equals(X) and more.schema == X.schema
    expected, _ = sampler.fit_resample(*TOY)
    assert more["age"].to_list() == expected["age"].tolist()


def test_classifiers_predict_rows_of_the_other_library():
    X, y = FORMS["polars"]()
    classifier = DistilledClassifier("logistic", teacher="logistic", cv=2, random_state=0)
    probabilities = classifier.fit(X, y).predict_proba(X)
    assert np.allclose(probabilities, classifier.fit(*TOY).predict_proba(TOY[0]))


def test_metrics_take_what_sample_returns():
    X, y = FORMS["polars"]()
    made, labels = quick_augmenter().fit(X, y).sample(N)
    real, synthetic = X.with_columns(churn=y), made.with_columns(churn=labels)
    assert 0 <= fidelity(real, synthetic, None, "churn", random_state=0)["shape_error"] <= 1
    assert near_copy_share(X, X).synthetic == 1


def test_loaders_mix_in_what_a_model_of_such_a_table_samples():
    import torch

    from ganaug import augment_loader

    X = pl.DataFrame({"a": NUMBERS.cast(pl.Float32), "b": (NUMBERS * 2).cast(pl.Float32)})
    y = pl.Series(cycle(0, 1))
    data = torch.utils.data.TensorDataset(torch.tensor(X.rows()), torch.tensor(y.to_list()))
    loader = torch.utils.data.DataLoader(data, batch_size=20)
    to_tensor = lambda rows: torch.tensor(rows.select("a", "b").rows())  # noqa: E731 - of rows of polars
    mixed = augment_loader(loader, quick_augmenter().fit(X, y), 0.5, transform=to_tensor, random_state=0)
    assert [len(batch) for batch, _ in mixed] == [20] * 4


def test_rows_of_such_a_model_are_written(tmp_path):
    X, y = FORMS["polars"]()
    augmenter = quick_augmenter().fit(X, y)
    made, labels = augmenter.sample(30)
    assert write_table(join_label(made, labels), tmp_path / "new.csv") == 30
    augmenter.write_samples(tmp_path / "rows", 30, random_state=0)
    written = pl.read_parquet(tmp_path / "rows" / "part-00000.parquet")
    assert written.columns == [*X.columns, "churn"] and written["age"].to_list() == made["age"].to_list()


def test_pandas_passes_through_untouched():
    for data in (*TOY, TOY[0].to_numpy(), [1, 2], None, "text"):
        assert take_in(data).data is data and take_in(data).form is None
    assert same_rows(TOY, tuple(map(to_pandas, TOY)))
    assert json.dumps(foreign.Forms().to_json())


def test_a_relation_of_duckdb_comes_back_as_one():
    duckdb = pytest.importorskip("duckdb")
    table = pa.table({"a": NUMBERS.to_numpy(), "label": cycle("no", "yes")})
    relation = duckdb.from_arrow(table)
    more, labels = quick_augmenter().fit_resample(relation.project("a"), relation.project("label"))
    assert type(more) is type(labels) is type(relation)
    assert more.columns == ["a"] and labels.columns == ["label"]
