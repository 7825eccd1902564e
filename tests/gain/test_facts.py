"""What a report tells about synthetic rows besides scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ganaug.gain.facts import describe_rows


def table(n, seed, prefix):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {"id": [f"{prefix}{i}" for i in range(n)], "a": rng.normal(0, 1, n), "b": rng.choice(["u", "v"], n)}
    )
    return X, rng.permutation(np.arange(n) % 2)


def test_a_column_that_names_rows_says_nothing_about_them():
    """Fresh values of an identifier tell any row from any other, and would pass for a generator's fault."""
    found = describe_rows(table(300, 0, "real-"), table(300, 1, "made-"), table(300, 2, "real-x"), 0)
    assert [column["name"] for column in found["columns"]] == ["a", "b", "label"]
    assert 0.35 < found["fidelity"]["detection_auc"] < 0.65
    assert found["fidelity"]["shape_error"] < 0.2


def test_names_of_columns_that_read_alike_are_kept_apart():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(0, 1, (60, 3)), columns=[1, "1", "label"])
    rows = X, np.arange(60) % 2
    found = describe_rows(rows, rows, rows, 0)
    assert [column["name"] for column in found["columns"]] == ["1", "1_", "label", "label_"]


def test_images_have_no_columns_to_describe():
    rows = np.zeros((8, 4, 4)), np.arange(8) % 2
    assert describe_rows(rows, rows, rows, 0) == {}
