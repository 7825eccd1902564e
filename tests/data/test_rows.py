"""Rows of any container: taken by position, and put below one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganaug.data.rows import append_labels, append_rows, as_frame, take_rows
from ganaug.errors import DataError

POSITIONS = np.array([2, 0])


@pytest.mark.parametrize(
    ("data", "taken"),
    [
        ([5, 6, 7], [7, 5]),
        ((5, 6, 7), [7, 5]),
        ([[1, "a"], [2, "b"], [3, "c"]], [[3, "c"], [1, "a"]]),
    ],
)
def test_rows_of_lists_come_as_lists(data, taken):
    assert take_rows(data, POSITIONS) == taken


def test_rows_of_an_array_are_copies():
    X = np.arange(6).reshape(3, 2)
    taken = take_rows(X, POSITIONS)
    taken[:] = 9
    assert X.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_rows_of_a_frame_are_counted_anew_and_keep_dtypes():
    frame = pd.DataFrame({1: [1, 2, 3], "b": pd.Categorical(["x", "y", "z"])}, index=[10, 10, 12])
    taken = take_rows(frame, POSITIONS)
    assert taken.index.tolist() == [0, 1]
    assert taken[1].tolist() == [3, 1]
    assert taken.dtypes.equals(frame.dtypes)


def mixed(n=6):
    """A frame with a column of each common dtype, gaps in those that can have them."""
    return pd.DataFrame(
        {
            "int": np.arange(n),
            "float32": np.linspace(0, 1, n, dtype=np.float32),
            "bool": np.arange(n) % 2 == 0,
            "object": pd.Series(["x", None, "y"] * (n // 3), dtype=object),
            "text": pd.Series(["x", "z", "y"] * (n // 3)),
            "string": pd.array(["x", None, "y"] * (n // 3), dtype="string"),
            "category": pd.Categorical(["x", None, "y"] * (n // 3), categories=["y", "x", "unused"], ordered=True),
            "Int64": pd.array([1, None, 2] * (n // 3), dtype="Int64"),
            "boolean": pd.array([True, None, False] * (n // 3), dtype="boolean"),
            "date": pd.Series(pd.date_range("2020", periods=n)).mask(np.arange(n) == 1),
            "zone": pd.date_range("2020", periods=n, tz="Europe/Oslo"),
            "span": pd.to_timedelta(np.arange(n), unit="D"),
        }
    )


def test_every_dtype_survives_rows_of_its_own_kind():
    frame = mixed()
    pd.testing.assert_frame_equal(append_rows(frame.iloc[:4], frame.iloc[4:]), frame)


@pytest.mark.parametrize("name", [name for name in mixed() if name not in ("zone", "date", "span")])
def test_every_dtype_survives_rows_that_come_as_objects(name):
    frame = mixed()[[name]]
    made = frame.iloc[:3].astype(object)
    both = append_rows(frame, made)
    assert both.dtypes.equals(frame.dtypes)
    pd.testing.assert_frame_equal(both.iloc[6:].reset_index(drop=True), frame.iloc[:3])


def test_an_array_below_a_frame_takes_its_columns_and_dtypes():
    frame = pd.DataFrame({3: [1, 2], 1: pd.Series([0.5, 1.5], dtype=np.float32)})
    both = append_rows(frame, np.array([[3.0, 2.5]]))
    assert both.columns.tolist() == [3, 1]
    assert both.dtypes.equals(frame.dtypes)
    assert both[3].tolist() == [1, 2, 3]


def test_floats_stay_as_wide_as_they_were():
    frame = pd.DataFrame({"a": np.array([0.1, 0.2], dtype=np.float32)})
    assert append_rows(frame, pd.DataFrame({"a": [0.3]}))["a"].dtype == np.float32
    assert append_rows(frame.to_numpy(), np.array([[0.3]])).dtype == np.float32
    assert append_rows(frame, np.array([[0.3]], dtype=object))["a"].dtype == np.float32


def test_values_that_the_dtype_cannot_hold_are_kept_as_they_are():
    whole = pd.DataFrame({"a": [1, 2]})
    assert append_rows(whole, pd.DataFrame({"a": [2.5]}))["a"].tolist() == [1, 2, 2.5]
    assert append_rows(np.array([["ab"]]), np.array([["abcd"]])).tolist() == [["ab"], ["abcd"]]
    assert append_rows(np.array([[1]]), np.array([[2.5]])).tolist() == [[1], [2.5]]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("int64", 2.0**63), ("int64", np.inf), ("uint8", 300), ("float32", 1e300), ("float32", "0.5"), ("bool", np.nan)],
)
def test_no_cell_is_bent_to_fit_a_dtype(dtype, value):
    real = np.ones(1, dtype=dtype)
    for both in (
        append_rows(pd.DataFrame({"a": real}), pd.DataFrame({"a": [value]}))["a"],
        append_rows(real.reshape(1, 1), np.array([[value]], dtype=object)).ravel(),
    ):
        last = both.tolist()[-1]
        assert last == value or (last != last and value != value)


def test_a_gap_below_whole_numbers_is_kept_without_a_word():
    both = append_rows(np.array([[1, 2]]), np.array([[3, np.nan]]))
    assert np.array_equal(both, [[1, 2], [3, np.nan]], equal_nan=True)


def test_a_new_category_is_added_and_the_order_kept():
    real = pd.DataFrame({"a": pd.Categorical(["b", "a"], categories=["b", "a"])})
    both = append_rows(real, pd.DataFrame({"a": ["c", "a"]}))
    assert both["a"].tolist() == ["b", "a", "c", "a"]
    assert both["a"].cat.categories.tolist() == ["b", "a", "c"]


def test_columns_are_matched_by_name_and_attrs_kept():
    real = pd.DataFrame({"a": [1], "b": ["x"]})
    real.attrs["source"] = "census"
    both = append_rows(real, pd.DataFrame({"b": ["y"], "a": [2]}))
    assert both.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    assert both.attrs == {"source": "census"}


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (pd.DataFrame({"a": [1], "c": [2]}), "have the columns 'a', 'c' and X has 'a', 'b'; give the columns of X"),
        (pd.DataFrame({"a": [1]}), "have the columns 'a' and X has"),
        (pd.DataFrame([[1] * 12]), "and 2 more and X has"),
        (pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), "have the columns 'a', 'b', 'a' and X has"),
        (np.zeros((1, 3)), "have 3 columns and X has 2; give as many"),
    ],
)
def test_other_columns_are_refused_in_words(made, text):
    with pytest.raises(DataError, match=text):
        append_rows(pd.DataFrame({"a": [1], "b": [2]}), made)


@pytest.mark.parametrize("join", [append_rows, append_labels])
def test_rows_of_another_shape_are_refused_in_words(join):
    with pytest.raises(DataError, match=r"have the shape \(1, 3\) and the others \(2, 2\); give rows of one"):
        join(np.eye(2), np.zeros((1, 3)))


def test_indicators_go_below_indicators():
    assert append_labels(np.eye(2, dtype=int), np.array([[0, 1]])).tolist() == [[1, 0], [0, 1], [0, 1]]


def test_columns_of_one_name_are_never_matched_by_guess():
    real = pd.DataFrame([[1, 2, 3]], columns=["a", "a", "b"])
    with pytest.raises(DataError, match="'a', 'b', 'a' and X has 'a', 'a', 'b'"):
        append_rows(real, pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]))


def test_columns_of_one_name_are_kept_apart():
    real = pd.DataFrame([[1, 2.5]], columns=["a", "a"])
    both = append_rows(real, pd.DataFrame([[3, 4.5]], columns=["a", "a"]))
    assert both.to_numpy().tolist() == [[1, 2.5], [3, 4.5]]


def test_numbers_in_lists_of_mixed_rows_stay_numbers():
    for made in ([[2, "b"]], [(2, "b")], np.array([[2, "b"]], dtype=object), pd.DataFrame({"n": [2], "t": ["b"]})):
        both = append_rows([[1, "a"]], made)
        assert [list(row) for row in both] == [[1, "a"], [2, "b"]]


def test_numbers_in_arrays_of_objects_stay_numbers():
    assert append_rows(np.array([[1, "a"]], dtype=object), [[2, "b"]]).tolist() == [[1, "a"], [2, "b"]]


LABELS = {
    "list": (["a", "b"], ["b"]),
    "text": (np.array(["a", "b"]), np.array(["long"])),
    "objects": (np.array(["a", "b"], dtype=object), np.array(["b"], dtype=object)),
    "bool": (np.array([True, False]), np.array([True])),
    "series": (pd.Series(["a", "b"]), pd.Series(["b"])),
    "category": (pd.Series(["a", "b"], dtype="category"), pd.Series(["b"], dtype="category")),
    "Int64": (pd.Series([1, 2], dtype="Int64"), pd.Series([2])),
    "frame": (pd.DataFrame({"y": [1, 2]}), pd.DataFrame({"y": [2]})),
    "tensor": (torch.tensor([1, 2], dtype=torch.int32), torch.tensor([2])),
    "tensor and array": (torch.tensor([1, 2]), np.array([2])),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_keep_their_container_and_dtype(kind):
    y, made = LABELS[kind]
    both = append_labels(y, made)
    assert type(both) is type(y)
    assert np.asarray(both).ravel().tolist() == [*np.asarray(y).ravel().tolist(), *np.asarray(made).ravel().tolist()]
    if isinstance(y, pd.Series):
        assert both.dtype == y.dtype
    if isinstance(y, np.ndarray):
        assert both.dtype.kind == y.dtype.kind
    if isinstance(y, torch.Tensor):
        assert both.dtype == y.dtype


@pytest.mark.parametrize("made", [np.array([2]), pd.Series([2]), [2]], ids=["array", "series", "list"])
def test_labels_in_a_frame_take_labels_of_any_container(made):
    both = append_labels(pd.DataFrame({"y": [1, 1]}), made)
    pd.testing.assert_frame_equal(both, pd.DataFrame({"y": [1, 1, 2]}))


@pytest.mark.parametrize("made", [pd.Series([0]), np.array([0]), pd.Series([0], name="other")])
def test_labels_keep_their_name(made):
    assert append_labels(pd.Series([0, 1], name="target"), made).name == "target"


def test_labels_keep_the_dtype_of_an_array_that_holds_them():
    assert append_labels(np.array([0, 1], dtype=np.int32), np.array([1])).dtype == np.int32
    assert append_labels(np.array([True]), np.array([False], dtype=object)).dtype == bool


def test_labels_keep_the_shape_of_a_column():
    assert append_labels(np.array([[0], [1]]), np.array([1])).tolist() == [[0], [1], [1]]
    assert append_labels(np.array([0, 1]), np.array([[1]])).tolist() == [0, 1, 1]


def test_text_that_comes_as_objects_widens_an_array_of_text():
    both = append_labels(np.array(["a"]), np.array(["long"], dtype=object))
    assert both.dtype.kind == "U"
    assert both.tolist() == ["a", "long"]
    assert append_labels(np.array(["a"]), np.array(["b", 3], dtype=object)).tolist() == ["a", "b", 3]


@pytest.mark.parametrize("made", [["b", "c"], pd.Series(["b", "c"]), pd.DataFrame({"y": ["b", "c"]})])
@pytest.mark.parametrize("y", [["a"], np.array(["a"]), pd.Series(["a"]), pd.DataFrame({"y": ["a"]})])
def test_labels_of_any_container_go_below_any_other(y, made):
    both = append_labels(y, made)
    assert type(both) is type(y)
    assert np.ravel(both).tolist() == ["a", "b", "c"]


def test_labels_below_a_list_are_plain_values():
    assert [type(label) for label in append_labels(["a"], np.array(["b"]))] == [str, str]


@settings(deadline=None, max_examples=60)
@given(
    real=st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=8),
    made=st.lists(st.floats(allow_nan=True, allow_infinity=False, width=32), min_size=1, max_size=8),
)
def test_no_value_changes_whatever_numbers_meet(real, made):
    frame = pd.DataFrame({"a": real})
    both = append_rows(frame, pd.DataFrame({"a": made}))["a"]
    assert both.iloc[: len(real)].tolist() == real
    assert np.array_equal(both.iloc[len(real) :].to_numpy(dtype=float), made, equal_nan=True)


def test_a_frame_stays_itself_and_columns_of_objects_get_the_dtype_of_their_values():
    frame = pd.DataFrame({"a": [1, 2]})
    assert as_frame(frame) is frame
    for rows in ([["a", 1], ["b", 2]], np.array([["a", 1], ["b", 2]], dtype=object)):
        assert as_frame(rows).dtypes.iloc[1] == np.int64
