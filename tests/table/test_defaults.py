"""Tables of numbers train longer than tables of categories of as many rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small import quick_augmenter

from ganaug.modality import FEW_ROWS, row_defaults
from ganaug.table import TABLE, TableEncoder
from ganaug.table.defaults import table_defaults


def schema(numbers, categories):
    """What the encoder learns of so many columns of each sort."""
    rng = np.random.default_rng(0)
    columns = {f"number {i}": rng.normal(size=60) for i in range(numbers)}
    columns |= {f"category {i}": rng.choice(["a", "b", "c"], 60) for i in range(categories)}
    return TableEncoder().fit(pd.DataFrame(columns), rng).to_json()


@pytest.mark.parametrize(
    ("numbers", "categories", "times"), [(0, 4, 1), (1, 3, 1), (2, 2, 1), (3, 1, 2), (4, 0, 3), (7, 1, 2.5)]
)
@pytest.mark.parametrize("n", [FEW_ROWS, 10_000, 10**6])
def test_where_most_columns_are_numbers_there_are_up_to_three_times_the_steps(n, numbers, categories, times):
    usual = row_defaults(n)
    found = table_defaults(schema(numbers, categories), [n - 100, 0, 100], "cpu")
    assert found == replace(usual, max_steps=int(round(times * usual.max_steps, -2)), coarse_penalty=True)
    assert found.max_steps % 100 == 0


def test_small_tables_take_the_usual_steps_whatever_they_hold():
    n = FEW_ROWS - 1
    usual = replace(row_defaults(n), coarse_penalty=True)
    assert table_defaults(schema(4, 0), [n], "cpu") == table_defaults(schema(0, 4), [n], "cpu") == usual


@pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")
def test_an_augmenter_of_tables_goes_by_them():
    asked = []

    def known(*facts):
        asked.append(facts)
        return replace(row_defaults(60), max_steps=3, width=8)

    X, y = pd.DataFrame({"a": np.arange(60.0), "b": ["x", "y", "z"] * 20}), [0, 0, 1] * 20
    augmenter = quick_augmenter(modality=replace(TABLE, defaults=known), max_steps="auto").fit(X, y)
    assert len(augmenter.history_["generator_loss"]) == 3
    (learned, counts, device), *_ = asked
    assert learned["columns"] == augmenter.schema_["columns"] and counts == [40, 20] and device == "cpu"
    assert TABLE.defaults is table_defaults
