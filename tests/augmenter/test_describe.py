"""GANAugmenter.describe tells in plain JSON everything that a model knows."""

from __future__ import annotations

import importlib.metadata
import json
import time
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from small import quick_augmenter
from toy_table import make_toy_table

from ganaug import GANAugmenter, ModelFileError
from ganaug.storage import FORMAT_VERSION
from ganaug.table.description import describe_table

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")  # trained for a moment


@pytest.fixture(scope="module")
def fitted():
    X, y = make_toy_table(80)
    X.insert(0, "id", [f"C{i:05d}" for i in range(80)])
    X["region"] = X["city"].map(lambda city: None if city is None else str(city)[:1])
    X.attrs["column_order"] = ["id", "comment", *X.columns[1:], y.name]
    with pytest.warns(UserWarning, match="'id' names rows"):
        return GANAugmenter(max_steps=3, filters=None, random_state=7).fit(X, y), X, y


@pytest.fixture(scope="module")
def described(fitted):
    return fitted[0].describe()


def test_it_is_plain_json(described):
    assert json.loads(json.dumps(described, allow_nan=False)) == described


def test_it_tells_of_the_training(fitted, described):
    augmenter, _, y = fitted
    assert described["ganaug_version"] == importlib.metadata.version("ganaug")
    assert described["format_version"] == FORMAT_VERSION
    assert (described["modality"], described["rows"], described["label"]) == ("table", 80, y.name)
    assert (described["steps"], described["seed"]) == (3, 7)
    assert described["params"]["max_steps"] == 3
    assert described["filters"] == augmenter.filters_
    assert described["networks"] == asdict(augmenter.model_.architecture)
    assert [one["label"] for one in described["classes"]] == augmenter.classes_.tolist()
    assert [one["share"] for one in described["classes"]] == augmenter.class_prior_.tolist()


def test_it_tells_range_or_categories_of_each_column(fitted, described):
    _, X, _ = fitted
    columns = {column["name"]: column for column in described["columns"]}
    assert list(columns) == list(X.columns)
    assert (columns["age"]["min"], columns["age"]["max"]) == (X["age"].min(), X["age"].max())
    assert columns["since"]["min"] == str(X["since"].min()).removesuffix(" 00:00:00")
    assert set(columns["city"]["categories"]) == set(X["city"].dropna())
    assert columns["city"]["missing"] and not columns["age"]["missing"]
    assert columns["id"] == {"name": "id", "dtype": columns["id"]["dtype"], "kind": "identifier", "missing": False}


def test_it_tells_which_columns_are_left_out_and_why(fitted, described):
    expected = [{"name": "id", "reason": "identifier"}, {"name": "comment", "reason": "excluded"}]
    assert described["left_out"] == expected


def test_it_tells_the_rules_between_values_of_columns():
    n = 200
    gap = np.arange(n) % 5 == 0
    X = pd.DataFrame({"level": np.where(gap, np.nan, np.arange(n) * 0.37), "measured": np.where(gap, "no", "yes")})
    X.loc[np.arange(n) % 10 < 4, "measured"] = np.where(gap, "no", "late")[np.arange(n) % 10 < 4]
    X["day"] = pd.to_datetime("2020-01-01") + pd.to_timedelta(np.where(gap, 0, np.arange(n)), unit="D")
    augmenter = quick_augmenter().fit(X, np.arange(n) % 2)
    rules = augmenter.describe()["rules"]
    gone, day = {"column": "level", "value": None}, {"column": "day", "value": "2020-01-01"}
    assert {"column": "measured", "value": "no"} in [rule["if"] for rule in rules] + [rule["then"] for rule in rules]
    assert [rule["only"] for rule in rules] == [True, True, False, False, True]
    told = [state for rule in rules for state in (rule["if"], rule["then"])]
    assert gone in told and day in told and {"column": "level", "values": "all others"} in told


def test_a_file_keeps_all_of_it(fitted, described, tmp_path):
    fitted[0].save(tmp_path / "m")
    assert GANAugmenter.load(tmp_path / "m").describe() == described


def test_what_a_file_cannot_hold_is_not_told_as_its_default(tmp_path):
    X, y = make_toy_table(40)
    augmenter = GANAugmenter(max_steps=1, filters=None, optimizer=lambda p, lr: torch.optim.SGD(p, lr=lr)).fit(X, y)
    augmenter.save(tmp_path / "m")
    assert "optimizer" not in augmenter.describe()["params"]
    assert "optimizer" not in GANAugmenter.load(tmp_path / "m").describe()["params"]


def test_it_tells_the_form_of_images():
    images = np.random.default_rng(0).integers(0, 255, (12, 8, 10, 3)).astype(np.uint8)
    augmenter = quick_augmenter(max_steps=2, architecture="mlp").fit(images, np.arange(12) % 2)
    described = augmenter.describe()
    assert described["modality"] == augmenter.modality_ == "image"
    assert described["images"] == {**augmenter.schema_, "file_range": "keep"}
    assert "columns" not in described and "left_out" not in described


def test_attributes_say_the_same(fitted):
    augmenter, X, y = fitted
    assert (augmenter.modality_, augmenter.label_name_, augmenter.n_samples_) == ("table", y.name, len(X))


def test_labels_without_a_name_have_none():
    X, y = make_toy_table(40)
    augmenter = GANAugmenter(max_steps=1, filters=None).fit(X, y.tolist())
    assert augmenter.label_name_ is None and augmenter.describe()["label"] is None


def test_nothing_is_described_before_fit():
    with pytest.raises(NotFittedError):
        GANAugmenter().describe()


@pytest.mark.promise("forged")
def test_facts_that_cannot_be_shown_are_a_model_file_error(fitted, tmp_path):
    fitted[0].save(tmp_path / "m")
    augmenter = GANAugmenter.load(tmp_path / "m")
    dates = next(column for column in augmenter.model_.encoder.columns if column.kind == "datetime")
    dates.limits = [-(10**30), 1 - 10**30]
    with pytest.raises(ModelFileError, match=r"facts that cannot be shown .*; train again"):
        augmenter.describe()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.date_range("2020-01-01", periods=3, tz="Europe/Paris"), "2020-01-01 00:00:00+01:00"),
        (pd.timedelta_range("1h", periods=3, freq="h"), "0 days 01:00:00"),
        (pd.Categorical(pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"])), "2020-01-01"),
    ],
    ids=["zone", "duration", "category of dates"],
)
def test_moments_are_text(values, expected):
    X = pd.DataFrame({"when": np.repeat(np.asarray(values, dtype=object), 20)}).astype({"when": values.dtype})
    X["x"] = np.arange(len(X)) / 7
    column = GANAugmenter(max_steps=1, filters=None).fit(X, np.arange(len(X)) % 2).describe()["columns"][0]
    told = column["categories"] if "categories" in column else [column["min"]]
    assert expected in told


def test_many_columns_take_no_time():
    number = {"kind": "numeric", "limits": [0, 9], "spikes": [3], "decimals": None, "missing": False}
    n = 20_000
    schema = {"names": list(range(n)), "columns": [number] * n, "dtypes": [{"dtype": "int64"}] * n, "container": {}}
    started = time.process_time()
    assert len(describe_table(schema)["columns"]) == n
    assert time.process_time() - started < 2
