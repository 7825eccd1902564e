"""Arguments that other libraries take, or that are easily mistaken, are answered in words, with the cure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small import quick_augmenter

from ganaug import DataError, DataWarning
from ganaug.gain.folds import count_least_groups

N = 120
X = pd.DataFrame({"a": np.random.default_rng(0).normal(size=N), "c": np.arange(N) % 3})
Y = np.arange(N) % 2


class OtherFrame:
    """A table of a library that is not known, which speaks the protocol of data frames."""

    def __dataframe__(self):
        raise NotImplementedError


AGES = np.r_[np.repeat(np.arange(18, 58), 2), np.arange(60, 72), [20] * 28]
LISTS = pd.Series([["p"], ["p", "q"]] * (N // 2))
ODD = {
    "another library": (
        OtherFrame(),
        Y,
        r"X is a OtherFrame of .* without .*; give X.to_pandas\(\), which keeps names",
    ),
    "the name of the label": (X, "c", r"y is the text 'c'; .* as in fit\(X.drop\(columns='c'\), X\['c'\]\)"),
    "lists of labels": (X, LISTS, r"label of row 0 is \['p'\], .* make it text"),
    "one-hot columns": (X, pd.get_dummies(pd.Series(Y)), r"y has 2 columns; .* y.idxmax\(axis=1\) of one-hot columns"),
    "ages": (X, AGES, "52 different whole numbers from 18"),
}


@pytest.mark.parametrize(("X", "y", "message"), ODD.values(), ids=ODD)
def test_odd_data_is_refused_with_the_cure(X, y, message):
    with pytest.raises(DataError, match=message):
        quick_augmenter().fit(X, y)


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_many_whole_numbers_as_classes_are_said_and_few_are_not():
    with pytest.warns(DataWarning, match="40 different whole numbers from 18 to 57, which look like a quantity"):
        quick_augmenter().fit(X, np.arange(N) % 40 + 18)
    quick_augmenter().fit(X, np.arange(N) % 10)


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_a_batch_is_no_larger_than_the_table():
    augmenter = quick_augmenter(batch_size=10**9, random_state=0).fit(X, Y)
    assert len(augmenter.sample(3)[0]) == 3


def test_groups_of_which_none_can_be_held_out_are_refused_by_class():
    assert count_least_groups(Y, np.arange(N) // 10) == 12
    with pytest.raises(DataError, match="All training rows of class 1 are of one group"):
        count_least_groups(Y, np.where(Y == 1, 0, np.arange(N)))


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (
            np.ma.masked_array(np.ones((20, 2)), mask=np.eye(20, 2)),
            r"masked cells would count; give X.filled\(numpy.nan\)",
        ),
        (np.zeros(20, dtype=[("a", "f4")]), r"a ndarray of named columns; give a frame: pandas.DataFrame\(X\)"),
        (pd.DataFrame({"a": [1.0] * 20}).to_records(), "a recarray of named columns"),
        ({"a": [1.0] * 20}, "a dict of named columns"),
        ([{"a": 1.0}] * 20, "a list of named columns"),
    ],
    ids=["masked", "structured", "records", "dict", "list of dicts"],
)
def test_containers_whose_names_or_masks_would_be_lost_are_refused_with_the_cure(X, said):
    with pytest.raises(DataError, match=said):
        quick_augmenter().fit(X, [0, 1] * 10)
