"""Labels come back as they were given, and what are no classes is refused by name."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch

from ganaug import DataError, ParameterError
from ganaug.data.labels import Labels, allocate_by_share

WORDS = ["no", "yes", "no", "perhaps", "yes", "no"]
NUMBERS = [3, 1, 3, 2, 1, 3]

CONTAINERS = {
    "series of text": pd.Series(WORDS, name="churn"),
    "series of objects": pd.Series(WORDS, dtype=object),
    "series of pandas strings": pd.Series(WORDS, dtype="string"),
    "category": pd.Series(WORDS, dtype="category", name="churn"),
    "category with unused ones": pd.Series(pd.Categorical(WORDS, categories=["yes", "never", "no", "perhaps", "ever"])),
    "ordered category": pd.Series(pd.Categorical(WORDS, categories=["no", "perhaps", "yes"], ordered=True)),
    "category of numbers": pd.Series(NUMBERS, dtype="category"),
    "category of fractions": pd.Series([0.5, 1.5, 0.5, 2.5, 1.5, 0.5], dtype="category"),
    "category of booleans": pd.Series([True, False, True, True, False, False], dtype="category"),
    "nullable integer": pd.Series(NUMBERS, dtype="Int64", name=7),
    "nullable boolean": pd.Series([True, False] * 3, dtype="boolean"),
    "small integer": pd.Series(NUMBERS, dtype="int8"),
    "boolean series": pd.Series([True, False] * 3, name="left"),
    "whole floats": pd.Series([1.0, 0.0] * 3, dtype="float32"),
    "fixed text": np.array(WORDS, dtype="<U9"),
    "object array": np.array(WORDS, dtype=object),
    "object array of numbers": np.array(NUMBERS, dtype=object),
    "int32": np.array(NUMBERS, dtype=np.int32),
    "uint64": np.array([2**64 - 1, 0] * 3, dtype=np.uint64),
    "bool": np.array([True, False] * 3),
    "float": np.array([1.0, 2.0] * 3),
    "list of text": WORDS,
    "list of numbers": NUMBERS,
    "list of booleans": [True, False] * 3,
    "frame": pd.DataFrame({"churn": pd.Categorical(WORDS)}),
    "frame of numbers": pd.DataFrame({0: NUMBERS}),
    "one-hot": np.eye(3, dtype=np.int64)[[0, 2, 1, 1, 0, 2]],
    "one-hot, an empty column": np.eye(4, dtype=np.float32)[[0, 3, 1, 1, 0, 3]],
    "one-hot of booleans": np.eye(3, dtype=bool)[[0, 2, 1, 1, 0, 2]],
    "tensor": torch.tensor(NUMBERS),
    "tensor of int32": torch.tensor(NUMBERS, dtype=torch.int32),
    "one-hot tensor": torch.eye(3)[[0, 2, 1, 1, 0, 2]],
}


def assert_same(found, given):
    assert type(found) is type(given)
    if isinstance(given, pd.Series):
        pd.testing.assert_series_equal(found, given)
    elif isinstance(given, pd.DataFrame):
        pd.testing.assert_frame_equal(found, given)
    elif isinstance(given, list):
        assert found == given and list(map(type, found)) == list(map(type, given))
    else:
        assert found.dtype == given.dtype and found.shape == given.shape and np.array_equal(found, given)


@pytest.mark.parametrize("y", CONTAINERS.values(), ids=CONTAINERS)
def test_labels_come_back_as_they_were_given(y):
    labels, codes = Labels.fit(y)
    loaded = Labels.from_json(json.loads(json.dumps(labels.to_json(), allow_nan=False)))
    for known in (labels, loaded):
        assert_same(known.restore(codes), y)
        assert np.array_equal(known.encode(y), codes)
        assert_same(known.join([known.restore(codes[:2]), known.restore(codes[2:2]), known.restore(codes[2:])]), y)


@pytest.mark.parametrize("y", CONTAINERS.values(), ids=CONTAINERS)
def test_no_labels_keep_container_and_dtype(y):
    labels, codes = Labels.fit(y)
    none = labels.restore(codes[:0])
    assert type(none) is type(y) and len(none) == 0
    assert getattr(none, "dtype", None) == getattr(y, "dtype", None)
    assert np.shape(none)[1:] == np.shape(y)[1:]


@pytest.mark.parametrize("y", CONTAINERS.values(), ids=CONTAINERS)
def test_codes_are_the_places_of_sorted_classes(y):
    labels, codes = Labels.fit(y)
    assert labels.values == sorted(labels.values) and set(codes) == set(range(len(labels.values)))
    assert [labels.find(value) for value in labels.values] == list(range(len(labels.values)))


def test_classes_have_the_dtype_of_y():
    for y in (CONTAINERS["fixed text"], CONTAINERS["int32"], CONTAINERS["bool"], CONTAINERS["object array"]):
        classes = Labels.fit(y)[0].classes
        assert classes.dtype == y.dtype and classes.tolist() == sorted(set(y.tolist()))


def test_classes_of_a_tensor_are_an_array():
    classes = Labels.fit(CONTAINERS["tensor of int32"])[0].classes
    assert type(classes) is np.ndarray and classes.dtype == np.int32 and classes.tolist() == [1, 2, 3]


def test_index_of_a_series_plays_no_part():
    y = pd.Series(WORDS, index=[5, 5, 9, -1, 0, 2])
    labels, codes = Labels.fit(y)
    assert np.array_equal(codes, Labels.fit(pd.Series(WORDS))[1])
    assert labels.restore(codes).index.tolist() == list(range(6))


# Known labels in another container


OTHERS = [np.array, list, pd.Series, lambda y: pd.Series(y, dtype="category"), lambda y: np.array(y, dtype=object)]


@pytest.mark.parametrize("second", OTHERS)
@pytest.mark.parametrize("first", OTHERS)
@pytest.mark.parametrize("y", [WORDS, NUMBERS, [True, False, True]])
def test_known_labels_may_come_in_another_container(first, second, y):
    labels, codes = Labels.fit(first(y))
    assert np.array_equal(labels.encode(second(y)), codes)
    assert_same(labels.like(second(y)).restore(codes), second(y))


@pytest.mark.parametrize("y", [["no", "never"], pd.Series(["no", "never"]), np.array(["no", "never"])])
def test_unknown_label_is_named_with_its_row(y):
    with pytest.raises(DataError, match="The label 'never' in row 1 is none of the classes: 'no', 'perhaps', 'yes'"):
        Labels.fit(WORDS)[0].encode(y)


def test_missing_label_among_known_ones_is_refused():
    with pytest.raises(DataError, match="The label is missing in row 1"):
        Labels.fit(WORDS)[0].encode(["no", None])


@pytest.mark.parametrize(("y", "label"), [(WORDS, "never"), (WORDS, 1), (NUMBERS, "1"), (NUMBERS, 9), (WORDS, None)])
def test_asking_for_an_unknown_class_lists_the_known_ones(y, label):
    labels, _ = Labels.fit(y)
    with pytest.raises(ParameterError, match=f"{label!r} is none of the classes: {labels.listing()}"):
        labels.find(label)


def test_a_long_list_of_classes_is_cut():
    labels, _ = Labels.fit(np.repeat(np.arange(100), 2))
    assert labels.listing().endswith("18, 19 and 80 more")


@pytest.mark.parametrize("label", [np.str_("yes"), "yes"])
def test_a_class_is_found_whatever_its_scalar_type(label):
    assert Labels.fit(WORDS)[0].find(label) == 2
    assert Labels.fit(NUMBERS)[0].find(np.int16(2)) == 1
    assert Labels.fit([True, False])[0].find(np.True_) == 1


# What are no classes

REFUSED = {
    "none at all": (None, "requires y to be passed, but the target y is None"),
    "missing in a list of text": (["a", float("nan"), "b"], r"missing in row 1 \(Input y contains NaN\)"),
    "None in a list": (["a", "b", None], "missing in row 2"),
    "None in a list of numbers": ([1, None, 2], "missing in row 1"),
    "NaN": (np.array([0.0, 1.0, np.nan]), "missing in row 2"),
    "pandas NA": (pd.Series([1, None, 2], dtype="Int64"), "missing in row 1"),
    "missing category": (pd.Series(pd.Categorical(["a", None, "b"])), "missing in row 1"),
    "all missing": (pd.Series([None, None, None], dtype=object), "missing in every row"),
    "infinite": (np.array([0.0, 1.0, np.inf]), r"infinite in row 2 \(Input y contains infinity\)"),
    "continuous": (np.array([0.5, 1.0, 2.0]), r"continuous numbers such as 0\.5, and ganaug wants classes.*qcut"),
    "continuous objects": (np.array([0.25, 1.0], dtype=object), r"continuous numbers such as 0\.25"),
    "continuous list": ([0.1, 0.2], r"continuous numbers such as 0\.1"),
    "dates": (pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01"])), "labels are datetime64.*Cut them into periods"),
    "durations": (pd.Series(pd.to_timedelta([1, 2], unit="D")), "labels are timedelta64"),
    "mixed in a list": ([1, "a", 1, "a"], r"mixed types \(int, str\), which have no order; make them all text"),
    "mixed objects": (np.array([True, "a"], dtype=object), r"mixed types \(bool, str\)"),
    "two columns": (pd.DataFrame({"a": [1, 2], "b": [1, 2]}), "y has 2 columns; give one column of labels"),
    "multilabel": (np.array([[1, 1], [0, 1]]), "only one-vs-all indicators"),
    "multioutput": (np.array([[1, 2], [3, 4]]), "only one-vs-all indicators"),
    "no label in a row": (np.array([[1, 0], [0, 0]]), "only one-vs-all indicators"),
    "three dimensions": (np.zeros((2, 2, 2)), r"1d array, got an array of shape \(2, 2, 2\)"),
    "a scalar": (np.array(3), "1d array"),
    "ragged": ([[1], [2, 3]], "lists of different lengths"),
    "objects": (np.array([(1,), {"a"}, None], dtype=object)[:2], r"label of row 0 is \(1,\)"),
    "a name that JSON cannot hold": (pd.Series([0, 1], name=("a", "b")), r"name \('a', 'b'\) of y is a tuple"),
}


@pytest.mark.parametrize(("y", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_are_no_classes_is_refused_by_name(y, complaint):
    with pytest.raises(DataError) as caught:
        Labels.fit(y)
    assert re.search(complaint, str(caught.value)), caught.value


def test_more_indicators_than_a_model_file_may_hold_are_refused():
    with pytest.raises(DataError, match="y has 10001 columns of at most 10000; give one column of labels"):
        Labels.fit(np.eye(10_001, dtype=np.int8)[:3])


def test_ten_thousand_classes_are_learned_and_read_and_more_are_refused():
    labels, _ = Labels.fit(np.arange(10_000))
    assert len(Labels.from_json(labels.to_json()).classes) == 10_000
    with pytest.raises(DataError, match=r"The labels have 10,001 different values, and ganaug takes up to 10,000 clas"):
        Labels.fit(np.arange(10_001))
    with pytest.raises(ValueError, match="Expected `array` of length <= 10000"):
        Labels.from_json(labels.to_json() | {"values": list(range(10_001))})


@pytest.mark.promise("forged")
@pytest.mark.parametrize("change", [{"values": ["a", None]}, {"values": ["a", [1]]}, {"name": {"a": 1}}])
def test_what_is_no_label_is_refused_when_it_is_read(change):
    facts = Labels.fit(pd.Series(["a", "b"], dtype=object))[0].to_json()
    forged = {"values": change.get("values", facts["values"]), "container": facts["container"] | change}
    with pytest.raises(ValueError, match=r"Expected `.*`, got `(null|array|object)` - at"):
        Labels.from_json(forged)


def test_a_class_like_a_book_is_refused():
    labels, _ = Labels.fit(["a", "b"])
    with pytest.raises(DataError, match=r"The label holds the text 'x+'\.\.\. of 100,001 characters"):
        Labels.fit(["a", "x" * 100_001])
    with pytest.raises(DataError, match="of 1,000,000 characters"):
        Labels.from_json(labels.to_json() | {"values": ["a", "x" * 10**6]})


def test_a_number_is_split_by_shares_and_adds_up():
    assert allocate_by_share(7, np.array([0.5, 0.25, 0.25])).tolist() == [3, 2, 2]
    assert allocate_by_share(0, np.zeros(2)).tolist() == [0, 0]
    assert allocate_by_share(101, np.array([0.1, 0.2, 0.3])).sum() == 101
    assert allocate_by_share(3, np.array([0.0, 1.0])).tolist() == [0, 3]
